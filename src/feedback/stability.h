/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_STABILITY_H
#define CSGDI_STABILITY_H

/* stability.h: whether residuals stay bounded, by what is known of the compressor.
 *
 * What is added back may come to more than what was missing.  A compressor that draws at random, of
 * mean x and variance omega |x|^2, multiplies the mean square of a residual by omega each step, so one
 * step needs omega < 1.  Two steps add (1 + rho) d1 - rho d2, whose errors are independent, and need
 *
 *     omega < 1 / ((1 + rho)^2 + rho^2)          0.23 at rho = 0.9, 0.2 at 1
 *
 * Where the error is a part of the largest magnitude of a block the residual, which has no large
 * entries, keeps omega low by itself: one step is stable with any number of levels, two steps with
 * seven on a side, 4 bits, at any rho, while one, and one and a half, diverge at 0.5 (measured).
 *
 * An entry that was sent leaves an echo -rho d behind, to be sent in the next step; where others crowd
 * it out it grows.  Keeping each entry with probability p, the second moments of (d1, d2) stay bounded
 * just where
 *
 *     p > 1 - 1 / (rho (1 + 2 rho))              0.60 at rho = 0.9, 2/3 at 1, any up to 0.5
 *
 * Of the largest entries half are enough at any rho, and any number of them up to rho = 0.5; one in
 * four or fewer diverge at 0.9 (measured).  Entries above a limit keep their residual below it, but
 * come to half of all entries.  One bit an entry is stable at any rho (measured), as its error is
 * never far from a fixed part of the block's magnitude.
 */

#include "feedback/feedback.h"

/* Whether one-step, or two-step compensation suits f->compressor, or was forced.  If not,
 * CSGD_E_UNSUPPORTED with a sentence that has both numbers and says what to take instead. */
csgd_status csgdi_stability_one_step(const csgdi_feedback *f);
csgd_status csgdi_stability_two_steps(const csgdi_feedback *f);

#endif
