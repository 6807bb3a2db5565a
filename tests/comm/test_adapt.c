/* SPDX-License-Identifier: BSD-3-Clause */

/* test_adapt.c: adapt=yes: which plan calls follow by what they take, by an injected clock.  The rule by
 * itself; then reducers, whose plans change on all ranks at the same call, while the laws of feedback hold
 * at every step. */

#include "support/test.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "comm/reducer.h"
#include "oracle/oracle.h"
#include "support/ranks.h"

/* --- the rule --- */

typedef struct tally {
    size_t calls[2], trials;
    double seconds[2], trial_seconds;
} tally;

/* So many calls, of which each takes what its plan takes, more or less by `noise`. */
static tally play(csgdi_adapt *a, double messages, double dense, double noise, size_t calls)
{
    static uint64_t turn;
    const double takes[2] = {[CSGDI_PLAN_MESSAGES] = messages, [CSGDI_PLAN_DENSE] = dense};
    tally t = {0};

    for (size_t i = 0; i < calls; i++) {
        const double off = oracle_word(5, 1, 2, 3, turn++, 0) / 4294967296.0 - 0.5;
        const csgdi_planned p = csgdi_adapt_next(a);
        const double seconds = takes[p.plan] * (1 + 2 * noise * off);

        csgdi_adapt_told(a, a->seconds); /* of the one before */
        csgdi_adapt_made(a, p, seconds);
        t.calls[p.plan]++;
        t.seconds[p.plan] += seconds;
        if (!p.trial) continue;
        t.trials++;
        t.trial_seconds += seconds;
    }
    return t;
}

static csgdi_adapt begin(csgdi_plan first)
{
    static const double unknown[2] = {0, 0};
    csgdi_adapt a;

    csgdi_adapt_begin(&a, first, unknown);
    return a;
}

static void the_faster_is_followed(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++)
        for (int faster = 0; faster < 2; faster++) {
            csgdi_adapt a = begin((csgdi_plan)first);
            const tally t = play(&a, faster == 0 ? 1 : 2, faster == 0 ? 2 : 1, 0.05, 1000);

            assert_int_equal(a.plan, faster);
            assert_int_equal(a.changes, first != faster);
            assert_true(t.calls[1 - faster] <= 40);
        }
}

/* Plans that are as good as each other are not changed for noise. */
static void no_flip_flop(void **state)
{
    csgdi_adapt a = begin(CSGDI_PLAN_MESSAGES);
    tally t;

    (void)state;
    t = play(&a, 1, 1, 0.06, 20000);
    assert_int_equal(a.changes, 0);
    assert_true(t.trials >= 3 && t.trials <= 3 * 20);
    play(&a, 1, 0.9, 0.02, 20000); /* better by less than an eighth */
    assert_int_equal(a.changes, 0);
    play(&a, 1, 0.8, 0.02, 20000);
    assert_int_equal(a.changes, 1);
}

/* Trials take a fiftieth of the time, beside the first, however slow the other plan is. */
static void trials_are_few(void **state)
{
    csgdi_adapt a = begin(CSGDI_PLAN_MESSAGES);
    tally t;

    (void)state;
    play(&a, 1, 30, 0.1, 20);
    t = play(&a, 1, 30, 0.1, 40000);
    assert_int_equal(a.changes, 0);
    assert_true(t.trials >= 3);
    assert_true(t.trial_seconds < 0.022 * (t.seconds[0] + t.seconds[1]));

    csgdi_adapt_begin(&a, CSGDI_PLAN_MESSAGES,
                      (double[2]){1, 30}); /* predicted, so not even the first */
    t = play(&a, 1, 30, 0.1, 4000);
    assert_int_equal(t.trials, 0);
    t = play(&a, 1, 30, 0.1, 1000);
    assert_int_equal(t.trials, 3);
}

/* What has become slow is left within some thirty calls, where the other was known to be better. */
static void new_times_are_seen(void **state)
{
    csgdi_adapt a = begin(CSGDI_PLAN_MESSAGES);

    (void)state;
    play(&a, 1, 3, 0.05, 3000);
    assert_int_equal(a.changes, 0);
    play(&a, 10, 3, 0.05, 32);
    assert_int_equal(a.plan, CSGDI_PLAN_DENSE);
    play(&a, 10, 3, 0.05, 1000);
    assert_int_equal(a.changes, 1);
    play(&a, 10, 30, 0.05, 32);
    assert_int_equal(a.plan, CSGDI_PLAN_MESSAGES);
    csgdi_adapt_clear(&a);
    assert_int_equal(a.changes, 2);
    assert_false(csgdi_adapt_next(&a).trial);
}

/* One call that takes long, in the window and in a trial, decides nothing. */
static void one_slow_call_is_nothing(void **state)
{
    csgdi_adapt a = begin(CSGDI_PLAN_MESSAGES);

    (void)state;
    for (int i = 0; i < 2000; i++) {
        const csgdi_planned p = csgdi_adapt_next(&a);
        csgdi_adapt_told(&a, a.seconds);
        csgdi_adapt_made(&a, p, (i % 7 == 0 ? 50.0 : 1) * (p.plan == CSGDI_PLAN_DENSE ? 1.1 : 1));
    }
    assert_int_equal(a.changes, 0);
}

/* --- reducers --- */

enum { N = 900, STEPS = 450, CLEAR = 420, NAN_AT = 60 };

/* What the clock shows: time passes by the bytes that a rank has sent and the messages that it has
 * made, so that the link and the compressor are as slow as a test says. */
static _Thread_local csgd_reducer *watched;
static _Atomic(double) link_rate, coder_rate,
    slowest; /* seconds a byte; slowest: of the last rank's */

static double clock_of_bytes(void)
{
    const csgd_reducer *r = watched;
    double coder = atomic_load(&coder_rate);

    if (r == NULL) return 0;
    if (r->transport.rank == r->transport.n_ranks - 1) coder += atomic_load(&slowest);
    return (double)r->transport.sent_bytes * atomic_load(&link_rate) +
           (double)r->stats.message_bytes * coder;
}

/* Rates may change between two calls only: the clock would jump. */
static void set_rates(double link, double coder, double last)
{
    atomic_store(&link_rate, link);
    atomic_store(&coder_rate, coder);
    atomic_store(&slowest, last);
}

typedef struct run {
    const char *spec;
    bool started, spoiled; /* not blocking; with a step of NaN, and a clear */
    double rho;            /* of ecx; 0: ef */
    void (*rates)(int t);  /* sets them, asked every 50 steps */
    int n_ranks;
    size_t changes;
    char explained[512];
    char (*plan)[STEPS + 1]; /* of each rank: 'd' where a call was dense */
    uint64_t *changes_of;
} run;

/* All ranks stand between two calls, so that the clock may change. */
static void meet(int n_ranks)
{
    static atomic_int waiting;
    static atomic_int phase;
    const int before = atomic_load(&phase);

    if (atomic_fetch_add(&waiting, 1) == n_ranks - 1) {
        atomic_store(&waiting, 0);
        atomic_fetch_add(&phase, 1);
    }
    while (atomic_load(&phase) == before)
        sched_yield();
}

static void worst(const double *a, const double *b, size_t n, double *off)
{
    for (size_t i = 0; i < n; i++)
        *off = fmax(*off, fabs(a[i] - b[i]));
}

/* v^_t + D_t - D_{t-1} = v_t with rho, or with rho = 0 the sum of results and residuals; sums over ranks
 * are taken by a reducer of `none`. */
static void part(ranks *all, int rank, void *arg)
{
    run *r = arg;
    double *x = calloc(7 * N, sizeof *x), *y = x + N, *e = y + N, *before = e + N, *v = before + N;
    double *true_v = v + N, *left = true_v + N, off = 0;
    csgd_reducer *c = NULL, *none = NULL;
    csgd_stats s, last = {0};

    watched = NULL;
    RANK_CHECK(all, rank, all->create(all, rank, N, r->spec, &c) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, "none type=f64", &none) == CSGD_OK);
    watched = c;
    for (int t = 0; t < STEPS && c != NULL; t++) {
        const bool spoil = r->spoiled && t == NAN_AT, clear = r->spoiled && t == CLEAR;
        csgd_status st;

        if (t % 50 == 0) {
            meet(all->n_ranks);
            if (rank == 0) r->rates(t);
            meet(all->n_ranks);
        }
        oracle_gradient(rank, (uint64_t)t, CSGD_F64, N, x);
        memcpy(e, x, N * sizeof *x);
        if (spoil && rank == 0) x[7] = NAN;
        if (r->started) {
            st = csgd_reducer_start(c, x, y, N);
            if (st == CSGD_OK) st = csgd_reducer_wait(c);
        } else {
            st = csgd_reducer_allreduce(c, x, y, N);
        }
        RANK_CHECK(all, rank, st == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_stats(c, &s, sizeof s) == CSGD_OK);
        r->plan[rank][t] = s.dense_calls > last.dense_calls && !spoil ? 'd' : 'm';
        last = s;
        if (spoil) { /* is as if it had not been */
            RANK_CHECK(all, rank, s.nonfinite_calls == 1);
            continue;
        }
        csgd_reducer_allreduce(none, NULL, e, N);
        for (int i = 0; i < N; i++) {
            v[i] = (r->rho > 0 ? r->rho : 1) * v[i] + y[i];
            true_v[i] = (r->rho > 0 ? r->rho : 1) * true_v[i] + e[i];
        }
        RANK_CHECK(all, rank, csgd_reducer_residual(c, e) == CSGD_OK);
        csgd_reducer_allreduce(none, NULL, e, N);
        for (int i = 0; i < N; i++)
            left[i] = v[i] + e[i] - (r->rho > 0 ? before[i] : 0);
        worst(left, true_v, N, &off);
        memcpy(before, e, N * sizeof *e);
        if (!clear) continue;
        RANK_CHECK(all, rank, csgd_reducer_clear(c) == CSGD_OK);
        memcpy(v, true_v, N * sizeof *v);
        memset(before, 0, N * sizeof *before);
    }
    RANK_CHECK(all, rank, off < 1e-9);
    r->changes_of[rank] = s.plan_changes;
    if (rank == 0) snprintf(r->explained, sizeof r->explained, "%s", csgd_reducer_explain(c));
    watched = NULL;
    csgd_reducer_destroy(&c);
    csgd_reducer_destroy(&none);
    free(x);
}

static void check_run(run *r)
{
    r->plan = calloc((size_t)r->n_ranks, sizeof *r->plan);
    r->changes_of = calloc((size_t)r->n_ranks, sizeof *r->changes_of);
    csgdi_clock_set(clock_of_bytes);
    ranks_run(r->n_ranks, part, r);
    csgdi_clock_set(NULL);
    for (int rank = 0; rank < r->n_ranks; rank++) {
        assert_string_equal(r->plan[rank], r->plan[0]);
        assert_int_equal(r->changes_of[rank], r->changes_of[0]);
    }
    r->changes = r->changes_of[0];
    free(r->changes_of);
}

static size_t dense_between(const run *r, int from, int to)
{
    size_t dense = 0;

    for (int t = from; t < to; t++)
        dense += r->plan[0][t] == 'd';
    return dense;
}

/* The link is slow, then the compressor, then the link again. */
static void there_and_back(int t)
{
    if (t < 100)
        set_rates(1e-6, 0, 0);
    else if (t < 250)
        set_rates(1e-6, 1e-3, 0);
    else
        set_rates(1e-3, 1e-4, 0);
}

static void check_there_and_back(run *r)
{
    check_run(r);
    if (r->changes != 2) fail_msg("%s: %zu changes: %s", r->spec, r->changes, r->plan[0]);
    assert_true(dense_between(r, 0, 100) <= CSGDI_ADAPT_TRIAL);
    assert_true(dense_between(r, 140, 250) == 110);
    assert_true(dense_between(r, 300, 400) <= CSGDI_ADAPT_TRIAL);
    if (r->spoiled) assert_int_equal(dense_between(r, 0, 100), CSGDI_ADAPT_TRIAL);
    if (r->spoiled)
        assert_int_equal(dense_between(r, CLEAR + 1, STEPS), CSGDI_ADAPT_TRIAL); /* anew */
    assert_non_null(strstr(r->explained, "now compressed ("));
    assert_non_null(strstr(r->explained, "changed 2 times"));
    free(r->plan);
}

static const char *const over[] = {
    "topk ratio=0.01 algorithm=allgather",
    "topk ratio=0.01 algorithm=split",
    "topk ratio=0.01 algorithm=oktopk",
    "topk ratio=0.01 algorithm=spardl",
    "sign block=64 algorithm=sra",
    "randk ratio=0.01 scaled=no algorithm=linear",
    "powersgd rank=1",
};

static void plans_change_and_ef_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(over); i++) {
        char spec[256];
        run r = {.spec = spec,
                 .rates = there_and_back,
                 .n_ranks = i % 4 == 0 ? 3 : 4,
                 .started = i % 3 == 1,
                 .spoiled = i == 0};

        if (test_brief() && i % 2 == 1) continue;
        snprintf(spec, sizeof spec, "%s type=f64 feedback=ef adapt=yes", over[i]);
        check_there_and_back(&r);
    }
}

static void plans_change_and_ecx_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(over); i++) {
        char spec[256];
        run r = {.spec = spec,
                 .rho = 0.5,
                 .rates = there_and_back,
                 .n_ranks = i % 4 == 1 ? 2 : 3,
                 .started = i % 3 == 0};

        if (test_brief() && i % 2 == 0) continue;
        /* It looks for its limit anew after dense calls, and as residuals grow, in all calls of a trial. */
        if (strstr(over[i], "oktopk") != NULL) continue;
        snprintf(spec, sizeof spec, "%s type=f64 feedback=ecx rho=0.5 guard=no force=yes adapt=yes",
                 over[i]);
        check_there_and_back(&r);
    }
}

/* One rank whose coder is slow is enough. */
static void last_is_slow(int t)
{
    (void)t;
    set_rates(1e-6, 0, 1e-3);
}

static void the_slowest_rank_decides(void **state)
{
    run r = {.spec = "topk ratio=0.01 algorithm=allgather type=f64 adapt=yes progress=call",
             .rates = last_is_slow,
             .n_ranks = 5};

    (void)state;
    check_run(&r);
    assert_int_equal(r.changes, 1);
    assert_int_equal(dense_between(&r, 0, 15), 0);
    assert_int_equal(dense_between(&r, 30, 100), 70);
    assert_non_null(strstr(r.explained, "now dense (vendor)"));
    free(r.plan);
}

/* --- by what was measured --- */

static void measured_part(ranks *all, int rank, void *arg)
{
    float *x = calloc(N, sizeof *x);
    csgd_reducer *r = NULL;
    csgd_stats s;

    (void)arg;
    RANK_CHECK(all, rank, all->create(all, rank, 70000, "topk adapt=yes", &r) == CSGD_OK);
    RANK_CHECK(all, rank, strncmp(csgd_reducer_spec(r), "topk ", 5) == 0);
    RANK_CHECK(all, rank, strstr(csgd_reducer_spec(r), "adapt=yes") != NULL);
    RANK_CHECK(all, rank, strstr(csgd_reducer_explain(r), "now dense (ring)") != NULL);
    free(x);
    x = calloc(70000, sizeof *x);
    x[rank] = 1;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, x, 70000) == CSGD_OK);
    for (int i = 0; i < all->n_ranks; i++)
        RANK_CHECK(all, rank, x[i] == 1);
    RANK_CHECK(all, rank, csgd_reducer_stats(r, &s, sizeof s) == CSGD_OK);
    RANK_CHECK(all, rank, s.dense_calls == 1 && s.residual_norm == 0);
    csgd_reducer_destroy(&r);
    free(x);
}

/* It begins with what is predicted to be faster, over the fastest dense algorithm. */
static void begins_by_prediction(void **state)
{
    char file[] = "csgd-adapt-test-XXXXXX";
    const int fd = mkstemp(file);
    csgdi_rates rates = {.alpha = 1e-6, .beta = 1e-10, .add = 1e-10, .encode = 1, .decode = 1e-10};

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < CSGDI_RATES_DENSE; i++)
        rates.dense[i][1] = i == 1 ? 1e-10 : 1e-9; /* the second is the ring */
    csgdi_tuning_keep(file, 3, 70000, "topk adapt=yes", &rates);
    setenv("CSGD_TUNING", file, 1);
    ranks_run(3, measured_part, NULL);
    unsetenv("CSGD_TUNING");
    unlink(file);
}

/* --- where it has no meaning --- */

static void refused_part(ranks *all, int rank, void *arg)
{
    static const char *const specs[] = {"none adapt=yes", "topk plan=compressed adapt=yes",
                                        "threshold lambda=auto budget=100000 steps=100 adapt=yes"};
    static const char *const words[] = {"none always sends these", "plan=compressed", "budget="};
    csgd_reducer *r = NULL;

    (void)arg;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        RANK_CHECK(all, rank, all->create(all, rank, 100, specs[i], &r) == CSGD_E_UNSUPPORTED);
        RANK_CHECK(all, rank, strstr(csgd_error_detail(), words[i]) != NULL);
        RANK_CHECK(all, rank, r == NULL);
    }
    RANK_CHECK(all, rank, all->create(all, rank, 100, "topk", &r) == CSGD_OK);
    RANK_CHECK(all, rank, strstr(csgd_reducer_spec(r), "adapt") == NULL);
    csgd_reducer_destroy(&r);
}

static void refused(void **state)
{
    (void)state;
    ranks_run(2, refused_part, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_faster_is_followed),
        cmocka_unit_test(no_flip_flop),
        cmocka_unit_test(trials_are_few),
        cmocka_unit_test(new_times_are_seen),
        cmocka_unit_test(one_slow_call_is_nothing),
        cmocka_unit_test(plans_change_and_ef_holds),
        cmocka_unit_test(plans_change_and_ecx_holds),
        cmocka_unit_test(the_slowest_rank_decides),
        cmocka_unit_test(begins_by_prediction),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
