/* SPDX-License-Identifier: BSD-3-Clause */

/* linear.c: for linear maps that all ranks share: sum the short vectors, then expand the sum.
 *
 *     before   rank r holds the short vector A x_r, k elements
 *     after    all ranks hold A (x_0 + ... + x_P-1) = the sum of the short vectors
 *
 * The map of a sum is the sum of the maps, so a plain dense allreduce of k elements does all the
 * work, no index travels, and nothing is encoded twice.  A map may have several rounds, each
 * depending on the sums of the rounds before: the k elements are then summed a part at a time.
 *
 * Where messages carry two vectors both are mapped and summed together, 2 k elements.
 *
 * Volume: 2 k (P - 1) / P elements sent by each rank, by the formula of the transport's allreduce.
 * Latency: one allreduce a round.  Memory: one message, and k elements.
 */

#include <string.h>
#include "base/bytes.h"
#include "base/error.h"
#include "comm/reducer.h"
#include "wire/header.h"

typedef struct linear {
    void *sum;      /* c->max_k elements, of each channel */
    unsigned round; /* being summed */
    size_t at;      /* where its values begin */
    csgdi_request request;
} linear;

static csgd_status linear_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (c->ops->family == CSGDI_PROJECT && !c->own_support) return CSGD_OK;
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
    self->sum = csgdi_arena_alloc(&r->arena, c->channels * c->max_k, c->kernels->size);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(c), 1);
    return self->sum != NULL && r->message != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* Values of the round, of all that there are.  What has two channels has one round. */
static size_t round_values(const csgdi_compressor *c, unsigned round)
{
    return c->ops->round_values != NULL ? c->ops->round_values(c, round) : c->channels * c->max_k;
}

/* Project for this round, and start to sum it.  Values beyond the element type are summed too: the
 * sum is not finite then on any rank, and all of them end alike. */
static csgd_status start_round(csgd_reducer *r)
{
    linear *self = r->exchange;
    csgdi_compressor *c = &r->compressor;
    const csgdi_transport_ops *ops = r->transport.ops;
    const size_t size = c->kernels->size;
    uint8_t *values = r->message + CSGDI_HEADER_BYTES;

    c->ops->project(c, r->call.m, r->step, self->round, self->sum, values);
    if (c->channels > 1)
        c->ops->project(c, r->feedback.m2, r->step, 0, self->sum, values + c->max_k * size);
    return ops->sum(&r->transport, values + self->at * size, (char *)self->sum + self->at * size,
                    round_values(c, self->round), c->kernels->type, r->call.blocking,
                    &self->request);
}

static csgd_status linear_begin(csgd_reducer *r)
{
    linear *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const size_t bytes = c->channels * c->max_k * c->kernels->size;
    const csgdi_header header = {.compressor = c->ops->wire_id,
                                 .type = c->type,
                                 .n = c->n,
                                 .step = r->step,
                                 .payload = csgdi_round8(bytes)};

    /* What the residual is made from; it does not travel as a message, so its hash is of no use. */
    memset(r->message + CSGDI_HEADER_BYTES, 0, header.payload);
    csgdi_header_write(&header, r->message);
    self->round = 0;
    self->at = 0;
    return start_round(r);
}

static csgd_status linear_step(csgd_reducer *r)
{
    linear *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const size_t size = c->kernels->size;

    for (;;) {
        bool done;
        csgd_status st = r->transport.ops->test(&r->transport, &self->request, &done);
        const size_t count = round_values(c, self->round);

        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
        r->call.moves++;
        /* All ranks hold the same sums, so all leave here or none does. */
        if (c->ops->rounds > 1 && !c->kernels->finite((char *)self->sum + self->at * size, count))
            return csgdi_fail(CSGD_E_NONFINITE,
                              "the sum over ranks of what %s makes of their vectors overflows",
                              c->ops->name);
        self->at += count;
        if (++self->round == c->ops->rounds) break;
        st = start_round(r);
        if (st != CSGD_OK) return st;
    }
    c->ops->apply(c, self->sum, r->step, CSGDI_SET, r->call.recv);
    if (c->channels > 1)
        c->ops->apply(c, (uint8_t *)self->sum + c->max_k * size, r->step, CSGDI_SET,
                      r->feedback.sum2);
    return CSGD_OK;
}

static const csgdi_sparse *linear_finish(csgd_reducer *r)
{
    const linear *self = r->exchange;
    csgdi_compressor *c = &r->compressor;

    if (c->ops->delivered != NULL && c->n > 0) c->ops->delivered(c, self->sum);
    return NULL;
}

/* The short vector is summed by the vendor, which was measured first. */
static double linear_seconds(const csgdi_cost *c)
{
    return c->rates->dense[0][0] + c->k * c->rates->dense[0][1] + csgdi_cost_local(c, 1);
}

const csgdi_algorithm csgdi_linear = {
    .name = "linear",
    .summary = "a plain allreduce of the short vectors of a shared linear map, k elements",
    .source = "PowerSGD, Vogels et al. 2019",
    .projects = true,
    .pairs = true,
    .supports = linear_supports,
    .seconds = linear_seconds,
    .create = linear_create,
    .begin = linear_begin,
    .step = linear_step,
    .finish = linear_finish,
};
