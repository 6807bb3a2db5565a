/* SPDX-License-Identifier: BSD-3-Clause */

/* magnitude.c: see magnitude.h. */

#include "compressors/magnitude.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SHORT = 2048 }; /* among so few, a search bit by bit is faster */

uint64_t csgdi_infinity_key(csgd_type type)
{
    return type == CSGD_F32 ? UINT64_C(0x7f800000) : UINT64_C(0x7ff0000000000000);
}

uint64_t csgdi_least_key(csgd_type type, double lambda)
{
    float narrow = INFINITY;
    uint64_t wide_key;
    uint32_t key;

    if (type == CSGD_F64) {
        memcpy(&wide_key, &lambda, sizeof wide_key);
        return wide_key;
    }
    if (lambda <= (double)FLT_MAX) narrow = (float)lambda;
    if ((double)narrow < lambda) narrow = nextafterf(narrow, INFINITY);
    memcpy(&key, &narrow, sizeof key);
    return key;
}

double csgdi_key_value(csgd_type type, uint64_t key)
{
    const uint32_t low = (uint32_t)key;
    double wide;
    float narrow;

    memcpy(&wide, &key, sizeof wide);
    memcpy(&narrow, &low, sizeof narrow);
    return type == CSGD_F64 ? wide : (double)narrow;
}

uint64_t csgdi_last_key(csgd_type type)
{
    return ((uint64_t)1 << (8 * csgd_type_size(type) - 1)) - 1;
}

uint64_t csgdi_octave_keys(csgd_type type)
{
    return (uint64_t)1 << (type == CSGD_F32 ? 23 : 52);
}

/* A radix search: the digits of the key from the highest on, of those bits in which low and high
 * differ. */
uint64_t csgdi_kth_magnitude(const csgdi_kernels *kernels, const void *x, size_t n, size_t k,
                             uint64_t low, uint64_t high, uint64_t *counts, size_t *ties)
{
    unsigned shift = 0; /* bits of a key not yet known */
    uint64_t prefix;

    if (n <= SHORT) return kernels->key_kth(x, n, k, ties);
    while (low >> shift != high >> shift)
        shift++;
    prefix = low >> shift;
    while (shift > 0) {
        const unsigned bits = shift < CSGDI_KTH_DIGIT ? shift : CSGDI_KTH_DIGIT;
        size_t bin = (size_t)1 << bits;

        shift -= bits;
        memset(counts, 0, bin * sizeof *counts);
        kernels->key_histogram(x, n, shift, bits, prefix, counts);
        while (counts[--bin] < k)
            k -= (size_t)counts[bin];
        prefix = prefix << bits | bin;
    }
    *ties = k;
    return prefix;
}
