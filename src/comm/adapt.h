/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ADAPT_H
#define CSGDI_ADAPT_H

/* adapt.h: messages, or the vectors themselves, by what calls really take (`adapt=yes`).
 *
 * A reducer has two plans: its algorithm with messages, and a dense algorithm with m, which the law of
 * every feedback rule allows at any step.  A rank tells in the agreement of a call what its last one took,
 * from the vector to the result but for the wait for the last rank, and gets the largest of all ranks.
 * So all ranks know the same times, one call late, and whatever follows from them follows everywhere
 * at the same call:
 *
 *     what a plan takes   the median of the last 15 calls
 *     a trial             three calls by the other plan, whose median is what that takes
 *     a change            where that is less than 7/8 of what the present plan takes
 *     the next trial      64 calls later; twice as many after each trial that was lost, up to 4096.
 *                         But not before all trials are less than a fiftieth of all time, and after 15
 *                         where the present plan has become slower than the other was by as much as a
 *                         change asks for
 *
 * Nothing here depends on anything but the times that were agreed.  Source: none; the rule is that of
 * an epsilon-greedy choice between two, with the cost of exploring bounded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum csgdi_plan { CSGDI_PLAN_MESSAGES, CSGDI_PLAN_DENSE } csgdi_plan;

enum { CSGDI_ADAPT_WINDOW = 15, CSGDI_ADAPT_TRIAL = 3, CSGDI_ADAPT_REST = 64 };

/* A call: which plan it followed, and whether that was to try it. */
typedef struct csgdi_planned {
    csgdi_plan plan;
    bool trial;
} csgdi_planned;

typedef struct csgdi_adapt {
    bool on;
    csgdi_plan first; /* the plan at the beginning */
    csgdi_plan plan;  /* the present one */
    uint64_t changes;

    /* The last call, until it has been told. */
    bool untold;
    csgdi_planned last;
    double seconds; /* what it took on this rank */

    /* What all ranks know. */
    double recent[CSGDI_ADAPT_WINDOW]; /* of the present plan, the last at turn - 1 */
    size_t n_recent, turn;
    double trial[CSGDI_ADAPT_TRIAL];
    size_t n_trial;
    unsigned trying; /* calls of the trial that are still to be made */
    uint64_t since;  /* calls since the last trial ended */
    uint64_t rest;   /* that are to pass before the next */
    double takes[2]; /* each plan, in seconds, when it was last looked at; 0: unknown */
} csgdi_adapt;

/* Begin with a plan; predicted: what each is to take, 0 where that is unknown. */
void csgdi_adapt_begin(csgdi_adapt *a, csgdi_plan first, const double predicted[2]);

/* Forget all but the changes, and begin with the first plan again. */
void csgdi_adapt_clear(csgdi_adapt *a);

/* By which plan the next call is made.  Changes nothing: a call that fails is made again. */
csgdi_planned csgdi_adapt_next(const csgdi_adapt *a);

/* A call was made by the plan, and took so long on this rank. */
void csgdi_adapt_made(csgdi_adapt *a, csgdi_planned call, double seconds);

/* What the last call took on the slowest rank, as all ranks know now. */
void csgdi_adapt_told(csgdi_adapt *a, double seconds);

/* The present plan and why, in a line; the names are those of the two algorithms. */
void csgdi_adapt_explain(const csgdi_adapt *a, const char *messages, const char *dense, char *dst,
                         size_t cap);

#endif
