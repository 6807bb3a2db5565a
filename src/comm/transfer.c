/* SPDX-License-Identifier: BSD-3-Clause */

/* transfer.c: see transfer.h. */

#include "comm/transfer.h"

csgd_status csgdi_transfer_create(csgdi_transfer *t, csgd_reducer *r, size_t longest)
{
    for (size_t i = 0; i < CSGDI_SEGMENTS; i++) {
        const size_t segment = longest < CSGDI_SEGMENT ? longest : CSGDI_SEGMENT;

        if (i > 0 && segment == 0) break; /* there never is an i-th segment */
        t->segment[i] = csgdi_arena_alloc(&r->arena, segment, r->compressor.kernels->size);
        if (t->segment[i] == NULL) return CSGD_E_NOMEM;
        longest -= segment;
    }
    return CSGD_OK;
}

void csgdi_transfer_begin(csgdi_transfer *t)
{
    t->sends = t->receives = t->taken = 0;
    if (t->to < 0) t->out = t->out_end;
    if (t->from < 0) t->in = t->in_end;
}

static size_t next_segment(size_t first, size_t end)
{
    return end - first < CSGDI_SEGMENT ? end - first : CSGDI_SEGMENT;
}

static char *elements(const csgd_reducer *r, size_t first)
{
    return (char *)r->call.recv + first * r->compressor.kernels->size;
}

/* Start receives of as many segments as there are buffers for. */
static csgd_status start_receives(csgdi_transfer *t, csgd_reducer *r)
{
    const csgdi_transport_ops *ops = r->transport.ops;
    size_t first = t->in + (t->receives - t->taken) * CSGDI_SEGMENT;
    csgd_status st = CSGD_OK;

    for (; st == CSGD_OK && t->receives < t->taken + CSGDI_SEGMENTS && first < t->in_end;
         first += CSGDI_SEGMENT) {
        const size_t i = t->receives++ % CSGDI_SEGMENTS;
        st = ops->receive(&r->transport, t->add ? t->segment[i] : elements(r, first),
                          next_segment(first, t->in_end) * r->compressor.kernels->size, t->from, 0,
                          &t->receive[i]);
    }
    return st;
}

/* Take what has come, in order. */
static csgd_status take(csgdi_transfer *t, csgd_reducer *r)
{
    while (t->in < t->in_end) {
        const size_t i = t->taken % CSGDI_SEGMENTS, count = next_segment(t->in, t->in_end);
        bool done;
        csgd_status st = start_receives(t, r);

        if (st == CSGD_OK) st = r->transport.ops->test(&r->transport, &t->receive[i], &done);
        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
        if (t->add) r->compressor.kernels->add(t->segment[i], count, elements(r, t->in));
        t->in += count;
        t->taken++;
        r->call.moves++;
    }
    return CSGD_OK;
}

/* Start sends, as far as those before have gone; CSGD_OK when all have. */
static csgd_status give(csgdi_transfer *t, csgd_reducer *r)
{
    const csgdi_transport_ops *ops = r->transport.ops;
    csgd_status st;
    bool done, all = true;

    while (t->out < t->out_end) {
        const size_t i = t->sends % CSGDI_SEGMENTS, count = next_segment(t->out, t->out_end);

        st = ops->test(&r->transport, &t->send[i], &done);
        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
        st = ops->send(&r->transport, elements(r, t->out), count * r->compressor.kernels->size,
                       t->to, 0, &t->send[i]);
        if (st != CSGD_OK) return st;
        t->out += count;
        t->sends++;
        r->call.moves++;
    }
    for (size_t i = 0; i < CSGDI_SEGMENTS; i++) {
        st = ops->test(&r->transport, &t->send[i], &done);
        if (st != CSGD_OK) return st;
        all = all && done;
    }
    return all ? CSGD_OK : CSGD_MORE;
}

csgd_status csgdi_transfer_step(csgdi_transfer *t, csgd_reducer *r)
{
    const csgd_status begun = t->in < t->in_end ? start_receives(t, r) : CSGD_OK;
    csgd_status given, taken;

    if (begun != CSGD_OK) return begun;
    given = give(t, r);
    if (given != CSGD_OK && given != CSGD_MORE) return given;
    taken = take(t, r);
    return taken == CSGD_OK ? given : taken;
}
