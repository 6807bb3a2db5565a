/* SPDX-License-Identifier: BSD-3-Clause */

/* test_philox.c: Philox against its published vectors, and the counter layout of philox.h. */

#include "support/test.h"

#include "base/philox.h"

/* Known answers for philox4x32-7 and philox4x32-10 from the authors' Random123
 * (tests/kat_vectors). */
static void published_vectors(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], seven[4], out[4];
    } known[] = {
        {{0x00000000, 0x00000000, 0x00000000, 0x00000000},
         {0x00000000, 0x00000000},
         {0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48},
         {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < TEST_COUNT(known); i++) {
        uint32_t out[4];
        csgdi_philox_rounds(7, known[i].key, known[i].counter, out);
        assert_memory_equal(out, known[i].seven, sizeof out);
        csgdi_philox(known[i].key, known[i].counter, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

/* The counter may be the output's own memory, as in a generator that feeds itself. */
static void output_may_replace_the_counter(void **state)
{
    (void)state;
    const uint32_t key[2] = {1, 2};
    uint32_t words[4] = {3, 4, 5, 6}, out[4];
    csgdi_philox(key, words, out);
    csgdi_philox(key, words, words);
    assert_memory_equal(out, words, sizeof out);
}

/* Where everything goes: these places decide the bits of every run, so they may not move. */
static void layout(void **state)
{
    (void)state;
    const uint64_t seed = UINT64_C(0x1122334455667788);
    const uint64_t step = UINT64_C(0xaabbccdd01020304);
    const uint64_t block = UINT64_C(0x99999999a0b0c0d0);
    const uint32_t key[2] = {0x55667788, 0x11223344 + 7};
    const uint32_t counter[4] = {0xa0b0c0d0, 0x99999999, 0x01020304, 0x04abcdef};
    uint32_t want[4], out[4];
    csgdi_philox(key, counter, want);
    const csgdi_random r = csgdi_random_make(seed, CSGDI_STREAM_ROUNDING, 7, 0xabcdef, step);
    csgdi_random_block(&r, block, out);
    assert_memory_equal(out, want, sizeof out);
}

/* A change in any one argument gives other numbers, and no two of these are equal. */
static void streams_differ(void **state)
{
    (void)state;
    const csgdi_random uses[] = {
        csgdi_random_make(1, CSGDI_STREAM_MASK, 0, 0, 0),
        csgdi_random_make(2, CSGDI_STREAM_MASK, 0, 0, 0),
        csgdi_random_make(UINT64_C(1) << 32, CSGDI_STREAM_MASK, 0, 0, 0),
        csgdi_random_make(1, CSGDI_STREAM_NOISE, 0, 0, 0),
        csgdi_random_make(1, CSGDI_STREAM_SAMPLE, 0, 0, 0),
        csgdi_random_make(1, CSGDI_STREAM_ROUNDING, 0, 0, 0),
        csgdi_random_make(1, CSGDI_STREAM_ROUNDING, 1, 0, 0),
        csgdi_random_make(2, CSGDI_STREAM_ROUNDING, 0, 0, 0),
        csgdi_random_make(1, CSGDI_STREAM_MASK, 0, 1, 0),
        csgdi_random_make(1, CSGDI_STREAM_MASK, 0, 0, 1),
    };
    enum { BLOCKS = 8, USES = TEST_COUNT(uses) };
    uint32_t out[USES * BLOCKS][4];
    for (size_t u = 0; u < USES; u++)
        for (size_t b = 0; b < BLOCKS; b++)
            csgdi_random_block(&uses[u], b, out[u * BLOCKS + b]);
    for (size_t i = 0; i < TEST_COUNT(out); i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], sizeof out[i]);
}

/* A block is a function of its index: any order and any neighbours give the same words. */
static void blocks_are_independent(void **state)
{
    (void)state;
    enum { BLOCKS = 100 };
    static uint32_t forward[BLOCKS][4];
    const csgdi_random r = csgdi_random_make(42, CSGDI_STREAM_MASK, 0, 3, 9);
    for (size_t b = 0; b < BLOCKS; b++)
        csgdi_random_block(&r, b, forward[b]);
    for (size_t i = 0; i < BLOCKS; i++) {
        const size_t b = (37 * i + 11) % BLOCKS;
        const csgdi_random again = csgdi_random_make(42, CSGDI_STREAM_MASK, 0, 3, 9);
        uint32_t out[4];
        csgdi_random_block(&again, b, out);
        assert_memory_equal(out, forward[b], sizeof out);
    }
}

/* Not a test of randomness, which is the authors' business, but of a slip that the vectors would
 * miss: each of the 128 bits is set in about half of all blocks.  65536 fair coins leave
 * 32768 +- 128; six deviations for 128 bits fail by chance less than once in a million seeds, and
 * the seed is fixed. */
static void bits_are_fair(void **state)
{
    (void)state;
    enum { BLOCKS = 65536 };
    static long ones[128];
    const csgdi_random r = csgdi_random_make(7, CSGDI_STREAM_SAMPLE, 5, 0, 0);
    for (uint64_t b = 0; b < BLOCKS; b++) {
        uint32_t out[4];
        csgdi_random_block(&r, b, out);
        for (size_t i = 0; i < 128; i++)
            ones[i] += (long)(out[i / 32] >> i % 32 & 1);
    }
    for (size_t i = 0; i < 128; i++)
        assert_in_range(ones[i], BLOCKS / 2 - 6 * 128, BLOCKS / 2 + 6 * 128);
}

/* Of seven rounds: for some elements of a tile by hand which words their halves are sums of, for all of
 * it by what the function for one says. */
static void halves(void **state)
{
    (void)state;
    static const struct {
        unsigned j, lane, words[3], n, high;
    } known[] = {
        {0, 0, {0}, 1, 0},          {15, 15, {0}, 1, 0},         {16, 0, {0}, 1, 1},
        {31, 15, {0}, 1, 1},        {32, 0, {1}, 1, 0},          {205, 13, {6}, 1, 0},
        {255, 15, {7}, 1, 1},       {256, 0, {0, 1, 2}, 3, 0},   {500, 4, {7, 0, 1}, 3, 1},
        {512, 0, {0, 1, 3}, 3, 0},  {745, 9, {7, 0, 2}, 3, 0},   {768, 0, {0, 1, 4}, 3, 0},
        {941, 13, {5, 6, 1}, 3, 0}, {1023, 15, {7, 0, 3}, 3, 1},
    };
    const csgdi_random r = csgdi_random_make(1, CSGDI_STREAM_ROUNDING, 2, 3, 4);
    const uint64_t tile = UINT64_C(0x123456789);
    static uint16_t out[CSGDI_TILE];
    for (size_t i = 0; i < TEST_COUNT(known); i++) {
        uint32_t words[8], v = 0;
        for (unsigned b = 0; b < 2; b++) {
            const uint64_t block = 32 * tile + 16 * b + known[i].lane;
            const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), r.high[0],
                                         r.high[1]};
            csgdi_philox_rounds(7, r.key, counter, words + 4 * b);
        }
        for (unsigned w = 0; w < known[i].n; w++)
            v ^= words[known[i].words[w]];
        const uint32_t half = known[i].high ? v >> 16 : v & 0xffff;
        assert_int_equal(csgdi_random_half(&r, 1024 * tile + known[i].j), half);
    }
    csgdi_random_tile(&r, tile, out);
    for (unsigned j = 0; j < CSGDI_TILE; j++)
        assert_int_equal(out[j], csgdi_random_half(&r, 1024 * tile + j));
}

enum { TILES = 4096, IN_LANE = CSGDI_TILE / 16 };

/* How many of the tiles have a 1 there. */
static long ones_of(const uint64_t bits[TILES / 64])
{
    long ones = 0;
    for (size_t i = 0; i < TILES / 64; i++)
        ones += __builtin_popcountll(bits[i]);
    return ones;
}

/* Any three of the 64 halves of a lane are independent: of one bit of each, the sums modulo 2 of one, of
 * two and of three are fair coins.  4096 of them leave 2048 +- 32; seven deviations for 43744 sums
 * fail by chance once in ten million seeds, and the seed is fixed.  Sums of four are not fair, which
 * tells that the counts are of what they should be. */
static void three_halves_are_independent(void **state)
{
    (void)state;
    static uint64_t bit[IN_LANE][TILES / 64], two[TILES / 64], three[TILES / 64];
    static uint16_t out[CSGDI_TILE];
    const csgdi_random r = csgdi_random_make(11, CSGDI_STREAM_ROUNDING, 1, 0, 0);
    for (unsigned which = 0; which < 16; which += 15) {
        memset(bit, 0, sizeof bit);
        for (uint64_t t = 0; t < TILES; t++) {
            csgdi_random_tile(&r, t, out);
            for (size_t i = 0; i < IN_LANE; i++)
                bit[i][t / 64] |= (uint64_t)(out[16 * i + 5] >> which & 1) << t % 64;
        }
        for (size_t i = 0; i < IN_LANE; i++) {
            assert_in_range(ones_of(bit[i]), TILES / 2 - 7 * 32, TILES / 2 + 7 * 32);
            for (size_t j = 0; j < i; j++) {
                for (size_t w = 0; w < TILES / 64; w++)
                    two[w] = bit[i][w] ^ bit[j][w];
                assert_in_range(ones_of(two), TILES / 2 - 7 * 32, TILES / 2 + 7 * 32);
                for (size_t k = 0; k < j; k++) {
                    for (size_t w = 0; w < TILES / 64; w++)
                        three[w] = two[w] ^ bit[k][w];
                    assert_in_range(ones_of(three), TILES / 2 - 7 * 32, TILES / 2 + 7 * 32);
                }
            }
        }
        for (size_t w = 0; w < TILES / 64; w++) /* v(8) = v(0) ^ v(1) ^ v(2), low halves */
            three[w] = bit[0][w] ^ bit[2][w] ^ bit[4][w] ^ bit[16][w];
        assert_int_equal(ones_of(three), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(output_may_replace_the_counter),
        cmocka_unit_test(layout),
        cmocka_unit_test(halves),
        cmocka_unit_test(three_halves_are_independent),
        cmocka_unit_test(streams_differ),
        cmocka_unit_test(blocks_are_independent),
        cmocka_unit_test(bits_are_fair),
    };
    return cmocka_run_group_tests_name("philox", tests, NULL, NULL);
}
