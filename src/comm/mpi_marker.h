/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_MPI_MARKER_H
#define CSGDI_MPI_MARKER_H

/* mpi_marker.h: knowing whether the user has freed a communicator.
 *
 * Errors go to the error handler of the communicator that a reducer was created on, so its handle
 * is kept, but the user may free it while the reducer lives.  MPI tells of that through an
 * attribute: its delete callback marks the marker, which all who hold it can see.
 *
 *     user's communicator --attribute--> marker <-- transport
 *                                          ^------- transport, on the same communicator
 *
 * The communicator and each transport hold one reference; the last one to go frees the marker.
 * The last transport takes the attribute away, so that nothing of ours stays in the user's
 * communicator.
 *
 * Threads: attach and release may be called at once.  As the handle is used, a communicator must
 * not be freed at the moment when another thread destroys a reducer that was created on it.
 */

#include <stdbool.h>
#include <mpi.h>
#include <csgd/status.h>

typedef struct csgdi_mpi_marker csgdi_mpi_marker;

/* Take a reference to the marker of a communicator, made if there is none.  CSGD_E_NOMEM,
 * CSGD_E_TRANSPORT; then *marker is NULL. */
csgd_status csgdi_mpi_marker_attach(MPI_Comm user, csgdi_mpi_marker **marker);

/* The communicator has been freed.  NULL: not known to live, so true. */
bool csgdi_mpi_marker_freed(const csgdi_mpi_marker *marker);

/* Give the reference up.  NULL is allowed, and so is a call after MPI_Finalize. */
void csgdi_mpi_marker_release(MPI_Comm user, csgdi_mpi_marker *marker);

#endif
