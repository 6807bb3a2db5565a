/* SPDX-License-Identifier: BSD-3-Clause */

/* test_errors.c: what one rank does wrong, on teams of virtual ranks, and the faults that only a
 * team can order: corrupt, lost and late messages, a rank that stops, memory that runs out. */

#include <time.h>
#include "comm/error_parts.h"
#include "comm/team.h"
#include "support/budget.h"
#include "support/test.h"

enum { N = 200 };

static void run(void (*part)(ranks *all, int rank, void *arg))
{
    static const int sizes[] = {1, 2, 3, 8};

    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        ranks_run(sizes[i], part, NULL);
}

static void creation(void **state)
{
    (void)state;
    run(error_creation);
}

static void calls(void **state)
{
    (void)state;
    run(error_calls);
}

static void nonfinite(void **state)
{
    (void)state;
    run(error_nonfinite);
}

static void orders(void **state)
{
    (void)state;
    run(error_orders);
}

static void steps(void **state)
{
    (void)state;
    run(error_steps);
}

static void fill(int rank, int step, float *x)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)((i * 31 + rank * 7 + step) % 97 - 48) / 4;
}

/* A corrupt message: its readers break, the others learn at the next call, clear mends all. */
typedef struct corruption {
    const char *spec;
    uint64_t after; /* what is gathered before messages are: lengths, if they differ */
} corruption;

static void corrupt_part(ranks *all, int rank, void *arg)
{
    const corruption *how = arg;
    csgd_reducer *r = NULL;
    float x[N], y[N], before[N], residual[N];
    csgd_status st;

    RANK_CHECK(all, rank, all->create(all, rank, N, how->spec, &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    if (rank == 1)
        csgdi_team_fault(all->team, (csgdi_fault){CSGDI_FAULT_CORRUPT, 1, how->after, 997});
    RANK_CHECK(all, rank, csgd_reducer_residual(r, before) == CSGD_OK);
    st = csgd_reducer_allreduce(r, x, y, N);
    RANK_CHECK(all, rank, st == (rank == 1 ? CSGD_OK : CSGD_E_CORRUPT));
    RANK_CHECK(all, rank, rank == 1 || strstr(csgd_error_detail(), "message of rank 1") != NULL);
    RANK_CHECK(all, rank, csgd_reducer_residual(r, residual) == CSGD_OK);
    RANK_CHECK(all, rank, rank == 1 || memcmp(before, residual, sizeof before) == 0);

    memset(y, 0x33, sizeof y);
    memcpy(before, y, sizeof y);
    st = csgd_reducer_allreduce(r, x, y, N);
    RANK_CHECK(all, rank, st == (rank == 1 ? CSGD_E_PEER : CSGD_E_BROKEN));
    RANK_CHECK(all, rank, memcmp(before, y, sizeof y) == 0);

    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void corrupt(void **state)
{
    static const int sizes[] = {2, 3, 8};
    corruption how[] = {{"topk ratio=0.1 indices=raw", 0},
                        {"topk ratio=0.1", 1},
                        {"sign block=8 algorithm=allgather", 0}};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(how); i++)
        for (size_t j = 0; j < TEST_COUNT(sizes); j++)
            ranks_run(sizes[j], corrupt_part, &how[i]);
}

/* A piece that is corrupt in the first half of sra: its owner poisons the second half, so that all
 * fail together. */
static void poison_part(ranks *all, int rank, void *arg)
{
    const int finder = 2 % all->n_ranks; /* whom rank 1 sends to first */
    csgd_reducer *r = NULL;
    float x[N], y[N];
    csgd_status st;

    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    if (rank == 1) csgdi_team_fault(all->team, (csgdi_fault){CSGDI_FAULT_CORRUPT, 1, 0, 400});
    st = csgd_reducer_allreduce(r, x, y, N);
    RANK_CHECK(all, rank, st == CSGD_E_CORRUPT);
    RANK_CHECK(all, rank,
               strstr(csgd_error_detail(), rank == finder ? "piece of rank 1" : "found it") !=
                   NULL);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_BROKEN);
    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);

    /* A sum that overflows cannot be encoded again, and all ranks say so. */
    for (int i = 0; i < N; i++)
        x[i] = 3e38f;
    st = csgd_reducer_allreduce(r, x, y, N);
    RANK_CHECK(all, rank, st == CSGD_E_NONFINITE);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void poison(void **state)
{
    static const char *const specs[] = {"sign block=8", "sign block=8 piece=1",
                                        "sign block=8 piece=20"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        ranks_run(3, poison_part, (void *)(uintptr_t)specs[i]);
        ranks_run(8, poison_part, (void *)(uintptr_t)specs[i]);
    }
}

/* A record of the agreement that is altered on the way: nothing is certain after that. */
static void altered_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    float x[N], y[N];
    csgd_status st;

    (void)arg;
    RANK_CHECK(all, rank,
               all->create(all, rank, N, "threshold lambda=1 timeout=0.2", &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    if (rank == 1) csgdi_team_fault(all->team, (csgdi_fault){CSGDI_FAULT_CORRUPT, 1, 0, 300});
    st = csgd_reducer_allreduce(r, x, y, N);
    RANK_CHECK(all, rank, st == (rank == 1 ? CSGD_E_TIMEOUT : CSGD_E_TRANSPORT));
    RANK_CHECK(all, rank, rank == 1 || strstr(csgd_error_detail(), "record of rank 1") != NULL);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_BROKEN);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void altered(void **state)
{
    (void)state;
    ranks_run(3, altered_part, NULL);
}

/* A message that never comes, or a rank that stops: everybody returns in time, for good. */
static void timeout_part(ranks *all, int rank, void *arg)
{
    const char *spec = arg;
    csgd_reducer *r = NULL;
    float x[N], y[N];

    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    if (rank == 1) csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_STOP, .rank = 1});
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_TIMEOUT);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "0.2") != NULL);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_BROKEN);
    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_E_TIMEOUT);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void timeouts(void **state)
{
    static const char *const specs[] = {"none algorithm=ring timeout=0.2",
                                        "topk timeout=0.2",
                                        "topk ratio=0.5 piece=8 timeout=0.2",
                                        "none algorithm=vendor timeout=0.2",
                                        "sign block=8 timeout=0.2",
                                        "sign block=8 piece=1 timeout=0.2",
                                        "randk timeout=0.2",
                                        "threshold lambda=1 timeout=0.2",
                                        "none algorithm=rabenseifner timeout=0.2",
                                        "topk algorithm=doubling timeout=0.2",
                                        "topk algorithm=split timeout=0.2",
                                        "topk algorithm=dsar timeout=0.2",
                                        "sign block=8 algorithm=qring timeout=0.2",
                                        "topk algorithm=gtopk timeout=0.2",
                                        "topk algorithm=oktopk timeout=0.2",
                                        "topk algorithm=spardl timeout=0.2"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        ranks_run(3, timeout_part, (void *)(uintptr_t)specs[i]);
}

/* Time that the program spends elsewhere is not time that a peer was late. */
static void overlap_part(ranks *all, int rank, void *arg)
{
    const struct timespec computing = {0, 500000000};
    csgd_reducer *r = NULL;
    float x[N], y[N];

    (void)arg;
    RANK_CHECK(all, rank, all->create(all, rank, N, "sign block=8 timeout=0.3", &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_start(r, x, y, N) == CSGD_OK);
    nanosleep(&computing, NULL);
    RANK_CHECK(all, rank, csgd_reducer_wait(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

/* Nor is an exchange late that takes longer than the timeout but moves. */
static void slow_part(ranks *all, int rank, void *arg)
{
    const struct timespec computing = {0, 50000000};
    csgd_reducer *r = NULL;
    float x[N], y[N];
    csgd_status st;

    (void)arg;
    RANK_CHECK(all, rank,
               all->create(all, rank, N, "none algorithm=ring timeout=0.3", &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_start(r, x, y, N) == CSGD_OK);
    while ((st = csgd_reducer_test(r)) == CSGD_MORE)
        nanosleep(&computing, NULL);
    RANK_CHECK(all, rank, st == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

/* A rank that clears one reducer goes on with its part of another. */
static void clear_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r[2] = {NULL, NULL};
    float x[N], y[N];

    (void)arg;
    for (int i = 0; i < 2; i++)
        RANK_CHECK(all, rank, all->create(all, rank, N, "none algorithm=ring", &r[i]) == CSGD_OK);
    if (r[0] == NULL || r[1] == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_start(r[0], x, y, N) == CSGD_OK);
    if (rank == 0) RANK_CHECK(all, rank, csgd_reducer_wait(r[0]) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_clear(r[1]) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_wait(r[0]) == CSGD_OK);
    for (int i = 0; i < 2; i++)
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r[i]) == CSGD_OK);
}

static void overlapped(void **state)
{
    (void)state;
    ranks_run(3, overlap_part, NULL);
    ranks_run(8, slow_part, NULL);
    ranks_run(3, clear_part, NULL);
}

/* Late and reordered messages change nothing in the result. */
static void delay_part(ranks *all, int rank, void *arg)
{
    static const char *const specs[] = {"majority",
                                        "onebit block=8 mask=yes",
                                        "natural",
                                        "f16 block=8",
                                        "none algorithm=ring",
                                        "none algorithm=rabenseifner",
                                        "topk ratio=0.1",
                                        "topk ratio=0.1 algorithm=doubling",
                                        "topk ratio=0.5 algorithm=split",
                                        "topk ratio=0.1 algorithm=dsar",
                                        "sign block=8 algorithm=qring",
                                        "sign block=8",
                                        "sign block=8 algorithm=allgather",
                                        "threshold lambda=1",
                                        "qsgd",
                                        "int bits=4",
                                        "powersgd",
                                        "topk indices=raw values=int4",
                                        "blocktopk block=16 ratio=0.1",
                                        "topk ratio=0.1 algorithm=gtopk",
                                        "topk ratio=0.1 algorithm=oktopk tau=2",
                                        "topk ratio=0.1 algorithm=spardl",
                                        "topk algorithm=hier inner=split ranks_per_node=2",
                                        "sign block=8 algorithm=hier ranks_per_node=3",
                                        "randk"};
    const uint64_t *seed = arg;

    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        csgd_reducer *r[2] = {NULL, NULL};
        float x[N], y[2][N];
        for (int j = 0; j < 2; j++)
            RANK_CHECK(all, rank, all->create(all, rank, N, specs[i], &r[j]) == CSGD_OK);
        if (r[0] == NULL || r[1] == NULL) return;
        for (int s = 0; s < 5; s++) {
            fill(rank, s, x);
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r[0], x, y[0], N) == CSGD_OK);
            csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_DELAY,
                                                      .rank = rank,
                                                      .value = *seed});
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r[1], x, y[1], N) == CSGD_OK);
            csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_NONE, .rank = rank});
            RANK_CHECK(all, rank, memcmp(y[0], y[1], sizeof y[0]) == 0);
        }
        for (int j = 0; j < 2; j++)
            RANK_CHECK(all, rank, csgd_reducer_destroy(&r[j]) == CSGD_OK);
    }
}

static void delays(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        ranks_run(5, delay_part, &seed);
}

/* Each allocation of one rank fails once: it says so, the others hear of it, nothing is leaked,
 * and the ranks can go on together. */
static void oom_part(ranks *all, int rank, void *arg)
{
    static const char *const specs[] = {"none algorithm=ring",
                                        "none algorithm=rabenseifner",
                                        "topk ratio=0.1",
                                        "topk ratio=0.1 algorithm=doubling",
                                        "topk ratio=0.1 algorithm=split",
                                        "topk ratio=0.1 algorithm=dsar",
                                        "sign block=8 algorithm=qring",
                                        "sign block=8",
                                        "sign block=8 algorithm=allgather",
                                        "majority",
                                        "f16",
                                        "topk algorithm=gtopk",
                                        "topk algorithm=oktopk",
                                        "topk algorithm=spardl",
                                        "threshold lambda=1",
                                        "qsgd feedback=ef",
                                        "randk",
                                        "topk algorithm=hier",
                                        "topk algorithm=hier ranks_per_node=1",
                                        "f16 algorithm=hier ranks_per_node=2 timeout=9",
                                        "topk scope=tensor dense_below=9",
                                        "sign block=8 scope=global dense_below=9"};
    static const csgd_tensor tensors[] = {{5, 20}, {1, 20}, {8, 10}}; /* N in all */
    csgd_status st = CSGD_OK;

    (void)arg;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (long budget = 0; budget == 0 || st != CSGD_OK; budget++) {
            csgd_reducer *r = NULL;
            float x[N], y[N];
            if (rank == 1) csgd_budget_set(budget);
            st = strstr(specs[i], "scope=") == NULL
                     ? all->create(all, rank, N, specs[i], &r)
                     : csgd_reducer_create_layout_team(all->team, rank, tensors, 3, specs[i], &r);
            if (rank == 1) csgd_budget_set(-1);
            RANK_CHECK(all, rank, st == CSGD_OK || st == (rank == 1 ? CSGD_E_NOMEM : CSGD_E_PEER));
            RANK_CHECK(all, rank, budget > 0 || st != CSGD_OK);
            RANK_CHECK(all, rank, (st == CSGD_OK) == (r != NULL));
            if (r == NULL) continue;
            if (rank == 1) csgd_budget_set(0); /* a call needs no memory at all */
            fill(rank, 0, x);
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
            if (rank == 1) csgd_budget_set(-1);
            RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
        }
}

static void out_of_memory(void **state)
{
    (void)state;
    csgd_budget_install();
    ranks_run(3, oom_part, NULL);
    assert_int_equal(csgd_budget_live_blocks(), 0);
    csgd_budget_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creation), cmocka_unit_test(calls),    cmocka_unit_test(nonfinite),
        cmocka_unit_test(steps),    cmocka_unit_test(corrupt),  cmocka_unit_test(poison),
        cmocka_unit_test(altered),  cmocka_unit_test(timeouts), cmocka_unit_test(overlapped),
        cmocka_unit_test(orders),   cmocka_unit_test(delays),   cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
