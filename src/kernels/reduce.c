/* SPDX-License-Identifier: BSD-3-Clause */

/* reduce.c: the sum of a block slot over any number of elements.
 *
 * Blocks are added as a binary counter counts: two sums of one block make a sum of two, two of
 * those a sum of four, and so on, always of neighbours:
 *
 *     blocks  0 1 2 3 4 5 6     ((b0 + b1) + (b2 + b3)) + ((b4 + b5) + b6)
 *             \_/ \_/ \_/ |
 *              \___/   \_/
 *                \______/
 *
 * After the last block the sums still waiting, one for each 1 bit of the number of blocks, are
 * added from the shortest to the longest.  So the tree depends on n alone, is
 * ceil(log2(blocks)) deep, and needs one slot a level.
 */

#include "kernels/kernels.h"

/* A 64-bit size has at most 2^52 blocks. */
enum { LEVELS = 64 };

double csgdi_sum_blocks(const csgdi_kernels *kernels, double (*slot)(const void *x, size_t n),
                        const void *x, size_t n)
{
    const unsigned char *bytes = x;
    double waiting[LEVELS]; /* longest first */
    size_t depth = 0;
    double total;

    for (size_t i = 0, block = 1; i < n; i += CSGDI_BLOCK, block++) {
        const size_t length = n - i < CSGDI_BLOCK ? n - i : CSGDI_BLOCK;
        waiting[depth++] = slot(bytes + i * kernels->size, length);
        for (size_t carry = block; carry % 2 == 0; carry /= 2) {
            depth--;
            waiting[depth - 1] += waiting[depth];
        }
    }
    if (depth == 0) return 0;
    total = waiting[--depth];
    while (depth > 0)
        total = waiting[--depth] + total;
    return total;
}
