/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_OPEN_LOOP_H
#define REPRO_OPEN_LOOP_H

/* open_loop.h: how far compressed momentum drifts from plain momentum on the same gradients.
 *
 * One worker and no model: d = 200, increments B = alpha (w z + 0.3 w) with w falling from 1 to
 * 10^-1.5 and z normal, alpha = 1 - rho.  With what arrives, q, and what was meant, B,
 *
 *     v^ = rho v^ + q;    v = rho v + B;    U = sum of v^ - sum of v
 *
 * |U| / alpha is the distance between the two models in units of the step size, had they not fed
 * back.  Mean over the last 300 of 1,500 steps, as the numpy scripts have it.
 */

#include <stdint.h>

enum { OPEN_LOOP_N = 200, OPEN_LOOP_STEPS = 1500, OPEN_LOOP_TAIL = 300 };

typedef struct open_loop {
    double gap;     /* mean of |U| / alpha; infinite where it diverged */
    double density; /* of what arrived, over the same steps */
    int diverged;   /* the step where |U| passed 10^12 or the reducer gave up, 0: never */
} open_loop;

/* Run a spec, "" for its feedback keys included; each step's |U| / alpha goes to path, if not NULL,
 * OPEN_LOOP_STEPS of them.  Returns 0, or -1 where the spec is refused (csgd_error_detail()). */
int open_loop_run(const char *spec, double rho, uint64_t seed, double *path, open_loop *outcome);

#endif
