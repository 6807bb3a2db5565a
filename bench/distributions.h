/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_DISTRIBUTIONS_H
#define BENCH_DISTRIBUTIONS_H

/* distributions.h: vectors to compress, from light tails to heavy ones.
 *
 *     gauss      standard normal
 *     laplace    density exp(-|x|) / 2
 *     student3   Student's t with three degrees of freedom: its variance is finite, its fourth
 *                moment is not; a few entries are far larger than all others, as in gradients
 *
 * Every element is a function of seed and index, and finite.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum distribution { DIST_GAUSS, DIST_LAPLACE, DIST_STUDENT3 } distribution;

/* Find one by name; false if there is none. */
bool distribution_find(const char *name, distribution *d);

/* Fill x[0..n). */
void distribution_fill(distribution d, uint64_t seed, float *x, size_t n);

/* The magnitude that about `density` of x[0..n) reaches, found on a part of x, whose elements are
 * in no order.  Density in (0, 1], n > 0. */
double distribution_limit(const float *x, size_t n, double density);

#endif
