/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_MPI_CALL_H
#define CSGDI_MPI_CALL_H

/* mpi_call.h: the arguments of MPI_Allreduce as a request, for all the calls that have them. */

#include <csgd/mpi.h>
#include "comm/reducer.h"

/* The arguments as they are: judged when the call begins, so that all ranks hear of it. */
csgd_request csgdi_mpi_call(const void *sendbuf, void *recvbuf, MPI_Count count,
                            MPI_Datatype datatype, MPI_Op op, csgd_reducer *r);

/* Begin what a request describes; what is returned concerns this rank alone. */
csgd_status csgdi_mpi_call_begin(const csgd_request *request, bool blocking);

/* Pass a reducer's error (r may be NULL) to whoever handles errors of the communicator that it was
 * created on; the MPI code to return. */
int csgdi_mpi_call_report(const csgd_reducer *r, csgd_status status);

#endif
