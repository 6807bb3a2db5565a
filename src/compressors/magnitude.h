/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_MAGNITUDE_H
#define CSGDI_MAGNITUDE_H

/* magnitude.h: keys of magnitudes, which kernels.h defines: from numbers and back, and the k-th
 * largest of a list. */

#include "kernels/kernels.h"

/* The key of the least element of a type that is not below lambda >= 0; infinity's where there is
 * no finite one. */
uint64_t csgdi_least_key(csgd_type type, double lambda);

/* The other way. */
double csgdi_key_value(csgd_type type, uint64_t key);

uint64_t csgdi_infinity_key(csgd_type type);

/* NaN's largest: no key is above. */
uint64_t csgdi_last_key(csgd_type type);

/* Keys between a number and its double. */
uint64_t csgdi_octave_keys(csgd_type type);

/* For csgdi_kth_magnitude(): 2^CSGDI_KTH_DIGIT counts. */
enum { CSGDI_KTH_DIGIT = 10 };

/* The key of the k-th largest magnitude of n elements, 1 <= k <= n, which is known to be from low to
 * high, and in *ties how many of the k have just that key.  counts: scratch. */
uint64_t csgdi_kth_magnitude(const csgdi_kernels *kernels, const void *x, size_t n, size_t k,
                             uint64_t low, uint64_t high, uint64_t *counts, size_t *ties);

#endif
