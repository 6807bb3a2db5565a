/* SPDX-License-Identifier: BSD-3-Clause */
/* fail.c: give up in one clear sentence, on all ranks. */
#include "fail.h"

#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail_usage(const char *format, ...)
{
    int rank;
    va_list args;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        va_start(args, format);
        fputs("train_mlp: ", stderr);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
        va_end(args);
    }
    /* An exit code ends a job as soon as the launcher sees it: not before the sentence is out. */
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    exit(2);
}

void fail_here(const char *format, ...)
{
    int rank;
    va_list args;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    va_start(args, format);
    fprintf(stderr, "train_mlp: rank %d: ", rank);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort(); /* not reached, but MPI_Abort is not declared to stay away */
}

void *alloc_or_fail(size_t count, size_t size)
{
    void *p = calloc(count > 0 ? count : 1, size);

    if (p == NULL) fail_here("no memory for %zu elements of %zu bytes", count, size);
    return p;
}
