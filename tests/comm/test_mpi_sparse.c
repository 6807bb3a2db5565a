/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_sparse.c: the sparse allreduce over MPI; test_sparse_reducer.c has what it does. */

#include <csgd/mpi.h>
#include "support/ranks_mpi.h"
#include "support/test.h"

enum { N = 1000, K = 40, STEPS = 3 };

static csgd_status status(int code)
{
    return csgd_status_of(code);
}

/* Rank r has the multiples of r + 2, each with its own value; so 6 is of ranks 0, 1 and 4. */
static void sum_part(ranks *all, int rank, void *arg)
{
    csgd_sparse_reducer *s = NULL;
    uint32_t index[K], sum_index[N];
    double value[K], sum_value[N];
    size_t sum_k = 0, at = 0;

    (void)arg;
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_create_mpi(MPI_COMM_WORLD, N, K, "sparse type=f64", &s) ==
                   MPI_SUCCESS);
    if (s == NULL) return;
    for (int step = 0; step < STEPS; step++) {
        for (uint32_t i = 0; i < K; i++) {
            index[i] = (i + 1) * ((uint32_t)rank + 2);
            value[i] = rank + 1 + step;
        }
        RANK_CHECK(all, rank,
                   csgd_sparse_allreduce(index, value, K, sum_index, sum_value, N, &sum_k, s) ==
                       MPI_SUCCESS);
        at = 0;
        for (uint32_t i = 1; i < N; i++) {
            double expected = 0;
            for (int r = 0; r < all->n_ranks; r++)
                if (i % ((uint32_t)r + 2) == 0 && i / ((uint32_t)r + 2) <= K)
                    expected += r + 1 + step;
            if (expected == 0) continue;
            RANK_CHECK(all, rank, at < sum_k && sum_index[at] == i && sum_value[at] == expected);
            at++;
        }
        RANK_CHECK(all, rank, at == sum_k);
    }

    /* Errors come as codes of ours, alike on all ranks, and it goes on. */
    RANK_CHECK(all, rank,
               status(csgd_sparse_allreduce(index, value, K, sum_index, sum_value, sum_k - 1,
                                            &sum_k, s)) == CSGD_E_SPACE);
    if (rank == 0) index[1] = index[0];
    RANK_CHECK(all, rank,
               status(csgd_sparse_allreduce(index, value, K, sum_index, sum_value, N, &sum_k, s)) ==
                   (rank == 0 ? CSGD_E_INVAL : CSGD_E_PEER));
    index[1] = 2 * index[0];
    RANK_CHECK(all, rank,
               csgd_sparse_allreduce(index, value, K, sum_index, sum_value, N, &sum_k, s) ==
                       MPI_SUCCESS &&
                   sum_k == at);
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
    RANK_CHECK(all, rank,
               status(csgd_sparse_reducer_create_mpi(MPI_COMM_WORLD, N, rank == 0 ? K : K + 1, NULL,
                                                     &s)) ==
                   (all->n_ranks > 1 ? CSGD_E_MISMATCH : CSGD_OK));
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
}

static void sum(void **state)
{
    (void)state;
    ranks_run_mpi(sum_part, NULL);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(sum)};

RANKS_MPI_MAIN(tests)
