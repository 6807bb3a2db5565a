/* SPDX-License-Identifier: BSD-3-Clause */
/* transport_mpi_collective.c: the collectives of the transport over MPI.
 *
 * Vendor collectives are used as they are: they know the network better than we do.  What they
 * move is not visible, so it is counted by formula.  Their counts are int:
 *
 *     sum, max    one call for each `limit` elements, one after the other
 *     gather      MPI_Allgather(v) in words of 8 bytes; where a part or its offset is more than
 *                 `limit` words, each rank's part is broadcast, in pieces of that many
 *
 * A rank receives no more by broadcasts than by a gather, and their pieces need no offsets that MPI
 * could not count.  All ranks come to the same conclusion, as len and offset are the same everywhere.
 *
 * A MAX of unsigned integers is one of signed ones with the highest bit flipped before and after:
 * releases of both MPICH (4.0) and Open MPI (4.1) compare unsigned ones as if they were signed.
 *
 * MPI wants MPI_IN_PLACE on all ranks or on none.  Where ranks differ it still is a local matter
 * in every implementation we know of: the rank's own part is there already, or is copied first.
 */

#include <limits.h>
#include <string.h>
#include "base/error.h"
#include "comm/transport_mpi_state.h"

enum { WORD = 8 };

static int smaller(size_t a, size_t b)
{
    return (int)(a < b ? a : b);
}

/* ---- sum and max ---- */

/* One call for what comes next. */
static csgd_status reduce_next(csgdi_transport *t, csgdi_request *req, bool blocking)
{
    const csgdi_mpi_state *own = csgdi_mpi_state_of(t);
    csgdi_mpi_pending *p = csgdi_mpi_pending_of(req);
    const void *from = p->of.reduce.from == p->of.reduce.to ? MPI_IN_PLACE : p->of.reduce.from;
    void *to = p->of.reduce.to;
    const int count = smaller(p->of.reduce.left, t->limit);
    const size_t bytes = (size_t)count * p->of.reduce.size;
    int code;

    p->of.reduce.from += bytes;
    p->of.reduce.to += bytes;
    p->of.reduce.left -= (size_t)count;
    if (blocking) {
        code = MPI_Allreduce(from, to, count, p->of.reduce.type, p->of.reduce.op, own->comm);
        return csgdi_mpi_begun(req, code, "MPI_Allreduce");
    }
    code =
        MPI_Iallreduce(from, to, count, p->of.reduce.type, p->of.reduce.op, own->comm, &p->part[0]);
    return csgdi_mpi_begun(req, code, "MPI_Iallreduce");
}

/* n elements of `size` bytes: at least one call, for none too. */
static csgd_status reduce(csgdi_transport *t, const void *from, void *to, size_t n, size_t size,
                          MPI_Datatype type, MPI_Op op, bool blocking, csgdi_request *req)
{
    csgdi_mpi_pending *p = csgdi_mpi_pending_of(req);
    csgd_status st;

    csgdi_mpi_begin(req, CSGDI_MPI_REDUCE);
    p->of.reduce.from = from;
    p->of.reduce.to = to;
    p->of.reduce.left = n;
    p->of.reduce.size = size;
    p->of.reduce.type = type;
    p->of.reduce.op = op;
    p->of.reduce.flipped = NULL; /* all members: to begin with one does not clear the others */
    p->of.reduce.n_flipped = 0;
    csgdi_transport_count_reduce(t, n * size, true);
    do
        st = reduce_next(t, req, blocking);
    while (blocking && st == CSGD_OK && p->of.reduce.left > 0);
    return st;
}

static void flip_signs(uint64_t *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        word[i] ^= UINT64_C(1) << 63;
}

csgd_status csgdi_mpi_sum(csgdi_transport *t, const void *send, void *recv, size_t n,
                          csgd_type type, bool blocking, csgdi_request *req)
{
    return reduce(t, send, recv, n, csgd_type_size(type), type == CSGD_F64 ? MPI_DOUBLE : MPI_FLOAT,
                  MPI_SUM, blocking, req);
}

csgd_status csgdi_mpi_max(csgdi_transport *t, uint64_t *word, size_t n, bool blocking,
                          csgdi_request *req)
{
    csgdi_mpi_pending *p = csgdi_mpi_pending_of(req);
    csgd_status st;

    flip_signs(word, n);
    st = reduce(t, word, word, n, sizeof *word, MPI_INT64_T, MPI_MAX, blocking, req);
    if (blocking) {
        flip_signs(word, n);
    } else {
        p->of.reduce.flipped = word;
        p->of.reduce.n_flipped = n;
    }
    return st;
}

/* ---- gather ---- */

/* Broadcast the next piece, if there is one. */
static csgd_status broadcast_next(csgdi_transport *t, csgdi_request *req, bool blocking)
{
    const csgdi_mpi_state *own = csgdi_mpi_state_of(t);
    csgdi_mpi_pending *p = csgdi_mpi_pending_of(req);
    const size_t *len = p->of.broadcasts.len;
    int *owner = &p->of.broadcasts.owner, root, count, code;
    size_t *at = &p->of.broadcasts.at;
    char *piece;

    while (*owner < t->n_ranks && *at == len[*owner]) {
        ++*owner;
        *at = 0;
    }
    if (*owner == t->n_ranks) return CSGD_OK;
    root = *owner;
    piece = p->of.broadcasts.recv + p->of.broadcasts.offset[root] + *at;
    count = smaller((len[root] - *at) / WORD, t->limit);
    *at += (size_t)count * WORD;
    if (blocking) {
        code = MPI_Bcast(piece, count, MPI_UINT64_T, root, own->comm);
        return csgdi_mpi_begun(req, code, "MPI_Bcast");
    }
    code = MPI_Ibcast(piece, count, MPI_UINT64_T, root, own->comm, &p->part[0]);
    return csgdi_mpi_begun(req, code, "MPI_Ibcast");
}

static csgd_status gather_by_broadcasts(csgdi_transport *t, const void *send, char *recv,
                                        const size_t *len, const size_t *offset, bool blocking,
                                        csgdi_request *req)
{
    csgdi_mpi_pending *p = csgdi_mpi_pending_of(req);
    csgd_status st;

    csgdi_mpi_begin(req, CSGDI_MPI_BROADCASTS);
    p->of.broadcasts.recv = recv;
    p->of.broadcasts.len = len;
    p->of.broadcasts.offset = offset;
    p->of.broadcasts.at = 0;
    p->of.broadcasts.owner = 0;
    if (send != recv + offset[t->rank] && len[t->rank] > 0)
        memcpy(recv + offset[t->rank], send, len[t->rank]);
    do
        st = broadcast_next(t, req, blocking);
    while (blocking && st == CSGD_OK && p->of.broadcasts.owner < t->n_ranks);
    return st;
}

/* Whether one call can count it all; then how it counts. */
static bool gather_counts(csgdi_transport *t, const size_t *len, const size_t *offset, bool *even)
{
    csgdi_mpi_state *own = csgdi_mpi_state_of(t);

    *even = true;
    for (int r = 0; r < t->n_ranks; r++) {
        if (len[r] / WORD > t->limit || offset[r] / WORD > t->limit) return false;
        own->count[r] = (int)(len[r] / WORD);
        own->displacement[r] = (int)(offset[r] / WORD);
        if (len[r] != len[0] || offset[r] != offset[0] + (size_t)r * len[0]) *even = false;
    }
    return true;
}

csgd_status csgdi_mpi_gather(csgdi_transport *t, const void *send, void *recv, const size_t *len,
                             const size_t *offset, bool blocking, csgdi_request *req)
{
    csgdi_mpi_state *own = csgdi_mpi_state_of(t);
    csgdi_mpi_pending *p = csgdi_mpi_pending_of(req);
    const MPI_Datatype word = MPI_UINT64_T;
    char *all = recv;
    const void *from = send == all + offset[t->rank] ? MPI_IN_PLACE : send;
    bool even = false;
    int code, mine;

    csgdi_mpi_begin(req, CSGDI_MPI_GATHER);
    if (own->displacement == NULL)
        return csgdi_fail(CSGD_E_NOMEM, "the transport was opened without memory for a gather");
    csgdi_transport_count_gather(t, len, true);
    if (!gather_counts(t, len, offset, &even))
        return gather_by_broadcasts(t, send, all, len, offset, blocking, req);
    mine = own->count[t->rank];
    if (even && blocking)
        code = MPI_Allgather(from, mine, word, all + offset[0], mine, word, own->comm);
    else if (even)
        code =
            MPI_Iallgather(from, mine, word, all + offset[0], mine, word, own->comm, &p->part[0]);
    else if (blocking)
        code =
            MPI_Allgatherv(from, mine, word, all, own->count, own->displacement, word, own->comm);
    else
        code = MPI_Iallgatherv(from, mine, word, all, own->count, own->displacement, word,
                               own->comm, &p->part[0]);
    return csgdi_mpi_begun(req, code, even ? "MPI_(I)allgather" : "MPI_(I)allgatherv");
}

csgd_status csgdi_mpi_go_on(csgdi_transport *t, csgdi_request *req)
{
    const csgdi_mpi_pending *p = csgdi_mpi_pending_of(req);

    req->parts++;
    if (p->kind == CSGDI_MPI_BROADCASTS) return broadcast_next(t, req, false);
    if (p->kind != CSGDI_MPI_REDUCE) return CSGD_OK;
    if (p->of.reduce.left > 0) return reduce_next(t, req, false);
    flip_signs(p->of.reduce.flipped, p->of.reduce.n_flipped);
    return CSGD_OK;
}
