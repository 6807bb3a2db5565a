/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sign.c: the scale is the mean magnitude of what a block really has, and the contraction
 * that follows from it. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/compressor.h"
#include "oracle/oracle.h"
#include "wire/header.h"

/* Compress x and decode to y, both n elements in double. */
static void through(csgd_type type, size_t block, const double *x, size_t n, double *y)
{
    const size_t size = csgd_type_size(type);
    void *given = malloc(n * size), *decoded = malloc(n * size);
    csgd_compressor *c;
    char spec[64];
    uint8_t *message;
    size_t len;

    snprintf(spec, sizeof spec, "sign block=%zu type=%s", block, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(spec, n, &c));
    message = malloc(csgd_compressor_bound(c));
    oracle_store(type, x, n, given);
    assert_ok(csgd_compressor_compress(c, given, message, csgd_compressor_bound(c), &len));
    assert_ok(csgd_compressor_decompress(c, message, len, decoded));
    oracle_load(type, decoded, n, y);
    free(message);
    free(decoded);
    free(given);
    csgd_compressor_destroy(&c);
}

/* Blocks of small integers: sums and quotients are exact, so the mean is known to the last bit,
 * also of a last block of 1 to block elements. */
static void mean_of_the_true_count(void **state)
{
    double x[80], y[80];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t n = 1; n <= 80; n++) {
            for (size_t i = 0; i < n; i++)
                x[i] = (i % 3 ? 1.0 : -1.0) * (double)(1 + i / 32); /* 1, then 2, then 3 */
            through(type, 32, x, n, y);
            for (size_t i = 0; i < n; i++)
                assert_true(y[i] == x[i]);

            x[n - 1] += copysign(64, x[n - 1]); /* shared by as many as its block has */
            through(type, 32, x, n, y);
            for (size_t i = 0; i < n; i++) {
                const size_t last = (n - 1) / 32, have = n - 32 * last;
                const double share = i / 32 == last ? 64 / (double)have : 0;
                const double mean = oracle_round(type, (double)(1 + i / 32) + share);
                assert_true(fabs(fabs(y[i]) - mean) <=
                            mean * (type == CSGD_F32 ? FLT_EPSILON : DBL_EPSILON));
                assert_true((y[i] > 0) == (x[i] > 0));
            }
        }
}

/* |x - C(x)|^2 = |x|_2^2 - |x|_1^2 / b in each block, when the scale is the mean itself.  The scale
 * sent is that mean rounded, a (1 + e) with |e| <= eps, which adds a^2 e^2 b, at most eps^2 |x|_2^2,
 * because the distance is least at the mean.  The sums here have b terms each, in double. */
static void contraction(void **state)
{
    enum { N = 10007 };
    static const size_t blocks[] = {8, 64, 1000, 1024, 8192, 16384};
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double eps = type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;

        oracle_gradient(0, 5, type, N, x);
        for (size_t i = 0; i < TEST_COUNT(blocks); i++) {
            through(type, blocks[i], x, N, y);
            for (size_t first = 0; first < N; first += blocks[i]) {
                const size_t end = N - first < blocks[i] ? N : first + blocks[i];
                const double b = (double)(end - first);
                double one = 0, two = 0, lost = 0;

                for (size_t j = first; j < end; j++) {
                    one += fabs(x[j]);
                    two += x[j] * x[j];
                    lost += (x[j] - y[j]) * (x[j] - y[j]);
                }
                assert_true(fabs(lost - (two - one * one / b)) <=
                            two * (eps * eps + 8 * b * DBL_EPSILON));
                assert_true(lost <= two * (1 + 8 * b * DBL_EPSILON));
            }
        }
    }
    free(y);
    free(x);
}

/* The sum of many is beyond the type, their mean is not; with equal magnitudes it is exact. */
static void huge_values(void **state)
{
    enum { N = 5000 };
    double x[N], y[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
        const double some = type == CSGD_F32 ? (double)3e38f : 1.7e308;

        for (size_t i = 0; i < N; i++)
            x[i] = i % 2 ? top : -top;
        through(type, 4096, x, N, y);
        for (size_t i = 0; i < N; i++) {
            assert_true(isfinite(y[i]));
            assert_true(fabs(y[i] - x[i]) <= top * 4096 * DBL_EPSILON);
        }
        for (size_t i = 0; i < N; i++)
            x[i] = i % 4 ? 0 : some;
        through(type, 1024, x, N, y);
        for (size_t i = 0; i < 4096; i++)
            assert_true(fabs(y[i] - some / 4) <=
                        some * (type == CSGD_F32 ? (double)FLT_EPSILON : 1024 * DBL_EPSILON));
    }
}

/* Against the oracle bit for bit where double overflows, and the message passes the check. */
static void overflowing_sums(void **state)
{
    enum { N = 300 };
    double x[N], y[N], expected[N];
    const oracle_settings set = {.type = CSGD_F64, .n = N, .block = 64};

    (void)state;
    oracle_gradient(0, 0, CSGD_F64, N, x);
    for (size_t i = 0; i < N; i++)
        x[i] = x[i] != 0 ? copysign(DBL_MAX * (1 - 1 / (2 + fabs(x[i]))), x[i]) : 0;
    oracle_compress("sign", &set, x, expected);
    through(CSGD_F64, 64, x, N, y);
    for (size_t i = 0; i < N; i++)
        assert_true(isfinite(y[i]) && y[i] == expected[i]);
}

/* A scale that no encoder writes is refused even with a hash that matches. */
static void bad_scale(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, -1, -1e-30};
    csgd_compressor *c;

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const size_t size = csgd_type_size(type), second = size + 1; /* of blocks of 8 */
        double x[16] = {0}, y[16];                                   /* as float or double */
        uint8_t message[128];
        size_t len;

        assert_ok(
            csgd_compressor_create(type == CSGD_F32 ? "sign block=8" : "sign block=8 type=f64", 16,
                                   &c));
        assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
        for (size_t block = 0; block < 2; block++)
            for (size_t i = 0; i < TEST_COUNT(bad); i++) {
                const csgdi_header h = {.compressor = 3,
                                        .type = type,
                                        .n = 16,
                                        .payload = len - CSGDI_HEADER_BYTES};
                uint8_t *scale = message + CSGDI_HEADER_BYTES + block * second;
                uint8_t kept[8];

                memcpy(kept, scale, size);
                oracle_store(type, &bad[i], 1, y);
                memcpy(scale, y, size);
                csgdi_header_write(&h, message);
                assert_fails(csgd_compressor_decompress(c, message, len, y), CSGD_E_CORRUPT,
                             block == 0 ? "block 0: the scale" : "block 1: the scale");
                memcpy(scale, kept, size);
            }
        csgd_compressor_destroy(&c);
    }
}

/* One message has one form: bits that stand for no element are zero, and so is what fills up. */
static void unused_bits(void **state)
{
    float x[11] = {1, 2, 3}, y[11];
    csgd_compressor *c;
    uint8_t message[128];
    size_t len;

    (void)state;
    assert_ok(csgd_compressor_create("sign block=16", 11, &c));
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    assert_int_equal(len, CSGDI_HEADER_BYTES + 8); /* scale 4, bits 2, zeros 2 */
    for (unsigned bit = 11; bit < 32; bit++) {
        const csgdi_header h = {.compressor = 3, .type = CSGD_F32, .n = 11, .payload = 8};
        uint8_t *byte = message + CSGDI_HEADER_BYTES + 4 + bit / 8;

        *byte |= (uint8_t)(1u << bit % 8);
        csgdi_header_write(&h, message);
        assert_fails(csgd_compressor_decompress(c, message, len, y), CSGD_E_CORRUPT,
                     bit < 16 ? "last bits" : "other bytes");
        *byte &= (uint8_t) ~(1u << bit % 8);
    }
    csgd_compressor_destroy(&c);
}

static void blocks(void **state)
{
    static const struct {
        const char *spec;
        const char *words;
    } bad[] = {
        {"sign block=9", "block=9 is not a multiple of 8"},
        {"sign block=1023", "multiple of 8"},
        {"sign block=1028", "multiple of 8"},
        {"sign block=0", "block"},
        {"sign block=7", "block"},
        {"sign block=1073741832", "block"},
        {"sign block=8.0", "block"},
        {"sign k=8", "k"},
    };
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_fails(csgd_compressor_create(bad[i].spec, 100, &c), CSGD_E_SPEC, bad[i].words);
    assert_ok(csgd_compressor_create("sign block=1073741824", 100, &c));
    assert_int_equal(csgd_compressor_bound(c), CSGDI_HEADER_BYTES + 24); /* 4 + 13 */
    csgd_compressor_destroy(&c);
    assert_ok(csgd_compressor_create("sign", 1025, &c));
    assert_int_equal(csgd_compressor_bound(c), CSGDI_HEADER_BYTES + 144); /* 4 + 128, 4 + 1 */
    csgd_compressor_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_of_the_true_count),
        cmocka_unit_test(contraction),
        cmocka_unit_test(huge_values),
        cmocka_unit_test(overflowing_sums),
        cmocka_unit_test(bad_scale),
        cmocka_unit_test(unused_bits),
        cmocka_unit_test(blocks),
    };
    return cmocka_run_group_tests_name("compressors/sign", tests, NULL, NULL);
}
