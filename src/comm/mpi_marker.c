/* SPDX-License-Identifier: BSD-3-Clause */
/* mpi_marker.c: see the header for the idea.
 *
 * Locks: the delete callback runs inside MPI, under whatever lock MPI holds then, so it takes none
 * of ours and the marker's two fields are atomic.  Our lock is held around MPI's attribute calls,
 * and never the other way round.
 */

#include "comm/mpi_marker.h"
#include <pthread.h>
#include <stdatomic.h>
#include "base/alloc.h"
#include "base/error.h"

struct csgdi_mpi_marker {
    csgdi_arena arena; /* holds this struct */
    atomic_int references;
    atomic_bool freed;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int keyval = MPI_KEYVAL_INVALID; /* one per process, made at first use, kept to the end */

static void drop(csgdi_mpi_marker *marker)
{
    if (atomic_fetch_sub(&marker->references, 1) == 1) {
        csgdi_arena arena = marker->arena;
        csgdi_arena_free(&arena);
    }
}

static int on_delete(MPI_Comm comm, int key, void *value, void *extra)
{
    csgdi_mpi_marker *marker = value;

    (void)comm, (void)key, (void)extra;
    atomic_store(&marker->freed, true);
    drop(marker);
    return MPI_SUCCESS;
}

static csgdi_mpi_marker *marker_make(void)
{
    csgdi_arena arena = {0};
    csgdi_mpi_marker *marker = csgdi_arena_alloc(&arena, 1, sizeof *marker);

    if (marker == NULL) return NULL;
    marker->arena = arena;
    atomic_init(&marker->references, 1); /* the communicator's, once it is set there */
    atomic_init(&marker->freed, false);
    return marker;
}

static csgd_status attach(MPI_Comm user, csgdi_mpi_marker **marker)
{
    csgdi_mpi_marker *found = NULL;
    int there = 0;

    if (keyval == MPI_KEYVAL_INVALID &&
        MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, on_delete, &keyval, NULL) != MPI_SUCCESS)
        return csgdi_fail(CSGD_E_TRANSPORT, "MPI_Comm_create_keyval failed");
    if (MPI_Comm_get_attr(user, keyval, &found, &there) != MPI_SUCCESS)
        return csgdi_fail(CSGD_E_TRANSPORT, "MPI_Comm_get_attr failed");
    if (!there) {
        found = marker_make();
        if (found == NULL) return CSGD_E_NOMEM;
        if (MPI_Comm_set_attr(user, keyval, found) != MPI_SUCCESS) {
            drop(found);
            return csgdi_fail(CSGD_E_TRANSPORT, "MPI_Comm_set_attr failed");
        }
    }
    atomic_fetch_add(&found->references, 1);
    *marker = found;
    return CSGD_OK;
}

csgd_status csgdi_mpi_marker_attach(MPI_Comm user, csgdi_mpi_marker **marker)
{
    csgd_status status;

    *marker = NULL;
    pthread_mutex_lock(&lock);
    status = attach(user, marker);
    pthread_mutex_unlock(&lock);
    return status;
}

bool csgdi_mpi_marker_freed(const csgdi_mpi_marker *marker)
{
    return marker == NULL || atomic_load(&marker->freed);
}

void csgdi_mpi_marker_release(MPI_Comm user, csgdi_mpi_marker *marker)
{
    int finalized = 0;

    if (marker == NULL) return;
    MPI_Finalized(&finalized);
    pthread_mutex_lock(&lock);
    if (finalized) { /* the communicator's reference goes with the first of us */
        if (!atomic_exchange(&marker->freed, true)) drop(marker);
    } else if (!atomic_load(&marker->freed) && atomic_load(&marker->references) == 2) {
        MPI_Comm_delete_attr(user, keyval); /* calls on_delete, which drops the other one */
    }
    drop(marker);
    pthread_mutex_unlock(&lock);
}
