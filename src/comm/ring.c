/* SPDX-License-Identifier: BSD-3-Clause */

/* ring.c: dense allreduce on a ring: reduce-scatter, then allgather.
 *
 * The vector is cut into P chunks.  In step s of the first half rank r sends chunk r - s to its
 * right neighbour and adds chunk r - s - 1, which comes from the left, to its own.  P = 3, where
 * "02" is chunk sums of ranks 0 and 2:
 *
 *              rank 0        rank 1        rank 2
 *     start    0  0  0       1  1  1       2  2  2
 *     s = 0    0  0  02      01 1  1       2  12 2
 *     s = 1    0  012 02     01 1  012     012 12 2
 *
 * After P - 1 steps rank r holds the whole sum of chunk r + 1, and P - 1 more steps pass the sums
 * around.  A chunk is summed in the order in which it travels, the same on every run, and all
 * ranks hold copies of the same bytes.
 *
 * Volume: 2 n (P - 1) / P elements sent by each rank, the least a dense allreduce can do; latency
 * 2 (P - 1) messages.  Scratch: one chunk.
 */

#include <string.h>
#include "base/error.h"
#include "comm/reducer.h"
#include "comm/share.h"

typedef struct ring {
    int at; /* steps started, 0 .. 2 (P - 1) */
    void *chunk;
    csgdi_request send, receive;
} ring;

static size_t chunk_start(const csgd_reducer *r, int chunk)
{
    return csgdi_share(r->compressor.n, r->transport.n_ranks, chunk);
}

static size_t chunk_length(const csgd_reducer *r, int chunk)
{
    return chunk_start(r, chunk + 1) - chunk_start(r, chunk);
}

static char *chunk_of(const csgd_reducer *r, int chunk)
{
    return (char *)r->call.recv + chunk_start(r, chunk) * r->compressor.kernels->size;
}

static csgd_status ring_create(csgd_reducer *r)
{
    ring *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->chunk = csgdi_arena_alloc(&r->arena, chunk_length(r, 0), r->compressor.kernels->size);
    return self->chunk != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* The chunk that this rank sends in a step; the one it receives is one before. */
static int chunk_sent(const csgd_reducer *r, int step)
{
    const int p = r->transport.n_ranks;
    const int first_half = p - 1;

    return step < first_half ? (r->transport.rank - step + p) % p
                             : (r->transport.rank + 1 - (step - first_half) + p) % p;
}

static csgd_status start_step(csgd_reducer *r)
{
    ring *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, out = chunk_sent(r, self->at), in = (out + p - 1) % p;
    const size_t size = r->compressor.kernels->size;
    void *to = self->at < p - 1 ? self->chunk : (void *)chunk_of(r, in);
    csgd_status st = t->ops->receive(t, to, chunk_length(r, in) * size, (t->rank + p - 1) % p, 0,
                                     &self->receive);

    if (st != CSGD_OK) return st;
    return t->ops->send(t, chunk_of(r, out), chunk_length(r, out) * size, (t->rank + 1) % p, 0,
                        &self->send);
}

static csgd_status ring_begin(csgd_reducer *r)
{
    ring *self = r->exchange;
    const csgdi_call *call = &r->call;

    if (call->x != call->recv)
        memcpy(call->recv, call->x, r->compressor.n * r->compressor.kernels->size);
    self->at = 0;
    return r->transport.n_ranks > 1 ? start_step(r) : CSGD_OK;
}

static csgd_status ring_step(csgd_reducer *r)
{
    ring *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks;

    while (self->at < 2 * (p - 1)) {
        bool sent, received;
        csgd_status st = t->ops->test(t, &self->receive, &received);

        if (st == CSGD_OK) st = t->ops->test(t, &self->send, &sent);
        if (st != CSGD_OK) return st;
        if (!sent || !received) return CSGD_MORE;
        if (self->at < p - 1) {
            const int in = (chunk_sent(r, self->at) + p - 1) % p;
            r->compressor.kernels->add(self->chunk, chunk_length(r, in), chunk_of(r, in));
        }
        r->call.moves++;
        if (++self->at == 2 * (p - 1)) break;
        st = start_step(r);
        if (st != CSGD_OK) return st;
    }
    return CSGD_OK;
}

const csgdi_algorithm csgdi_ring = {
    .name = "ring",
    .summary = "dense ring over point-to-point messages, 2n(P-1)/P elements sent by each rank",
    .source = "Patarasuk, Yuan 2009",
    .dense = true,
    .create = ring_create,
    .begin = ring_begin,
    .step = ring_step,
};
