/* SPDX-License-Identifier: BSD-3-Clause */

/* ranks_none.c: what --mpi says in a build without MPI. */

#include <stdio.h>
#include "training.h"

bool repro_ranks_start(int *argc, char ***argv, int *rank, int *n_ranks)
{
    (void)argc;
    (void)argv;
    (void)rank;
    (void)n_ranks;
    fputs("repro: this build has no MPI\n", stderr);
    return false;
}

void repro_ranks_stop(void)
{
}

csgd_status repro_ranks_reducer(const char *spec, size_t n, csgd_reducer **r)
{
    (void)spec;
    (void)n;
    *r = NULL;
    return CSGD_E_STATE;
}
