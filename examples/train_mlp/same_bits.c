/* SPDX-License-Identifier: BSD-3-Clause */
/* same_bits.c: one hash, one small allreduce. */
#include "same_bits.h"
#include "fail.h"

#include <inttypes.h>
#include <mpi.h>
#include <xxhash.h>

void same_bits_check(const float *parameters, size_t n, long step)
{
    const uint64_t hash = XXH64(parameters, n * sizeof *parameters, 0);
    /* The largest complement is the complement of the smallest: MIN and MAX in one exchange. */
    const uint64_t mine[2] = {hash, ~hash};
    uint64_t all[2];

    MPI_Allreduce(mine, all, 2, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
    if (all[0] == ~all[1]) return;

    /* Every rank sees the difference.  Rank 0 speaks for all and ends the job; the others wait
     * for that here, so that the sentence is printed once. */
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
        fail_here("parameters differ between ranks after step %ld: hashes from %016" PRIx64
                  " to %016" PRIx64,
                  step, ~all[1], all[0]);
    MPI_Barrier(MPI_COMM_WORLD);
}
