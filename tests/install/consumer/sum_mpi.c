/* SPDX-License-Identifier: BSD-3-Clause */

/* sum_mpi.c: the six lines of csgd/csgd.h.  Valid C and C++; must run on RANKS ranks. */

#include <csgd/csgd.h>
#include <csgd/mpi.h>

#include "spikes.h"

int main(int argc, char **argv)
{
    static float grad[N];
    csgd_reducer *r;
    int rank, ranks, wrong = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (ranks != RANKS) {
        fprintf(stderr, "%d ranks instead of %d\n", ranks, RANKS);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }

    csgd_reducer_create_mpi(MPI_COMM_WORLD, N, "topk ratio=0.01", &r);
    for (int step = 0; step < STEPS; step++) {
        spikes_fill(grad, rank, step);
        csgd_allreduce(MPI_IN_PLACE, grad, N, MPI_FLOAT, MPI_SUM, r);
        wrong += spikes_check(grad, step);
    }
    csgd_reducer_destroy(&r);

    MPI_Finalize();
    if (rank == 0 && wrong == 0) printf("libcsgd %s: the sum is right\n", csgd_version());
    return wrong != 0;
}
