/* SPDX-License-Identifier: BSD-3-Clause */

/* allgather.c: every message to every rank, and each rank adds them all up.
 *
 *     before   rank r holds message r
 *     after    all ranks hold messages 0 .. P - 1, and decode-add them in that order
 *
 * The sum is added in rank order, so it is the same bits everywhere and always.  Nothing is
 * dropped, nothing encoded twice: the exact sum of the decoded messages.
 *
 * Messages of two pieces (`piece=`) or more travel in pieces, one peer at a time (flow.h); meanwhile the
 * result is zeroed, where entries are all that is written to it, and what has come is added.  Shorter ones
 * go by a collective.
 *
 * Volume: (P - 1) messages sent by each rank; latency log2 P, in pieces P - 1; every rank adds P
 * messages.  Best for few ranks or short messages.  Memory: room for P messages.
 */

#include <stdio.h>
#include "base/error.h"
#include "comm/flow.h"
#include "comm/piece.h"
#include "comm/zero.h"
#include "wire/header.h"

enum { PIECE = 32768 }; /* bytes, unless the spec says it */

typedef struct allgather {
    size_t bound; /* of a message */
    uint8_t *all; /* P slots of `bound` bytes; this rank's message is written in its own */
    size_t *len;  /* P lengths, then P offsets */
    csgdi_request request;
    size_t piece;
    csgdi_flow flow;
    bool flows;    /* in this call */
    int added;     /* messages */
    size_t zeroed; /* bytes of recv */
    csgdi_trouble trouble;
} allgather;

/* A piece of a message; those of short ones end before those of others. */
static uint8_t *piece_of(const csgd_reducer *r, int rank, size_t part, size_t *len)
{
    const allgather *self = r->exchange;
    const size_t first = part * self->piece, all = self->len[rank];
    const size_t left = first < all ? all - first : 0;

    *len = left < self->piece ? left : self->piece;
    return self->all + (size_t)rank * self->bound + (left > 0 ? first : 0);
}

static uint8_t *flow_out(csgd_reducer *r, int to, size_t part, size_t *len)
{
    (void)to;
    return piece_of(r, r->transport.rank, part, len);
}

static uint8_t *flow_in(csgd_reducer *r, int from, size_t part, size_t *len)
{
    return piece_of(r, from, part, len);
}

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
    self->piece = r->piece > 0 ? r->piece : PIECE;
    self->flow = (csgdi_flow){.out = flow_out, .in = flow_in};
    self->flow.parts = self->bound / self->piece + 1; /* at the most */
    if (p > 1 && self->bound / 2 >= self->piece) {
        const csgd_status st = csgdi_flow_create(&self->flow, r);
        if (st != CSGD_OK) return st;
    }
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
    size_t longest = 0;

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
        if (self->len[i] > longest) longest = self->len[i];
    }
    self->flows = p > 1 && longest / 2 >= self->piece;
    if (self->flows) {
        self->added = 0;
        self->zeroed = 0;
        self->trouble.found = CSGD_OK;
        self->flow.parts = (longest - 1) / self->piece + 1;
        csgdi_flow_begin(&self->flow, r);
        return csgdi_flow_step(&self->flow, r);
    }
    return t->ops->gather(&r->transport, r->message, self->all, self->len, self->len + p,
                          r->call.blocking, &self->request);
}

/* Judge the message of a rank, and add it; what is wrong with it is told when all has been sent. */
static void take(csgd_reducer *r, int rank)
{
    allgather *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const uint8_t *message = self->all + (size_t)rank * self->bound;
    const csgdi_mode mode = rank == 0 ? CSGDI_SET : CSGDI_ADD;

    csgdi_trouble_note(&self->trouble, csgdi_message_check(c, message, self->len[rank], &r->step),
                       "message of", rank);
    if (self->trouble.found != CSGD_OK) return;
    if (c->ops->family == CSGDI_SELECT) {
        csgdi_zero(r, &self->zeroed, true);
        csgdi_sparse_apply_on(c->kernels, message + CSGDI_HEADER_BYTES, c->n, 0, mode,
                              r->call.recv);
    } else {
        csgdi_message_apply_channel(c, message, 0, mode, r->call.recv);
    }
    if (c->channels > 1) csgdi_message_apply_channel(c, message, 1, mode, r->feedback.sum2);
}

/* What there is to do while pieces are on their way; whether there was something. */
static bool work(csgd_reducer *r)
{
    allgather *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const int p = r->transport.n_ranks;

    if (self->added < p &&
        (self->added == r->transport.rank || self->flow.came[self->added] == self->flow.parts)) {
        take(r, self->added++);
        return true;
    }
    if (c->ops->family != CSGDI_SELECT || self->zeroed == c->n * c->kernels->size) return false;
    csgdi_zero(r, &self->zeroed, false);
    return true;
}

static csgd_status step_pieces(csgd_reducer *r)
{
    allgather *self = r->exchange;

    do {
        const csgd_status st = csgdi_flow_step(&self->flow, r);
        if (st != CSGD_OK) return st;
        r->call.moves = self->flow.moves;
    } while (work(r));
    return csgdi_flow_ended(&self->flow, r) && self->added == r->transport.n_ranks
               ? csgdi_trouble_status(&self->trouble)
               : CSGD_MORE;
}

static csgd_status allgather_step(csgd_reducer *r)
{
    allgather *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    bool done;
    csgd_status st;

    if (self->flows) return step_pieces(r);
    st = r->transport.ops->test(&r->transport, &self->request, &done);
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
