/* SPDX-License-Identifier: BSD-3-Clause */
/* transport_mpi.c: the transport over MPI 3.1.
 *
 * Counts are int there.  A longer message goes in two parts under the same tag, which stay in
 * order as all messages do; both sides know its length, so they split it alike:
 *
 *     | block | block |  ...  | block | rest |
 *     '--- count blocks of 1 MiB -----'- bytes
 *
 * Vendor collectives are used as they are: they know the network better than we do.  What they
 * move is not visible, so it is counted by formula.
 *
 * The communicator is ours: no message of the program's can meet one of ours, errors come back as
 * codes whatever the program's handler is, and no hint that the program gave for its own
 * communicator, such as that messages may overtake, applies to it.
 */

#include "comm/transport_mpi.h"
#include <limits.h>
#include <sched.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "comm/mpi_marker.h"

enum { BLOCK = 1 << 20 };

static size_t limit = INT_MAX; /* the longest message that is not split */

typedef struct mpi_state {
    MPI_Comm comm; /* ours */
    MPI_Comm user; /* the original, valid while the marker says so */
    csgdi_mpi_marker *marker;
    MPI_Datatype block; /* BLOCK bytes */
    csgdi_arena arena;
    int *count, *displacement; /* [n_ranks], of the gather under way, in words of 8 bytes */
} mpi_state;

typedef struct pending {
    MPI_Request part[2];
    MPI_Datatype type[2];
    size_t len[2]; /* bytes */
    bool is_receive;
    bool open; /* a receive of at most len[1] bytes, in words */
} pending;

_Static_assert(sizeof(pending) <= sizeof((csgdi_request *)0)->own, "two parts fit in a request");
_Static_assert(sizeof(mpi_state) <= sizeof((csgdi_transport *)0)->own, "and the state in its own");

static mpi_state *state_of(csgdi_transport *t)
{
    return (mpi_state *)(void *)t->own.bytes;
}

static pending *pending_of(csgdi_request *req)
{
    return (pending *)(void *)req->own.bytes;
}

void csgdi_transport_mpi_limit(size_t bytes)
{
    limit = bytes > 0 ? bytes : INT_MAX;
}

static csgd_status mpi_status(int code, const char *call)
{
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;

    if (code == MPI_SUCCESS) return CSGD_OK;
    MPI_Error_string(code, text, &length);
    return csgdi_fail(CSGD_E_TRANSPORT, "%s: %s", call, text);
}

static void request_begin(csgdi_request *req)
{
    *pending_of(req) = (pending){.part = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    req->received = 0;
    req->active = false;
}

/* Say what became of the call that started an operation; the request is under way if it left
 * something to wait for, even beside an error. */
static csgd_status request_begun(csgdi_request *req, int code, const char *call)
{
    const pending *p = pending_of(req);

    req->active = p->part[0] != MPI_REQUEST_NULL || p->part[1] != MPI_REQUEST_NULL;
    return mpi_status(code, call);
}

/* ---- messages ---- */

/* Start one part of a message: len[i] bytes of type[i], sent from src or received at dst. */
static int part_start(const mpi_state *own, pending *p, int i, const void *src, void *dst, int peer,
                      int tag)
{
    const int count = (int)(i == 0 ? p->len[0] / BLOCK : p->len[1]);
    const size_t skip = i == 0 ? 0 : p->len[0];

    if (p->is_receive)
        return MPI_Irecv(skip > 0 ? (char *)dst + skip : dst, count, p->type[i], peer, tag,
                         own->comm, &p->part[i]);
    return MPI_Isend(skip > 0 ? (const char *)src + skip : src, count, p->type[i], peer, tag,
                     own->comm, &p->part[i]);
}

/* A message of len bytes; of src and dst one is used.  Even an empty one has a part. */
static csgd_status message_start(csgdi_transport *t, const void *src, void *dst, size_t len,
                                 bool is_receive, int peer, int tag, csgdi_request *req)
{
    const mpi_state *own = state_of(t);
    const size_t blocks = len > limit ? len / BLOCK : 0;
    pending *p = pending_of(req);
    int code = MPI_SUCCESS;

    request_begin(req);
    if (blocks > INT_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "a message of %zu bytes is too long for MPI", len);
    p->is_receive = is_receive;
    p->type[0] = own->block;
    p->type[1] = MPI_BYTE;
    p->len[0] = blocks * BLOCK;
    p->len[1] = len - p->len[0];
    if (p->len[0] > 0) code = part_start(own, p, 0, src, dst, peer, tag);
    if (code == MPI_SUCCESS && (p->len[0] == 0 || p->len[1] > 0))
        code = part_start(own, p, 1, src, dst, peer, tag);
    return request_begun(req, code, is_receive ? "MPI_Irecv" : "MPI_Isend");
}

static csgd_status mpi_send(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                            csgdi_request *req)
{
    const csgd_status st = message_start(t, src, NULL, len, false, to, tag, req);

    if (st == CSGD_OK && to != t->rank) csgdi_transport_count(t, len, 0, false);
    return st;
}

static csgd_status mpi_receive(csgdi_transport *t, void *dst, size_t len, int from, int tag,
                               csgdi_request *req)
{
    const csgd_status st = message_start(t, NULL, dst, len, true, from, tag, req);

    if (st == CSGD_OK && from != t->rank) csgdi_transport_count(t, 0, len, false);
    return st;
}

/* ---- messages of a length that only the sender knows: words of 8 bytes, in one part ---- */

static csgd_status open_start(csgdi_request *req, bool is_receive, size_t len)
{
    pending *p = pending_of(req);

    request_begin(req);
    if (len / 8 > INT_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "MPI cannot count a message of %zu bytes in words",
                          len);
    p->is_receive = p->open = is_receive;
    p->type[1] = MPI_UINT64_T;
    p->len[1] = len;
    return CSGD_OK;
}

static csgd_status mpi_send_open(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                                 csgdi_request *req)
{
    csgd_status st = open_start(req, false, len);

    if (st != CSGD_OK) return st;
    st = request_begun(req,
                       MPI_Isend(src, (int)(len / 8), MPI_UINT64_T, to, tag, state_of(t)->comm,
                                 &pending_of(req)->part[1]),
                       "MPI_Isend");
    if (st == CSGD_OK && to != t->rank) csgdi_transport_count(t, len, 0, false);
    return st;
}

static csgd_status mpi_receive_open(csgdi_transport *t, void *dst, size_t most, int from, int tag,
                                    csgdi_request *req)
{
    const csgd_status st = open_start(req, true, most);

    if (st != CSGD_OK) return st;
    return request_begun(req,
                         MPI_Irecv(dst, (int)(most / 8), MPI_UINT64_T, from, tag, state_of(t)->comm,
                                   &pending_of(req)->part[1]),
                         "MPI_Irecv");
}

/* ---- collectives ----
 * MPI wants MPI_IN_PLACE on all ranks or on none.  Where ranks differ it still is a local matter
 * in every implementation we know of: the rank's own part is there already, or is copied first. */

static csgd_status mpi_sum(csgdi_transport *t, const void *send, void *recv, size_t n,
                           csgd_type type, bool blocking, csgdi_request *req)
{
    mpi_state *own = state_of(t);
    pending *p = pending_of(req);
    const MPI_Datatype element = type == CSGD_F64 ? MPI_DOUBLE : MPI_FLOAT;
    const void *from = send == recv ? MPI_IN_PLACE : send;
    int code;

    request_begin(req);
    if (n > INT_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "MPI cannot count the %zu elements of a sum", n);
    csgdi_transport_count_reduce(t, n * csgd_type_size(type), true);
    if (blocking) {
        code = MPI_Allreduce(from, recv, (int)n, element, MPI_SUM, own->comm);
        return request_begun(req, code, "MPI_Allreduce");
    }
    code = MPI_Iallreduce(from, recv, (int)n, element, MPI_SUM, own->comm, &p->part[0]);
    return request_begun(req, code, "MPI_Iallreduce");
}

static csgd_status mpi_max(csgdi_transport *t, uint64_t *word, size_t n, bool blocking,
                           csgdi_request *req)
{
    mpi_state *own = state_of(t);
    pending *p = pending_of(req);
    int code;

    request_begin(req);
    if (n > INT_MAX) return csgdi_fail(CSGD_E_UNSUPPORTED, "MPI cannot count %zu words", n);
    csgdi_transport_count_reduce(t, n * sizeof *word, true);
    if (blocking) {
        code = MPI_Allreduce(MPI_IN_PLACE, word, (int)n, MPI_UINT64_T, MPI_MAX, own->comm);
        return request_begun(req, code, "MPI_Allreduce");
    }
    code =
        MPI_Iallreduce(MPI_IN_PLACE, word, (int)n, MPI_UINT64_T, MPI_MAX, own->comm, &p->part[0]);
    return request_begun(req, code, "MPI_Iallreduce");
}

/* Counts in words of 8 bytes, which reach eight times further than bytes.  All ranks come to the
 * same conclusion, as len and offset are the same everywhere. */
static csgd_status gather_counts(mpi_state *own, int n_ranks, const size_t *len,
                                 const size_t *offset, bool *even)
{
    if (own->displacement == NULL)
        return csgdi_fail(CSGD_E_NOMEM, "the transport was opened without memory for a gather");
    *even = true;
    for (int r = 0; r < n_ranks; r++) {
        if (len[r] / 8 > INT_MAX || offset[r] / 8 > INT_MAX)
            return csgdi_fail(CSGD_E_UNSUPPORTED,
                              "MPI cannot gather %zu bytes at offset %zu: at most %zu each", len[r],
                              offset[r], (size_t)INT_MAX * 8);
        own->count[r] = (int)(len[r] / 8);
        own->displacement[r] = (int)(offset[r] / 8);
        if (len[r] != len[0] || offset[r] != offset[0] + (size_t)r * len[0]) *even = false;
    }
    return CSGD_OK;
}

static csgd_status mpi_gather(csgdi_transport *t, const void *send, void *recv, const size_t *len,
                              const size_t *offset, bool blocking, csgdi_request *req)
{
    mpi_state *own = state_of(t);
    pending *p = pending_of(req);
    const MPI_Datatype word = MPI_UINT64_T;
    unsigned char *all = recv;
    const void *from = send == all + offset[t->rank] ? MPI_IN_PLACE : send;
    bool even = false;
    csgd_status st;
    int code, mine;

    request_begin(req);
    st = gather_counts(own, t->n_ranks, len, offset, &even);
    if (st != CSGD_OK) return st;
    csgdi_transport_count_gather(t, len, true);
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
    return request_begun(req, code, even ? "MPI_(I)allgather" : "MPI_(I)allgatherv");
}

/* ---- progress ---- */

/* Test one part; a message that is shorter than expected shows only in its status. */
static csgd_status part_test(csgdi_transport *t, pending *p, int i)
{
    MPI_Status status;
    MPI_Count arrived = 0;
    int flag = 0, code = MPI_SUCCESS;

    if (p->part[i] == MPI_REQUEST_NULL) return CSGD_OK;
    code = MPI_Test(&p->part[i], &flag, &status);
    if (code != MPI_SUCCESS) return mpi_status(code, "MPI_Test");
    if (!flag || !p->is_receive) return CSGD_OK;
    code = MPI_Get_elements_x(&status, p->type[i], &arrived);
    if (code != MPI_SUCCESS) return mpi_status(code, "MPI_Get_elements_x");
    if (p->open) { /* counted in words, and too long would have been an error of the test */
        p->len[i] = (size_t)arrived * 8;
        if (status.MPI_SOURCE != t->rank) csgdi_transport_count(t, 0, p->len[i], false);
        return CSGD_OK;
    }
    if ((size_t)arrived == p->len[i]) return CSGD_OK;
    return csgdi_fail(CSGD_E_TRANSPORT, "rank %d sent %zu bytes where %zu were expected",
                      status.MPI_SOURCE, (size_t)arrived, p->len[i]);
}

static csgd_status mpi_test(csgdi_transport *t, csgdi_request *req, bool *done)
{
    pending *p = pending_of(req);
    csgd_status st;

    *done = true;
    if (!req->active) return CSGD_OK;
    st = part_test(t, p, 0);
    if (st == CSGD_OK) st = part_test(t, p, 1);
    req->active = p->part[0] != MPI_REQUEST_NULL || p->part[1] != MPI_REQUEST_NULL;
    *done = !req->active;
    if (st == CSGD_OK && *done && p->is_receive) req->received = p->len[0] + p->len[1];
    return st;
}

/* MPI only moves when it is called: let other ranks on this core run, and come back. */
static void mpi_idle(csgdi_transport *t)
{
    (void)t;
    sched_yield();
}

/* ---- opening and closing ---- */

/* What is abandoned may still be read and written by MPI, so its communicator and the counts of a
 * gather are left to it. */
static void mpi_close(csgdi_transport *t, bool abandoned)
{
    mpi_state *own = state_of(t);
    int finalized = 0;

    MPI_Finalized(&finalized);
    if (!finalized && own->block != MPI_DATATYPE_NULL) MPI_Type_free(&own->block);
    if (!finalized && !abandoned) MPI_Comm_free(&own->comm);
    csgdi_mpi_marker_release(own->user, own->marker);
    own->marker = NULL;
    if (!abandoned) csgdi_arena_free(&own->arena);
}

static const csgdi_transport_ops mpi_ops = {
    .name = "mpi",
    .keeps_buffers = true,
    .send = mpi_send,
    .receive = mpi_receive,
    .send_open = mpi_send_open,
    .receive_open = mpi_receive_open,
    .sum = mpi_sum,
    .max = mpi_max,
    .gather = mpi_gather,
    .test = mpi_test,
    .idle = mpi_idle,
    .close = mpi_close,
};

static csgd_status duplicate(MPI_Comm user, MPI_Comm *comm)
{
    int inter = 0;
    csgd_status st = mpi_status(MPI_Comm_test_inter(user, &inter), "MPI_Comm_test_inter");

    if (st != CSGD_OK) return st;
    if (inter) return csgdi_fail(CSGD_E_INVAL, "the communicator is an intercommunicator");
    return mpi_status(MPI_Comm_dup_with_info(user, MPI_INFO_NULL, comm), "MPI_Comm_dup_with_info");
}

csgd_status csgdi_transport_open_mpi(csgdi_transport *t, MPI_Comm comm)
{
    mpi_state *own = state_of(t);
    csgd_status st;
    int code;

    memset(t, 0, sizeof *t);
    own->user = comm;
    own->block = MPI_DATATYPE_NULL;
    st = duplicate(comm, &own->comm);
    if (st != CSGD_OK) return st;
    t->ops = &mpi_ops;
    MPI_Comm_set_errhandler(own->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(own->comm, &t->rank);
    MPI_Comm_size(own->comm, &t->n_ranks);

    own->count = csgdi_arena_alloc(&own->arena, (size_t)t->n_ranks, 2 * sizeof *own->count);
    if (own->count == NULL) return CSGD_E_NOMEM;
    own->displacement = own->count + t->n_ranks;
    t->memory_bytes = own->arena.bytes;
    code = MPI_Type_contiguous(BLOCK, MPI_BYTE, &own->block);
    if (code == MPI_SUCCESS) code = MPI_Type_commit(&own->block);
    if (code != MPI_SUCCESS) return mpi_status(code, "MPI_Type_contiguous");
    return csgdi_mpi_marker_attach(comm, &own->marker);
}

bool csgdi_transport_mpi_user(const csgdi_transport *t, MPI_Comm *user)
{
    const mpi_state *own = (const mpi_state *)(const void *)t->own.bytes;

    if (csgdi_mpi_marker_freed(own->marker)) return false;
    *user = own->user;
    return true;
}
