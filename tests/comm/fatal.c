/* SPDX-License-Identifier: BSD-3-Clause */

/* fatal.c: under MPI's default handler an error ends the job; before that, the sentence that says
 * why is written to stderr.  The test looks for it in what this program leaves behind. */

#include <csgd/mpi.h>

int main(int argc, char **argv)
{
    csgd_reducer *r;

    MPI_Init(&argc, &argv);
    csgd_reducer_create_mpi(MPI_COMM_WORLD, 10, "topk ratoi=0.5", &r);
    MPI_Finalize(); /* not reached */
    return 0;
}
