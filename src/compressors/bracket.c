/* SPDX-License-Identifier: BSD-3-Clause */

/* bracket.c: see bracket.h. */

#include "compressors/bracket.h"

#include <math.h>
#include <string.h>
#include "compressors/magnitude.h"

enum { LINE = 16 }; /* elements of a sample that lie together */

void csgdi_bracket_remember(csgdi_bracket *b, csgd_type type, uint64_t limit, size_t k)
{
    const uint64_t unit = csgdi_octave_keys(type);
    uint64_t moved = unit / 64, margin;

    if (b->low > 0 && b->k == k && b->last > 0) {
        const uint64_t now = limit > b->last ? limit - b->last : b->last - limit;
        moved = b->moved - b->moved / 4;
        if (now > moved) moved = now;
        if (moved > unit / 16) moved = unit / 16;
    }
    margin = 3 * moved + unit / 1024;
    *b = (csgdi_bracket){.low = limit > margin ? limit - margin : 1,
                         .high = limit + margin,
                         .last = limit > 0 ? limit : 1,
                         .moved = moved,
                         .k = k};
    if (b->low > csgdi_infinity_key(type)) b->low = csgdi_infinity_key(type);
}

void csgdi_bracket_guess(csgdi_bracket *b, const csgdi_kernels *kernels, const void *x, size_t n,
                         size_t k, char *sample, size_t room, uint64_t *counts)
{
    const size_t lines = (room < n / 2 ? room : n / 2) / LINE, count = lines * LINE;
    const size_t size = kernels->size;
    const double share = (double)k * (double)count / (double)n, spread = 3 * sqrt(share) + 3;
    const uint64_t last = csgdi_last_key(kernels->type);
    uint64_t low = 1, high = last;
    size_t ties;

    for (size_t j = 0; j < lines; j++)
        memcpy(sample + j * LINE * size, (const char *)x + n / lines * j * size, LINE * size);
    if (share + spread < (double)count)
        low = csgdi_kth_magnitude(kernels, sample, count, (size_t)(share + spread) + 1, 0, last,
                                  counts, &ties);
    if (share - spread >= 1)
        high = csgdi_kth_magnitude(kernels, sample, count, (size_t)(share - spread), 0, last,
                                   counts, &ties);
    if (low > csgdi_infinity_key(kernels->type)) low = csgdi_infinity_key(kernels->type);
    *b = (csgdi_bracket){.low = low > 0 ? low : 1, .high = high, .k = k};
}
