/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPARSE_H
#define CSGDI_SPARSE_H

/* sparse.h: sparse vectors, in memory and as bytes.
 *
 * In memory: k strictly increasing indices below n, and `channels` values for each, all finite.
 * Two channels carry two vectors that share a support; channel c of entry j is value[c * k + j].
 *
 * As bytes, little-endian:
 *
 *     offset 0  k         u32
 *            4  index     u8    coder of the indices, csgdi_index_coder, never CSGDI_INDEX_AUTO
 *            5  value     u8    coder of the values, csgdi_value_coder
 *            6  channels  u8
 *            7  parameter u8    of the index coder; 0 where it has none, and where k is 0
 *            8  indices         as index_raw.c, index_rice.c, index_bitmap.c lay down; without
 *                               entries nothing, but a bitmap is always there
 *               zeros to a multiple of 8
 *               values          channel after channel as value.h lays down
 *               zeros to a multiple of 8
 *
 * n is not in the stream: writer and reader know it, as they know the coders, but for the one that
 * AUTO chose, and the most entries.  What the stream does not name is 0.  The numbers of coders are
 * frozen.
 */

#include <stddef.h>
#include <stdint.h>
#include "kernels/kernels.h"

typedef struct csgdi_sparse {
    size_t n;          /* elements of the vector this is a sparse form of, below 2^32 */
    size_t k;          /* entries */
    size_t room;       /* entries that index and value have space for */
    unsigned channels; /* 1 or 2 */
    uint32_t *index;
    void *value;
} csgdi_sparse;

/* AUTO is the shortest for the support at hand; of equals the first of raw, Rice, bitmap. */
typedef enum csgdi_index_coder {
    CSGDI_INDEX_AUTO = 0,
    CSGDI_INDEX_RAW = 1,
    CSGDI_INDEX_RICE = 2,
    CSGDI_INDEX_BITMAP = 3
} csgdi_index_coder;

/* F64 is for double elements only. */
typedef enum csgdi_value_coder {
    CSGDI_VALUE_F64 = 0,
    CSGDI_VALUE_F32 = 1,
    CSGDI_VALUE_BF16 = 2,
    CSGDI_VALUE_F16 = 3,
    CSGDI_VALUE_INT8 = 4,
    CSGDI_VALUE_INT4 = 5
} csgdi_value_coder;

typedef struct csgdi_sparse_format {
    csgdi_index_coder index;
    csgdi_value_coder value;
} csgdi_sparse_format;

/* Whether every value decodes to what was written. */
bool csgdi_sparse_exact(const csgdi_kernels *kernels, csgdi_sparse_format format);

/* No stream of at most max_k entries over n elements is longer; a multiple of 8. */
size_t csgdi_sparse_bound(const csgdi_kernels *kernels, csgdi_sparse_format format, size_t n,
                          size_t max_k, unsigned channels);

/* Write a stream; returns its length, a multiple of 8.  sparse->value then holds what the stream
 * decodes to, so that what is left over can be computed from it. */
size_t csgdi_sparse_write(const csgdi_kernels *kernels, csgdi_sparse_format format,
                          csgdi_sparse *sparse, uint8_t *dst);

/* The same of one channel, and m[index[j]] becomes what is left over: value[j] as it was less what it
 * decodes to. */
size_t csgdi_sparse_write_off(const csgdi_kernels *kernels, csgdi_sparse_format format,
                              csgdi_sparse *sparse, uint8_t *dst, void *m);

/* Judge bytes from anywhere: CSGD_OK only if they are exactly one stream of this format, of at most
 * max_k entries over n elements, all values finite.  Time linear in n + len. */
csgd_status csgdi_sparse_check(const csgdi_kernels *kernels, csgdi_sparse_format format,
                               const uint8_t *src, size_t len, size_t n, size_t max_k,
                               unsigned channels);

/* The same for a sum, one channel of values as the elements are, which may have overflowed. */
csgd_status csgdi_sparse_check_sum(const csgdi_kernels *kernels, csgdi_index_coder index,
                                   const uint8_t *src, size_t len, size_t n, size_t max_k);

/* Apply one channel of a stream that passed the check to y, n elements.  CSGDI_SET also sets the
 * elements that the stream does not name, to zero.  src need not be aligned. */
void csgdi_sparse_apply(const csgdi_kernels *kernels, const uint8_t *src, size_t n,
                        unsigned channel, csgdi_mode mode, void *y);

/* The same, but leave alone what the stream does not name. */
void csgdi_sparse_apply_on(const csgdi_kernels *kernels, const uint8_t *src, size_t n,
                           unsigned channel, csgdi_mode mode, void *y);

#endif
