/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_requests.c: requests that are waited for together, and those that are started again. */

#include <csgd/mpi.h>
#include "oracle/oracle.h"
#include "support/budget.h"
#include "support/ranks_mpi.h"
#include "support/test.h"

enum { N = 300, REDUCERS = 3, STEPS = 4 };

static const char *const specs[REDUCERS] = {"topk k=30", "sign", "none algorithm=ring"};

static void fill(int rank, int step, float x[N])
{
    double g[N];

    oracle_gradient(rank, (uint64_t)step, CSGD_F32, N, g);
    for (int i = 0; i < N; i++)
        x[i] = (float)g[i];
}

static csgd_status status(int code)
{
    return csgd_status_of(code);
}

/* ---- csgd_waitall ---- */

static void waitall_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r[REDUCERS] = {NULL};
    float x[REDUCERS][N], y[REDUCERS][N], z[N];
    csgd_request *q[REDUCERS + 1];

    (void)arg;
    for (int i = 0; i < REDUCERS; i++) {
        RANK_CHECK(all, rank, all->create(all, rank, N, specs[i], &r[i]) == CSGD_OK);
        fill(rank, i, x[i]);
    }
    for (int i = 0; i < REDUCERS; i++)
        RANK_CHECK(all, rank,
                   csgd_iallreduce(x[i], y[i], N, MPI_FLOAT, MPI_SUM, r[i],
                                   &q[(i + rank) % REDUCERS]) == MPI_SUCCESS);
    q[REDUCERS] = CSGD_REQUEST_NULL;
    RANK_CHECK(all, rank, csgd_waitall(REDUCERS + 1, q) == MPI_SUCCESS);
    for (int i = 0; i < REDUCERS; i++) {
        RANK_CHECK(all, rank, q[i] == CSGD_REQUEST_NULL);
        RANK_CHECK(all, rank, csgd_reducer_clear(r[i]) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_allreduce(x[i], z, N, MPI_FLOAT, MPI_SUM, r[i]) == MPI_SUCCESS);
        RANK_CHECK(all, rank, memcmp(y[i], z, sizeof z) == 0);
    }

    /* Two of three fail, each in its way: all are completed, the first one's error is told. */
    for (int i = 0; i < REDUCERS; i++)
        RANK_CHECK(all, rank,
                   csgd_iallreduce(x[i], y[i], i == 1 ? N - 1 : N, MPI_FLOAT,
                                   i == 2 ? MPI_MAX : MPI_SUM, r[i], &q[i]) == MPI_SUCCESS);
    RANK_CHECK(all, rank, status(csgd_waitall(REDUCERS, q)) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "count 299") != NULL);
    for (int i = 0; i < REDUCERS; i++) {
        RANK_CHECK(all, rank, q[i] == CSGD_REQUEST_NULL);
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r[i]) == CSGD_OK);
    }
    RANK_CHECK(all, rank, csgd_waitall(0, NULL) == MPI_SUCCESS);
    RANK_CHECK(all, rank, status(csgd_waitall(1, NULL)) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, status(csgd_waitall(-1, q)) == CSGD_E_INVAL);
}

static void waitall(void **state)
{
    (void)state;
    ranks_run_mpi(waitall_part, NULL);
}

/* ---- persistent requests ---- */

/* Two requests of one reducer, in turns, against the blocking call, beside those of others. */
static void persistent_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL, *plain = NULL;
    csgd_request *q[2];
    float x[2][N], y[2][N], z[N];
    size_t held;
    int flag = 0;

    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &plain) == CSGD_OK);
    if (r == NULL || plain == NULL) return;
    RANK_CHECK(all, rank,
               csgd_allreduce_init(x[0], y[0], N, MPI_FLOAT, MPI_SUM, r, &q[0]) == MPI_SUCCESS);
    RANK_CHECK(all, rank,
               csgd_allreduce_init_c(MPI_IN_PLACE, y[1], N, MPI_FLOAT, MPI_SUM, r, &q[1]) ==
                   MPI_SUCCESS);
    RANK_CHECK(all, rank, q[0] != NULL && q[1] != NULL && q[0] != q[1]);
    RANK_CHECK(all, rank, csgd_wait(&q[0]) == MPI_SUCCESS && q[0] != NULL); /* inactive */
    RANK_CHECK(all, rank, csgd_test(&q[1], &flag) == MPI_SUCCESS && flag == 1);
    held = csgd_reducer_memory_bytes(r);
    csgd_budget_install(); /* from here on nothing may be asked for */
    csgd_budget_set(0);
    for (int s = 0; s < STEPS; s++) {
        const int i = s % 2;

        fill(rank, s, i == 0 ? x[0] : y[1]); /* only now: addresses are kept, not values */
        fill(rank, s, x[1]);
        RANK_CHECK(all, rank, csgd_start(&q[i]) == MPI_SUCCESS);
        RANK_CHECK(all, rank, status(csgd_start(&q[i])) == CSGD_E_BUSY);
        RANK_CHECK(all, rank, status(csgd_start(&q[1 - i])) == CSGD_E_BUSY);
        RANK_CHECK(all, rank, status(csgd_request_free(&q[i])) == CSGD_E_BUSY && q[i] != NULL);
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_E_BUSY && r != NULL);
        RANK_CHECK(all, rank, csgd_wait(&q[1 - i]) == MPI_SUCCESS); /* not this one's outcome */
        flag = 0;
        if (s < 2)
            RANK_CHECK(all, rank, csgd_waitall(2, q) == MPI_SUCCESS);
        else
            while (!flag)
                RANK_CHECK(all, rank, csgd_test(&q[i], &flag) == MPI_SUCCESS);
        RANK_CHECK(all, rank, q[i] != NULL);
        RANK_CHECK(all, rank, csgd_allreduce(x[1], z, N, MPI_FLOAT, MPI_SUM, plain) == MPI_SUCCESS);
        RANK_CHECK(all, rank, memcmp(y[i], z, sizeof z) == 0);
    }
    csgd_budget_set(-1);
    csgd_budget_remove();

    /* What is given back is used again; what is not goes with the reducer. */
    for (int i = 0; i < 100; i++) {
        RANK_CHECK(all, rank, csgd_request_free(&q[0]) == MPI_SUCCESS && q[0] == NULL);
        RANK_CHECK(all, rank,
                   csgd_allreduce_init(x[0], y[0], N, MPI_FLOAT, MPI_SUM, r, &q[0]) == MPI_SUCCESS);
    }
    RANK_CHECK(all, rank, csgd_reducer_memory_bytes(r) == held);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&plain) == CSGD_OK);
}

static void persistent(void **state)
{
    static const char *const some[] = {"none", "topk k=30", "sign algorithm=sra"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(some); i++)
        ranks_run_mpi(persistent_part, (void *)(uintptr_t)some[i]);
}

/* ---- what is refused ---- */

static void refused_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    csgd_request *q = NULL, *once = NULL, **nowhere = NULL;
    float x[N] = {0}, y[N];
    int flag = 0;

    (void)arg;
    RANK_CHECK(all, rank, all->create(all, rank, N, "none", &r) == CSGD_OK);
    RANK_CHECK(all, rank,
               status(csgd_allreduce_init(x, y, N, MPI_FLOAT, MPI_SUM, NULL, &q)) == CSGD_E_INVAL);
    RANK_CHECK(all, rank,
               status(csgd_allreduce_init(x, y, N, MPI_FLOAT, MPI_SUM, r, nowhere)) ==
                   CSGD_E_INVAL);
    RANK_CHECK(all, rank, status(csgd_start(&q)) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, status(csgd_start(nowhere)) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_request_free(&q) == MPI_SUCCESS);
    RANK_CHECK(all, rank, csgd_request_free(nowhere) == MPI_SUCCESS);

    /* Of csgd_iallreduce: neither started again nor freed. */
    RANK_CHECK(all, rank, csgd_iallreduce(x, y, N, MPI_FLOAT, MPI_SUM, r, &once) == MPI_SUCCESS);
    RANK_CHECK(all, rank, status(csgd_start(&once)) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, status(csgd_request_free(&once)) == CSGD_E_BUSY && once != NULL);
    RANK_CHECK(all, rank, csgd_wait(&once) == MPI_SUCCESS && once == NULL);

    /* Wrong arguments are told at each start, to all, and the request stays. */
    RANK_CHECK(all, rank,
               csgd_allreduce_init(x, rank == 0 ? x : y, N, MPI_FLOAT, MPI_SUM, r, &q) ==
                   MPI_SUCCESS);
    for (int i = 0; i < 2; i++) {
        RANK_CHECK(all, rank, csgd_start(&q) == MPI_SUCCESS);
        RANK_CHECK(all, rank,
                   status(csgd_wait(&q)) == (rank == 0 ? CSGD_E_INVAL : CSGD_E_PEER) && q != NULL);
    }
    RANK_CHECK(all, rank, csgd_request_free(&q) == MPI_SUCCESS);
    RANK_CHECK(all, rank,
               csgd_allreduce_init(x, y, N, rank == 0 ? MPI_INT : MPI_FLOAT, MPI_SUM, r, &q) ==
                   MPI_SUCCESS);
    RANK_CHECK(all, rank, csgd_start(&q) == MPI_SUCCESS);
    RANK_CHECK(all, rank,
               status(csgd_wait(&q)) == (all->n_ranks > 1 ? CSGD_E_MISMATCH : CSGD_E_INVAL));
    RANK_CHECK(all, rank, csgd_test(&q, &flag) == MPI_SUCCESS && flag == 1);

    /* The thread of progress=thread would call MPI from where this program may not. */
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank,
               all->create(all, rank, N, "none progress=thread", &r) == CSGD_E_UNSUPPORTED);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "MPI_Init_thread") != NULL && r == NULL);
}

static void refused(void **state)
{
    (void)state;
    ranks_run_mpi(refused_part, NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(waitall),
    cmocka_unit_test(persistent),
    cmocka_unit_test(refused),
};

RANKS_MPI_MAIN(tests)
