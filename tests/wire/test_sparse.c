/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse.c: sparse streams there and back, and every kind of stream that must be refused.
 *
 * What is judged or applied lies in memory of exactly its length and what is written to has exactly
 * n elements, so that a sanitizer sees any step outside.  Every test runs for both types. */

#include "support/test.h"

#include "base/bytes.h"
#include "oracle/oracle.h"
#include "wire/sparse.h"

enum { MAX_K = 700, N = 5000 }; /* chunks of the decoder are shorter than the longest stream */

static const csgdi_kernels *kernels_of(csgd_type type)
{
    return csgdi_kernels_get(type);
}

/* Entry j of channel c, exact in both types. */
static double value_of(size_t j, unsigned c)
{
    return (double)j * 0.5 + 1000.0 * c + 0.25;
}

/* A stream of k entries with indices first, first + stride, ... as bytes; *len is its length. */
static uint8_t *stream(csgd_type type, size_t n, size_t k, unsigned channels, uint32_t first,
                       uint32_t stride, size_t *len)
{
    const csgdi_kernels *kernels = kernels_of(type);
    uint32_t index[MAX_K];
    double wide[2 * MAX_K], narrow[2 * MAX_K]; /* narrow is aligned for either type */
    const csgdi_sparse s = {
        .n = n, .k = k, .room = MAX_K, .channels = channels, .index = index, .value = narrow};
    uint8_t *bytes;

    assert_true(k <= MAX_K);
    for (size_t j = 0; j < k; j++) {
        index[j] = first + stride * (uint32_t)j;
        for (unsigned c = 0; c < channels; c++)
            wide[c * k + j] = value_of(j, c);
    }
    oracle_store(type, wide, channels * k, narrow);
    *len = csgdi_sparse_bytes(kernels, k, channels);
    bytes = malloc(*len);
    assert_non_null(bytes);
    assert_int_equal(csgdi_sparse_write(kernels, &s, bytes), *len);
    return bytes;
}

/* Judge a copy of `len` bytes that stands `shift` bytes from an aligned address. */
static csgd_status check_copy(csgd_type type, const uint8_t *bytes, size_t len, size_t shift,
                              size_t n, size_t max_k, unsigned channels)
{
    uint8_t *memory = malloc(shift + len);
    csgd_status st;

    if (len > 0) memcpy(memory + shift, bytes, len);
    st = csgdi_sparse_check(kernels_of(type), memory + shift, len, n, max_k, channels);
    free(memory);
    return st;
}

/* --- good streams --- */

static void layout(void **state)
{
    static const uint8_t narrow[] = {3, 0, 0,    0,    0, 0, 0,    0,    /* k */
                                     5, 0, 0,    0,    6, 0, 0,    0,    /* indices */
                                     7, 0, 0,    0,    0, 0, 0,    0,    /* and zeros */
                                     0, 0, 0x80, 0x3e, 0, 0, 0x40, 0x3f, /* .25 .75 */
                                     0, 0, 0xa0, 0x3f, 0, 0, 0,    0};   /* 1.25 and zeros */
    size_t len;
    uint8_t *bytes = stream(CSGD_F32, 8, 3, 1, 5, 1, &len);

    (void)state;
    assert_int_equal(len, sizeof narrow);
    assert_memory_equal(bytes, narrow, len);
    free(bytes);

    bytes = stream(CSGD_F64, 8, 1, 2, 5, 1, &len);
    assert_int_equal(len, 8 + 8 + 2 * 8);
    assert_int_equal(csgdi_load64(bytes + 16), 0x3fd0000000000000);
    assert_int_equal(csgdi_load64(bytes + 24), 0x408f420000000000); /* 1000.25 */
    free(bytes);
}

/* What y must be after a stream was applied to base 8: compared bit for bit. */
static void check_applied(csgd_type type, const uint8_t *bytes, size_t k, unsigned channel,
                          csgdi_mode mode)
{
    const csgdi_kernels *kernels = kernels_of(type);
    double *expected = malloc(N * sizeof *expected);
    void *y = malloc(N * kernels->size), *y_expected = malloc(N * kernels->size);

    for (size_t i = 0; i < N; i++)
        expected[i] = 8;
    oracle_store(type, expected, N, y);
    for (size_t i = 0; i < N && mode == CSGDI_SET; i++)
        expected[i] = 0;
    for (size_t j = 0; j < k; j++)
        expected[1 + 7 * j] = mode == CSGDI_SET   ? value_of(j, channel)
                              : mode == CSGDI_ADD ? 8 + value_of(j, channel)
                                                  : 8 - value_of(j, channel);
    oracle_store(type, expected, N, y_expected);
    csgdi_sparse_apply(kernels, bytes, N, channel, mode, y);
    assert_memory_equal(y, y_expected, N * kernels->size);
    free(y_expected);
    free(y);
    free(expected);
}

static void round_trip(void **state)
{
    static const csgdi_mode modes[] = {CSGDI_SET, CSGDI_ADD, CSGDI_SUB};
    static const size_t ks[] = {0, 1, 2, 3, 7, 8, 9, 255, 256, 257, 512, MAX_K};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (unsigned channels = 1; channels <= 2; channels++)
            for (size_t i = 0; i < TEST_COUNT(ks); i++) {
                const size_t shift = i % 8; /* every k also at an address of its own */
                size_t len;
                uint8_t *bytes = stream(type, N, ks[i], channels, 1, 7, &len);
                uint8_t *moved = malloc(shift + len);

                assert_int_equal(len % 8, 0);
                memcpy(moved + shift, bytes, len);
                assert_ok(
                    csgdi_sparse_check(kernels_of(type), moved + shift, len, N, ks[i], channels));
                for (unsigned c = 0; c < channels; c++)
                    for (size_t m = 0; m < TEST_COUNT(modes); m++)
                        check_applied(type, moved + shift, ks[i], c, modes[m]);
                free(moved);
                free(bytes);
            }
}

static void at_every_address(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t shift = 0; shift < 8; shift++) {
            size_t len;
            uint8_t *bytes = stream(type, N, 300, 2, 1, 7, &len), *moved = malloc(shift + len);

            memcpy(moved + shift, bytes, len);
            assert_ok(csgdi_sparse_check(kernels_of(type), moved + shift, len, N, 300, 2));
            check_applied(type, moved + shift, 300, 0, CSGDI_SET);
            check_applied(type, moved + shift, 300, 1, CSGDI_ADD);
            free(moved);
            free(bytes);
        }
}

static void no_elements(void **state)
{
    size_t len;
    uint8_t *bytes = stream(CSGD_F32, 0, 0, 1, 0, 1, &len);

    (void)state;
    assert_int_equal(len, 8);
    assert_ok(check_copy(CSGD_F32, bytes, len, 0, 0, 0, 1));
    csgdi_sparse_apply(kernels_of(CSGD_F32), bytes, 0, 0, CSGDI_SET, NULL);
    free(bytes);
}

/* The last index of all is good: n is what 32 bits can count at most. */
static void largest_index(void **state)
{
    size_t len;
    uint8_t *bytes = stream(CSGD_F32, UINT32_MAX, 1, 1, UINT32_MAX - 1, 1, &len);

    (void)state;
    assert_ok(check_copy(CSGD_F32, bytes, len, 0, UINT32_MAX, 1, 1));
    csgdi_store32(bytes + 8, UINT32_MAX);
    assert_fails(check_copy(CSGD_F32, bytes, len, 0, UINT32_MAX, 1, 1), CSGD_E_CORRUPT,
                 "index 4294967295 of entry 0 is not in [0, 4294967295)");
    free(bytes);
}

/* --- bad streams --- */

static void wrong_length(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t k = 0; k <= 5; k++) {
            size_t len;
            uint8_t *bytes = stream(type, N, k, 1, 1, 7, &len);
            uint8_t *longer = calloc(len + 16, 1);

            memcpy(longer, bytes, len);
            for (size_t cut = 0; cut <= len + 16; cut++)
                if (cut != len)
                    assert_fails(check_copy(type, longer, cut, cut % 8, N, MAX_K, 1),
                                 CSGD_E_CORRUPT, cut < 8 ? "no room for its count" : "bytes, not");
            free(longer);
            free(bytes);
        }
}

/* Counts whose length in bytes overflows to the length that is there, or near it: 2^61 entries of
 * eight bytes take 2^64. */
static void counts_too_large(void **state)
{
    static const uint64_t counts[] = {4,
                                      N + 1,
                                      (uint64_t)1 << 31,
                                      (uint64_t)1 << 32,
                                      ((uint64_t)1 << 32) + 3,
                                      (uint64_t)1 << 60,
                                      (uint64_t)1 << 61,
                                      ((uint64_t)1 << 61) + 3,
                                      ((uint64_t)1 << 62) + 3,
                                      ((uint64_t)1 << 63) + 3,
                                      UINT64_MAX};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t i = 0; i < TEST_COUNT(counts); i++) {
            size_t len;
            uint8_t *bytes = stream(type, N, 3, 1, 1, 7, &len);

            csgdi_store64(bytes, counts[i]);
            assert_fails(check_copy(type, bytes, len, 0, N, 3, 1), CSGD_E_CORRUPT, "at most 3 fit");
            assert_fails(check_copy(type, bytes, len, 0, 3, SIZE_MAX, 1), CSGD_E_CORRUPT,
                         "at most 3 fit");
            free(bytes);
        }
}

static void bad_indices(void **state)
{
    static const struct {
        size_t entry;
        uint32_t index;
        const char *words;
    } bad[] = {
        {0, 8, "index 8 of entry 1 is not in [9, 5000)"},     /* 8 8 15 22: twice */
        {0, 9, "index 8 of entry 1 is not in [10, 5000)"},    /* not ascending */
        {1, 1, "index 1 of entry 1 is not in [2, 5000)"},     /* twice */
        {2, 3, "index 3 of entry 2 is not in [9, 5000)"},     /* not ascending */
        {3, 15, "index 15 of entry 3 is not in [16, 5000)"},  /* twice, at the end */
        {3, N, "index 5000 of entry 3 is not in [16, 5000)"}, /* just outside */
        {0, UINT32_MAX, "index 4294967295 of entry 0 is not in [0, 5000)"},
        {3, UINT32_MAX, "index 4294967295 of entry 3 is not in [16, 5000)"},
        {3, (uint32_t)1 << 31, "index 2147483648 of entry 3"},
    };

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t i = 0; i < TEST_COUNT(bad); i++) {
            size_t len;
            uint8_t *bytes = stream(type, N, 4, 1, 1, 7, &len);

            assert_ok(check_copy(type, bytes, len, i % 8, N, 4, 1));
            csgdi_store32(bytes + 8 + 4 * bad[i].entry, bad[i].index);
            assert_fails(check_copy(type, bytes, len, i % 8, N, 4, 1), CSGD_E_CORRUPT,
                         bad[i].words);
            free(bytes);
        }
}

/* The largest index and one more entry than n has elements cannot both be. */
static void more_entries_than_elements(void **state)
{
    size_t len;
    uint8_t *bytes = stream(CSGD_F32, 4, 4, 1, 0, 1, &len);

    (void)state;
    assert_ok(check_copy(CSGD_F32, bytes, len, 0, 4, 100, 1));
    assert_fails(check_copy(CSGD_F32, bytes, len, 0, 3, 100, 1), CSGD_E_CORRUPT, "at most 3 fit");
    assert_fails(check_copy(CSGD_F32, bytes, len, 0, 0, 100, 1), CSGD_E_CORRUPT, "at most 0 fit");
    free(bytes);
}

/* One stream has one form: what fills a section up is zero. */
static void bytes_between(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        size_t len;
        uint8_t *bytes = stream(type, N, 3, 1, 1, 7, &len);

        for (size_t at = 8 + 3 * 4; at < 8 + 4 * 4; at++) {
            bytes[at] = 1;
            assert_fails(check_copy(type, bytes, len, 0, N, 3, 1), CSGD_E_CORRUPT, "other bytes");
            bytes[at] = 0;
        }
        for (size_t at = 24 + 3 * csgd_type_size(type); at < len; at++) {
            bytes[at] = 1;
            assert_fails(check_copy(type, bytes, len, 0, N, 3, 1), CSGD_E_CORRUPT, "other bytes");
            bytes[at] = 0;
        }
        assert_ok(check_copy(type, bytes, len, 0, N, 3, 1));
        free(bytes);
    }
}

static void wrong_channels(void **state)
{
    size_t len;
    uint8_t *bytes = stream(CSGD_F64, N, 3, 2, 1, 7, &len);

    (void)state;
    assert_ok(check_copy(CSGD_F64, bytes, len, 0, N, 3, 2));
    assert_fails(check_copy(CSGD_F64, bytes, len, 0, N, 3, 1), CSGD_E_CORRUPT, "bytes, not");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(at_every_address),
        cmocka_unit_test(no_elements),
        cmocka_unit_test(largest_index),
        cmocka_unit_test(wrong_length),
        cmocka_unit_test(counts_too_large),
        cmocka_unit_test(bad_indices),
        cmocka_unit_test(wrong_channels),
        cmocka_unit_test(bytes_between),
        cmocka_unit_test(more_entries_than_elements),
    };
    return cmocka_run_group_tests_name("wire/sparse", tests, NULL, NULL);
}
