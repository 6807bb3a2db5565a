/* SPDX-License-Identifier: BSD-3-Clause */

/* test_plugins.c: plug-ins over ranks: the same bits as the compressors of ours that they mimic,
 * and what all ranks see of one rank's mistake. */

#include "compressors/plugins.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 1000, STEPS = 12 };

static void fill(csgd_type type, int rank, int step, void *x)
{
    for (int i = 0; i < N; i++) {
        const double v = ((i * 37 + rank * 11 + step * 5) % 101 - 50) / 8.0 + i % 7;

        if (type == CSGD_F32)
            ((float *)x)[i] = (float)v;
        else
            ((double *)x)[i] = v;
    }
}

typedef struct pair {
    const char *ours, *theirs, *rest;
    csgd_type type;
    size_t n;
} pair;

static void check_same(ranks *all, int rank, void *arg)
{
    const pair *p = arg;
    const size_t bytes = p->n * csgd_type_size(p->type);
    double x[N], y[2][N] = {{0}}, e[2][N] = {{0}};
    csgd_reducer *r[2];
    csgd_stats stats;

    for (int i = 0; i < 2; i++) {
        char spec[160];

        snprintf(spec, sizeof spec, "%s %s type=%s", i == 0 ? p->ours : p->theirs, p->rest,
                 p->type == CSGD_F32 ? "f32" : "f64");
        RANK_CHECK(all, rank, all->create(all, rank, p->n, spec, &r[i]) == CSGD_OK);
        if (r[i] == NULL) return;
    }
    for (int step = 0; step < STEPS; step++) {
        fill(p->type, rank, step, x);
        for (int i = 0; i < 2; i++) {
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r[i], x, y[i], p->n) == CSGD_OK);
            RANK_CHECK(all, rank, csgd_reducer_residual(r[i], e[i]) == CSGD_OK);
        }
        RANK_CHECK(all, rank, memcmp(y[0], y[1], bytes) == 0);
        RANK_CHECK(all, rank, memcmp(e[0], e[1], bytes) == 0);
        RANK_CHECK(all, rank, csgd_reducer_stats(r[1], &stats, sizeof stats) == CSGD_OK);
        RANK_CHECK(all, rank, stats.dense_calls == 0);
    }
    for (int i = 0; i < 2; i++)
        csgd_reducer_destroy(&r[i]);
}

static void same_bits(void **state)
{
    static const pair pairs[] = {
        {.ours = "sign block=64", .theirs = "t_sign block=64", .rest = "algorithm=allgather"},
        {.ours = "sign block=64", .theirs = "t_sign block=64", .rest = ""}, /* sra, ef */
        {.ours = "sign block=64",
         .theirs = "t_sign block=64",
         .rest = "algorithm=sra feedback=none"},
        {.ours = "sign block=8192", .theirs = "t_sign block=8192", .rest = "algorithm=sra"},
        {.ours = "topk k=10", .theirs = "t_topk k=10", .rest = ""}, /* allgather, ef */
        {.ours = "topk k=10", .theirs = "t_topk k=10", .rest = "feedback=none"},
    };
    static const size_t sizes[] = {1, 63, 64, 128, N};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(pairs); i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (size_t j = 0; j < TEST_COUNT(sizes); j++)
                for (int p = 1; p <= 3; p++) {
                    pair one = pairs[i];

                    one.type = type;
                    one.n = sizes[j];
                    if (one.n < 10 && strncmp(one.ours, "topk", 4) == 0) continue;
                    ranks_run(p, check_same, &one);
                    assert_int_equal(plugins_alive(), 0);
                }
}

/* One rank's plug-in is missing, or refuses: nobody has a reducer, and no state is left. */
static void creation(ranks *all, int rank, void *arg)
{
    static const struct {
        const char *spec;
        csgd_status status;
        const char *words;
    } wrong[] = {
        {"t_absent block=64", CSGD_E_SPEC, "there is no compressor \"t_absent\""},
        {"t_sign block=12", CSGD_E_SPEC, "multiple of 8"},
        {"t_codes wrong=bytes", CSGD_E_PLUGIN, "block_bytes"},
    };
    const int last = all->n_ranks - 1;

    (void)arg;
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        csgd_reducer *r = (csgd_reducer *)(void *)all;
        const csgd_status st =
            all->create(all, rank, N, rank == last ? wrong[i].spec : "t_sign block=64", &r);

        RANK_CHECK(all, rank, r == NULL);
        RANK_CHECK(all, rank, st == (rank == last ? wrong[i].status : CSGD_E_PEER));
        RANK_CHECK(all, rank,
                   strstr(csgd_error_detail(), rank == last ? wrong[i].words : "rank ") != NULL);
    }
}

/* One rank's plug-in makes a mistake in its first encoding at step 1: nothing has changed. */
static void mistake(ranks *all, int rank, void *arg)
{
    const char *const *specs = arg;
    const int last = all->n_ranks - 1;
    float x[N], y[N], before[N], e[2][N];
    csgd_reducer *r;
    char spec[96];

    snprintf(spec, sizeof spec, "%s rank=%d step=1", *specs, last);
    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &r) == CSGD_OK);
    if (r == NULL) return;
    for (int step = 0; step < 3; step++) {
        csgd_status st;

        fill(CSGD_F32, rank, step, x);
        memset(y, step, sizeof y);
        memcpy(before, y, sizeof y);
        RANK_CHECK(all, rank, csgd_reducer_residual(r, e[0]) == CSGD_OK);
        st = csgd_reducer_allreduce(r, x, y, N);
        if (step != 1) {
            RANK_CHECK(all, rank, st == CSGD_OK);
            continue;
        }
        RANK_CHECK(all, rank, st == (rank == last ? CSGD_E_PLUGIN : CSGD_E_PEER));
        RANK_CHECK(all, rank,
                   strstr(csgd_error_detail(), rank == last ? "t_" : "CSGD_E_PLUGIN") != NULL);
        RANK_CHECK(all, rank, memcmp(y, before, sizeof y) == 0);
        RANK_CHECK(all, rank, csgd_reducer_residual(r, e[1]) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(e[0], e[1], sizeof e[0]) == 0);
        RANK_CHECK(all, rank, csgd_reducer_set_step(r, 2) == CSGD_OK);
    }
    csgd_reducer_destroy(&r);
}

/* The same in the second encoding of sra, found in mid-exchange: all fail, and clear mends. */
static void second_mistake(ranks *all, int rank, void *arg)
{
    const int last = all->n_ranks - 1;
    float x[N], y[N];
    csgd_reducer *r;
    char spec[112];

    snprintf(spec, sizeof spec,
             "t_codes wrong=nan algorithm=sra feedback=ef second=1 rank=%d step=1%s", last,
             (const char *)arg);
    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &r) == CSGD_OK);
    if (r == NULL) return;
    fill(CSGD_F32, rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_PLUGIN);
    RANK_CHECK(all, rank,
               strstr(csgd_error_detail(),
                      rank == last ? "encoded wrongly" : "found it in mid-exchange") != NULL);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_BROKEN);
    RANK_CHECK(all, rank, csgd_reducer_set_step(r, 2) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    csgd_reducer_destroy(&r);
}

static void over_sizes(void (*part)(ranks *all, int rank, void *arg), void *arg)
{
    for (int p = 1; p <= 4; p++) {
        ranks_run(p, part, arg);
        assert_int_equal(plugins_alive(), 0);
    }
}

static void not_everywhere(void **state)
{
    (void)state;
    over_sizes(creation, NULL);
}

static void mistakes(void **state)
{
    static const char *const specs[] = {
        "t_codes wrong=nan",
        "t_codes wrong=refuse feedback=ef",
        "t_codes wrong=nan algorithm=allgather feedback=ef",
        "t_entries wrong=order",
        "t_entries wrong=nan feedback=ef",
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        over_sizes(mistake, (void *)(uintptr_t)&specs[i]);
    over_sizes(second_mistake, "");
    over_sizes(second_mistake, " piece=1");
}

static int setup(void **state)
{
    (void)state;
    plugins_register();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits),
        cmocka_unit_test(not_everywhere),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests_name("comm/plugins", tests, setup, NULL);
}
