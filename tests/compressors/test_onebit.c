/* SPDX-License-Identifier: BSD-3-Clause */

/* test_onebit.c: two means of what a block really has, and the contraction that follows. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/through.h"
#include "oracle/oracle.h"
#include "wire/header.h"

/* In the first block 12.5 / 5 and -5.25 / 3; the last block has two elements. */
static void by_hand(void **state)
{
    static const double x[10] = {1, -2, 0.5, -0.0, -0.25, 3, -3, 8, 0.125, -1};
    static const double expected[10] = {2.5, -1.75, 2.5, 2.5, -1.75, 2.5, -1.75, 2.5, 0.125, -1};
    double y[10];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        through_once("onebit block=8", type, x, 10, y);
        assert_memory_equal(y, expected, sizeof y);
    }
}

/* What has no elements has mean 0, of plus sign, so that a vector has one message. */
static void empty_classes(void **state)
{
    static const double cases[][4] = {{1, 2, 3, 6},
                                      {-1, -2, -3, -6},
                                      {0, 0, 0, 0},
                                      {-0.0, -0.0, -0.0, -0.0}};
    static const double means[][2] = {{0, 3}, {-3, 0}, {0, 0}, {0, 0}}; /* by bit */

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t i = 0; i < TEST_COUNT(cases); i++) {
            csgd_compressor *c = through_create("onebit", type, 4);
            double y[4], raw[2];
            uint8_t payload[32];

            through_payload(c, cases[i], payload, sizeof payload);
            oracle_store(type, means[i], 2, raw);
            assert_memory_equal(payload, raw, 2 * csgd_type_size(type));
            through(c, cases[i], y);
            for (size_t j = 0; j < 4; j++)
                assert_true(y[j] == means[i][cases[i][j] >= 0]);
            csgd_compressor_destroy(&c);
        }
}

static double square_error(const double *x, const double *y, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum;
}

/* |x - C(x)|^2 = |x|^2 - b+ m+^2 - b- m-^2 in each block, no more than with one mean, and with the
 * rounding of the means, which adds at most eps^2 |x|^2; the sums here have b terms, in double. */
static void contraction(void **state)
{
    enum { N = 5003, B = 64 };
    static double x[N], y[N], z[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double eps = type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;

        oracle_gradient(0, 5, type, N, x);
        through_once("onebit block=64", type, x, N, y);
        through_once("sign block=64", type, x, N, z);
        for (size_t first = 0; first < N; first += B) {
            const size_t b = N - first < B ? N - first : B;
            double squares = 0, expected, sum[2] = {0}, count[2] = {0};
            const double error = square_error(x + first, y + first, b);

            for (size_t i = first; i < first + b; i++) {
                squares += x[i] * x[i];
                sum[x[i] >= 0] += x[i];
                count[x[i] >= 0]++;
            }
            expected = squares;
            for (int bit = 0; bit < 2; bit++)
                if (count[bit] > 0) expected -= sum[bit] * sum[bit] / count[bit];
            assert_true(fabs(error - expected) <= (eps * eps + 4 * B * DBL_EPSILON) * squares);
            assert_true(error <= square_error(x + first, z + first, b) * (1 + 8 * eps));
            assert_true(error <= squares);
        }
    }
}

/* Sums beyond the type, their means not; denormals; one spike among zeros. */
static void extremes(void **state)
{
    enum { N = 300 };
    double x[N], y[N], expected[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
        const double least = type == CSGD_F32 ? 0x1p-149 : 0x1p-1074;
        const oracle_settings set = {.type = type, .n = N, .block = 128};

        for (int kind = 0; kind < 5; kind++) {
            oracle_gradient(0, 0, type, N, x);
            for (size_t i = 0; i < N; i++) {
                const double large = oracle_round(type, top * (1 - 1 / (2 + fabs(x[i]))));
                if (kind == 0) x[i] = i % 3 ? top : -top;
                if (kind == 1) x[i] = copysign(large, x[i]);
                if (kind == 2) x[i] = (i % 2 ? 1 : -1) * least * (double)(i % 7);
                if (kind == 3) x[i] = i == 200 ? -top : 0;
                if (kind == 4) x[i] = -0.3125;
            }
            oracle_compress("onebit", &set, x, expected);
            through_once("onebit block=128", type, x, N, y);
            assert_memory_equal(y, expected, sizeof y);
            for (size_t i = 0; i < N; i++) {
                assert_true(isfinite(y[i]) && (y[i] >= 0 || x[i] < 0));
                if (kind == 0) assert_true(fabs(y[i] - x[i]) <= top * N * DBL_EPSILON);
                if (kind >= 3) assert_true(y[i] == x[i]);
            }
        }
    }
}

/* Means that no encoder writes are refused even with a hash that matches. */
static void bad_means(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, 1, 1e-30};
    static const double x[16] = {1, -1, 2, -2, 3, -3, 4, -4, 1, -1, 2, -2, 3, -3, 4, -4};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const size_t size = csgd_type_size(type);
        csgd_compressor *c = through_create("onebit block=8", type, 16);
        uint8_t payload[64];
        const size_t len = through_payload(c, x, payload, sizeof payload);

        for (size_t block = 0; block < 2; block++)
            for (size_t i = 0; i < TEST_COUNT(bad); i++)
                for (int bit = 0; bit < 2; bit++) {
                    const double mean = bit == 0 ? bad[i] : -bad[i];
                    double raw;

                    oracle_store(type, &mean, 1, &raw);
                    through_refused(c, payload, len, block * (2 * size + 1) + (size_t)bit * size,
                                    &raw, size,
                                    bit == 0 ? "the mean of negative" : "the mean of the other");
                }
        csgd_compressor_destroy(&c);
    }
}

static void unused_bits(void **state)
{
    static const double x[11] = {1, 2, 3};
    csgd_compressor *c = through_create("onebit block=16", CSGD_F32, 11);
    uint8_t payload[32];
    const size_t len = through_payload(c, x, payload, sizeof payload);

    (void)state;
    assert_int_equal(len, 16); /* two means, two bytes of bits, filled up */
    for (unsigned bit = 11; bit < 16; bit++) {
        const uint8_t byte = (uint8_t)(payload[9] | 1u << bit % 8);
        through_refused(c, payload, len, 9, &byte, 1, "last bits");
    }
    csgd_compressor_destroy(&c);
}

static void keys(void **state)
{
    static const char *const bad[][2] = {
        {"onebit block=12", "block=12 is not a multiple of 8"},
        {"onebit block=0", "block"},
        {"onebit block=4104", "block=4104 is not in 8 to 4096"},
        {"onebit bits=1", "bits"},
    };
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_fails(csgd_compressor_create(bad[i][0], 100, &c), CSGD_E_SPEC, bad[i][1]);
    c = through_create("onebit", CSGD_F32, 1025);
    assert_int_equal(csgd_compressor_bound(c), CSGDI_HEADER_BYTES + 152); /* 8 + 128, 8 + 1 */
    assert_true(c->core.biased);
    csgd_compressor_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),  cmocka_unit_test(empty_classes), cmocka_unit_test(contraction),
        cmocka_unit_test(extremes), cmocka_unit_test(bad_means),     cmocka_unit_test(unused_bits),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests_name("compressors/onebit", tests, NULL, NULL);
}
