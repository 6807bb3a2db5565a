/* SPDX-License-Identifier: BSD-3-Clause */

/* sra.c: scatter, reduce, allgather: an allreduce of dense codes that encodes twice.
 *
 * The vector is cut into P ranges of whole blocks; rank o owns range o.  P = 3, where C is what a
 * rank encodes and S_o the sum of range o:
 *
 *               rank 0                rank 1                rank 2
 *     before    C0 C0 C0              C1 C1 C1              C2 C2 C2
 *     scatter   C0 C1 C2 of range 0   C0 C1 C2 of range 1   C0 C1 C2 of range 2
 *     reduce    C(S_0 + e)            C(S_1 + e)            C(S_2 + e)
 *     gather    all three             all three             all three
 *
 * The owner decodes and adds in rank order, adds the residual of its own second compression where
 * there is feedback, encodes again, and keeps the rest: the owner residual, so that nothing is
 * lost in the second encoding either.  Everybody decodes the same bytes, the owner too.
 *
 * Volume: with m bytes of codes, (P - 1) / P m sent by each rank in each half: 2 m (P - 1) / P, as
 * little as a ring; latency 2 (P - 1) messages at most.  Memory: codes of P ranges, twice, and one
 * or two vectors of n / P elements for the owner.
 *
 * A rank that finds a piece corrupt, or a sum that is not finite, still sends its part of the
 * second half, marked as poisoned: all ranks then fail together and none waits.
 */

#include <stdio.h>
#include <string.h>
#include "base/bytes.h"
#include "base/error.h"
#include "compressors/blocks.h"
#include "comm/piece.h"
#include "comm/ranges.h"
#include "wire/header.h"

typedef struct sra {
    uint8_t *scatter;        /* P slots for this range's pieces from all ranks */
    uint8_t *pieces;         /* this rank's pieces for all owners, then all owners' pieces */
    size_t slot;             /* bytes of a slot of `scatter` */
    size_t *len, *offset;    /* [P] of the pieces in `pieces` */
    csgdi_request *requests; /* P sends, P receives, and the gather */
    bool gathering;
    csgd_status found;  /* what this rank found wrong on the way */
    char sentence[512]; /* and why */
} sra;

static csgd_status sra_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (c->ops->family == CSGDI_QUANTIZE || c->ops->family == CSGDI_EXACT) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "algorithm=sra splits dense codes, which %s does not make; "
                      "use algorithm=allgather",
                      c->ops->name);
}

static csgd_status sra_create(csgd_reducer *r)
{
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    sra *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    size_t total = 0;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->len = csgdi_arena_alloc(&r->arena, (size_t)p, sizeof *self->len);
    self->offset = csgdi_arena_alloc(&r->arena, (size_t)p, sizeof *self->offset);
    self->requests = csgdi_arena_zalloc(&r->arena, 2 * (size_t)p + 1, sizeof *self->requests);
    if (self->len == NULL || self->offset == NULL || self->requests == NULL) return CSGD_E_NOMEM;
    for (int o = 0; o < p; o++) {
        self->len[o] = csgdi_range_bytes(r, o);
        self->offset[o] = total;
        total += self->len[o];
    }
    self->slot = self->len[rank];
    self->pieces = csgdi_arena_alloc(&r->arena, total, 1);
    self->scatter = csgdi_arena_alloc(&r->arena, (size_t)p, self->slot);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(&r->compressor), 1);
    if (self->pieces == NULL || self->scatter == NULL || r->message == NULL) return CSGD_E_NOMEM;
    return csgdi_owner_create(r, csgdi_range_start(r, rank), csgdi_range_length(r, rank));
}

static csgd_status sra_begin(csgd_reducer *r)
{
    sra *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, rank = t->rank;
    csgd_status st = CSGD_OK;

    self->gathering = false;
    self->found = CSGD_OK;
    for (int i = 1; i < p && self->slot > 0 && st == CSGD_OK; i++) {
        const int from = (rank + p - i) % p;
        st = t->ops->receive(t, self->scatter + (size_t)from * self->slot, self->slot, from, 0,
                             &self->requests[p + from]);
    }
    for (int i = 0; i < p && st == CSGD_OK; i++) {
        const int to = (rank + i) % p;
        if (self->len[to] == 0) continue;
        csgdi_range_cut(r, to,
                        to == rank ? self->scatter + (size_t)rank * self->slot
                                   : self->pieces + self->offset[to]);
        if (to != rank)
            st = t->ops->send(t, self->pieces + self->offset[to], self->len[to], to, 0,
                              &self->requests[to]);
    }
    return st;
}

static void note(sra *self, csgd_status st, int from)
{
    if (st == CSGD_OK || self->found != CSGD_OK) return;
    self->found = st;
    snprintf(self->sentence, sizeof self->sentence, "piece of rank %d: %s", from,
             csgd_error_detail());
}

/* Add up this rank's range in place, and write its second encoding, or say what went wrong. */
static void reduce(csgd_reducer *r, uint8_t *dst)
{
    sra *self = r->exchange;
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    const csgdi_compressor c = csgdi_range_view(r, rank);
    char *sum = (char *)r->call.recv + csgdi_range_start(r, rank) * c.kernels->size;
    size_t len;

    for (int from = 0; from < p; from++) {
        const uint8_t *piece = self->scatter + (size_t)from * self->slot;
        note(self, csgdi_message_check(&c, piece, self->slot, &r->step), from);
        if (self->found == CSGD_OK)
            csgdi_blocks_apply(&c, piece + CSGDI_HEADER_BYTES, c.n,
                               from == 0 ? CSGDI_SET : CSGDI_ADD, sum);
    }
    r->owner.compressor.step = r->step;
    if (self->found == CSGD_OK && !csgdi_feedback_write(&r->owner.feedback, sum, dst, &len)) {
        self->found = csgdi_compressor_fault(&r->owner.compressor);
        snprintf(self->sentence, sizeof self->sentence, "%s",
                 self->found != CSGD_OK
                     ? csgd_error_detail()
                     : "the sum of finite vectors is not finite: it overflows the element type");
        if (self->found == CSGD_OK) self->found = CSGD_E_NONFINITE;
    }
    if (self->found != CSGD_OK) {
        const csgdi_header header = {.compressor = CSGDI_PIECE_POISON,
                                     .type = c.type,
                                     .n = c.n,
                                     .step = r->step,
                                     .payload = self->slot - CSGDI_HEADER_BYTES};
        memset(dst + CSGDI_HEADER_BYTES, 0, header.payload);
        csgdi_store64(dst + CSGDI_HEADER_BYTES, (uint64_t)-self->found);
        csgdi_header_write(&header, dst);
    }
}

/* Judge all owners' pieces, then decode them. */
static csgd_status decode(csgd_reducer *r)
{
    sra *self = r->exchange;
    const int p = r->transport.n_ranks;

    if (self->found != CSGD_OK) return csgdi_fail(self->found, "%s", self->sentence);
    for (int o = 0; o < p; o++) {
        const csgdi_compressor c = csgdi_range_view(r, o);
        const uint8_t *piece = self->pieces + self->offset[o];
        csgdi_header header;
        csgd_status st;

        if (c.n == 0) continue;
        st = csgdi_header_read(piece, self->len[o], &header);
        if (st == CSGD_OK && header.compressor == CSGDI_PIECE_POISON) {
            char whose[32];
            snprintf(whose, sizeof whose, "sum of rank %d", o);
            return csgdi_fail_in(csgdi_piece_told(piece + CSGDI_HEADER_BYTES, 8), whose);
        }
        if (st == CSGD_OK) st = csgdi_message_check(&c, piece, self->len[o], &r->step);
        note(self, st, o);
        if (st != CSGD_OK) return csgdi_fail(st, "%s", self->sentence);
    }
    for (int o = 0; o < p; o++) {
        const csgdi_compressor c = csgdi_range_view(r, o);
        const size_t first = csgdi_range_start(r, o);
        if (c.n > 0)
            csgdi_blocks_apply(&c, self->pieces + self->offset[o] + CSGDI_HEADER_BYTES, c.n,
                               CSGDI_SET, (char *)r->call.recv + first * c.kernels->size);
    }
    return CSGD_OK;
}

static csgd_status sra_step(csgd_reducer *r)
{
    sra *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, rank = t->rank;
    csgd_status st;
    bool done;

    if (!self->gathering) {
        bool all = true;
        uint64_t moves = 0;
        for (int i = 0; i < 2 * p; i++) {
            st = t->ops->test(t, &self->requests[i], &done);
            if (st != CSGD_OK) return st;
            all = all && done;
            moves += done;
        }
        r->call.moves = moves;
        if (!all) return CSGD_MORE;
        if (self->slot > 0) reduce(r, self->pieces + self->offset[rank]);
        self->gathering = true;
        r->call.moves++;
        st = t->ops->gather(t, self->pieces + self->offset[rank], self->pieces, self->len,
                            self->offset, r->call.blocking, &self->requests[2 * p]);
        if (st != CSGD_OK) return st;
    }
    st = t->ops->test(t, &self->requests[2 * p], &done);
    if (st != CSGD_OK) return st;
    r->call.moves = 2 * (uint64_t)p + 1 + self->requests[2 * p].parts;
    return done ? decode(r) : CSGD_MORE;
}

static const csgdi_sparse *sra_finish(csgd_reducer *r)
{
    const sra *self = r->exchange;

    if (self->slot > 0)
        csgdi_feedback_commit(&r->owner.feedback, self->pieces + self->offset[r->transport.rank],
                              true, NULL);
    return NULL;
}

static double sra_seconds(const csgdi_cost *c)
{
    return 2 * (c->p - 1) * csgdi_cost_message(c, c->message / c->p) + csgdi_cost_local(c, 2) +
           csgdi_cost_local(c, 0) / c->p;
}

const csgdi_algorithm csgdi_sra = {
    .name = "sra",
    .summary = "dense codes: scatter ranges, decode-add, encode again with the owner's residual, "
               "allgather; 2 m (P-1)/P bytes sent by each rank for m bytes of codes",
    .source = "DoubleSqueeze, Tang et al. 2019; CGX, Markov et al. 2022",
    .supports = sra_supports,
    .seconds = sra_seconds,
    .create = sra_create,
    .begin = sra_begin,
    .step = sra_step,
    .finish = sra_finish,
};
