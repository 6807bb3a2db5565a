/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_golden.c: a few streams as they are, made by hand from the layouts.  If a test here
 * fails, the format has changed, and CSGDI_WIRE_VERSION must change with it. */

#include "support/test.h"

#include "oracle/oracle.h"
#include "wire/streams.h"

typedef struct golden {
    csgd_type type;
    csgdi_sparse_format format;
    unsigned channels;
    size_t n, k;
    uint32_t index[5];
    double given[5], decoded[5];
    const char *hex;
} golden;

static const golden streams[] = {
    {CSGD_F32,
     {CSGDI_INDEX_RAW, CSGDI_VALUE_F32},
     1,
     10,
     3,
     {5, 6, 7},
     {3, -3, 8},
     {3, -3, 8},
     "03000000 01010100 05000000 06000000 07000000 00000000 00004040 000040c0 00000041 00000000"},
    {CSGD_F64,
     {CSGDI_INDEX_RAW, CSGDI_VALUE_F64},
     1,
     1,
     1,
     {0},
     {-2},
     {-2},
     "01000000 01000100 00000000 00000000 00000000 000000c0"},
    {CSGD_F64,
     {CSGDI_INDEX_RAW, CSGDI_VALUE_F32},
     1,
     1,
     1,
     {0},
     {1.0 / 3},
     {11184811.0 / 33554432},
     "01000000 01010100 00000000 00000000 abaaaa3e 00000000"},
    /* Gaps 1 6 6, b 2: lows 01 10 10, quotients 1 01 01, in the order of bits 10 01 01 1 01 01. */
    {CSGD_F32,
     {CSGDI_INDEX_RICE, CSGDI_VALUE_BF16},
     1,
     64,
     3,
     {1, 8, 15},
     {1, -2.5, 1.0 / 3},
     {1, -2.5, 171.0 / 512},
     "03000000 02020102 69050000 00000000 803f20c0 ab3e0000"},
    /* The gap is 2^32 - 2: 30 low bits, then 000 1. */
    {CSGD_F32,
     {CSGDI_INDEX_RICE, CSGDI_VALUE_F32},
     1,
     4294967295,
     1,
     {4294967294},
     {1},
     {1},
     "01000000 0201011e feffff3f 02000000 0000803f 00000000"},
    /* f16: 1.5, the largest, the smallest, and -.1 as -1638 / 2^14. */
    {CSGD_F64,
     {CSGDI_INDEX_BITMAP, CSGDI_VALUE_F16},
     2,
     10,
     2,
     {0, 9},
     {1.5, 65520, 0x1p-24, -.1},
     {1.5, 65504, 0x1p-24, -1638.0 / 16384},
     "02000000 03030200 01020000 00000000 003eff7b 010066ae"},
    /* Unit .5, q 127 -2 1. */
    {CSGD_F32,
     {CSGDI_INDEX_RAW, CSGDI_VALUE_INT8},
     1,
     8,
     3,
     {2, 4, 6},
     {63.5, -1, .3},
     {63.5, -1, .5},
     "03000000 01040100 02000000 04000000 06000000 00000000 0000003f fe7d8000"},
    /* Unit 1, q 7 -7 2 -4 1; b 0 and five ones, as long as a bitmap. */
    {CSGD_F64,
     {CSGDI_INDEX_AUTO, CSGDI_VALUE_INT4},
     1,
     5,
     5,
     {0, 1, 2, 3, 4},
     {7, -7, 2.5, -3.5, 1},
     {7, -7, 2, -4, 1},
     "05000000 02050100 1f000000 00000000 0000803f 0e390800"},
    {CSGD_F32, {CSGDI_INDEX_AUTO, CSGDI_VALUE_INT8}, 2, 9, 0, {0}, {0}, {0}, "00000000 01040200"},
    {CSGD_F32, {CSGDI_INDEX_RICE, CSGDI_VALUE_F32}, 1, 9, 0, {0}, {0}, {0}, "00000000 02010100"},
    {CSGD_F32,
     {CSGDI_INDEX_BITMAP, CSGDI_VALUE_F32},
     1,
     9,
     0,
     {0},
     {0},
     {0},
     "00000000 03010100 00000000 00000000"},
};

static size_t from_hex(const char *hex, uint8_t *bytes)
{
    size_t len = 0;

    for (; *hex != '\0'; hex += hex[2] == ' ' ? 3 : 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        bytes[len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

static void written_like_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(streams); i++) {
        const golden *g = &streams[i];
        uint8_t bytes[256];
        const size_t len = from_hex(g->hex, bytes);
        stream s = stream_write(g->type, g->format, g->n, g->k, g->channels, g->index, g->given);

        assert_int_equal(s.len, len);
        assert_memory_equal(s.bytes, bytes, len);
        assert_memory_equal(s.value, g->decoded, g->channels * g->k * sizeof *s.value);
        stream_free(&s);
    }
}

static void read_like_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(streams); i++) {
        const golden *g = &streams[i];
        uint8_t bytes[256];
        const size_t len = from_hex(g->hex, bytes);
        const csgdi_kernels *kernels = csgdi_kernels_get(g->type);

        assert_ok(csgdi_sparse_check(kernels, g->format, bytes, len, g->n, g->k, g->channels));
        for (unsigned c = 0; c < g->channels; c++) {
            csgdi_sparse_reader r;
            uint32_t index[CSGDI_SPARSE_CHUNK];
            double value[CSGDI_SPARSE_CHUNK], wide[CSGDI_SPARSE_CHUNK];

            csgdi_sparse_open(&r, kernels, bytes, g->n, c);
            assert_int_equal(csgdi_sparse_next(&r, index, value), g->k);
            oracle_load(g->type, value, g->k, wide);
            for (size_t j = 0; j < g->k; j++) {
                assert_int_equal(index[j], g->index[j]);
                assert_true(wide[j] == g->decoded[c * g->k + j]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_like_this),
        cmocka_unit_test(read_like_this),
    };
    return cmocka_run_group_tests_name("wire/sparse_golden", tests, NULL, NULL);
}
