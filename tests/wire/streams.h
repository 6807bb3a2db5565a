/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_STREAMS_H
#define CSGD_STREAMS_H

/* streams.h: sparse streams to test with, written into memory of just their bound, and judged in
 * memory of just their length between pages that nobody may touch. */

#include "oracle/oracle_sparse.h"
#include "wire/sparse_reader.h"

enum { N_INDEX = 3, N_VALUE = 6 }; /* coders */

typedef struct stream {
    csgd_type type;
    csgdi_sparse_format format;
    unsigned channels;
    size_t n, k;
    uint32_t *index;
    double *given, *value; /* before and after it was written: what it must decode to */
    uint8_t *bytes;
    size_t len;
} stream;

/* A number of random bits, the next of a sequence. */
uint64_t streams_random(uint64_t *state);

/* k different indices below n, all sets equally likely, in time n. */
void streams_support(uint64_t *state, size_t n, size_t k, uint32_t *index);

/* Values of a test: of mixed magnitudes, some zero. */
void streams_values(uint64_t *state, size_t count, double *value);

/* Write; index and value are copied.  The test fails where the writer breaks its contract. */
stream stream_write(csgd_type type, csgdi_sparse_format format, size_t n, size_t k,
                    unsigned channels, const uint32_t *index, const double *value);
void stream_free(stream *s);

/* Judge a copy of `len` bytes of anything as such a stream, at the end of a page and `shift` bytes
 * before it; by the library and by the oracle, who must agree.  What passes is applied and read by
 * the reader, and must give the oracle's values; only where n is small. */
csgd_status stream_judge(const stream *s, const uint8_t *bytes, size_t len, size_t shift);

/* Exact bytes of k values of one channel. */
size_t streams_value_bytes(csgdi_value_coder coder, size_t k);

#endif
