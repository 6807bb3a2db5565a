/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_EXACT_H
#define CSGD_EXACT_H

/* exact.h: what tests of kernels that decode and encode have in common: arithmetic of the element
 * type by way of double, which has more than twice the digits of float, and random words by their
 * definition. */

#include <math.h>
#include "support/test.h"
#include "kernels/kernels.h"

/* To the element type. */
static inline double rounded(const csgdi_kernels *k, double value)
{
    return k->type == CSGD_F32 ? (double)(float)value : value;
}

static inline double combined(const csgdi_kernels *k, double was, csgdi_mode mode, double v)
{
    return mode == CSGDI_SET ? v : rounded(k, mode == CSGDI_ADD ? was + v : was - v);
}

/* Any NaN is as good as another. */
static inline void assert_same(double a, double b)
{
    if (isnan(b))
        assert_true(isnan(a));
    else
        assert_memory_equal(&a, &b, sizeof a);
}

/* By the definition in philox.h; 2^15 where nothing is random. */
static inline uint32_t word_of(const csgdi_random *random, uint64_t element)
{
    const uint64_t tile = element / 1024, j = element % 1024;
    const uint64_t k = j / 32, g = k / 8, c = k % 8;
    uint32_t word[8];

    if (random == NULL) return 32768;
    for (uint64_t i = 0; i < 2; i++) {
        const uint64_t block = 32 * tile + 16 * i + j % 16;
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), random->high[0],
                                     random->high[1]};
        csgdi_philox_rounds(7, random->key, counter, word + 4 * i);
    }
    const uint32_t v = word[c] ^ word[(c + 1) % 8] ^ word[(c + 1 + g) % 8];
    return j / 16 % 2 == 0 ? v % 65536 : v / 65536;
}

#endif
