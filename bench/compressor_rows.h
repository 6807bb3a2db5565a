/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_COMPRESSOR_ROWS_H
#define BENCH_COMPRESSOR_ROWS_H

/* compressor_rows.h: all operations of one compressor, each in turns with its limit.
 *
 * What is printed is the median of the ratio of their times, so that a machine that slows down
 * slows both.  Operations are the public calls, their checks and hashes included:
 *
 *     encode       csgd_compressor_compress         against reading x
 *     decode       csgd_compressor_decompress       against reading x
 *     decode_add   csgd_compressor_decompress_add   against y[i] += c
 *     ef, ecx      csgd_feedback_compress           against b[i] += a[i]
 *
 * As in training, no two calls in a row see the same vector: three are taken in turn, by limit and
 * operation alike, so both find in the caches what was last touched equally long ago.  For ef and
 * ecx the gradient is made, outside of the timed part, such that with what they add it is the vector.
 * Else residuals would grow over the repetitions, and a threshold's density with them.
 *
 * Short vectors are called many times a sample, each call timed by itself.
 */

#include <stddef.h>

#define ROWS_HEADER                                                                    \
    "bench,name,op,isa,threads,n,dist,param,ms_median,ms_min,gb_per_s,limit_gb_per_s," \
    "ratio_to_limit,bytes_out,bits_per_kept"

enum { ROWS_VECTORS = 3 };

typedef struct rows {
    size_t n, threads, reps;
    const char *isa, *dist;
    const char *filter;     /* only rows whose "NAME OP PARAM" contains it */
    float *x[ROWS_VECTORS]; /* what is compressed */
    float *y;               /* what is decoded to, and b of the limit */
    float *g;               /* gradient for ef and ecx */
    size_t printed;
} rows;

/* Measure the compressor "NAME PARAM" and print a row for each operation; the header before the
 * first row of all.  One that refuses n or param is skipped, with a line on stderr; where an
 * operation fails the program ends. */
void rows_measure(rows *r, const char *name, const char *param);

#endif
