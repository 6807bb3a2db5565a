/* SPDX-License-Identifier: BSD-3-Clause */

/* allgather.c: every message to every rank, and each rank adds them all up.
 *
 *     before   rank r holds message r
 *     after    all ranks hold messages 0 .. P - 1, and decode-add them in that order
 *
 * The sum is added in rank order, so it is the same bits everywhere and always.  Nothing is
 * dropped, nothing encoded twice: the exact sum of the decoded messages.
 *
 * Volume: (P - 1) messages sent by each rank; latency log2 P; every rank adds P messages.  Best for
 * few ranks or short messages.  Memory: room for P messages.
 */

#include <stdio.h>
#include "base/error.h"
#include "comm/reducer.h"

typedef struct allgather {
    size_t bound; /* of a message */
    uint8_t *all; /* P slots of `bound` bytes; this rank's message is written in its own */
    size_t *len;  /* P lengths, then P offsets */
    csgdi_request request;
} allgather;

static csgd_status allgather_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (!c->ops->only_sums) return CSGD_OK;
    return csgdi_fail(
        CSGD_E_UNSUPPORTED,
        "algorithm=allgather decodes each message alone, and %s decides by the sum of "
        "all; use algorithm=linear",
        c->ops->name);
}

static csgd_status allgather_create(csgd_reducer *r)
{
    const size_t p = (size_t)r->transport.n_ranks;
    allgather *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->bound = csgdi_message_bound(&r->compressor);
    self->all = csgdi_arena_alloc(&r->arena, p, self->bound);
    self->len = csgdi_arena_alloc(&r->arena, 2 * p, sizeof *self->len);
    if (self->all == NULL || self->len == NULL) return CSGD_E_NOMEM;
    r->message = self->all + (size_t)r->transport.rank * self->bound;
    if (!r->compressor.variable) return CSGD_OK;

    r->lengths = csgdi_arena_alloc(&r->arena, p, CSGDI_AGREE_WORDS * sizeof *r->lengths);
    r->gathered = csgdi_arena_alloc(&r->arena, p, 2 * sizeof *r->gathered);
    return r->lengths != NULL && r->gathered != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static csgd_status allgather_begin(csgd_reducer *r)
{
    allgather *self = r->exchange;
    const csgdi_transport *t = &r->transport;
    const size_t p = (size_t)t->n_ranks;

    for (size_t i = 0; i < p; i++) {
        const uint64_t len = r->lengths != NULL ? csgdi_agreed_length(r->lengths, i) : r->call.len;

        /* All ranks see the same lengths, unless the transport altered them on the way. */
        if (len > self->bound || len % 8 != 0)
            return csgdi_fail(CSGD_E_CORRUPT,
                              "rank %zu announced a message of %llu bytes, at most "
                              "%zu are possible",
                              i, (unsigned long long)len, self->bound);
        self->len[i] = (size_t)len;
        self->len[p + i] = i * self->bound;
    }
    return t->ops->gather(&r->transport, r->message, self->all, self->len, self->len + p,
                          r->call.blocking, &self->request);
}

static csgd_status allgather_step(csgd_reducer *r)
{
    allgather *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    bool done;
    csgd_status st = r->transport.ops->test(&r->transport, &self->request, &done);

    if (st != CSGD_OK) return st;
    r->call.moves = self->request.parts;
    if (!done) return CSGD_MORE;

    /* All are judged before recv is touched.  No message follows, so nobody waits for us. */
    for (int rank = 0; rank < r->transport.n_ranks; rank++) {
        st = csgdi_message_check(c, self->all + (size_t)rank * self->bound, self->len[rank],
                                 &r->step);
        if (st != CSGD_OK) {
            char whose[32];
            snprintf(whose, sizeof whose, "message of rank %d", rank);
            return csgdi_fail_in(st, whose);
        }
    }
    for (unsigned i = 0; i < c->channels; i++)
        for (int rank = 0; rank < r->transport.n_ranks; rank++)
            csgdi_message_apply_channel(c, self->all + (size_t)rank * self->bound, i,
                                        rank == 0 ? CSGDI_SET : CSGDI_ADD,
                                        i == 0 ? r->call.recv : r->feedback.sum2);
    return CSGD_OK;
}

static double allgather_seconds(const csgdi_cost *c)
{
    return csgdi_cost_rounds(c) * c->rates->alpha + (c->p - 1) * c->message * c->rates->beta +
           csgdi_cost_local(c, c->p);
}

const csgdi_algorithm csgdi_allgather = {
    .name = "allgather",
    .summary = "every message to every rank, added in rank order; P - 1 messages sent by each rank",
    .source = "-",
    .lengths = true,
    .pairs = true,
    .supports = allgather_supports,
    .seconds = allgather_seconds,
    .create = allgather_create,
    .begin = allgather_begin,
    .step = allgather_step,
};
