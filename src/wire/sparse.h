/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPARSE_H
#define CSGDI_SPARSE_H

/* sparse.h: sparse vectors, in memory and as bytes.
 *
 * In memory: k strictly increasing indices below n, and `channels` values for each.  Two channels
 * carry two vectors that share a support; channel c of entry j is value[c * k + j].
 *
 * As bytes (raw indices, values in the element type):
 *
 *     k : u64 | index[0..k) : u32 | zeros to a multiple of 8 |
 *     value[0..channels * k) : element type | zeros to a multiple of 8
 */

#include <stddef.h>
#include <stdint.h>
#include "kernels/kernels.h"

typedef struct csgdi_sparse {
    size_t n;          /* elements of the vector this is a sparse form of */
    size_t k;          /* entries */
    size_t room;       /* entries that index and value have space for */
    unsigned channels; /* 1 or 2 */
    uint32_t *index;
    void *value;
} csgdi_sparse;

/* Bytes of a stream of k entries. */
size_t csgdi_sparse_bytes(const csgdi_kernels *kernels, size_t k, unsigned channels);

/* Write a stream; returns its length, csgdi_sparse_bytes(). */
size_t csgdi_sparse_write(const csgdi_kernels *kernels, const csgdi_sparse *sparse, uint8_t *dst);

/* Judge bytes from anywhere: CSGD_OK only if they are exactly one stream of at most max_k entries
 * over n elements.  Time linear in len. */
csgd_status csgdi_sparse_check(const csgdi_kernels *kernels, const uint8_t *src, size_t len,
                               size_t n, size_t max_k, unsigned channels);

/* Apply one channel of a stream that passed the check to y, n elements.  CSGDI_SET also sets the
 * elements that the stream does not name, to zero.  src need not be aligned. */
void csgdi_sparse_apply(const csgdi_kernels *kernels, const uint8_t *src, size_t n,
                        unsigned channel, csgdi_mode mode, void *y);

#endif
