/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_algorithms.c: the sparse allreduce by every algorithm that it has, call after call, against
 * the oracle: what comes out, the same on all ranks, and what is left over on each. */

#include <math.h>
#include <stdlib.h>
#include <unistd.h>
#include "comm/choose.h"
#include "comm/team.h"
#include "oracle/oracle_drop.h"
#include "support/budget.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 240, K = 24, STEPS = 6, MOST = 9, ROOM = 4 * K * MOST };

/* Where a rank's entries are. */
typedef enum pattern {
    EVERYWHERE,
    ONE_RANGE, /* in the first tenth, on all ranks */
    OWN_RANGES,
    SOME_EMPTY,
    MOVING,
    NOTHING,
    PATTERNS
} pattern;

static bool has(pattern at, int rank, size_t step, size_t i, size_t p)
{
    const uint32_t draw = oracle_word(3, (uint32_t)at, (uint32_t)rank, 1, step, i) % 10;

    switch (at) {
    case ONE_RANGE:
        return i < N / 10;
    case OWN_RANGES:
        return i * p / N == (size_t)rank;
    case SOME_EMPTY:
        return rank % 3 != 1 && draw == 0;
    case MOVING:
        return (i + N - step * 31 % N) % N < 2 * K && i % 2 == 0;
    case NOTHING:
        return false;
    default:
        return draw == 0;
    }
}

/* What all calls are to give. */
typedef struct trace {
    const char *algorithm, *spec;
    csgd_type type;
    size_t p;
    double value[STEPS * PATTERNS][MOST][N]; /* that ranks bring */
    bool in[STEPS * PATTERNS][MOST][N];
    double sum[STEPS * PATTERNS][N];
    bool in_sum[STEPS * PATTERNS][N];
    double left[STEPS * PATTERNS][MOST][N];
    bool in_left[STEPS * PATTERNS][MOST][N];
} trace;

static double round_to(csgd_type type, double x)
{
    return oracle_round(type, x);
}

/* In rank order; the tree of doubling has other roundings, so what it adds are integers. */
static void sum_in_order(trace *t, size_t call)
{
    for (size_t i = 0; i < N; i++)
        for (size_t r = 0; r < t->p; r++)
            if (t->in[call][r][i]) {
                t->sum[call][i] = round_to(t->type, t->sum[call][i] + t->value[call][r][i]);
                t->in_sum[call][i] = true;
            }
}

static void foresee(trace *t)
{
    oracle_drop *d = oracle_drop_create(t->type, N, K, t->p);
    const char *a = t->algorithm;

    d->tau = 4;
    for (size_t call = 0; call < STEPS * PATTERNS; call++) {
        const pattern at = (pattern)(call / STEPS);
        double *sent[MOST];
        bool *chosen[MOST];

        for (size_t r = 0; r < t->p; r++) {
            size_t k = 0;

            sent[r] = t->value[call][r];
            chosen[r] = t->in[call][r];
            for (size_t i = 0; i < N && k < K; i++) {
                const double x = oracle_word(4, 1, (uint32_t)r, 2, call, i) / 4294967296.0 * 8 - 4;
                if (!has(at, (int)r, call, i, t->p)) continue;
                chosen[r][i] = true;
                sent[r][i] = strcmp(a, "doubling") == 0 ? ceil(x * 100) : round_to(t->type, x);
                k++;
            }
        }
        if (strcmp(a, "gtopk") == 0)
            oracle_gtopk(d, sent, chosen);
        else if (strcmp(a, "spardl") == 0)
            oracle_spardl(d, sent, chosen);
        else if (strcmp(a, "oktopk") == 0)
            oracle_oktopk(d, sent, chosen, call);
        else {
            sum_in_order(t, call);
            continue;
        }
        memcpy(t->sum[call], d->sum.value, sizeof t->sum[call]);
        memcpy(t->in_sum[call], d->sum.in, sizeof t->in_sum[call]);
        for (size_t r = 0; r < t->p; r++) {
            memcpy(t->left[call][r], d->kept[r].value, sizeof t->left[call][r]);
            memcpy(t->in_left[call][r], d->kept[r].in, sizeof t->in_left[call][r]);
        }
    }
    oracle_drop_destroy(d);
}

/* Whether entries are those of a vector and its mask, in order, to the bit. */
static bool are(const trace *t, const uint32_t *index, const void *value, size_t k,
                const double *expected, const bool *in)
{
    double wide[ROOM];
    size_t at = 0;

    oracle_load(t->type, value, k, wide);
    for (uint32_t i = 0; i < N; i++) {
        if (!in[i]) continue;
        if (at == k || index[at] != i || wide[at] != expected[i]) return false;
        at++;
    }
    return at == k;
}

static size_t bring(const trace *t, size_t call, int rank, uint32_t *index, void *value)
{
    double wide[K];
    size_t k = 0;

    for (uint32_t i = 0; i < N; i++)
        if (t->in[call][rank][i]) {
            wide[k] = t->value[call][rank][i];
            index[k++] = i;
        }
    oracle_store(t->type, wide, k, value);
    return k;
}

static void part(ranks *all, int rank, void *arg)
{
    const trace *t = arg;
    csgd_sparse_reducer *s = NULL;
    uint32_t index[K], out[ROOM];
    double value[K], got[ROOM]; /* or as many floats */
    char text[128];

    snprintf(text, sizeof text, "sparse algorithm=%s %s", t->algorithm, t->spec);
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_create_team(all->team, rank, N, K, text, &s) == CSGD_OK);
    if (s == NULL) return;
    RANK_CHECK(all, rank, strstr(csgd_sparse_reducer_explain(s), t->algorithm) != NULL);
    for (size_t call = 0; call < STEPS * PATTERNS; call++) {
        const size_t k = bring(t, call, rank, index, value);
        size_t n = 0;

        RANK_CHECK(all, rank,
                   csgd_sparse_reducer_allreduce(s, index, value, k, out, got, ROOM, &n) ==
                       CSGD_OK);
        RANK_CHECK(all, rank, are(t, out, got, n, t->sum[call], t->in_sum[call]));
        RANK_CHECK(all, rank, csgd_sparse_reducer_leftover(s, out, got, ROOM, &n) == CSGD_OK);
        RANK_CHECK(all, rank, are(t, out, got, n, t->left[call][rank], t->in_left[call][rank]));
    }
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
}

static const char *const algorithms[] = {"allgather", "doubling", "split",
                                         "gtopk",     "oktopk",   "spardl"};

static void as_the_oracle(void **state)
{
    (void)state;
    for (size_t a = 0; a < TEST_COUNT(algorithms); a++)
        for (size_t p = 1; p <= MOST; p++) {
            trace *t = calloc(1, sizeof *t);

            t->algorithm = algorithms[a];
            t->type = (p + a) % 2 == 0 ? CSGD_F32 : CSGD_F64;
            t->spec = strcmp(t->algorithm, "oktopk") == 0
                          ? (t->type == CSGD_F32 ? "tau=4" : "type=f64 tau=4")
                          : (t->type == CSGD_F32 ? "indices=raw" : "type=f64");
            t->p = p;
            foresee(t);
            ranks_run((int)p, part, t);
            free(t);
        }
}

/* --- what is altered on the way --- */

typedef struct spoiled {
    const char *algorithm;
    const trace *t;
    csgd_status status[MOST][2]; /* of the call, and of the next one */
} spoiled;

static void spoiled_part(ranks *all, int rank, void *arg)
{
    spoiled *c = arg;
    csgd_sparse_reducer *s = NULL;
    uint32_t index[K], out[ROOM];
    double value[K], got[ROOM];
    char text[128];
    const size_t k = bring(c->t, 0, rank, index, value);
    size_t n = 99;

    snprintf(text, sizeof text, "sparse algorithm=%s", c->algorithm);
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_create_team(all->team, rank, N, K, text, &s) == CSGD_OK);
    for (int i = 0; i < 2 && s != NULL; i++)
        c->status[rank][i] = csgd_sparse_reducer_allreduce(s, index, value, k, out, got, ROOM, &n);
    csgd_sparse_reducer_destroy(&s);
}

static void run_spoiled(int rank, void *all)
{
    spoiled_part(all, rank, ((ranks *)all)->arg);
}

/* Nobody waits; who has found it, or was told, says so, and no next call passes for a good one. */
static void altered(void **state)
{
    trace *t = calloc(1, sizeof *t);

    (void)state;
    t->algorithm = "split";
    t->type = CSGD_F32;
    t->p = 3;
    foresee(t);
    for (size_t a = 1; a < TEST_COUNT(algorithms); a++)
        for (uint64_t bit = 0; bit < 3000; bit += test_brief() ? 211 : 37) {
            spoiled c = {.algorithm = algorithms[a], .t = t};
            ranks all = {.n_ranks = 3, .part = spoiled_part, .arg = &c};
            bool found = false, again = false;

            all.note = calloc(3, sizeof *all.note);
            assert_ok(csgd_team_create(3, &all.team));
            csgdi_team_fault(all.team, (csgdi_fault){.kind = CSGDI_FAULT_CORRUPT,
                                                     .rank = (int)(bit % 3),
                                                     .after = bit / 37 % 3,
                                                     .value = bit});
            assert_ok(csgd_team_run(all.team, run_spoiled, &all));
            for (int r = 0; r < 3; r++) {
                assert_string_equal(all.note[r], "");
                found = found || c.status[r][0] != CSGD_OK;
                again = again || c.status[r][1] == CSGD_OK;
                assert_true(c.status[r][0] == CSGD_OK || c.status[r][0] == CSGD_E_CORRUPT ||
                            c.status[r][0] == CSGD_E_VERSION);
                if (c.status[r][0] != CSGD_OK) assert_int_equal(c.status[r][1], CSGD_E_BROKEN);
            }
            if (found) assert_false(again);
            assert_ok(csgd_team_destroy(&all.team));
            free(all.note);
        }
    free(t);
}

/* --- memory, arguments, the choice --- */

static void memory(void **state)
{
    const uint32_t index[2] = {3, 200};
    const float value[2] = {1, -2};
    uint32_t out[ROOM];
    float got[ROOM];

    (void)state;
    csgd_budget_install();
    for (size_t a = 0; a < TEST_COUNT(algorithms); a++) {
        csgd_sparse_reducer *s = NULL;
        csgd_status st = CSGD_E_NOMEM;
        csgd_team *team;
        char text[64];
        size_t k;

        snprintf(text, sizeof text, "sparse algorithm=%s", algorithms[a]);
        assert_ok(csgd_team_create(1, &team));
        for (long budget = 0; st != CSGD_OK; budget++) {
            const size_t before = csgd_budget_live_blocks();
            csgd_budget_set(budget);
            st = csgd_sparse_reducer_create_team(team, 0, N, K, text, &s);
            csgd_budget_set(-1);
            if (st != CSGD_OK) assert_int_equal(csgd_budget_live_blocks(), before);
        }
        csgd_budget_set(0); /* a call takes no memory */
        for (int i = 0; i < 3; i++) {
            assert_ok(csgd_sparse_reducer_allreduce(s, index, value, 2, out, got, ROOM, &k));
            assert_true(k == 2 && out[1] == 200 && got[0] == 1 && got[1] == -2);
        }
        assert_ok(csgd_sparse_reducer_leftover(s, NULL, NULL, 0, &k));
        assert_int_equal(k, 0);
        csgd_budget_set(-1);
        assert_fails(csgd_sparse_reducer_leftover(NULL, out, got, ROOM, &k), CSGD_E_INVAL, "");
        assert_fails(csgd_sparse_reducer_leftover(s, out, got, ROOM, NULL), CSGD_E_INVAL, "");
        assert_ok(csgd_sparse_reducer_destroy(&s));
        assert_ok(csgd_team_destroy(&team));
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
    csgd_budget_remove();
    assert_string_equal(csgd_sparse_reducer_explain(NULL), "");
}

/* Too little room for what is left over: nothing is written, and it is said how much it is. */
static void room_part(ranks *all, int rank, void *arg)
{
    csgd_sparse_reducer *s = NULL;
    uint32_t index[K], out[ROOM] = {77};
    float value[K], got[ROOM] = {88};
    size_t k, left;

    (void)arg;
    for (uint32_t i = 0; i < K; i++) {
        index[i] = i * 4 + (uint32_t)rank;
        value[i] = (float)(i + 1);
    }
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_create_team(all->team, rank, N, K, "sparse algorithm=spardl",
                                               &s) == CSGD_OK);
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_allreduce(s, index, value, K, out, got, ROOM, &k) == CSGD_OK);
    out[0] = 77;
    RANK_CHECK(all, rank, csgd_sparse_reducer_leftover(s, NULL, NULL, 0, &left) == CSGD_E_SPACE);
    RANK_CHECK(all, rank, left > 0);
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_leftover(s, out, got, left - 1, &left) == CSGD_E_SPACE);
    RANK_CHECK(all, rank, out[0] == 77);
    RANK_CHECK(all, rank, csgd_sparse_reducer_leftover(s, NULL, got, left, &left) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_sparse_reducer_leftover(s, out, got, left, &left) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
}

static void leftovers_need_room(void **state)
{
    (void)state;
    ranks_run(4, room_part, NULL);
}

enum { LONG = 1000000 };

static void auto_part(ranks *all, int rank, void *arg)
{
    const char *const *c = arg; /* spec, algorithm */
    const uint32_t index = (uint32_t)rank;
    const float value = 1;
    csgd_sparse_reducer *s = NULL;
    uint32_t out[MOST];
    float got[MOST];
    size_t k = 0;

    RANK_CHECK(all, rank,
               csgd_sparse_reducer_create_team(all->team, rank, LONG, 10000, c[0], &s) == CSGD_OK);
    RANK_CHECK(all, rank, strncmp(csgd_sparse_reducer_explain(s), c[1], strlen(c[1])) == 0);
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_allreduce(s, &index, &value, 1, out, got, MOST, &k) == CSGD_OK);
    RANK_CHECK(all, rank, k == (size_t)all->n_ranks && got[0] == 1);
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
}

/* By the file of what was measured: with many bytes a second to send, the fewest; what drops, only where
 * the spec allows it. */
static void chosen_by_cost(void **state)
{
    static const char *const fixed[] = {"sparse", "allgather by a fixed rule"};
    static const char *const exact[] = {"sparse", "doubling, predicted"};
    static const char *const any[] = {"sparse drop=yes", "spardl, predicted"};
    char file[] = "csgd-sparse-test-XXXXXX";
    const int fd = mkstemp(file);
    const csgdi_rates rates = {
        .alpha = 1e-6, .beta = 1e-7, .add = 1e-10, .encode = 1e-9, .decode = 1e-10};

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    ranks_run(8, auto_part, (void *)(uintptr_t)fixed); /* a team measures nothing */
    csgdi_tuning_keep(file, 8, LONG, "topk ratio=0.01 feedback=none", &rates);
    setenv("CSGD_TUNING", file, 1);
    ranks_run(8, auto_part, (void *)(uintptr_t)exact);
    ranks_run(8, auto_part, (void *)(uintptr_t)any);
    unsetenv("CSGD_TUNING");
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_oracle),  cmocka_unit_test(altered),
        cmocka_unit_test(memory),         cmocka_unit_test(leftovers_need_room),
        cmocka_unit_test(chosen_by_cost),
    };
    return cmocka_run_group_tests_name("comm/sparse_algorithms", tests, NULL, NULL);
}
