/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_LARGEST_H
#define CSGDI_LARGEST_H

/* largest.h: the k entries of largest magnitude. */

#include "base/alloc.h"
#include "wire/sparse.h"

/* Scratch for a search; NULL with the sentence set. */
uint64_t *csgdi_largest_scratch(csgdi_arena *arena);

/* Append the k entries of largest magnitude among n elements to out, x pointing to the first and
 * `base` its index; of equal magnitudes the lowest index wins.  k <= n, and k fit. */
void csgdi_largest(const csgdi_kernels *kernels, const void *x, size_t n, uint32_t base, size_t k,
                   uint64_t *scratch, csgdi_sparse *out);

#endif
