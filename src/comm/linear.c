/* SPDX-License-Identifier: BSD-3-Clause */

/* linear.c: for linear maps that all ranks share: sum the short vectors, then expand the sum.
 *
 *     before   rank r holds the short vector A x_r, k elements
 *     after    all ranks hold A (x_0 + ... + x_P-1) = the sum of the short vectors
 *
 * The map of a sum is the sum of the maps, so a plain dense allreduce of k elements does all the
 * work, no index travels, and nothing is encoded twice.
 *
 * Volume: 2 k (P - 1) / P elements sent by each rank, by the formula of the transport's allreduce.
 * Memory: one message, and k elements.
 */

#include "base/bytes.h"
#include "base/error.h"
#include "comm/reducer.h"
#include "wire/header.h"

typedef struct linear {
    void *sum; /* c->max_k elements */
    csgdi_request request;
} linear;

static csgd_status linear_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (c->ops->family == CSGDI_PROJECT) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "algorithm=linear sums short vectors of one shared linear map, which %s is "
                      "not; use algorithm=allgather",
                      c->ops->name);
}

static csgd_status linear_create(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    linear *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    if (c->max_k > INT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "a short vector of %zu elements is more than one "
                          "MPI call can sum",
                          c->max_k);
    self->sum = csgdi_arena_alloc(&r->arena, c->max_k, c->kernels->size);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(c), 1);
    return self->sum != NULL && r->message != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static csgd_status linear_begin(csgd_reducer *r)
{
    linear *self = r->exchange;
    csgdi_transport *t = &r->transport;
    csgdi_compressor *c = &r->compressor;

    /* m is finite, so its projection is. */
    c->ops->project(c, r->call.m, r->step, 0, NULL, r->message + CSGDI_HEADER_BYTES);
    r->call.len = csgdi_message_frame(c, r->message,
                                      csgdi_pad8(r->message + CSGDI_HEADER_BYTES,
                                                 c->max_k * c->kernels->size));
    return t->ops->sum(t, r->message + CSGDI_HEADER_BYTES, self->sum, r->compressor.max_k,
                       r->compressor.kernels->type, r->call.blocking, &self->request);
}

static csgd_status linear_step(csgd_reducer *r)
{
    linear *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    bool done;
    const csgd_status st = r->transport.ops->test(&r->transport, &self->request, &done);

    if (st != CSGD_OK) return st;
    if (!done) return CSGD_MORE;
    c->ops->apply(c, self->sum, r->step, CSGDI_SET, r->call.recv);
    return CSGD_OK;
}

const csgdi_algorithm csgdi_linear = {
    .name = "linear",
    .summary = "a plain allreduce of the short vectors of a shared linear map, k elements",
    .source = "PowerSGD, Vogels et al. 2019",
    .projects = true,
    .supports = linear_supports,
    .create = linear_create,
    .begin = linear_begin,
    .step = linear_step,
};
