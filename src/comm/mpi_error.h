/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_MPI_ERROR_H
#define CSGDI_MPI_ERROR_H

/* mpi_error.h: a csgd_status as an MPI error code, and the user's error handler. */

#include <mpi.h>
#include <stdbool.h>
#include <csgd/status.h>

/* Whether MPI can be called now; CSGD_E_STATE if not. */
csgd_status csgdi_mpi_usable(void);

/* MPI_SUCCESS for CSGD_OK.  Else the status as an error code of our own class, after passing it to
 * the error handler of *comm (NULL: there is none to pass it to).  Where that is
 * MPI_ERRORS_ARE_FATAL, which would end the job without a reason, this thread's sentence goes to
 * stderr first. */
int csgdi_mpi_report(csgd_status status, const MPI_Comm *comm);

#endif
