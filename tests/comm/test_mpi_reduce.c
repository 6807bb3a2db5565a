/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_reduce.c: every case of reduce_parts.h over MPI, and what only MPI can be compared with:
 * MPI_Allreduce itself, the MPI-shaped calls, the types, requests in flight side by side. */

#include <csgd/mpi.h>
#include "comm/reduce_parts.h"
#include "comm/reducer.h"
#include "oracle/oracle.h"
#include "support/ranks_mpi.h"
#include "support/test.h"

enum { N = 1000 };

static void run(int n_ranks, void (*part)(ranks *all, int rank, void *arg), void *arg)
{
    (void)n_ranks;
    ranks_run_mpi(part, arg);
}

static void cases(void **state)
{
    int n_ranks;

    (void)state;
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    reduce_run(reduce_cases, n_ranks, run);
    reduce_run(sparse_cases, n_ranks, run);
    reduce_run(drop_cases, n_ranks, run);
}

/* The same where one call of MPI's counts no more than a few elements, bytes or words. */
typedef struct divided {
    void (*part)(ranks *all, int rank, void *arg);
    void *arg;
    csgd_status (*create)(ranks *all, int rank, size_t n, const char *spec, csgd_reducer **r);
} divided;

static divided under;

static csgd_status create_divided(ranks *all, int rank, size_t n, const char *spec,
                                  csgd_reducer **r)
{
    const csgd_status st = under.create(all, rank, n, spec, r);

    if (st == CSGD_OK) (*r)->transport.limit = 30;
    return st;
}

static void divided_part(ranks *all, int rank, void *arg)
{
    (void)arg;
    under.create = all->create;
    all->create = create_divided;
    under.part(all, rank, under.arg);
}

static void run_divided(int n_ranks, void (*part)(ranks *all, int rank, void *arg), void *arg)
{
    (void)n_ranks;
    under = (divided){part, arg, NULL};
    ranks_run_mpi(divided_part, NULL);
}

static void cases_divided(void **state)
{
    int n_ranks;

    (void)state;
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    if (n_ranks != 3) skip(); /* it takes its time, and other numbers of ranks add nothing */
    reduce_run(reduce_cases, n_ranks, run_divided);
}

/* x[i] of a rank; sums of it round, so the order of addition shows. */
static void fill(int rank, csgd_type type, void *x)
{
    double g[N];

    oracle_gradient(rank, 3, type, N, g);
    oracle_store(type, g, N, x);
}

static void vendor_part(ranks *all, int rank, void *arg)
{
    const csgd_type type = *(const csgd_type *)arg;
    const MPI_Datatype mpi_type = type == CSGD_F64 ? MPI_DOUBLE : MPI_FLOAT;
    const char *spec =
        type == CSGD_F64 ? "none algorithm=vendor type=f64" : "none algorithm=vendor";
    double x[N], y[N], expected[N];
    csgd_reducer *r = NULL;

    fill(rank, type, x);
    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &r) == CSGD_OK);
    for (int n = 0; r != NULL && n <= N; n += N) { /* 0 does nothing, N is the reducer's */
        memset(y, 0x55, sizeof y);
        memset(expected, 0x55, sizeof expected);
        RANK_CHECK(all, rank, csgd_allreduce(x, y, n, mpi_type, MPI_SUM, r) == MPI_SUCCESS);
        MPI_Allreduce(x, expected, n, mpi_type, MPI_SUM, MPI_COMM_WORLD);
        RANK_CHECK(all, rank, memcmp(y, expected, sizeof y) == 0);
        RANK_CHECK(all, rank,
                   csgd_allreduce_c(MPI_IN_PLACE, x, n, mpi_type, MPI_SUM, r) == MPI_SUCCESS);
        RANK_CHECK(all, rank, memcmp(x, n == 0 ? x : expected, (size_t)n * 4) == 0);
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void vendor_equals_mpi(void **state)
{
    csgd_type types[] = {CSGD_F32, CSGD_F64};

    (void)state;
    ranks_run_mpi(vendor_part, &types[0]);
    ranks_run_mpi(vendor_part, &types[1]);
}

/* Two requests started in one order and completed in another. */
static void requests_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r[2] = {NULL, NULL};
    csgd_request *q[2];
    float x[2][N], y[2][N], blocking[N];
    int flag = 0;

    (void)arg;
    for (int i = 0; i < 2; i++)
        RANK_CHECK(all, rank,
                   all->create(all, rank, N, i == 0 ? "topk k=50" : "sign", &r[i]) == CSGD_OK);
    if (r[0] == NULL || r[1] == NULL) return;
    for (int i = 0; i < 2; i++) {
        fill(rank + 100 * i, CSGD_F32, x[i]);
        RANK_CHECK(all, rank,
                   csgd_iallreduce(x[i], y[i], N, MPI_FLOAT, MPI_SUM, r[i], &q[i]) == MPI_SUCCESS);
    }
    /* A second operation on a busy reducer, and its end, are refused on this rank alone. */
    RANK_CHECK(all, rank,
               csgd_status_of(csgd_allreduce(x[0], y[0], N, MPI_FLOAT, MPI_SUM, r[0])) ==
                   CSGD_E_BUSY);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r[0]) == CSGD_E_BUSY && r[0] != NULL);
    RANK_CHECK(all, rank, csgd_wait(&q[1]) == MPI_SUCCESS && q[1] == CSGD_REQUEST_NULL);
    while (!flag)
        RANK_CHECK(all, rank, csgd_test(&q[0], &flag) == MPI_SUCCESS);
    RANK_CHECK(all, rank, q[0] == CSGD_REQUEST_NULL);
    RANK_CHECK(all, rank, csgd_test(&q[0], &flag) == MPI_SUCCESS && flag == 1);

    /* The same bits as by the blocking call. */
    for (int i = 0; i < 2; i++) {
        RANK_CHECK(all, rank, csgd_reducer_clear(r[i]) == CSGD_OK);
        RANK_CHECK(all, rank,
                   csgd_allreduce(x[i], blocking, N, MPI_FLOAT, MPI_SUM, r[i]) == MPI_SUCCESS);
        RANK_CHECK(all, rank, memcmp(y[i], blocking, sizeof blocking) == 0);
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r[i]) == CSGD_OK && r[i] == NULL);
    }
}

static void requests(void **state)
{
    (void)state;
    ranks_run_mpi(requests_part, NULL);
}

/* A reducer of a part of the ranks, whose communicator is freed while it lives. */
static void subset_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    MPI_Comm half;
    float x = (float)rank, expected = 0;

    (void)arg;
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, 0, &half);
    RANK_CHECK(all, rank, csgd_reducer_create_mpi(half, 1, NULL, &r) == MPI_SUCCESS);
    MPI_Comm_free(&half);
    RANK_CHECK(all, rank, csgd_allreduce(MPI_IN_PLACE, &x, 1, MPI_FLOAT, MPI_SUM, r) == 0);
    for (int i = rank % 2; i < all->n_ranks; i += 2)
        expected += (float)i;
    RANK_CHECK(all, rank, x == expected);
    /* Errors are only returned now: there is no handler any more. */
    RANK_CHECK(all, rank,
               csgd_status_of(csgd_allreduce(MPI_IN_PLACE, &x, 1, MPI_INT, MPI_SUM, r)) ==
                   CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void subset(void **state)
{
    (void)state;
    ranks_run_mpi(subset_part, NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cases),
    cmocka_unit_test(cases_divided),
    cmocka_unit_test(vendor_equals_mpi),
    cmocka_unit_test(requests),
    cmocka_unit_test(subset),
};

RANKS_MPI_MAIN(tests)
