/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_mpi.c: the product of matrix.h over MPI.
 *
 *     mpirun -n RANKS matrix_mpi [FILTER]
 */

#include <csgd/mpi.h>
#include <stdio.h>
#include "comm/matrix.h"
#include "comm/transport_mpi.h"

static csgd_status create(void *object, int rank, size_t n, const char *spec, csgd_reducer **r)
{
    (void)object;
    (void)rank;
    return csgd_status_of(csgd_reducer_create_mpi(MPI_COMM_WORLD, n, spec, r));
}

int main(int argc, char **argv)
{
    csgdi_transport t;
    int failed = 1;

    MPI_Init(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) != CSGD_OK) {
        fprintf(stderr, "matrix_mpi: %s\n", csgd_error_detail());
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    failed = matrix_run(&t, create, NULL, argc > 1 ? argv[1] : NULL);
    t.ops->close(&t, false);
    MPI_Finalize();
    return failed > 0;
}
