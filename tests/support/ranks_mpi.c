/* SPDX-License-Identifier: BSD-3-Clause */

/* ranks_mpi.c: parts of a test on the ranks of MPI_COMM_WORLD. */

#include "support/ranks_mpi.h"

#include <csgd/mpi.h>
#include "support/test.h"

static csgd_status create_mpi(ranks *all, int rank, size_t n, const char *spec, csgd_reducer **r)
{
    (void)all;
    (void)rank;
    return csgd_status_of(csgd_reducer_create_mpi(MPI_COMM_WORLD, n, spec, r));
}

void ranks_run_mpi(void (*part)(ranks *all, int rank, void *arg), void *arg)
{
    char note[1][256] = {""};
    ranks all = {.create = create_mpi, .part = part, .arg = arg, .note = note};
    int rank, well, all_well;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &all.n_ranks);
    part(&all, rank, arg);
    well = note[0][0] == '\0';
    if (!well) fprintf(stderr, "%s\n", note[0]);
    MPI_Allreduce(&well, &all_well, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    assert_true(all_well);
}

void ranks_mpi_begin(int *argc, char ***argv, int level)
{
    int rank;

    MPI_Init_thread(argc, argv, level, &level);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    /* cmocka reports on stdout or stderr; one voice is enough, and notes name their rank. */
    if (rank != 0) {
        if (freopen("/dev/null", "w", stdout) == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

void ranks_mpi_end(void)
{
    MPI_Finalize();
}
