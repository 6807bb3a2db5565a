/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TRANSPORT_MPI_H
#define CSGDI_TRANSPORT_MPI_H

/* transport_mpi.h: a transport over a private duplicate of the user's communicator. */

#include <mpi.h>
#include "comm/transport.h"

/* Open a transport over the ranks of comm, a communicator while MPI is up.  Collective.
 *
 * CSGD_E_INVAL for an intercommunicator, on all ranks, and CSGD_E_TRANSPORT where it could not be
 * duplicated leave t->ops NULL.
 *
 * What fails after the duplicate exists may concern this rank only, so that it must be told to the
 * others: then t->ops is not NULL, the status is CSGD_E_NOMEM or CSGD_E_TRANSPORT, and t can be
 * used for max, to agree about it, and closed. */
csgd_status csgdi_transport_open_mpi(csgdi_transport *t, MPI_Comm comm);

/* Whether the user's communicator still lives, and then its handle.  Local; false after
 * MPI_Finalize has freed it. */
bool csgdi_transport_mpi_user(const csgdi_transport *t, MPI_Comm *user);

#endif
