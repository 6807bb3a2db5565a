/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_POWER_H
#define CSGD_ORACLE_POWER_H

/* oracle_power.h: the slow powersgd: one matrix, which remembers where the next step starts.
 *
 *     power w = power_make(type, seed, n, cols, rank, 0);    // cols 0: a plain vector
 *     power_first(&w, m); power_second(&w, m);            // p^ in w.p, M^T p^ in w.next
 *     power_expand(&w, y);
 *     power_deliver(&w);                                  // the step has succeeded
 *     power_free(&w);
 */

#include "oracle/oracle.h"

typedef struct power {
    csgd_type type;
    uint64_t seed;
    size_t n, rows, cols, rank;
    size_t q_first;       /* elements of earlier matrices' Q */
    double *p, *q, *next; /* column after column */
} power;

power power_make(csgd_type type, uint64_t seed, size_t n, size_t cols, size_t rank, size_t q_first);
void power_free(power *w);
void power_first(power *w, const double *m);
void power_second(power *w, const double *m);
void power_expand(const power *w, double *y);
void power_deliver(power *w);

#endif
