/* SPDX-License-Identifier: BSD-3-Clause */

/* bracket.c: see bracket.h. */

#include "compressors/bracket.h"

#include <math.h>
#include <string.h>
#include "compressors/magnitude.h"

enum { LINE = 16 }; /* elements of a sample that lie together */

/* The largest move of late, older ones counting less and less. */
static uint64_t lately(uint64_t before, uint64_t now, uint64_t most)
{
    const uint64_t faded = before - before / 4, move = now > faded ? now : faded;

    return move < most ? move : most;
}

void csgdi_bracket_remember(csgdi_bracket *b, csgd_type type, uint64_t limit, size_t k)
{
    const uint64_t unit = csgdi_octave_keys(type);
    uint64_t fell = unit / 64, rose = unit / 64, below, above;

    if (b->k == k && b->last > 0) {
        fell = lately(b->fell, limit < b->last ? b->last - limit : 0, unit / 16);
        rose = lately(b->rose, limit > b->last ? limit - b->last : 0, unit / 16);
    }
    below = 3 * fell + unit / 128;
    above = 3 * rose + unit / 1024;
    *b = (csgdi_bracket){.low = limit > below ? limit - below : 1,
                         .high = limit + above,
                         .last = limit > 0 ? limit : 1,
                         .fell = fell,
                         .rose = rose,
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
    if (b->k != k) *b = (csgdi_bracket){.k = k};
    b->low = low > 0 ? low : 1;
    b->high = high;
}
