/* SPDX-License-Identifier: BSD-3-Clause */
/* 03_allreduce.c: csgd_allreduce stands where MPI_Allreduce stood.
 *
 * What this shows: gradient descent over MPI ranks, with the six lines that a program changes.
 * Every rank wants another x, rank r the value r everywhere; together they find the mean of 0, 1,
 * 2 and 3, while each sends a tenth of the entries a step.
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    mpirun -n 4 --oversubscribe build/release/examples/03_allreduce
 *
 * Expected output:
 *
 *     4 ranks: every x is between 1.48 and 1.53
 *     bytes sent by a rank in a step: 1668, by a dense ring: 6000
 *
 * Next: 04_compensated_momentum.c, an optimizer that owns the loop; or train_mlp/train_mlp.c, a network
 * on real images, and run.sh, which compares compressors on it.
 */
#include <csgd/mpi.h> /* 1: the header; it includes <mpi.h> */

#include <stdio.h>

enum { N = 1000, STEPS = 1000 };

int main(int argc, char **argv)
{
    int rank, n_ranks;
    float x[N] = {0}, grad[N], least = 1e9f, most = -1e9f;
    csgd_reducer *r;  /* 2: a communicator with a memory, one for each vector */
    csgd_stats stats; /* optional: counters */

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);

    csgd_reducer_create_mpi(MPI_COMM_WORLD, N, "topk ratio=0.1", &r); /* 3 */

    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < N; i++)
            grad[i] = x[i] - (float)rank;
        /* 4, was: MPI_Allreduce(MPI_IN_PLACE, grad, N, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD); */
        csgd_allreduce(MPI_IN_PLACE, grad, N, MPI_FLOAT, MPI_SUM, r);
        for (int i = 0; i < N; i++)
            x[i] -= 0.01f * grad[i] / (float)n_ranks; /* 5: a sum, so divide by the ranks */
    }

    for (int i = 0; i < N; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    csgd_reducer_stats(r, &stats, sizeof stats);
    if (rank == 0) {
        printf("%d ranks: every x is between %.2f and %.2f\n", n_ranks, least, most);
        printf("bytes sent by a rank in a step: %.0f, by a dense ring: %.0f\n",
               (double)stats.sent_bytes / (double)stats.calls, 8.0 * N * (n_ranks - 1) / n_ranks);
    }
    csgd_reducer_destroy(&r); /* 6: before MPI_Finalize */
    MPI_Finalize();
    return 0;
}
