/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_FILLS_H
#define CSGD_FILLS_H

/* fills.h: vectors that kernels are tried on. */

#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>

typedef enum fill {
    FILL_RANDOM,   /* both signs, magnitudes over twelve decades */
    FILL_FEW,      /* few different magnitudes: many ties */
    FILL_ZEROS,    /* +0 and -0 */
    FILL_DENORMAL, /* most of them below the smallest normal number */
    FILL_HUGE,     /* near the largest number: sums overflow */
    FILL_EQUAL,    /* one value */
    FILL_SPIKE,    /* zeros and one large value in 257 elements */
    FILL_FINITE,   /* all of the above mixed; the last fill without NaN and infinity */
    FILL_SPECIALS, /* infinities and NaN with different payloads among them */
    N_FILLS
} fill;

const char *fill_name(fill f);

/* x[0..n), a function of all the arguments. */
void fill_vector(fill f, csgd_type type, uint64_t seed, size_t n, void *x);

/* One element, as a double. */
double fill_get(csgd_type type, const void *x, size_t i);
void fill_put(csgd_type type, void *x, size_t i, double value);

/* The next of a plain stream of random numbers. */
uint64_t fill_random(uint64_t *state);

#endif
