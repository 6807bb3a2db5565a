/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPARSE_SUM_H
#define CSGDI_SPARSE_SUM_H

/* sparse_sum.h: the sum of sparse vectors of one n, as a sparse vector.
 *
 *     csgdi_sparse_entries(&part[0], mine.index, mine.value, mine.k);
 *     csgdi_sparse_stream(&part[1], kernels, bytes, n);              // that passed its check
 *     if (!csgdi_sparse_sum(&adder, part, 2, &out)) ...              // more than out->room
 *
 * Its support is the union of the supports, also where values cancel to 0.  Each value is 0 plus
 * those of the parts that have the index, in the order of the parts, each sum rounded to the
 * element type: the bits that adding the parts one by one to a vector of zeros gives.
 *
 * Two parts are merged.  More go through a window of some thousand elements, small enough to stay
 * in a cache: the parts add their entries to it, a bitmap remembers where, and what it marks is read
 * out in order and set back to 0.  So all memory but the window is read and written in order, and
 * an entry costs the same whatever the number of parts; windows that no part has entries in are
 * skipped.
 */

#include "base/alloc.h"
#include "wire/sparse_reader.h"

/* One summand: indices strictly increasing and below n, whoever made them.  Used up by a sum. */
typedef struct csgdi_sparse_part {
    const uint32_t *index; /* what is in sight of it: entries at .. k - 1 */
    const char *value;
    size_t at, k;
    bool streamed; /* more may come out of the reader */
    csgdi_sparse_reader reader;
    uint32_t next_index[CSGDI_SPARSE_CHUNK];
    double next_value[CSGDI_SPARSE_CHUNK]; /* or as many floats */
} csgdi_sparse_part;

typedef struct csgdi_sparse_adder {
    const csgdi_kernels *kernels; /* all that a sum of two parts needs */
    size_t width;                 /* elements of the window, a multiple of 64 */
    void *window;                 /* zeros between calls, as are the marks */
    uint64_t *mark;               /* a bit for each element of it */
} csgdi_sparse_adder;

/* For sums of more than two parts: allocate the window for vectors of at most n elements, of which a
 * part has about k.  It takes at most the larger of 4 Ki and 128 n / k elements, and never more than
 * 64 Ki or n. */
csgd_status csgdi_sparse_adder_create(csgdi_sparse_adder *a, const csgdi_kernels *kernels, size_t n,
                                      size_t k, csgdi_arena *arena);

/* A summand in memory, which stays there until the sum is made. */
void csgdi_sparse_entries(csgdi_sparse_part *part, const uint32_t *index, const void *value,
                          size_t k);

/* A summand that is the first channel of a stream over n elements which passed csgdi_sparse_check(),
 * and which stays where it is until the sum is made. */
void csgdi_sparse_stream(csgdi_sparse_part *part, const csgdi_kernels *kernels, const uint8_t *src,
                         size_t n);

/* Write the sum of count parts to out->k, index and value, which are none of the parts' own memory;
 * n and room are set.  False if its entries are more than out->room: out is undefined then. */
bool csgdi_sparse_sum(csgdi_sparse_adder *a, csgdi_sparse_part *part, size_t count,
                      csgdi_sparse *out);

#endif
