/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_SPARSE_H
#define CSGD_ORACLE_SPARSE_H

/* oracle_sparse.h: a second reader of sparse streams, one bit at a time, written from the layouts
 * in src/wire alone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>

typedef struct oracle_entries {
    size_t k;
    uint32_t *index;
    double *value; /* channel c of entry j is value[c * k + j] */
} oracle_entries;

/* What bytes must be to be a stream.  Coders by their numbers; index 0 is any. */
typedef struct oracle_format {
    csgd_type type;
    unsigned index, value, channels;
    size_t n, max_k;
} oracle_format;

/* Whether the bytes are one stream of that format.  Then out is set, to be freed. */
bool oracle_sparse(const oracle_format *format, const uint8_t *bytes, size_t len,
                   oracle_entries *out);
void oracle_entries_free(oracle_entries *entries);

#endif
