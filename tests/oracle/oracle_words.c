/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_words.c: Philox4x32 as the paper's formulas say it, one round a call, one word at a
 * time. */

#include "oracle/oracle.h"

typedef struct state {
    uint32_t counter[4], key[2];
} state;

/* Upper half of a product, by long multiplication with digits of 16 bits. */
static uint32_t high(uint32_t a, uint32_t b)
{
    const uint32_t a1 = a >> 16, a0 = a & 0xffff, b1 = b >> 16, b0 = b & 0xffff;
    const uint32_t carry = (a0 * b0) >> 16;
    const uint32_t middle = a1 * b0 + carry; /* at most (2^16 - 1) 2^16 */
    const uint32_t other = a0 * b1 + (middle & 0xffff);

    return a1 * b1 + (middle >> 16) + (other >> 16);
}

/* (L, R) -> (hi(M R) ^ key ^ L, lo(M R)) for both pairs, which then swap their first words; the
 * keys go on by the golden ratio and by sqrt(3) - 1. */
static state after(state s, int left)
{
    const uint32_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u;
    const state next = {
        .counter = {high(m1, s.counter[2]) ^ s.counter[1] ^ s.key[0], m1 * s.counter[2],
                    high(m0, s.counter[0]) ^ s.counter[3] ^ s.key[1], m0 * s.counter[0]},
        .key = {s.key[0] + 0x9E3779B9u, s.key[1] + 0xBB67AE85u},
    };

    return left == 0 ? s : after(next, left - 1);
}

uint32_t oracle_word(int rounds, uint64_t seed, unsigned stream, uint32_t rank, uint64_t step,
                     uint64_t element)
{
    const uint64_t block = element / 4;
    const state s = {
        .counter = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)step, stream << 24},
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32) + rank},
    };

    return after(s, rounds).counter[element % 4];
}
