/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_RANKS_MPI_H
#define CSGD_RANKS_MPI_H

/* ranks_mpi.h: the same parts on the ranks of MPI_COMM_WORLD. */

#include "support/ranks.h"

/* Run one part on every rank.  The verdicts are reduced before anything is asserted, so either all
 * ranks pass or all fail. */
void ranks_run_mpi(void (*part)(ranks *all, int rank, void *arg), void *arg);

/* MPI_Init, the tests, MPI_Finalize; MPI_COMM_WORLD returns errors meanwhile.  Only rank 0 prints. */
#define RANKS_MPI_MAIN(tests) RANKS_MPI_MAIN_THREADS(tests, MPI_THREAD_SINGLE)

/* The same with MPI_Init_thread; MPI may give less than the level. */
#define RANKS_MPI_MAIN_THREADS(tests, level)                \
    int main(int argc, char **argv)                         \
    {                                                       \
        int failed;                                         \
        ranks_mpi_begin(&argc, &argv, level);               \
        failed = cmocka_run_group_tests(tests, NULL, NULL); \
        ranks_mpi_end();                                    \
        return failed;                                      \
    }

void ranks_mpi_begin(int *argc, char ***argv, int level);
void ranks_mpi_end(void);

#endif
