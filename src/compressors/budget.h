/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_BUDGET_H
#define CSGDI_BUDGET_H

/* budget.h: a limit that is steered so that a run of known length sends what was paid for.
 *
 * For a given sequence a constant limit has the least total error (threshold.c); which one, nobody
 * knows before the sequence is over.  So after each step, with due = what of the budget is left, over the
 * steps to come, without headers,
 *
 *     error  = bytes of this step / due - 1
 *     lambda = lambda (1 + error / tau),  or / (1 - error / tau) where that is below 0;  tau = steps
 *              since the first message that was not empty, 8 at least: a search for the limit whose
 *              mean is due, in ever smaller steps (Robbins, Monro 1951), so that lambda hardly follows
 *              what single steps have, and a vector with more to send sends more
 *     lambda = lambda sqrt(due before / due now): what was spent too much is saved by all that follow
 *
 * A message is cut to what is left, so the budget is never exceeded; in the first twentieth of the
 * steps, while lambda is a guess, to ten times what is due; and the last one has the largest entries of
 * all, as many as the rest pays for.
 *
 * What goes into it is known to all ranks alike, the mean length of their messages, and it is made of
 * additions, multiplications, divisions and roots alone: so is the limit.
 */

#include "compressors/compressor.h"

typedef struct csgdi_budget {
    double total; /* bytes of the messages of one rank, in the mean over ranks; 0: no budget */
    double spent;
    uint64_t steps;
    double silent; /* steps at the beginning that had no entries */
} csgdi_budget;

/* Begin anew before c->step, as if so far all had gone to plan. */
void csgdi_budget_restart(csgdi_budget *b, const csgdi_compressor *c);

/* Most entries of the message of c->step. */
size_t csgdi_budget_entries(const csgdi_budget *b, const csgdi_compressor *c);

/* Whether the message of c->step is to have as many as that, whatever they are. */
bool csgdi_budget_ends(const csgdi_budget *b, const csgdi_compressor *c);

/* The messages of c->step took so many bytes in the mean, with this limit: the next one. */
double csgdi_budget_next(csgdi_budget *b, const csgdi_compressor *c, double bytes, double lambda);

#endif
