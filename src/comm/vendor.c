/* SPDX-License-Identifier: BSD-3-Clause */

/* vendor.c: the transport's own dense allreduce.
 *
 * Over MPI this is MPI_Allreduce, so the result of "none algorithm=vendor" equals it bit for bit
 * (MPI_Iallreduce for a call that was started, or that has a timeout).  It is also what a lossy reducer falls back to.
 *
 * Counted volume: 2 n (P - 1) / P elements sent by each rank, by formula; latency as MPI has it.
 *
 * The vector goes in parts of at most PART elements, as MPI counts in int.
 */

#include "base/error.h"
#include "comm/reducer.h"

enum { PART = INT32_MAX };

typedef struct vendor {
    const char *from;
    char *to;
    size_t left; /* elements not yet summed */
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
    v->left = count;
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
    const csgdi_transport_ops *ops = r->transport.ops;
    const size_t size = csgd_type_size(v->type);
    bool done;

    for (;;) {
        csgd_status st = ops->test(&r->transport, &v->request, &done);
        size_t part = v->left;

        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
        if (part == 0) return CSGD_OK;
        if (part > PART) part = PART;
        st = ops->sum(&r->transport, v->from, v->to, part, v->type, r->call.blocking, &v->request);
        if (st != CSGD_OK) return st;
        v->from += part * size;
        v->to += part * size;
        v->left -= part;
        r->call.moves++;
    }
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
