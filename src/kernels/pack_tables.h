/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_KERNELS_PACK_TABLES_H
#define CSGDI_KERNELS_PACK_TABLES_H

/* pack_tables.h: where the bytes go when codes of b bits, eight in the low b bytes of 64 bits, move
 * together. */

#include <stdint.h>

/* In 16 bytes, byte k of the result: the low b of either half; 128 and above: zero. */
#define PAIR(b, k) ((k) < (b) ? (k) : (k) < 2 * (b) ? 8 - (b) + (k) : 128)
#define PAIRS(b)                                                                            \
    {                                                                                       \
        PAIR(b, 0), PAIR(b, 1), PAIR(b, 2), PAIR(b, 3), PAIR(b, 4), PAIR(b, 5), PAIR(b, 6), \
            PAIR(b, 7), PAIR(b, 8), PAIR(b, 9), PAIR(b, 10), PAIR(b, 11), PAIR(b, 12),      \
            PAIR(b, 13), PAIR(b, 14), PAIR(b, 15)                                           \
    }
static const uint8_t pack_pairs[8][16] = {
    PAIRS(0), PAIRS(1), PAIRS(2), PAIRS(3), PAIRS(4), PAIRS(5), PAIRS(6), PAIRS(7),
};

#endif
