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
 * Chunks go in segments: one is added, and sent on, while the next is on the wire, so that only the
 * first segment of a step waits for the step before.
 *
 * Volume: 2 n (P - 1) / P elements sent by each rank, the least a dense allreduce can do; latency
 * 2 (P - 1) messages.  Best for long vectors.  Scratch: two segments, not more than one chunk.
 */

#include <string.h>
#include "base/error.h"
#include "comm/reducer.h"
#include "comm/share.h"

/* Of 65536 floats 256 KiB: they stay in a second cache until they are added, and are long enough for
 * the wire to be busy. */
enum { SEGMENT = 65536, WINDOW = 2 /* on the wire at once, each way */ };

/* Segments of all steps are counted on: segment i is segment i % segments of step i / segments. */
typedef struct ring {
    size_t segments;      /* of each chunk */
    size_t window;        /* WINDOW, or 1 where a chunk is one segment */
    size_t posted, taken; /* receives started, and their segments added or in place */
    size_t sends, sent;   /* sends started, and completed */
    char *buffer;         /* `window` segments that are to be added */
    size_t longest;       /* elements of a segment */
    csgdi_request send[WINDOW], receive[WINDOW];
} ring;

static size_t chunk_start(const csgd_reducer *r, int chunk)
{
    return csgdi_share(r->compressor.n, r->transport.n_ranks, chunk);
}

static csgd_status ring_create(csgd_reducer *r)
{
    const size_t chunk = chunk_start(r, 1);
    ring *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->segments = chunk > SEGMENT ? (chunk - 1) / SEGMENT + 1 : 1;
    if (self->segments > INT32_MAX / 2)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "%zu elements are more than a ring can count",
                          r->compressor.n);
    self->window = self->segments > 1 ? WINDOW : 1;
    self->longest = chunk / self->segments + (chunk % self->segments != 0);
    self->buffer =
        csgdi_arena_alloc(&r->arena, self->longest, self->window * r->compressor.kernels->size);
    return self->buffer != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* Segments that are sent, and received, in each half. */
static size_t half(const csgd_reducer *r)
{
    const ring *self = r->exchange;

    return (size_t)(r->transport.n_ranks - 1) * self->segments;
}

/* The elements of segment i as this rank sends it, or receives it, which is of one chunk before. */
static char *segment(const csgd_reducer *r, size_t i, bool received, size_t *count)
{
    const ring *self = r->exchange;
    const int p = r->transport.n_ranks, step = (int)(i / self->segments) + (received ? 1 : 0);
    const int chunk = (r->transport.rank + 2 * p - step) % p; /* in the second half too */
    const size_t first = chunk_start(r, chunk), length = chunk_start(r, chunk + 1) - first;
    const int parts = (int)self->segments, part = (int)(i % self->segments);
    const size_t at = csgdi_share(length, parts, part);

    *count = csgdi_share(length, parts, part + 1) - at;
    return (char *)r->call.recv + (first + at) * r->compressor.kernels->size;
}

static csgd_status ring_begin(csgd_reducer *r)
{
    ring *self = r->exchange;
    const csgdi_call *call = &r->call;

    if (call->x != call->recv)
        memcpy(call->recv, call->x, r->compressor.n * r->compressor.kernels->size);
    self->posted = self->taken = self->sends = self->sent = 0;
    return CSGD_OK;
}

/* Receives: into a buffer what is to be added, else where it belongs, once what stands there has
 * been sent: in the first half, which sent all chunks in the order in which the second receives. */
static csgd_status start_receives(csgd_reducer *r)
{
    ring *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const size_t size = r->compressor.kernels->size, first_half = half(r);
    csgd_status st = CSGD_OK;

    while (st == CSGD_OK && self->posted < 2 * first_half &&
           self->posted < self->taken + self->window &&
           (self->posted < first_half || self->sent > self->posted - first_half)) {
        const size_t i = self->posted++, slot = i % self->window;
        size_t count;
        char *to = segment(r, i, true, &count);

        if (i < first_half) to = self->buffer + slot * self->longest * size;
        st = t->ops->receive(t, to, count * size, (t->rank + t->n_ranks - 1) % t->n_ranks, 0,
                             &self->receive[slot]);
    }
    return st;
}

/* Sends: the first chunk at once, of the others what has been taken of the step before. */
static csgd_status start_sends(csgd_reducer *r)
{
    ring *self = r->exchange;
    csgdi_transport *t = &r->transport;
    csgd_status st = CSGD_OK;

    while (st == CSGD_OK && self->sends < 2 * half(r) && self->sends < self->sent + self->window &&
           self->sends < self->taken + self->segments) {
        const size_t i = self->sends++;
        size_t count;
        const char *from = segment(r, i, false, &count);

        st = t->ops->send(t, from, count * r->compressor.kernels->size, (t->rank + 1) % t->n_ranks,
                          0, &self->send[i % self->window]);
    }
    return st;
}

/* Count what has been sent, and take what has come, in order; *moved says whether anything was. */
static csgd_status complete(csgd_reducer *r, bool *moved)
{
    ring *self = r->exchange;
    csgdi_transport *t = &r->transport;
    bool done = true;
    csgd_status st = CSGD_OK;

    while (self->sent < self->sends) {
        st = t->ops->test(t, &self->send[self->sent % self->window], &done);
        if (st != CSGD_OK || !done) break;
        self->sent++;
        *moved = true;
    }
    if (st != CSGD_OK || self->taken == self->posted) return st;
    st = t->ops->test(t, &self->receive[self->taken % self->window], &done);
    if (st != CSGD_OK || !done) return st;
    if (self->taken < half(r)) {
        const size_t slot = self->taken % self->window;
        size_t count;
        char *sum = segment(r, self->taken, true, &count);
        r->compressor.kernels->add(self->buffer +
                                       slot * self->longest * r->compressor.kernels->size,
                                   count, sum);
    }
    self->taken++;
    r->call.moves++;
    *moved = true;
    return CSGD_OK;
}

static csgd_status ring_step(csgd_reducer *r)
{
    ring *self = r->exchange;
    bool moved = true;

    while (moved) {
        csgd_status st = start_receives(r);

        if (st == CSGD_OK) st = start_sends(r);
        moved = false;
        if (st == CSGD_OK) st = complete(r, &moved);
        if (st != CSGD_OK) return st;
    }
    return self->taken == 2 * half(r) && self->sent == 2 * half(r) ? CSGD_OK : CSGD_MORE;
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
