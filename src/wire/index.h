/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_INDEX_H
#define CSGDI_INDEX_H

/* index.h: an index coder, which turns k strictly increasing indices below n < 2^32 into a section
 * of a stream and back.  One file each; sparse.h has the stream.
 *
 * Every section has a multiple of 8 bytes, and of no entries it is empty or all zeros.  Lengths
 * that coders compare are without the zeros at the end, `exact`.
 */

#include <stdint.h>
#include "kernels/kernels.h"
#include "wire/bits.h"

/* Most indices of one call that decodes. */
enum { CSGDI_INDEX_CHUNK = 256 };

/* Where decoding stands.  Only the coder knows what its own numbers mean. */
typedef struct csgdi_index_cursor {
    const uint8_t *src; /* the section */
    size_t k, done;     /* entries: of the stream, decoded */
    unsigned parameter;
    uint32_t sum;
    csgdi_ones_cursor ones;
} csgdi_index_cursor;

typedef struct csgdi_index_ops {
    const char *name;

    /* At least the exact bytes of any 1 .. k indices below n. */
    uint64_t (*bound)(size_t n, size_t k);

    /* Exact bytes of k >= 1 indices, and the parameter they are written with. */
    uint64_t (*size)(const uint32_t *index, size_t k, size_t n, unsigned *parameter);

    /* Write the section; returns one past it.  k >= 1. */
    uint8_t *(*write)(const csgdi_kernels *kernels, const uint32_t *index, size_t k, size_t n,
                      unsigned parameter, uint8_t *dst);

    /* Judge `bytes` bytes, a multiple of 8, as the section of 1 <= k <= n entries.  At least 8 more
     * can be read behind them. */
    csgd_status (*check)(const uint8_t *src, size_t bytes, size_t k, size_t n, unsigned parameter);

    /* Bytes of a section that passed. */
    size_t (*length)(const uint8_t *src, size_t k, size_t n, unsigned parameter);

    /* Begin at the first entry of a section that passed: src, k and parameter are set. */
    void (*open)(csgdi_index_cursor *c);

    /* The next `count` indices, all of which exist, at most CSGDI_INDEX_CHUNK. */
    void (*next)(csgdi_index_cursor *c, size_t count, uint32_t *index);
} csgdi_index_ops;

extern const csgdi_index_ops csgdi_index_raw, csgdi_index_rice, csgdi_index_bitmap;

#endif
