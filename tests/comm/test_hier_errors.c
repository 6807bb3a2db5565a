/* SPDX-License-Identifier: BSD-3-Clause */

/* test_hier_errors.c: algorithm=hier where something is wrong: with what one rank says, with its vector,
 * with a message between leaders, with a rank that stops.  Nobody waits, and all of a node know. */

#include <math.h>
#include "base/bytes.h"
#include "comm/reducer.h"
#include "comm/team.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 160, P = 5 };

static const int nodes[P] = {7, 7, 3, 3, 3}; /* leaders 0 and 2 */

static void fill(int rank, int step, float *x)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)((i * 31 + rank * 7 + step) % 97 - 48) / 4;
}

/* --- creation --- */

static void creation_part(ranks *all, int rank, void *arg)
{
    static const struct {
        const char *spec, *other; /* of rank 1, NULL: the same */
        csgd_status status, of_other;
        const char *words;
    } rows[] = {
        {"topk algorithm=hier", "topk", CSGD_E_MISMATCH, CSGD_E_MISMATCH, "spec"},
        {"topk", "topk algorithm=hier", CSGD_E_MISMATCH, CSGD_E_MISMATCH, "spec"},
        {"topk algorithm=hier", "topk algorithm=hier ranks_per_node=2", CSGD_E_MISMATCH,
         CSGD_E_MISMATCH, "ranks_per_node"},
        {"topk algorithm=hier", "sign algorithm=hier", CSGD_E_MISMATCH, CSGD_E_MISMATCH, "spec"},
        {"topk algorithm=hier", "topk algorithm=heir", CSGD_E_PEER, CSGD_E_SPEC, ""},
        {"topk algorithm=heir", "topk algorithm=hier", CSGD_E_SPEC, CSGD_E_PEER, ""},
        {"topk algorithm=hier inner=hier", NULL, CSGD_E_SPEC, CSGD_E_SPEC, "inner"},
        {"topk algorithm=hier inner=sra", NULL, CSGD_E_UNSUPPORTED, CSGD_E_UNSUPPORTED, "sra"},
        {"topk algorithm=hier k=161", NULL, CSGD_E_SPEC, CSGD_E_SPEC, "161"},
        {"topk algorithm=split inner=ring", NULL, CSGD_E_UNSUPPORTED, CSGD_E_UNSUPPORTED,
         "inner= is for algorithm=hier"},
        {"topk ranks_per_node=2", NULL, CSGD_E_UNSUPPORTED, CSGD_E_UNSUPPORTED,
         "ranks_per_node= is for algorithm=hier"},
    };
    csgd_reducer *r = NULL;
    float x[N], y[N];

    (void)arg;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const bool is_other = rank == 1 && rows[i].other != NULL;
        const csgd_status st =
            all->create(all, rank, N, is_other ? rows[i].other : rows[i].spec, &r);

        RANK_CHECK(all, rank, st == (is_other ? rows[i].of_other : rows[i].status));
        RANK_CHECK(all, rank, strstr(csgd_error_detail(), rows[i].words) != NULL);
        RANK_CHECK(all, rank, r == NULL);
    }
    /* And after all that they still meet. */
    RANK_CHECK(all, rank, all->create(all, rank, N, "topk ratio=1 algorithm=hier", &r) == CSGD_OK);
    if (r == NULL) return;
    fill(0, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    for (int i = 0; i < N; i++)
        RANK_CHECK(all, rank, y[i] == P * x[i]);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void creation(void **state)
{
    (void)state;
    ranks_run_on(P, nodes, creation_part, NULL);
}

/* --- calls --- */

static void calls_part(ranks *all, int rank, void *arg)
{
    const int *wrong = arg; /* the rank that does something wrong */
    csgd_reducer *r = NULL;
    float x[N], y[N], before[N], after[N];
    csgd_workers workers = {.size = 0};
    csgd_stats stats;

    RANK_CHECK(all, rank,
               all->create(all, rank, N, "topk ratio=0.1 algorithm=hier feedback=ecx2 rho=step",
                           &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_INVAL); /* no rho */
    RANK_CHECK(all, rank, csgd_reducer_set_rho(r, 1.5) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_reducer_set_rho(r, 0.9) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_set_step_size(r, 0.5) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_residual(r, before) == CSGD_OK);

    if (rank == *wrong) csgd_reducer_set_rho(r, 0.5);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_MISMATCH);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "rho: 0.9") != NULL);
    if (rank == *wrong) csgd_reducer_set_rho(r, 0.9);
    if (rank == *wrong) csgd_reducer_set_step_size(r, 0.25);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_MISMATCH);
    if (rank == *wrong) csgd_reducer_set_step_size(r, 0.5);
    RANK_CHECK(all, rank,
               csgd_reducer_allreduce(r, x, rank == *wrong ? NULL : y, N) ==
                   (rank == *wrong ? CSGD_E_INVAL : CSGD_E_PEER));
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N - (rank == *wrong)) == CSGD_E_MISMATCH);
    if (rank == *wrong) x[3] = NAN;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, isnan(y[3]) && isfinite(y[4]));
    RANK_CHECK(all, rank, csgd_reducer_residual(r, after) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(before, after, sizeof before) == 0);

    RANK_CHECK(all, rank, csgd_reducer_stats(r, &stats, sizeof stats) == CSGD_OK);
    RANK_CHECK(all, rank, stats.calls == 2 && stats.failed_calls == 5);
    RANK_CHECK(all, rank, stats.dense_calls == 1 && stats.nonfinite_calls == 1);
    RANK_CHECK(all, rank, strcmp(stats.rule, "ecx2") == 0);
    RANK_CHECK(all, rank, csgd_reducer_workers(r, &workers) == CSGD_OK);
    RANK_CHECK(all, rank, workers.n == N && workers.n_workers == P && workers.first == rank);
    RANK_CHECK(all, rank, workers.traits == (CSGD_WORKERS_LOSSY | CSGD_WORKERS_SPARSE));
    RANK_CHECK(all, rank, workers.set_rho(r, 0.25) == CSGD_OK); /* rho=step */
    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_residual(r, after) == CSGD_OK);
    for (int i = 0; i < N; i++)
        RANK_CHECK(all, rank, after[i] == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void calls(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 4; wrong++) /* of leaders and others */
        ranks_run_on(P, nodes, calls_part, &wrong);
}

/* --- messages --- */

typedef struct alteration {
    const char *spec;
    uint64_t after, bit;
    int failed; /* ranks */
} alteration;

static void altered_part(ranks *all, int rank, void *arg)
{
    alteration *how = arg;
    csgd_reducer *r = NULL, *twin = NULL;
    float x[N], y[N], z[N];
    csgd_status st;

    RANK_CHECK(all, rank, all->create(all, rank, N, how->spec, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, how->spec, &twin) == CSGD_OK);
    if (r == NULL || twin == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(twin, x, z, N) == CSGD_OK);
    if (rank == 2)
        csgdi_team_fault(all->team, (csgdi_fault){CSGDI_FAULT_CORRUPT, 2, how->after, how->bit});
    st = csgd_reducer_allreduce(r, x, y, N);
    if (rank == 2) csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_NONE, .rank = 2});
    if (st == CSGD_OK) RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
    RANK_CHECK(all, rank, st == CSGD_OK || st == CSGD_E_CORRUPT || st == CSGD_E_VERSION);
    RANK_CHECK(all, rank, st == CSGD_OK || csgd_error_detail()[0] != '\0');
    if (st != CSGD_OK) __atomic_add_fetch(&how->failed, 1, __ATOMIC_RELAXED);

    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_clear(twin) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_set_step(r, 9) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_set_step(twin, 9) == CSGD_OK);
    fill(rank, 1, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(twin, x, z, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&twin) == CSGD_OK);
}

/* Leader 2 sends two shares of its vector to its node, then a piece and a sum, or codes of two ranges,
 * to leader 0, and then says to each of its two members how it went. */
static void altered(void **state)
{
    static const uint64_t bits[] = {3, 70, 333, 997};
    static const char *const specs[] = {"topk ratio=0.1 algorithm=hier inner=split",
                                        "sign block=8 algorithm=hier inner=qring"};
    static const int failed[] = {5, 2, 1, 1}; /* that hear of it in time */

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (uint64_t message = 0; message < TEST_COUNT(failed); message++)
            for (size_t b = 0; b < TEST_COUNT(bits); b++) {
                alteration how = {specs[i], 2 + message, bits[b], 0};
                ranks_run_on(P, nodes, altered_part, &how);
                assert_int_equal(how.failed, failed[message]);
            }
}

/* --- ranks that stop --- */

static void stopping_part(ranks *all, int rank, void *arg)
{
    const int *stopped = arg;
    csgd_reducer *r = NULL;
    float x[N], y[N];
    csgd_status st;

    RANK_CHECK(all, rank,
               all->create(all, rank, N, "topk ratio=0.1 algorithm=hier inner=split timeout=0.2",
                           &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    if (rank == *stopped)
        csgdi_team_fault(all->team,
                         (csgdi_fault){.kind = CSGDI_FAULT_STOP, .rank = rank, .after = 1});
    st = csgd_reducer_allreduce(r, x, y, N);
    RANK_CHECK(all, rank, st == CSGD_E_TIMEOUT);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_BROKEN);
    if (rank == *stopped)
        csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_NONE, .rank = rank});
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void stopping(void **state)
{
    (void)state;
    for (int stopped = 0; stopped < 4; stopped++)
        ranks_run_on(P, nodes, stopping_part, &stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creation),
        cmocka_unit_test(calls),
        cmocka_unit_test(altered),
        cmocka_unit_test(stopping),
    };
    return cmocka_run_group_tests_name("comm/hier_errors", tests, NULL, NULL);
}
