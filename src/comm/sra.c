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
 * Long ranges are cut into parts of whole blocks, which follow each other through the three steps
 * (flow.h), so that local work hides behind the wire, and both directions of it are in use:
 *
 *     scatter | 0 | 1 | 2 | 3 | ...
 *     reduce      | 0 | 1 | 2 | ...
 *     gather          | 0 | 1 | ...          and each sum is decoded as it comes
 *
 * Parts of a range are as many as its codes are times `piece`, rounded, at least one and at most one
 * for each block; the same number for all ranges.  Blocks are encoded alone, so the bits are the
 * same however they are cut.  Of ranges that are one part a collective does the second half.
 *
 * Volume: with m bytes of codes, (P - 1) / P m sent by each rank in each half: 2 m (P - 1) / P, as
 * little as a ring, and a header of 48 bytes for each piece; latency 2 (P - 1) messages at most.
 * Memory: two messages, SLOTS parts of a range from each rank, and one or two vectors of n / P
 * elements for the owner.
 *
 * A rank that finds a piece corrupt, or a sum that is not finite, still sends all that it owes, marked
 * as poisoned from then on: all ranks then fail together, but where a sum was altered on its last way the
 * one that finds it alone.  None waits.
 */

#include <string.h>
#include "base/error.h"
#include "comm/flow.h"
#include "comm/piece.h"
#include "comm/ranges.h"
#include "compressors/blocks.h"
#include "wire/header.h"

enum {
    PIECE = 32768,               /* bytes of codes of a piece, unless the spec says it */
    SLOTS = CSGDI_FLOW_RECEIVES, /* parts of this range that may have come and not been added */
    SCATTER = 0,                 /* tags */
    GATHER = 1
};

typedef struct sra {
    size_t parts;         /* of each range */
    csgdi_flow scatter;   /* of this rank's codes to their owners */
    csgdi_flow gather;    /* of the owners' sums to all, where there are several parts */
    uint8_t *in;          /* SLOTS times pieces of a part of this range, one of each rank */
    size_t slot;          /* bytes of each */
    uint8_t *pieces;      /* this rank's pieces for all owners, then all owners' pieces */
    size_t *len, *offset; /* [P] of the ranges there */
    size_t added;         /* parts of this range */
    size_t *decoded;      /* [P] parts of ranges */
    csgdi_request whole;  /* the gather, where there is one part */
    bool gathering;
    csgdi_trouble trouble;
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

/* ---- pieces and where they are ---- */

static csgdi_part part_of(const csgd_reducer *r, int owner, size_t part)
{
    return csgdi_range_part(r, owner, part, ((sra *)r->exchange)->parts);
}

/* The piece of a part in `pieces`. */
static uint8_t *piece_of(const csgd_reducer *r, int owner, size_t part)
{
    const sra *self = r->exchange;

    return self->pieces + self->offset[owner] + csgdi_range_offset(r, owner, part, self->parts);
}

/* The piece of a rank for a part of this rank's range. */
static uint8_t *slot_of(const csgd_reducer *r, int from, size_t part)
{
    const sra *self = r->exchange;

    return self->in + (part % SLOTS * (size_t)r->transport.n_ranks + (size_t)from) * self->slot;
}

static uint8_t *scatter_out(csgd_reducer *r, int to, size_t part, size_t *len)
{
    uint8_t *piece = piece_of(r, to, part);
    const csgdi_part p = part_of(r, to, part);

    *len = p.bytes;
    if (p.n > 0) csgdi_part_cut(r, p, piece);
    return piece;
}

static uint8_t *scatter_in(csgd_reducer *r, int from, size_t part, size_t *len)
{
    const sra *self = r->exchange;

    *len = part_of(r, r->transport.rank, part).bytes;
    return part < self->added + SLOTS ? slot_of(r, from, part) : NULL;
}

static uint8_t *gather_out(csgd_reducer *r, int to, size_t part, size_t *len)
{
    const sra *self = r->exchange;
    const int rank = r->transport.rank;

    (void)to;
    *len = part_of(r, rank, part).bytes;
    return part < self->added ? piece_of(r, rank, part) : NULL;
}

/* Where this rank's own piece was, once it has left. */
static uint8_t *gather_in(csgd_reducer *r, int from, size_t part, size_t *len)
{
    const sra *self = r->exchange;

    *len = part_of(r, from, part).bytes;
    return csgdi_flow_sent(&self->scatter, r, from, part) ? piece_of(r, from, part) : NULL;
}

/* ---- from beginning to end ---- */

static csgd_status sra_create(csgd_reducer *r)
{
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    const size_t bytes = r->piece > 0 ? r->piece : PIECE;
    sra *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    size_t total = 0;
    csgd_status st;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->parts = p > 1 ? csgdi_range_parts(r, bytes) : 1;
    self->scatter =
        (csgdi_flow){.tag = SCATTER, .parts = self->parts, .out = scatter_out, .in = scatter_in};
    self->gather =
        (csgdi_flow){.tag = GATHER, .parts = self->parts, .out = gather_out, .in = gather_in};
    self->len = csgdi_arena_alloc(&r->arena, (size_t)p, sizeof *self->len);
    self->offset = csgdi_arena_alloc(&r->arena, (size_t)p, sizeof *self->offset);
    self->decoded = csgdi_arena_alloc(&r->arena, (size_t)p, sizeof *self->decoded);
    if (self->len == NULL || self->offset == NULL || self->decoded == NULL) return CSGD_E_NOMEM;
    for (int o = 0; o < p; o++) {
        self->offset[o] = total;
        self->len[o] = csgdi_range_offset(r, o, self->parts - 1, self->parts) +
                       part_of(r, o, self->parts - 1).bytes;
        total += self->len[o];
    }
    self->slot = part_of(r, rank, 0).bytes;
    self->pieces = csgdi_arena_alloc(&r->arena, total, 1);
    self->in =
        csgdi_arena_alloc(&r->arena,
                          csgdi_size_mul(self->parts < SLOTS ? self->parts : SLOTS, (size_t)p),
                          self->slot);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(&r->compressor), 1);
    if (self->pieces == NULL || self->in == NULL || r->message == NULL) return CSGD_E_NOMEM;
    st = csgdi_flow_create(&self->scatter, r);
    if (st == CSGD_OK && self->parts > 1) st = csgdi_flow_create(&self->gather, r);
    if (st != CSGD_OK) return st;
    return csgdi_owner_create(r, csgdi_range_start(r, rank), csgdi_range_length(r, rank));
}

static csgd_status sra_begin(csgd_reducer *r)
{
    sra *self = r->exchange;

    self->added = 0;
    memset(self->decoded, 0, (size_t)r->transport.n_ranks * sizeof *self->decoded);
    self->gathering = false;
    self->trouble.found = CSGD_OK;
    csgdi_flow_begin(&self->scatter, r);
    if (self->parts > 1) csgdi_flow_begin(&self->gather, r);
    return csgdi_flow_step(&self->scatter, r);
}

static char *elements(const csgd_reducer *r, size_t first)
{
    return (char *)r->call.recv + first * r->compressor.kernels->size;
}

/* What a sum that was not encoded again suffers from. */
static void note_fault(csgd_reducer *r)
{
    sra *self = r->exchange;
    csgd_status st = csgdi_compressor_fault(&r->owner.compressor);

    if (st == CSGD_OK)
        st = csgdi_fail(CSGD_E_NONFINITE,
                        "the sum of finite vectors is not finite: it overflows the element type");
    csgdi_trouble_note(&self->trouble, st, NULL, -1);
}

/* Add up a part of this rank's range in place, and write its second encoding, or say what went
 * wrong. */
static void add(csgd_reducer *r, size_t part)
{
    sra *self = r->exchange;
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    const csgdi_part mine = part_of(r, rank, part);
    const csgdi_compressor c = csgdi_part_view(r, mine);
    uint8_t *dst = piece_of(r, rank, part);
    size_t len;

    if (mine.n == 0) return;
    for (int from = 0; from < p; from++) {
        const uint8_t *codes = csgdi_part_codes(r, mine);

        if (from != rank) {
            const uint8_t *piece = slot_of(r, from, part);
            csgdi_trouble_note(&self->trouble, csgdi_message_check(&c, piece, mine.bytes, &r->step),
                               "piece of", from);
            codes = piece + CSGDI_HEADER_BYTES;
        }
        if (self->trouble.found == CSGD_OK)
            csgdi_blocks_apply(&c, codes, c.n, from == 0 ? CSGDI_SET : CSGDI_ADD,
                               elements(r, mine.first));
    }
    r->owner.compressor.step = r->step;
    if (self->trouble.found == CSGD_OK &&
        !csgdi_feedback_write_part(&r->owner.feedback, elements(r, r->owner.first),
                                   mine.first - r->owner.first, mine.n, dst, &len))
        note_fault(r);
    if (self->trouble.found != CSGD_OK)
        csgdi_piece_fill_poison(r, self->trouble.found, mine.bytes, dst);
}

/* Judge the sum of a part, and decode it. */
static void decode(csgd_reducer *r, int owner, size_t part)
{
    sra *self = r->exchange;
    const csgdi_part p = part_of(r, owner, part);
    const csgdi_compressor c = csgdi_part_view(r, p);
    const uint8_t *piece = piece_of(r, owner, part);

    if (p.n == 0) return;
    csgdi_trouble_note(&self->trouble, csgdi_piece_check_codes(r, &c, piece, p.bytes), "sum of",
                       owner);
    if (self->trouble.found == CSGD_OK)
        csgdi_blocks_apply(&c, piece + CSGDI_HEADER_BYTES, c.n, CSGDI_SET, elements(r, p.first));
}

/* One piece of work on what has come; whether there was one. */
static bool work(csgd_reducer *r)
{
    sra *self = r->exchange;
    const int p = r->transport.n_ranks, rank = r->transport.rank;

    if (self->added < self->parts && csgdi_flow_came(&self->scatter, r, self->added)) {
        add(r, self->added++);
        return true;
    }
    for (int i = 0; i < p && self->parts > 1; i++) {
        const int owner = (rank + p - i) % p;
        const size_t come = owner == rank ? self->added : self->gather.came[owner];

        if (self->decoded[owner] == come) continue;
        decode(r, owner, self->decoded[owner]++);
        return true;
    }
    return false;
}

/* The second half of ranges of one part, by a collective that takes fewer messages. */
static csgd_status gather_whole(csgd_reducer *r)
{
    sra *self = r->exchange;
    csgdi_transport *t = &r->transport;
    csgd_status st = CSGD_OK;
    bool done;

    if (!self->gathering)
        st = t->ops->gather(t, self->pieces + self->offset[t->rank], self->pieces, self->len,
                            self->offset, r->call.blocking, &self->whole);
    self->gathering = true;
    if (st == CSGD_OK) st = t->ops->test(t, &self->whole, &done);
    if (st != CSGD_OK) return st;
    r->call.moves = self->scatter.moves + 1 + self->whole.parts;
    if (!done) return CSGD_MORE;
    for (int o = 0; o < t->n_ranks; o++)
        decode(r, o, 0);
    return csgdi_trouble_status(&self->trouble);
}

static csgd_status sra_step(csgd_reducer *r)
{
    sra *self = r->exchange;
    csgd_status st;

    do {
        st = csgdi_flow_step(&self->scatter, r);
        if (st == CSGD_OK && self->parts > 1) st = csgdi_flow_step(&self->gather, r);
        if (st != CSGD_OK) return st;
        r->call.moves = self->scatter.moves + self->gather.moves;
    } while (work(r));
    if (!csgdi_flow_ended(&self->scatter, r) || self->added < self->parts) return CSGD_MORE;
    if (self->parts == 1) return gather_whole(r);
    return csgdi_flow_ended(&self->gather, r) ? csgdi_trouble_status(&self->trouble) : CSGD_MORE;
}

static const csgdi_sparse *sra_finish(csgd_reducer *r)
{
    if (r->owner.compressor.n > 0) csgdi_feedback_commit(&r->owner.feedback, NULL, true, NULL);
    return NULL;
}

/* Of several parts the longer of wire and work hides the other, but for making the message. */
static double sra_seconds(const csgdi_cost *c)
{
    const double wire = 2 * (c->p - 1) * csgdi_cost_message(c, c->message / c->p);
    const double work = c->n * (2 * c->rates->decode + c->rates->encode / c->p);

    return csgdi_cost_local(c, 0) +
           (c->message / c->p < 2 * PIECE ? wire + work : fmax(wire, work));
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
