/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_threads.c: progress=thread over MPI, which a program allows by MPI_Init_thread. */

#include <csgd/mpi.h>
#include "oracle/oracle.h"
#include "support/ranks_mpi.h"
#include "support/test.h"

enum { N = 2000, REDUCERS = 3, STEPS = 4 };

static const char *const specs[REDUCERS] = {"topk k=100 progress=thread",
                                            "sign progress=thread algorithm=sra", "none"};

static void fill(int rank, int step, float x[N])
{
    double g[N];

    oracle_gradient(rank, (uint64_t)step, CSGD_F32, N, g);
    for (int i = 0; i < N; i++)
        x[i] = (float)g[i];
}

static void need_threads(void)
{
    int level;

    MPI_Query_thread(&level);
    if (level < MPI_THREAD_MULTIPLE) skip(); /* an MPI without threads */
}

/* Rank 0 does not come back to the library before every other rank has its result.  The message it
 * waits for moves nothing of ours: it is another communicator's. */
static void alone_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    csgd_request *q;
    float x[N], y[N];

    (void)arg;
    RANK_CHECK(all, rank,
               all->create(all, rank, N, rank == 0 ? "topk k=100 progress=thread" : "topk k=100",
                           &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_iallreduce(x, y, N, MPI_FLOAT, MPI_SUM, r, &q) == MPI_SUCCESS);
    if (rank == 0)
        for (int i = 1; i < all->n_ranks; i++)
            MPI_Recv(NULL, 0, MPI_INT, i, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    RANK_CHECK(all, rank, csgd_wait(&q) == MPI_SUCCESS);
    if (rank > 0) MPI_Send(NULL, 0, MPI_INT, 0, 0, MPI_COMM_WORLD);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void goes_on_alone(void **state)
{
    (void)state;
    need_threads();
    ranks_run_mpi(alone_part, NULL);
}

/* Several in flight, two with threads; the program uses MPI meanwhile; the same bits as by blocking
 * calls. */
static void several_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r[REDUCERS] = {NULL}, *plain[REDUCERS] = {NULL};
    csgd_request *q[REDUCERS];
    static float x[REDUCERS][N], y[REDUCERS][N], z[N];

    (void)arg;
    for (int i = 0; i < REDUCERS; i++) {
        RANK_CHECK(all, rank, all->create(all, rank, N, specs[i], &r[i]) == CSGD_OK);
        RANK_CHECK(all, rank, all->create(all, rank, N, specs[i], &plain[i]) == CSGD_OK);
        RANK_CHECK(all, rank,
                   csgd_allreduce_init(x[i], y[i], N, MPI_FLOAT, MPI_SUM, r[i], &q[i]) ==
                       MPI_SUCCESS);
    }
    for (int s = 0; s < STEPS; s++) {
        int sum = 0;

        for (int i = 0; i < REDUCERS; i++) {
            fill(rank, s * REDUCERS + i, x[i]);
            RANK_CHECK(all, rank, csgd_start(&q[i]) == MPI_SUCCESS);
        }
        MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        RANK_CHECK(all, rank, sum == all->n_ranks * (all->n_ranks - 1) / 2);
        RANK_CHECK(all, rank, csgd_waitall(REDUCERS, q) == MPI_SUCCESS);
        for (int i = 0; i < REDUCERS; i++) {
            RANK_CHECK(all, rank,
                       csgd_allreduce(x[i], z, N, MPI_FLOAT, MPI_SUM, plain[i]) == MPI_SUCCESS);
            RANK_CHECK(all, rank, i == 2 || memcmp(y[i], z, sizeof z) == 0);
        }
    }
    for (int i = 0; i < REDUCERS; i++) {
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r[i]) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_destroy(&plain[i]) == CSGD_OK);
    }
}

static void several(void **state)
{
    (void)state;
    need_threads();
    ranks_run_mpi(several_part, NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(goes_on_alone),
    cmocka_unit_test(several),
};

RANKS_MPI_MAIN_THREADS(tests, MPI_THREAD_MULTIPLE)
