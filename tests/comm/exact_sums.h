/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_EXACT_SUMS_H
#define CSGD_EXACT_SUMS_H

/* exact_sums.h: what algorithms that return the exact sum say of themselves: in which order an
 * element is summed, and how many bytes each rank sends. */

#include <stdbool.h>
#include <csgd/compressor.h>

typedef struct exact_sums {
    const char *algorithm;
    csgd_type type;
    size_t n;
    int n_ranks;
    double *const *sent;     /* [rank][i]: what each contributes */
    bool *const *chosen;     /* [rank][i]: whether that is an entry of a sparse message */
    const uint64_t *message; /* [rank]: bytes of the messages */
    uint64_t (*codes)(const void *c, size_t n); /* bytes of n elements of a sum as they go to all;
                                                 * NULL: as elements */
    const void *c;
    unsigned value; /* the number of their value coder, 0: as the elements are */
} exact_sums;

/* The sum in the algorithm's own order; false where its order is that of the ranks, or unknown. */
bool exact_sums_order(const exact_sums *s, double *sum);

/* Bytes that each rank sends beside the agreement; false where the algorithm is another. */
bool exact_sums_bytes(const exact_sums *s, uint64_t *bytes);

#endif
