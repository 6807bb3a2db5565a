/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

/* timing.h: milliseconds, what is said about a few of them, and on which machine.
 *
 * On a shared machine the same loop takes twice as long a minute later, so a benchmark here never
 * stands alone: it alternates with its limit or its rival, and the medians of both are printed.
 */

#include <stddef.h>
#include <stdio.h>

enum { TIMING_REPS = 1000 }; /* samples at most */

/* Milliseconds since some fixed moment, by the clock of the library. */
double timing_ms(void);

/* Median and least of n > 0 samples; the mean of the middle two where n is even. */
double timing_median(const double *sample, size_t n);
double timing_min(const double *sample, size_t n);

/* Write "# ..." lines: processor, operating system, kernels in use, compiler and build. */
void timing_machine(FILE *to);

#endif
