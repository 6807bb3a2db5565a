/* SPDX-License-Identifier: BSD-3-Clause */

/* philox.c: Philox4x32, and where libcsgd puts seed, rank, step, stream and tensor. */

#include "base/philox.h"

#include <assert.h>

/* Multipliers found by search, and the golden ratio and sqrt(3) - 1 as Weyl steps for the key:
 * table 2 and section 3.3 of the paper. */
static const uint32_t multiplier[2] = {0xD2511F53u, 0xCD9E8D57u};
static const uint32_t weyl[2] = {0x9E3779B9u, 0xBB67AE85u};

void csgdi_philox_rounds(unsigned rounds, const uint32_t key[2], const uint32_t counter[4],
                         uint32_t out[4])
{
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (unsigned round = 0; round < rounds; round++) {
        /* Two 32 x 32 -> 64 bit products; their halves change places. */
        const uint64_t p0 = (uint64_t)multiplier[0] * c0;
        const uint64_t p1 = (uint64_t)multiplier[1] * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += weyl[0];
        k1 += weyl[1];
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void csgdi_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    csgdi_philox_rounds(CSGDI_PHILOX_ROUNDS, key, counter, out);
}

csgdi_random csgdi_random_make(uint64_t seed, csgdi_stream stream, uint32_t rank, uint32_t tensor,
                               uint64_t step)
{
    assert(tensor < (uint32_t)1 << 24);
    /* The rank is added to the high word: seeds are small numbers, and so seed 1 on rank 1 is not
     * the run that seed 2 makes on rank 0. */
    return (csgdi_random){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32) + rank},
        .high = {(uint32_t)step, (uint32_t)stream << 24 | tensor},
    };
}

static void block_of(const csgdi_random *random, unsigned rounds, uint64_t block, uint32_t out[4])
{
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), random->high[0],
                                 random->high[1]};
    csgdi_philox_rounds(rounds, random->key, counter, out);
}

void csgdi_random_block(const csgdi_random *random, uint64_t block, uint32_t out[4])
{
    block_of(random, CSGDI_PHILOX_ROUNDS, block, out);
}

/* The eight words that element j of a tile may take sums of. */
static void eight_of(const csgdi_random *random, uint64_t tile, unsigned j, uint32_t word[8])
{
    const uint64_t block = tile * 32 + j % 16;

    block_of(random, CSGDI_PHILOX_HALVES_ROUNDS, block, word);
    block_of(random, CSGDI_PHILOX_HALVES_ROUNDS, block + 16, word + 4);
}

/* What it takes. */
static uint16_t half_of(const uint32_t word[8], unsigned j)
{
    const unsigned g = j / 256, c = j / 32 % 8;
    const uint32_t v = word[c] ^ word[(c + 1) % 8] ^ word[(c + 1 + g) % 8];

    return (uint16_t)(v >> j / 16 % 2 * 16);
}

uint16_t csgdi_random_half(const csgdi_random *random, uint64_t i)
{
    const unsigned j = (unsigned)(i % CSGDI_TILE);
    uint32_t word[8];

    eight_of(random, i / CSGDI_TILE, j, word);
    return half_of(word, j);
}

void csgdi_random_tile(const csgdi_random *random, uint64_t tile, uint16_t out[CSGDI_TILE])
{
    for (unsigned lane = 0; lane < 16; lane++) {
        uint32_t word[8];
        eight_of(random, tile, lane, word);
        for (unsigned j = lane; j < CSGDI_TILE; j += 16)
            out[j] = half_of(word, j);
    }
}
