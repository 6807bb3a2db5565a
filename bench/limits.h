/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_LIMITS_H
#define BENCH_LIMITS_H

/* limits.h: the three loops that memory allows to be no faster, against which operations are
 * measured.
 *
 *     read     all of x, once                      4 bytes an element
 *     bump     y[i] += c                           8
 *     add      b[i] += a[i]                       12
 *
 * Each on the threads that limit_threads() was told, 1 before.  They use the widest vectors of the machine, whatever instruction set the library was told to
 * use, and share no code with it.
 */

#include <stdbool.h>
#include <stddef.h>

/* Whether there can be so many threads. */
bool limit_threads(size_t threads);

void limit_read(const float *x, size_t n);
void limit_bump(float *y, size_t n);
void limit_add(const float *a, float *b, size_t n);

#endif
