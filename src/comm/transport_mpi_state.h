/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TRANSPORT_MPI_STATE_H
#define CSGDI_TRANSPORT_MPI_STATE_H

/* transport_mpi_state.h: what is inside the transport over MPI and its requests; for
 * transport_mpi*.c only. */

#include "base/alloc.h"
#include "comm/mpi_marker.h"
#include "comm/transport_mpi.h"

typedef struct csgdi_mpi_state {
    MPI_Comm comm;            /* ours */
    MPI_Comm user;            /* the original, valid while the marker says so */
    csgdi_mpi_marker *marker; /* NULL: a part of such a transport */
    MPI_Datatype block;       /* CSGDI_MPI_BLOCK bytes */
    csgdi_arena arena;
    int *count, *displacement; /* [n_ranks], of the gather under way, in words of 8 bytes */
} csgdi_mpi_state;

enum { CSGDI_MPI_BLOCK = 1 << 20 };

typedef enum csgdi_mpi_kind {
    CSGDI_MPI_SEND,
    CSGDI_MPI_RECEIVE,
    CSGDI_MPI_RECEIVE_OPEN, /* the last that is a message */
    CSGDI_MPI_REDUCE,
    CSGDI_MPI_GATHER,
    CSGDI_MPI_BROADCASTS /* a gather that one call cannot count */
} csgdi_mpi_kind;

/* What a request holds: one or two requests of MPI's, and what to start after them. */
typedef struct csgdi_mpi_pending {
    MPI_Request part[2]; /* a collective uses the first */
    csgdi_mpi_kind kind;
    union {
        struct {
            MPI_Datatype type[2];
            size_t len[2]; /* bytes */
        } message;
        struct { /* elements that no call has been made for yet */
            const char *from;
            char *to;
            size_t left, size;
            MPI_Datatype type;
            MPI_Op op;
            uint64_t *flipped; /* words to flip back at the end */
            size_t n_flipped;
        } reduce;
        struct { /* the next piece: rank `owner`'s, from byte `at` of its part on */
            char *recv;
            const size_t *len, *offset;
            size_t at;
            int owner;
        } broadcasts;
    } of;
} csgdi_mpi_pending;

static inline csgdi_mpi_state *csgdi_mpi_state_of(csgdi_transport *t)
{
    return (csgdi_mpi_state *)(void *)t->own.bytes;
}

static inline csgdi_mpi_pending *csgdi_mpi_pending_of(csgdi_request *req)
{
    return (csgdi_mpi_pending *)(void *)req->own.bytes;
}

/* Make req an operation of a kind of which nothing has started. */
void csgdi_mpi_begin(csgdi_request *req, csgdi_mpi_kind kind);

/* Say what became of the call that started an operation; the request is under way if it left
 * something to wait for, even beside an error. */
csgd_status csgdi_mpi_begun(csgdi_request *req, int code, const char *call);

/* A code of MPI's as a status with its sentence. */
csgd_status csgdi_mpi_code(int code, const char *call);

/* Make t, zero but for own->user and own->marker, a transport over comm, which is ours from then on;
 * t->ops is set in any case.  CSGD_E_NOMEM, CSGD_E_TRANSPORT. */
csgd_status csgdi_mpi_open(csgdi_transport *t, MPI_Comm comm);

/* ---- transport_mpi_nodes.c ---- */

csgd_status csgdi_mpi_nodes(csgdi_transport *t, int *nodes);
csgd_status csgdi_mpi_part(csgdi_transport *t, const int *ranks, int count, csgdi_transport *part);

/* ---- transport_mpi_collective.c ---- */

csgd_status csgdi_mpi_sum(csgdi_transport *t, const void *send, void *recv, size_t n,
                          csgd_type type, bool blocking, csgdi_request *req);
csgd_status csgdi_mpi_max(csgdi_transport *t, uint64_t *word, size_t n, bool blocking,
                          csgdi_request *req);
csgd_status csgdi_mpi_gather(csgdi_transport *t, const void *send, void *recv, const size_t *len,
                             const size_t *offset, bool blocking, csgdi_request *req);

/* A call of a collective is done: start the next one, if there is one. */
csgd_status csgdi_mpi_go_on(csgdi_transport *t, csgdi_request *req);

#endif
