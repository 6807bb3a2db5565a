/* SPDX-License-Identifier: BSD-3-Clause */
/* transport_mpi.c: the transport over MPI 3.1.
 *
 * Counts are int there.  A longer message goes in two parts under the same tag, which stay in
 * order as all messages do; both sides know its length, so they split it alike:
 *
 *     | block | block |  ...  | block | rest |
 *     '--- count blocks of 1 MiB -----'- bytes
 *
 * The communicator is ours: no message of the program's can meet one of ours, errors come back as
 * codes whatever the program's handler is, and no hint that the program gave for its own
 * communicator, such as that messages may overtake, applies to it.  What a request of MPI's ends in
 * is ours to see too, but for MPICH, which asks the handler of MPI_COMM_WORLD about requests that are
 * done: by default a message that is too long, which no transport sends, ends the job there.
 */

#include "comm/transport_mpi.h"
#include <limits.h>
#include <sched.h>
#include <string.h>
#include "base/error.h"
#include "comm/transport_mpi_state.h"

enum { BLOCK = CSGDI_MPI_BLOCK };

typedef csgdi_mpi_state mpi_state;
typedef csgdi_mpi_pending pending;

_Static_assert(sizeof(pending) <= sizeof((csgdi_request *)0)->own, "two parts fit in a request");
_Static_assert(sizeof(mpi_state) <= sizeof((csgdi_transport *)0)->own, "and the state in its own");

csgd_status csgdi_mpi_code(int code, const char *call)
{
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;

    if (code == MPI_SUCCESS) return CSGD_OK;
    MPI_Error_string(code, text, &length);
    return csgdi_fail(CSGD_E_TRANSPORT, "%s: %s", call, text);
}

void csgdi_mpi_begin(csgdi_request *req, csgdi_mpi_kind kind)
{
    *csgdi_mpi_pending_of(req) =
        (pending){.part = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}, .kind = kind};
    req->received = 0;
    req->parts = 0;
    req->active = false;
}

csgd_status csgdi_mpi_begun(csgdi_request *req, int code, const char *call)
{
    const pending *p = csgdi_mpi_pending_of(req);

    req->active = p->part[0] != MPI_REQUEST_NULL || p->part[1] != MPI_REQUEST_NULL;
    return csgdi_mpi_code(code, call);
}

/* ---- messages ---- */

/* Start one part of a message: len[i] bytes of type[i], sent from src or received at dst. */
static int part_start(const mpi_state *own, pending *p, int i, const void *src, void *dst, int peer,
                      int tag)
{
    const int count = (int)(i == 0 ? p->of.message.len[0] / BLOCK : p->of.message.len[1]);
    const size_t skip = i == 0 ? 0 : p->of.message.len[0];

    if (p->kind == CSGDI_MPI_RECEIVE)
        return MPI_Irecv(skip > 0 ? (char *)dst + skip : dst, count, p->of.message.type[i], peer,
                         tag, own->comm, &p->part[i]);
    return MPI_Isend(skip > 0 ? (const char *)src + skip : src, count, p->of.message.type[i], peer,
                     tag, own->comm, &p->part[i]);
}

/* A message of len bytes; of src and dst one is used.  Even an empty one has a part. */
static csgd_status message_start(csgdi_transport *t, const void *src, void *dst, size_t len,
                                 bool is_receive, int peer, int tag, csgdi_request *req)
{
    const mpi_state *own = csgdi_mpi_state_of(t);
    const size_t blocks = len > t->limit ? len / BLOCK : 0;
    pending *p = csgdi_mpi_pending_of(req);
    int code = MPI_SUCCESS;

    csgdi_mpi_begin(req, is_receive ? CSGDI_MPI_RECEIVE : CSGDI_MPI_SEND);
    if (blocks > INT_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "a message of %zu bytes is too long for MPI", len);
    p->of.message.type[0] = own->block;
    p->of.message.type[1] = MPI_BYTE;
    p->of.message.len[0] = blocks * BLOCK;
    p->of.message.len[1] = len - p->of.message.len[0];
    if (p->of.message.len[0] > 0) code = part_start(own, p, 0, src, dst, peer, tag);
    if (code == MPI_SUCCESS && (p->of.message.len[0] == 0 || p->of.message.len[1] > 0))
        code = part_start(own, p, 1, src, dst, peer, tag);
    return csgdi_mpi_begun(req, code, is_receive ? "MPI_Irecv" : "MPI_Isend");
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

static csgd_status open_start(csgdi_request *req, csgdi_mpi_kind kind, size_t len)
{
    pending *p = csgdi_mpi_pending_of(req);

    csgdi_mpi_begin(req, kind);
    if (len / 8 > INT_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "MPI cannot count a message of %zu bytes in words",
                          len);
    p->of.message.type[1] = MPI_UINT64_T;
    p->of.message.len[1] = len;
    return CSGD_OK;
}

static csgd_status mpi_send_open(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                                 csgdi_request *req)
{
    csgd_status st = open_start(req, CSGDI_MPI_SEND, len);

    if (st != CSGD_OK) return st;
    st =
        csgdi_mpi_begun(req,
                        MPI_Isend(src, (int)(len / 8), MPI_UINT64_T, to, tag,
                                  csgdi_mpi_state_of(t)->comm, &csgdi_mpi_pending_of(req)->part[1]),
                        "MPI_Isend");
    if (st == CSGD_OK && to != t->rank) csgdi_transport_count(t, len, 0, false);
    return st;
}

static csgd_status mpi_receive_open(csgdi_transport *t, void *dst, size_t most, int from, int tag,
                                    csgdi_request *req)
{
    const csgd_status st = open_start(req, CSGDI_MPI_RECEIVE_OPEN, most);

    if (st != CSGD_OK) return st;
    return csgdi_mpi_begun(req,
                           MPI_Irecv(dst, (int)(most / 8), MPI_UINT64_T, from, tag,
                                     csgdi_mpi_state_of(t)->comm,
                                     &csgdi_mpi_pending_of(req)->part[1]),
                           "MPI_Irecv");
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
    if (code != MPI_SUCCESS) return csgdi_mpi_code(code, "MPI_Test");
    if (!flag || p->kind == CSGDI_MPI_SEND || p->kind > CSGDI_MPI_RECEIVE_OPEN) return CSGD_OK;
    code = MPI_Get_elements_x(&status, p->of.message.type[i], &arrived);
    if (code != MPI_SUCCESS) return csgdi_mpi_code(code, "MPI_Get_elements_x");
    if (p->kind == CSGDI_MPI_RECEIVE_OPEN) { /* one too long would have been an error of the test */
        p->of.message.len[i] = (size_t)arrived * 8;
        if (status.MPI_SOURCE != t->rank) csgdi_transport_count(t, 0, p->of.message.len[i], false);
        return CSGD_OK;
    }
    if ((size_t)arrived == p->of.message.len[i]) return CSGD_OK;
    return csgdi_fail(CSGD_E_TRANSPORT, "rank %d sent %zu bytes where %zu were expected",
                      status.MPI_SOURCE, (size_t)arrived, p->of.message.len[i]);
}

static csgd_status mpi_test(csgdi_transport *t, csgdi_request *req, bool *done)
{
    pending *p = csgdi_mpi_pending_of(req);
    csgd_status st;

    *done = true;
    if (!req->active) return CSGD_OK;
    st = part_test(t, p, 0);
    if (st == CSGD_OK) st = part_test(t, p, 1);
    req->active = p->part[0] != MPI_REQUEST_NULL || p->part[1] != MPI_REQUEST_NULL;
    if (st == CSGD_OK && !req->active) {
        if (p->kind == CSGDI_MPI_RECEIVE || p->kind == CSGDI_MPI_RECEIVE_OPEN)
            req->received = p->of.message.len[0] + p->of.message.len[1];
        else if (p->kind != CSGDI_MPI_SEND)
            st = csgdi_mpi_go_on(t, req);
    }
    *done = !req->active;
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
    mpi_state *own = csgdi_mpi_state_of(t);
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
    .polls = true,
    .send = mpi_send,
    .receive = mpi_receive,
    .send_open = mpi_send_open,
    .receive_open = mpi_receive_open,
    .sum = csgdi_mpi_sum,
    .max = csgdi_mpi_max,
    .gather = csgdi_mpi_gather,
    .nodes = csgdi_mpi_nodes,
    .part = csgdi_mpi_part,
    .test = mpi_test,
    .idle = mpi_idle,
    .close = mpi_close,
};

static csgd_status duplicate(MPI_Comm user, MPI_Comm *comm)
{
    int inter = 0;
    csgd_status st = csgdi_mpi_code(MPI_Comm_test_inter(user, &inter), "MPI_Comm_test_inter");

    if (st != CSGD_OK) return st;
    if (inter) return csgdi_fail(CSGD_E_INVAL, "the communicator is an intercommunicator");
    return csgdi_mpi_code(MPI_Comm_dup_with_info(user, MPI_INFO_NULL, comm),
                          "MPI_Comm_dup_with_info");
}

csgd_status csgdi_mpi_open(csgdi_transport *t, MPI_Comm comm)
{
    mpi_state *own = csgdi_mpi_state_of(t);
    int code, level = MPI_THREAD_SINGLE;

    own->comm = comm;
    own->block = MPI_DATATYPE_NULL;
    t->ops = &mpi_ops;
    t->limit = INT_MAX;
    MPI_Query_thread(&level);
    t->threads = level == MPI_THREAD_MULTIPLE;
    MPI_Comm_set_errhandler(own->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(own->comm, &t->rank);
    MPI_Comm_size(own->comm, &t->n_ranks);
    t->measures = true;

    own->count = csgdi_arena_alloc(&own->arena, (size_t)t->n_ranks, 2 * sizeof *own->count);
    if (own->count == NULL) return CSGD_E_NOMEM;
    own->displacement = own->count + t->n_ranks;
    t->memory_bytes = own->arena.bytes;
    code = MPI_Type_contiguous(BLOCK, MPI_BYTE, &own->block);
    if (code == MPI_SUCCESS) code = MPI_Type_commit(&own->block);
    return csgdi_mpi_code(code, "MPI_Type_contiguous");
}

csgd_status csgdi_transport_open_mpi(csgdi_transport *t, MPI_Comm comm)
{
    mpi_state *own = csgdi_mpi_state_of(t);
    MPI_Comm ours;
    csgd_status st;

    memset(t, 0, sizeof *t);
    st = duplicate(comm, &ours);
    if (st != CSGD_OK) return st;
    own->user = comm;
    st = csgdi_mpi_open(t, ours);
    return st == CSGD_OK ? csgdi_mpi_marker_attach(comm, &own->marker) : st;
}

bool csgdi_transport_mpi_user(const csgdi_transport *t, MPI_Comm *user)
{
    const mpi_state *own = (const mpi_state *)(const void *)t->own.bytes;

    if (csgdi_mpi_marker_freed(own->marker)) return false;
    *user = own->user;
    return true;
}
