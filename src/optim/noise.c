/* SPDX-License-Identifier: BSD-3-Clause */

/* noise.c: normal numbers, four of each block of random words. */

#include "optim/noise.h"

#include <math.h>
#include "base/elementary.h"
#include "base/philox.h"

static void pair(const uint32_t word[2], double scale, double to[2])
{
    const double radius = scale * sqrt(-2 * csgdi_log(((double)word[0] + 0.5) * 0x1p-32));
    const double turn = (double)word[1] * 0x1p-31; /* in units of pi */

    to[0] = radius * csgdi_cos_pi(turn);
    to[1] = radius * csgdi_sin_pi(turn);
}

void csgdi_noise_fill(csgd_type type, uint64_t seed, uint64_t step, double scale, size_t n,
                      void *to)
{
    const csgdi_random random = csgdi_random_make(seed, CSGDI_STREAM_NOISE, 0, 0, step);

    for (size_t i = 0; i < n; i += 4) {
        const size_t rest = n - i < 4 ? n - i : 4;
        uint32_t word[4];
        double value[4];

        csgdi_random_block(&random, i / 4, word);
        pair(word, scale, value);
        pair(word + 2, scale, value + 2);
        for (size_t j = 0; j < rest; j++) {
            if (type == CSGD_F64)
                ((double *)to)[i + j] = value[j];
            else
                ((float *)to)[i + j] = (float)value[j];
        }
    }
}
