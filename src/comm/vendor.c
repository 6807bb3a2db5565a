/* SPDX-License-Identifier: BSD-3-Clause */

/* vendor.c: the transport's own dense allreduce.
 *
 * Over MPI this is MPI_Allreduce, so the result of "none algorithm=vendor" equals it bit for bit
 * (MPI_Iallreduce for a call that was started, or that has a timeout).  It is also what a lossy reducer
 * falls back to.
 *
 * Counted volume: 2 n (P - 1) / P elements sent by each rank, by formula; latency as MPI has it.
 */

#include "comm/reducer.h"

typedef struct vendor {
    const void *from;
    void *to;
    size_t count; /* elements of a sum that has not started */
    csgd_type type;
    csgdi_request request;
} vendor;

static csgd_status vendor_create(csgd_reducer *r)
{
    r->dense = csgdi_arena_zalloc(&r->arena, 1, sizeof(vendor));
    return r->dense != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

void csgdi_vendor_sum(csgd_reducer *r, const void *from, void *to, size_t count, csgd_type type)
{
    vendor *v = r->dense;

    v->from = from;
    v->to = to;
    v->count = count;
    v->type = type;
}

static csgd_status vendor_begin(csgd_reducer *r)
{
    csgdi_vendor_sum(r, r->call.x, r->call.recv, r->compressor.n, r->compressor.kernels->type);
    return CSGD_OK;
}

static csgd_status vendor_step(csgd_reducer *r)
{
    vendor *v = r->dense;
    csgdi_transport *t = &r->transport;
    csgd_status st = CSGD_OK;
    size_t parts;
    bool done;

    if (v->count > 0) {
        st = t->ops->sum(t, v->from, v->to, v->count, v->type, r->call.blocking, &v->request);
        v->count = 0;
        r->call.moves++;
    }
    parts = v->request.parts;
    if (st == CSGD_OK) st = t->ops->test(t, &v->request, &done);
    if (st != CSGD_OK) return st;
    r->call.moves += v->request.parts - parts;
    return done ? CSGD_OK : CSGD_MORE;
}

const csgdi_algorithm csgdi_vendor = {
    .name = "vendor",
    .summary = "MPI_Allreduce itself, dense",
    .source = "-",
    .dense = true,
    .create = vendor_create,
    .begin = vendor_begin,
    .step = vendor_step,
};
