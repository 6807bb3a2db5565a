/* SPDX-License-Identifier: BSD-3-Clause */

/* ranks_mpi.c: the workers of an experiment are the ranks of MPI_COMM_WORLD. */

#include <csgd/mpi.h>
#include "training.h"

bool repro_ranks_start(int *argc, char ***argv, int *rank, int *n_ranks)
{
    return MPI_Init(argc, argv) == MPI_SUCCESS &&
           MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN) == MPI_SUCCESS &&
           MPI_Comm_rank(MPI_COMM_WORLD, rank) == MPI_SUCCESS &&
           MPI_Comm_size(MPI_COMM_WORLD, n_ranks) == MPI_SUCCESS;
}

void repro_ranks_stop(void)
{
    MPI_Finalize();
}

csgd_status repro_ranks_reducer(const char *spec, size_t n, csgd_reducer **r)
{
    return csgd_status_of(csgd_reducer_create_mpi(MPI_COMM_WORLD, n, spec, r));
}
