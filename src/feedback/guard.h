/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_GUARD_H
#define CSGDI_GUARD_H

/* guard.h: whether two-step compensation is still stable, while it runs; and the way back where not.
 *
 * It looks at the largest norm of a rank's residuals after each step, and takes means of 16 steps.  It
 * trips where a mean is above four times the one before, or four times the least since step
 * 4 / (1 - rho), by when residuals have come to the size that they are to keep.  (The ratio to the
 * vectors says nothing: those grow with the error.)  A residual that grows by 9 % a step is caught in
 * 32 steps.  Where the step size falls, residuals of the same worth are larger numbers, and so are the
 * means that new ones are compared with.
 *
 * The way back: two calls travel exactly.  The first makes d_t = 0, so that x is exact, and the second,
 * which sends the echo -rho r d_{t-1} of the one before, also v: after it nothing is owed.  From then on
 * compensation takes one step.
 */

#include "feedback/feedback.h"

enum { CSGDI_GUARD_WINDOW = 16, CSGDI_GUARD_EXACT = 2 };

typedef struct csgdi_guard {
    bool on;
    unsigned exact; /* calls to come that travel exactly */
    unsigned seen;  /* norms of the present window */
    double sum;
    double before, least; /* means; 0: none yet */
    uint64_t steps;       /* since there were no residuals */
    uint64_t trips;
} csgdi_guard;

/* Norm of the residuals of a rank: its own, and where it owns one of `owners` ranges, what the
 * residuals of all owners are if they are like its own.  owner may be NULL. */
double csgdi_guard_norm(const csgdi_feedback *f, const csgdi_feedback *owner, double owners);

/* A call was committed.  norm: the largest before it, of any rank; rho and ratio: of the call, the last
 * step size over its own. */
void csgdi_guard_see(csgdi_guard *g, double norm, double rho, double ratio);

/* A call was committed that travelled exactly; whether it was the last of those to come. */
bool csgdi_guard_paid(csgdi_guard *g);

/* It tripped, here or on another rank: one step from now on.  owner may be NULL, or without a rule. */
void csgdi_guard_fall_back(csgdi_guard *g, csgdi_feedback *f, csgdi_feedback *owner);

/* A bound on |x - what x would be had nothing been lost|, from the largest norm of csgdi_guard_norm():
 * step_size times (mean of |d_i| + |d^s| / P), in gradients where that is 0, as none was told.  It is
 * the one of the result that left these residuals. */
double csgdi_guard_certificate(double step_size, double norm, int n_ranks);

#endif
