/* SPDX-License-Identifier: BSD-3-Clause */

/* largest.c: a radix search for the k-th largest magnitude, then one pass that collects.
 *
 * The bit pattern of a magnitude is an integer that orders like the magnitude itself.  The search
 * goes over its digits, most significant first: count the digits of the elements that share the
 * prefix found so far, and walk down from the top bin until k are passed.  The last pass takes
 * what is above the limit, and as many of those at it as are still due.
 */

#include "compressors/largest.h"

#include <string.h>

enum { DIGIT = 11, BINS = 1 << DIGIT };

uint64_t *csgdi_largest_scratch(csgdi_arena *arena)
{
    return csgdi_arena_alloc(arena, BINS, sizeof(uint64_t));
}

/* The key of the k-th largest magnitude, and how many elements with just that key are due. */
static uint64_t find_limit(const csgdi_kernels *kernels, const void *x, size_t n, size_t k,
                           uint64_t *counts, size_t *ties)
{
    unsigned shift = (unsigned)(8 * kernels->size - 1); /* bits of a key not yet known */
    uint64_t prefix = 0;

    while (shift > 0) {
        const unsigned bits = shift < DIGIT ? shift : DIGIT;
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

void csgdi_largest(const csgdi_kernels *kernels, const void *x, size_t n, uint32_t base, size_t k,
                   uint64_t *scratch, csgdi_sparse *out)
{
    char *value = (char *)out->value + out->k * kernels->size;
    size_t ties = 0;
    uint64_t limit;

    if (k == 0) return;
    limit = find_limit(kernels, x, n, k, scratch, &ties);
    out->k += kernels->key_select(x, n, limit, &ties, base, k, out->index + out->k, value);
}
