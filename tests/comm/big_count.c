/* SPDX-License-Identifier: BSD-3-Clause */

/* big_count.c: one sum of more elements than an int can count, for real.
 *
 *     mpirun -n 2 big_count [N [SPEC]]        by itself 2^31 + 1024, "none type=bf16"
 *
 * In place, of 16-bit elements, so 2 N bytes a rank and little else: 4.3 GB each.  Every element is
 * checked, against a sum that is known because it is exact.  Tests with a lowered limit say the same
 * of every algorithm in no time; this says that the limit is not all that had to be minded.
 */

#include <csgd/mpi.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "big_count: %s\n", what);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

/* A bfloat16 of an integer below 256. */
static uint16_t bf16(unsigned value)
{
    union {
        float f;
        uint32_t bits;
    } x = {.f = (float)value};

    return (uint16_t)(x.bits >> 16);
}

/* Element i of a rank, so that a window or a part in the wrong place shows. */
static unsigned term(size_t i, int rank)
{
    return (unsigned)((i + (i >> 21) + (i >> 31)) % 61) + (unsigned)rank;
}

int main(int argc, char **argv)
{
    const size_t n = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : ((size_t)1 << 31) + 1024;
    const char *spec = argc > 2 ? argv[2] : "none type=bf16";
    csgd_reducer *r = NULL;
    uint16_t *x;
    size_t wrong = 0;
    int rank, ranks;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (ranks > 4) fail("sums of more than 4 ranks are not exact in bfloat16");
    x = malloc(n * sizeof *x);
    if (x == NULL) fail("no memory for the vector");
    for (size_t i = 0; i < n; i++)
        x[i] = bf16(term(i, rank));
    csgd_reducer_create_mpi(MPI_COMM_WORLD, n, spec, &r);
    csgd_allreduce_c(MPI_IN_PLACE, x, (MPI_Count)n, MPI_UINT16_T, MPI_SUM, r);
    for (size_t i = 0; i < n; i++)
        wrong += x[i] != bf16(term(i, 0) * (unsigned)ranks + (unsigned)(ranks * (ranks - 1) / 2));
    if (rank == 0 || wrong > 0)
        printf("rank %d: %zu elements, %zu wrong; %zu bytes beside the vector\n", rank, n, wrong,
               csgd_reducer_memory_bytes(r));
    csgd_reducer_destroy(&r);
    free(x);
    MPI_Finalize();
    return wrong > 0;
}
