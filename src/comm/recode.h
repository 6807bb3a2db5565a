/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_RECODE_H
#define CSGDI_RECODE_H

/* recode.h: the second half of an algorithm that splits, by dense codes that are not the first
 * half's: the owners' sums of their ranges to everybody.
 *
 *     before   rank o has the sum of range o in recv, all its elements
 *     encode   C(S_o + e_o), and e_o keeps what that leaves out
 *     gather   all ranks have the codes of all ranges, and decode them to recv, the owners too
 *
 * C is a compressor of dense codes, named in one word.  With feedback the owner's residual follows
 * the rule for second compressions (owner.c), and C rounds to the nearest; without, C rounds at
 * random where it can, so that the mean is right.  Blocks begin with the range, and so do random words.
 *
 * Volume: with m bytes of codes, m (P - 1) / P sent by each rank, and a header for each range;
 * latency: one gather.  Memory: the codes of all ranges, and with feedback two vectors of n / P.
 */

#include "comm/piece.h"

typedef struct csgdi_recode {
    const size_t *start;   /* range o is elements start[o] .. start[o + 1] - 1 */
    uint8_t *pieces;       /* of all ranges, which have their codes' lengths always */
    size_t *len, *offset;  /* [P] */
    csgdi_request request; /* the gather */
} csgdi_recode;

/* The words of the key `recode`: none, then what csgdi_recode_create() takes. */
extern const char *const csgdi_recode_words[];

/* Allocate from r->arena, and set up r->owner, which has a compressor of its own.  start: P + 1
 * boundaries, which outlive it and do not change. */
csgd_status csgdi_recode_create(csgdi_recode *self, csgd_reducer *r, const char *word,
                                const size_t *start);

/* Encode this rank's sum, unless there is trouble, and begin to gather.  What goes wrong is noted, and
 * the others are told. */
csgd_status csgdi_recode_begin(csgdi_recode *self, csgd_reducer *r, csgdi_trouble *trouble);

/* CSGD_MORE, or CSGD_OK once recv holds all sums, or what was found wrong. */
csgd_status csgdi_recode_step(csgdi_recode *self, csgd_reducer *r, csgdi_trouble *trouble);

/* It was delivered: the owner's residual is the new one. */
void csgdi_recode_commit(csgdi_recode *self, csgd_reducer *r);

#endif
