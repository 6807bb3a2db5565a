/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_BITS_PART_H
#define CSGD_BITS_PART_H

/* bits_part.h: an optimizer over a reducer gives the bits that it gives over simulated workers. */

#include "support/ranks.h"

enum { BITS_N = 403, BITS_STEPS = 14 };

typedef struct bits_setting {
    const char *optimizer;
    const char *spec; /* of the reducer, and of the simulation */
} bits_setting;

/* x, v and the sum of all residuals after every step. */
typedef struct bits_trace {
    unsigned char x[BITS_STEPS][BITS_N * sizeof(double)], v[BITS_STEPS][BITS_N * sizeof(double)],
        e[BITS_STEPS][BITS_N * sizeof(double)];
} bits_trace;

typedef struct bits_run {
    bits_setting set;
    bits_trace simulated;
} bits_run;

/* Simulate; asserts. */
void bits_simulate(bits_run *run, const bits_setting *set, int n_workers);

/* A rank's part: arg is a run that was simulated for as many workers. */
void bits_part(ranks *all, int rank, void *arg);

#endif
