/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_LOOPS_H
#define CSGD_LOOPS_H

/* loops.h: training loops as they stand in the papers, in double, without compression.
 *
 * One step of an uncompressed optimizer at a point that somebody else chooses: so the same gradients
 * can be had as a compressed run has, which is what identities compare.
 */

#include "optim/problem.h"

typedef enum loop_kind {
    LOOP_SGD,
    LOOP_HEAVY_BALL,
    LOOP_NESTEROV,
    LOOP_AVERAGE,
    LOOP_STORM,
    LOOP_ROOTSGD,
    LOOP_IGT,
    LOOP_SVRG,
    LOOP_SARAH
} loop_kind;

enum { LOOP_N = 40 };

typedef struct loop {
    loop_kind kind;
    const problem *problem;
    double alpha, momentum; /* as far as the kind has them */
    int refresh;
    int t;
    double v[LOOP_N];      /* the estimate */
    double move[LOOP_N];   /* what x is to go against: v, or Nesterov's g + mu v */
    double before[LOOP_N]; /* x of the last step */
    double snapshot[LOOP_N], mean[LOOP_N];
} loop;

/* Make v and move for step l->t at x, and go on to the next step. */
void loop_step(loop *l, const double *x);

#endif
