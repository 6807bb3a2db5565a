/* SPDX-License-Identifier: BSD-3-Clause */

/* rabenseifner.c: dense allreduce in 2 log2 P steps: ranges are halved and added, then doubled.
 *
 * P = 4; "02" is the sum of ranks 0 and 2, a dot what a rank no longer looks after, columns are
 * quarters of the vector:
 *
 *                rank 0         rank 1         rank 2         rank 3
 *     start      0 0 0 0        1 1 1 1        2 2 2 2        3 3 3 3
 *     halve      02 02 . .      13 13 . .      . . 02 02      . . 13 13      0 with 2, 1 with 3
 *     halve      all . . .      . all . .      . . all .      . . . all      0 with 1, 2 with 3
 *     double     all all . .    all all . .    . . all all    . . all all    0 with 1, 2 with 3
 *     double     all of it      all of it      all of it      all of it      0 with 2, 1 with 3
 *
 * With Q the largest power of two up to P, ranks 0 .. 2 (P - Q) - 1 fold in pairs first: the odd one
 * sends its vector, the even one adds it, takes part, and sends the result back.  An element is
 * summed as this tree says, the same on every run.
 *
 * Volume: 2 n (Q - 1) / Q elements sent by each rank of the Q; n by the odd ones of pairs, and n
 * more by the even ones.  Latency: 2 log2 Q messages, and 2 where ranks fold.  Best for vectors too
 * short for a ring's 2 (P - 1) messages, on a power of two of ranks.  Memory: segments, of at most
 * n / 2 elements or n where ranks fold.
 */

#include <string.h>
#include "base/error.h"
#include "comm/reducer.h"
#include "comm/transfer.h"

typedef struct rabenseifner {
    int folded; /* pairs */
    int depth;  /* log2 Q: rounds of halving, and of doubling; round 0 folds, the last unfolds */
    int number; /* of this rank among the Q; -1: its partner's */
    int round;
    bool begun; /* the round */
    csgdi_transfer transfer;
} rabenseifner;

static csgd_status rabenseifner_create(csgd_reducer *r)
{
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    const size_t n = r->compressor.n;
    rabenseifner *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    while (p >> (self->depth + 1) > 0)
        self->depth++;
    self->folded = p - (1 << self->depth);
    if (rank < 2 * self->folded)
        self->number = rank % 2 == 0 ? rank / 2 : -1;
    else
        self->number = rank - self->folded;
    return csgdi_transfer_create(&self->transfer, r, self->folded > 0 ? n : n - n / 2);
}

/* The range that a number looks after once the vector was halved `times` times. */
static void range_of(const csgd_reducer *r, int number, int times, size_t *first, size_t *end)
{
    const rabenseifner *self = r->exchange;

    *first = 0;
    *end = r->compressor.n;
    for (int i = 1; i <= times; i++) {
        const size_t middle = *first + (*end - *first) / 2;
        if (number >> (self->depth - i) & 1)
            *first = middle;
        else
            *end = middle;
    }
}

/* All of the vector between the two of a pair. */
static void fold(csgd_reducer *r, bool back)
{
    rabenseifner *self = r->exchange;
    csgdi_transfer *t = &self->transfer;
    const int rank = r->transport.rank;

    if (rank < 2 * self->folded && (rank % 2 == 1) != back)
        t->to = rank ^ 1;
    else if (rank < 2 * self->folded)
        t->from = rank ^ 1;
    t->out = t->in = 0;
    t->out_end = t->in_end = r->compressor.n;
    t->add = !back;
}

static void begin_round(csgd_reducer *r)
{
    rabenseifner *self = r->exchange;
    csgdi_transfer *t = &self->transfer;
    const int depth = self->depth, round = self->round;
    const bool halves = round <= depth;
    const int times = halves ? round : 2 * depth + 1 - round; /* the vector was halved after it */

    t->to = t->from = -1;
    if (round == 0 || round > 2 * depth) {
        fold(r, round > 0);
    } else if (self->number >= 0) {
        const int partner = self->number ^ (1 << (depth - times));

        t->to = t->from = partner < self->folded ? 2 * partner : partner + self->folded;
        range_of(r, halves ? partner : self->number, times, &t->out, &t->out_end);
        range_of(r, halves ? self->number : partner, times, &t->in, &t->in_end);
        t->add = halves;
    }
    csgdi_transfer_begin(t);
    self->begun = true;
}

static csgd_status rabenseifner_begin(csgd_reducer *r)
{
    rabenseifner *self = r->exchange;
    const csgdi_call *call = &r->call;

    if (call->x != call->recv)
        memcpy(call->recv, call->x, r->compressor.n * r->compressor.kernels->size);
    self->round = 0;
    self->begun = false;
    return CSGD_OK;
}

static csgd_status rabenseifner_step(csgd_reducer *r)
{
    rabenseifner *self = r->exchange;

    for (; self->round <= 2 * self->depth + 1; self->round++) {
        csgd_status st;

        if (!self->begun) begin_round(r);
        st = csgdi_transfer_step(&self->transfer, r);
        if (st != CSGD_OK) return st;
        self->begun = false;
    }
    return CSGD_OK;
}

const csgdi_algorithm csgdi_rabenseifner = {
    .name = "rabenseifner",
    .summary = "dense, in 2 log2 P messages: halving, then doubling; 2n(P-1)/P elements sent by "
               "each rank, for P a power of two",
    .source = "Rabenseifner 2004",
    .dense = true,
    .create = rabenseifner_create,
    .begin = rabenseifner_begin,
    .step = rabenseifner_step,
};
