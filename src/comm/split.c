/* SPDX-License-Identifier: BSD-3-Clause */

/* split.c: split and gather: owners of ranges add sparse vectors, and everybody gets the sums.
 *
 * The vector is cut into P ranges; rank o owns range o.  P = 3, where E_r are the entries of rank r
 * and S_o the sum of range o:
 *
 *               rank 0                rank 1                rank 2
 *     before    E_0                   E_1                   E_2
 *     scatter   E_0 E_1 E_2 range 0   E_0 E_1 E_2 range 1   E_0 E_1 E_2 range 2
 *     add       S_0                   S_1                   S_2
 *     spread    S_0 S_1 S_2           S_0 S_1 S_2           S_0 S_1 S_2
 *
 * An owner adds in rank order, so the result has the bits of algorithm=allgather.  Entries travel
 * first as piece.h says, sums in the element type.
 *
 * Volume: k (P - 1) / P entries to the owners, then the sums of P - 1 ranges, all of them K entries
 * for a union of K: together between 2 k (P - 1) / P, where all supports are equal, and
 * k (P - 1) (1 + 1 / P), where none overlap.  Latency: P - 1 messages and ceil(log2 P).  Each rank
 * adds k entries in place of k P.  Best for long messages whose union is still sparse.  Memory: of
 * k P entries three times as bytes, and one sum of a range.
 */

#include <string.h>
#include "base/error.h"
#include "comm/lists.h"
#include "comm/scatter.h"
#include "comm/spread.h"
#include "comm/zero.h"
#include "wire/header.h"
#include "wire/sparse_sum.h"

typedef struct split {
    csgdi_scatter scatter;
    csgdi_spread spread;
    csgdi_sparse sum; /* of this rank's range */
    csgdi_sparse_adder adder;
    csgdi_sparse_part *part; /* P */
    size_t most;             /* entries of all sums */
    bool spreading;
    int placed;    /* sums that are in recv */
    size_t at;     /* where the next stands among those that have come */
    size_t zeroed; /* bytes of recv */
    csgdi_trouble trouble;
} split;

static csgd_status split_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (c->ops->family == CSGDI_SELECT) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "algorithm=split adds sparse vectors, which %s does not make; "
                      "use algorithm=allgather",
                      c->ops->name);
}

static csgd_status split_create(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t p = (size_t)r->transport.n_ranks;
    const size_t longest = c->n / p + (c->n % p != 0), all = csgdi_size_mul(c->max_k, p);
    split *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    csgd_status st;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->most = all < c->n ? all : c->n;
    self->sum = (csgdi_sparse){.room = all < longest ? all : longest, .channels = 1};
    self->sum.index = csgdi_arena_alloc(&r->arena, self->sum.room, sizeof *self->sum.index);
    self->sum.value = csgdi_arena_alloc(&r->arena, self->sum.room, c->kernels->size);
    self->part = csgdi_arena_alloc(&r->arena, p, sizeof *self->part);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(c), 1);
    if (self->sum.index == NULL || self->sum.value == NULL || self->part == NULL ||
        r->message == NULL)
        return CSGD_E_NOMEM;
    st = csgdi_sparse_adder_create(&self->adder, c->kernels, longest, c->max_k / p, &r->arena);
    if (st == CSGD_OK) st = csgdi_scatter_create(&self->scatter, r, longest);
    if (st != CSGD_OK) return st;
    return csgdi_spread_create(&self->spread, r, csgdi_pieces_bound(c, c->n, self->most, p));
}

static csgd_status split_begin(csgd_reducer *r)
{
    split *self = r->exchange;

    self->spreading = false;
    self->placed = 0;
    self->at = self->zeroed = 0;
    self->trouble.found = CSGD_OK;
    if (r->call.recv == NULL) r->call.entries->k = 0;
    return csgdi_scatter_begin(&self->scatter, r);
}

static size_t range_length(const split *self, int range)
{
    return self->scatter.start[range + 1] - self->scatter.start[range];
}

/* Add up this rank's range, and write the sum where it will be spread from. */
static size_t add(csgd_reducer *r)
{
    split *self = r->exchange;
    const csgdi_kernels *k = r->compressor.kernels;
    const int p = r->transport.n_ranks;
    csgdi_sparse *sum = &self->sum;

    sum->n = range_length(self, r->transport.rank);
    if (self->trouble.found == CSGD_OK) {
        for (int from = 0; from < p; from++)
            csgdi_sparse_stream(&self->part[from], k, csgdi_scatter_stream(&self->scatter, from),
                                sum->n);
        /* There is room: no piece has more than max_k entries, nor than the range. */
        csgdi_sparse_sum(&self->adder, self->part, (size_t)p, sum);
    }
    if (self->trouble.found != CSGD_OK)
        return csgdi_piece_write_poison(r, self->trouble.found, self->spread.pool);
    return csgdi_piece_write(r, csgdi_sum_format(&r->compressor), sum, self->spread.pool);
}

/* The sum of a range goes to the entries; this rank's came first, so the last turns them. */
static void take(csgd_reducer *r, const uint8_t *stream, int owner)
{
    split *self = r->exchange;

    if (!csgdi_list_take(&r->compressor, stream, range_length(self, owner),
                         self->scatter.start[owner], r->call.entries))
        csgdi_trouble_note(&self->trouble,
                           csgdi_fail(CSGD_E_CORRUPT,
                                      "sums have more entries than all ranks can have sent"),
                           "sum of", owner);
    if (self->placed + 1 == r->transport.n_ranks) csgdi_list_turn(&r->compressor, r->call.entries);
}

/* Judge the sums that have come since the last time, and write them to recv. */
static void place(csgd_reducer *r)
{
    split *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const int p = r->transport.n_ranks;

    for (; self->placed < self->spread.have && self->trouble.found == CSGD_OK; self->placed++) {
        const int owner = (r->transport.rank + self->placed) % p;
        const size_t n = range_length(self, owner);
        csgd_status st = CSGD_E_CORRUPT;
        size_t len;
        const uint8_t *piece = csgdi_spread_next(&self->spread, &self->at, &len);

        if (piece != NULL) st = csgdi_piece_check_sum(r, piece, len, n, self->most, NULL);
        csgdi_trouble_note(&self->trouble, st, "sum of", owner);
        if (st != CSGD_OK) return;
        if (r->call.recv == NULL) {
            take(r, piece + CSGDI_HEADER_BYTES, owner);
            continue;
        }
        csgdi_zero(r, &self->zeroed, true);
        csgdi_sparse_apply(c->kernels, piece + CSGDI_HEADER_BYTES, n, 0, CSGDI_ADD,
                           (char *)r->call.recv + self->scatter.start[owner] * c->kernels->size);
    }
}

static csgd_status split_step(csgd_reducer *r)
{
    split *self = r->exchange;
    csgd_status st;

    if (!self->spreading) {
        st = csgdi_scatter_step(&self->scatter, r, &self->trouble);
        if (st == CSGD_MORE) csgdi_zero(r, &self->zeroed, false);
        if (st != CSGD_OK) return st;
        csgdi_spread_begin(&self->spread, add(r));
        self->spreading = true;
    }
    st = csgdi_spread_step(&self->spread, r);
    if (st != CSGD_OK && st != CSGD_MORE) return st;
    place(r); /* while others are on their way */
    return st == CSGD_OK ? csgdi_trouble_status(&self->trouble) : CSGD_MORE;
}

static double split_seconds(const csgdi_cost *c)
{
    const double entries = csgdi_cost_union(c, c->p);

    return (c->p - 1) * csgdi_cost_message(c, c->message / c->p) +
           csgdi_cost_rounds(c) * c->rates->alpha +
           entries * c->entry * (c->p - 1) / c->p * c->rates->beta + csgdi_cost_local(c, 1) +
           csgdi_cost_merge(c, c->k + 2 * entries);
}

const csgdi_algorithm csgdi_split = {
    .name = "split",
    .summary = "sparse: owners of ranges add, their sums go to all; k (P-1)/P entries and the sums "
               "sent by each rank",
    .source = "SparCML, Renggli et al. 2019",
    .entries = true,
    .supports = split_supports,
    .seconds = split_seconds,
    .create = split_create,
    .begin = split_begin,
    .step = split_step,
};
