/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPARSE_READER_H
#define CSGDI_SPARSE_READER_H

/* sparse_reader.h: the entries of a sparse stream, some at a time.
 *
 *     csgdi_sparse_open(&r, kernels, src, n, 0);
 *     while ((count = csgdi_sparse_next(&r, index, value)) > 0)
 *         kernels->scatter(index, value, count, mode, y);
 *
 * Two channels of one stream are read by two readers.
 */

#include "wire/index.h"
#include "wire/sparse.h"

enum { CSGDI_SPARSE_CHUNK = 256 };

typedef struct csgdi_sparse_reader {
    const csgdi_kernels *kernels;
    size_t k; /* entries of the stream */
    csgdi_value_coder coder;
    const uint8_t *value; /* of the channel */
    const csgdi_index_ops *ops;
    csgdi_index_cursor cursor;
} csgdi_sparse_reader;

/* Begin at the first entry of a stream over n elements that passed csgdi_sparse_check().  src need
 * not be aligned, and stays where it is. */
void csgdi_sparse_open(csgdi_sparse_reader *r, const csgdi_kernels *kernels, const uint8_t *src,
                       size_t n, unsigned channel);

/* The next entries in order: all but the last call give CSGDI_SPARSE_CHUNK, for which there must be
 * room.  value, in the element type, may be NULL.  Returns how many; 0 past the end. */
size_t csgdi_sparse_next(csgdi_sparse_reader *r, uint32_t *index, void *value);

#endif
