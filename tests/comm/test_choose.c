/* SPDX-License-Identifier: BSD-3-Clause */

/* test_choose.c: what algorithm=auto takes by given rates, and the file that keeps them. */

#include "support/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include "comm/reducer.h"
#include "oracle/oracle.h"
#include "support/ranks.h"

enum { N = 1000000 };

/* Ethernet of 1 Gbit/s between ranks, or memory that they share. */
static csgdi_rates link_of(bool slow)
{
    csgdi_rates rates = {.alpha = slow ? 5e-5 : 1e-6,
                         .beta = slow ? 8.5e-9 : 1e-10,
                         .add = 3e-10,
                         .encode = 1e-9,
                         .decode = 1e-10};

    for (size_t i = 0; i < CSGDI_RATES_DENSE; i++) {
        rates.dense[i][0] = 6 * rates.alpha;
        rates.dense[i][1] = 6 * rates.beta * (i == 0 ? 1.6 : 1);
    }
    return rates;
}

static csgdi_choice choose(const char *text, int p, const csgdi_rates *rates, bool drop, bool dense)
{
    const csgdi_transport t = {.n_ranks = p};
    csgd_compressor *c;
    csgdi_choice choice;

    assert_ok(csgd_compressor_create(text, N, &c));
    csgdi_choose(&c->core, &t, rates, drop, dense, &choice);
    csgd_compressor_destroy(&c);
    return choice;
}

static void slow_links_want_messages(void **state)
{
    static const char *const specs[] = {"topk ratio=0.01", "sign", "int bits=4", "randk ratio=0.01",
                                        "threshold lambda=1"};
    const csgdi_rates rates = link_of(true);

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        const csgdi_choice choice = choose(specs[i], 4, &rates, false, true);

        assert_false(choice.dense);
        assert_false(choice.algorithm->dense);
        assert_false(choice.algorithm->drops);
        assert_non_null(strstr(choice.reason, choice.algorithm->name));
        assert_non_null(strstr(choice.reason, "dense ("));
    }
}

/* With many ranks what drops on the way is the fastest, and taken where the spec allows it. */
static void dropping_needs_a_word(void **state)
{
    const csgdi_rates rates = link_of(true);
    const csgdi_choice without = choose("topk ratio=0.01", 256, &rates, false, false);
    const csgdi_choice with = choose("topk ratio=0.01", 256, &rates, true, false);

    (void)state;
    assert_false(without.algorithm->drops);
    assert_true(with.algorithm->drops);
    assert_false(choose("qsgd", 256, &rates, true, false).algorithm->drops);
}

/* Compression that costs more than it saves is refused, unless the spec insists. */
static void fast_links_do_not(void **state)
{
    const csgdi_rates rates = link_of(false);
    csgdi_choice choice = choose("topk ratio=0.1", 4, &rates, false, true);

    (void)state;
    assert_true(choice.dense && choice.algorithm->dense);
    assert_non_null(strstr(choice.reason, "without compression"));
    choice = choose("topk ratio=0.1", 4, &rates, false, false);
    assert_false(choice.dense);
    assert_false(choice.algorithm->dense);
}

/* What messages took when they were tried counts more than what formulas say of them. */
static void trials_count(void **state)
{
    csgdi_rates rates = link_of(true);

    (void)state;
    assert_false(choose("topk ratio=0.01", 4, &rates, false, true).dense);
    rates.messages = 1000;
    assert_true(choose("topk ratio=0.01", 4, &rates, false, true).dense);
    rates.messages = 1e-3;
    rates.encode = 1e-7;
    assert_false(choose("topk ratio=0.01", 4, &rates, false, true).dense);
}

/* For exact vectors the fastest of the dense ones, though it is not the vendor's. */
static void the_best_dense(void **state)
{
    csgdi_rates rates = link_of(true);
    csgdi_choice choice = choose("none", 4, &rates, false, true);

    (void)state;
    assert_false(choice.dense); /* nothing was given up */
    assert_true(choice.algorithm->dense);
    assert_ptr_not_equal(choice.algorithm, &csgdi_vendor);
    rates.dense[0][1] /= 10;
    choice = choose("none", 4, &rates, false, true);
    assert_ptr_equal(choice.algorithm, &csgdi_vendor);
}

static void without_measurements(void **state)
{
    csgdi_choice choice = choose("topk ratio=0.01", 4, NULL, true, true);

    (void)state;
    assert_ptr_equal(choice.algorithm, &csgdi_allgather);
    assert_non_null(strstr(choice.reason, "fixed rule"));
    choice = choose("sign", 4, NULL, false, true);
    assert_ptr_equal(choice.algorithm, &csgdi_sra);
}

/* More ranks never make a cheaper sum, by any formula. */
static void formulas_grow(void **state)
{
    const csgdi_algorithm *a;
    const csgdi_rates rates = link_of(true);

    (void)state;
    for (size_t i = 0; (a = csgdi_algorithm_list(i)) != NULL; i++) {
        double before = 0;

        if (a->seconds == NULL) continue;
        for (double p = 2; p <= 1024; p *= 2) {
            const csgdi_cost cost = {.rates = &rates,
                                     .p = p,
                                     .n = N,
                                     .size = 4,
                                     .message = 50000,
                                     .k = 10000,
                                     .entry = 5};
            const double seconds = a->seconds(&cost);

            assert_true(seconds > 0.5 * before && seconds < 1e4);
            before = seconds;
        }
    }
}

/* --- the file --- */

static char file[] = "csgd-tuning-test-XXXXXX";

static int with_file(void **state)
{
    const int fd = mkstemp(file);

    (void)state;
    return fd < 0 || close(fd) != 0;
}

static int without_file(void **state)
{
    (void)state;
    unsetenv("CSGD_TUNING");
    return unlink(file);
}

static void kept_and_found(void **state)
{
    const csgdi_rates slow = link_of(true), fast = link_of(false);
    csgdi_rates found = {0};
    FILE *f;

    (void)state;
    assert_false(csgdi_tuning_find(file, 4, N, "topk ratio=0.01", &found));
    csgdi_tuning_keep(file, 4, N, "topk ratio=0.01", &slow);
    csgdi_tuning_keep(file, 4, N, "topk", &fast);
    assert_true(csgdi_tuning_find(file, 4, N, "topk ratio=0.01", &found));
    assert_true(fabs(found.beta / slow.beta - 1) < 1e-6);
    assert_true(csgdi_tuning_find(file, 4, N, "topk", &found));
    assert_true(fabs(found.beta / fast.beta - 1) < 1e-6);
    assert_false(csgdi_tuning_find(file, 5, N, "topk", &found));
    assert_false(csgdi_tuning_find(file, 4, N + 1, "topk", &found));
    assert_false(csgdi_tuning_find(file, 4, N, "top", &found));

    f = fopen(file, "a"); /* lines that are none */
    assert_non_null(f);
    fputs("csgd-tuning 1 4 1000000 1 2 topk\ncsgd-tuning 1 4 1000000\nsomething else\n", f);
    fputs("csgd-tuning 1 4 1000000 -1 1 1 1 1 1 1 1 1 1 1 1 1 topk\n", f);
    fputs("csgd-tuning 3 4 1000000 1 1 1 1 1 1 1 1 1 1 1 1 1 1 topk\n", f);
    fputs("csgd-tuning 2 4 1000000 1 1 1 1 1 1 1 1 1 1 1 1 1 topk\n", f); /* one number less */
    fputs("csgd-tuning 1 4 77 1 2 1 1 1 1 1 1 1 1 1 1 1 topk\n", f);      /* as it was once */
    assert_int_equal(fclose(f), 0);
    assert_true(csgdi_tuning_find(file, 4, N, "topk", &found));
    assert_true(fabs(found.beta / fast.beta - 1) < 1e-6);
    assert_true(csgdi_tuning_find(file, 4, 77, "topk", &found));
    assert_true(found.beta == 2 && found.messages == 0);
    assert_false(csgdi_tuning_find("no such directory/file", 4, N, "topk", &found));
    csgdi_tuning_keep("no such directory/file", 4, N, "topk", &fast); /* is as good as none */
}

static const char *spec_of[4], *reason_of[4];
static char specs[4][256], reasons[4][CSGDI_REASON];

static void make(int rank, void *team)
{
    csgd_reducer *r = NULL;

    if (csgd_reducer_create_team(team, rank, N, "topk ratio=0.01", &r) != CSGD_OK) return;
    snprintf(specs[rank], sizeof specs[rank], "%s", csgd_reducer_spec(r));
    snprintf(reasons[rank], sizeof reasons[rank], "%s", csgd_reducer_explain(r));
    spec_of[rank] = specs[rank];
    reason_of[rank] = reasons[rank];
    csgd_reducer_destroy(&r);
}

/* A reducer goes by the file, the same on all ranks, and says so. */
static void reducers_go_by_it(void **state)
{
    csgdi_rates rates = link_of(false);
    csgd_team *team;

    (void)state;
    assert_ok(csgd_team_create(4, &team));
    assert_ok(csgd_team_run(team, make, team));
    assert_non_null(strstr(spec_of[0], "algorithm=allgather")); /* a team measures nothing */

    rates.encode = 1; /* a second an element: never */
    csgdi_tuning_keep(file, 4, N, "topk ratio=0.01", &rates);
    setenv("CSGD_TUNING", file, 1);
    assert_ok(csgd_team_run(team, make, team));
    for (int rank = 0; rank < 4; rank++) {
        assert_int_equal(strncmp(spec_of[rank], "none ", 5), 0);
        assert_string_equal(spec_of[rank], spec_of[0]);
        assert_string_equal(reason_of[rank], reason_of[0]);
    }
    assert_non_null(strstr(reason_of[0], "without compression"));
    assert_ok(csgd_team_destroy(&team));
}

static const char *const named[] = {"topk ratio=0.01 recode=int8", "topk ratio=0.01 inner=split",
                                    "topk ratio=0.01 ranks_per_node=2"};
static csgd_status refused[4][TEST_COUNT(named)];

static void make_named(int rank, void *team)
{
    csgd_reducer *r = NULL;

    for (size_t i = 0; i < TEST_COUNT(named); i++) {
        refused[rank][i] = csgd_reducer_create_team(team, rank, N, named[i], &r);
        csgd_reducer_destroy(&r);
    }
}

/* A key of an algorithm that was not named is refused, and not dropped where times make it dense. */
static void keys_are_not_its_matter(void **state)
{
    csgdi_rates rates = link_of(false);
    csgd_team *team;

    (void)state;
    rates.encode = 1;
    for (size_t i = 0; i < TEST_COUNT(named); i++)
        csgdi_tuning_keep(file, 4, N, named[i], &rates);
    setenv("CSGD_TUNING", file, 1);
    assert_ok(csgd_team_create(4, &team));
    assert_ok(csgd_team_run(team, make_named, team));
    for (int rank = 0; rank < 4; rank++)
        for (size_t i = 0; i < TEST_COUNT(named); i++)
            assert_int_equal(refused[rank][i], CSGD_E_UNSUPPORTED);
    assert_ok(csgd_team_destroy(&team));
}

static csgd_status told[4];
static char sentence[4][1024];

static void make_differing(int rank, void *team)
{
    csgd_reducer *r = NULL;

    told[rank] = csgd_reducer_create_team(team, rank, N,
                                          rank == 3 ? "topk ratio=0.02" : "topk ratio=0.01", &r);
    snprintf(sentence[rank], sizeof sentence[rank], "%s", csgd_error_detail());
    csgd_reducer_destroy(&r);
}

/* Specs that differ do so where none of what they say is done. */
static void differing_specs(void **state)
{
    csgdi_rates rates = link_of(false);
    csgd_team *team;

    (void)state;
    rates.encode = 1;
    csgdi_tuning_keep(file, 4, N, "topk ratio=0.01", &rates);
    csgdi_tuning_keep(file, 4, N, "topk ratio=0.02", &rates);
    setenv("CSGD_TUNING", file, 1);
    assert_ok(csgd_team_create(4, &team));
    assert_ok(csgd_team_run(team, make_differing, team));
    for (int rank = 0; rank < 4; rank++) {
        assert_int_equal(told[rank], CSGD_E_MISMATCH);
        assert_non_null(strstr(sentence[rank], "ratio=0.02"));
    }
    assert_ok(csgd_team_destroy(&team));
}

/* --- ranks that would choose differently --- */

static atomic_int differing, asked;

void __real_csgdi_choose(const csgdi_compressor *c, const csgdi_transport *t,
                         const csgdi_rates *rates, bool drop, bool dense, csgdi_choice *choice);
void __wrap_csgdi_choose(const csgdi_compressor *c, const csgdi_transport *t,
                         const csgdi_rates *rates, bool drop, bool dense, csgdi_choice *choice);

/* In place of csgdi_choose(): as if each rank's libm had its own opinion. */
void __wrap_csgdi_choose(const csgdi_compressor *c, const csgdi_transport *t,
                         const csgdi_rates *rates, bool drop, bool dense, csgdi_choice *choice)
{
    __real_csgdi_choose(c, t, rates, drop, dense, choice);
    if (!atomic_load(&differing)) return;
    atomic_fetch_add(&asked, 1);
    choice->dense = false;
    choice->algorithm = t->rank == 0   ? &csgdi_split
                        : t->rank == 1 ? &csgdi_doubling
                                       : &csgdi_allgather;
    snprintf(choice->reason, sizeof choice->reason, "as rank %d has it", t->rank);
}

/* Rank 0 decides for all. */
static void rank_0_decides(void **state)
{
    const csgdi_rates rates = link_of(true);
    csgd_team *team;

    (void)state;
    csgdi_tuning_keep(file, 4, N, "topk ratio=0.01", &rates);
    setenv("CSGD_TUNING", file, 1);
    memset(spec_of, 0, sizeof spec_of);
    atomic_store(&differing, 1);
    assert_ok(csgd_team_create(4, &team));
    assert_ok(csgd_team_run(team, make, team));
    assert_ok(csgd_team_destroy(&team));
    atomic_store(&differing, 0);
    assert_int_equal(atomic_load(&asked), 1);
    for (int rank = 0; rank < 4; rank++) {
        assert_non_null(spec_of[rank]);
        assert_non_null(strstr(spec_of[rank], "algorithm=split"));
        assert_string_equal(reason_of[rank], "as rank 0 has it");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_links_want_messages),
        cmocka_unit_test(dropping_needs_a_word),
        cmocka_unit_test(fast_links_do_not),
        cmocka_unit_test(trials_count),
        cmocka_unit_test(the_best_dense),
        cmocka_unit_test(without_measurements),
        cmocka_unit_test(formulas_grow),
        cmocka_unit_test(kept_and_found),
        cmocka_unit_test(reducers_go_by_it),
        cmocka_unit_test(rank_0_decides),
        cmocka_unit_test(keys_are_not_its_matter),
        cmocka_unit_test(differing_specs),
    };

    return cmocka_run_group_tests(tests, with_file, without_file);
}
