/* SPDX-License-Identifier: BSD-3-Clause */

/* test_natural.c: powers of two, the mean, the constant 1/8, and the ends of the range.
 *
 * Statistics here are of fixed seeds, so they pass always or never.  A mean over T steps of what has
 * variance v must lie within 5 sqrt(v / T) of its mean: by chance one in 1.7 million is outside, and
 * some hundreds are looked at. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "base/bytes.h"
#include "compressors/through.h"
#include "oracle/oracle.h"
#include "wire/header.h"

enum { N = 40, STEPS = 4000 };

/* One of the two powers of two around, and those themselves. */
static void powers_of_two(void **state)
{
    double x[N], y[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (uint64_t step = 0; step < 50; step++) {
            oracle_gradient(0, step, type, N, x);
            x[3] = -0.0;
            x[4] = -0x1p-20;
            x[5] = 0x1p9;
            through_once("natural block=16", type, x, N, y);
            for (size_t i = 0; i < N; i++) {
                int exponent;

                if (x[i] == 0) {
                    assert_true(y[i] == 0 && !signbit(y[i]));
                    continue;
                }
                assert_true(frexp(fabs(y[i]), &exponent) == 0.5);
                assert_true(signbit(y[i]) == signbit(x[i]));
                assert_true(fabs(y[i]) <= 2 * fabs(x[i]) && fabs(y[i]) >= fabs(x[i]) / 2);
                if (frexp(fabs(x[i]), &exponent) == 0.5) assert_true(y[i] == x[i]);
            }
        }
}

/* |x| = (1 + p) 2^e: the error has mean 0 and variance p (1 - p) 4^e, its square variance 16^e
 * p (1 - p) (1 - 2 p)^2.  Besides chance, 16 bits of p are looked at.  Below the least power, u =
 * 2^(top - 126), the same with u for 2^e and the quotient for p. */
static void check_statistics(csgd_type type, const double *x, double omega)
{
    csgd_compressor *c = through_create("natural seed=4", type, N);
    double y[N], mean[N] = {0}, square[N] = {0}, most = 0, least, variance = 0, squares = 0;
    int top;

    for (size_t i = 0; i < N; i++)
        most = fmax(most, fabs(x[i]));
    top = ilogb(most) + (exp2(ilogb(most)) < most);
    least = ldexp(1, top - 126);
    for (size_t step = 0; step < STEPS; step++) {
        through(c, x, y);
        for (size_t i = 0; i < N; i++) {
            mean[i] += (y[i] - x[i]) / STEPS;
            square[i] += (y[i] - x[i]) * (y[i] - x[i]) / STEPS;
        }
    }
    for (size_t i = 0; i < N; i++) {
        const double m = fabs(x[i]), u = m < least ? least : m > 0 ? exp2(ilogb(m)) : 0;
        const double p = u == 0 ? 0 : m < least ? m / u : m / u - 1;
        const double v = u * u * p * (1 - p), rest = u * 0x1p-16;

        assert_true(fabs(mean[i]) <= 5 * sqrt(v / STEPS) + rest);
        assert_true(fabs(square[i] - v) <=
                    5 * sqrt(v / STEPS) * u * fabs(1 - 2 * p) + 2 * u * rest);
        variance += square[i];
        squares += x[i] * x[i];
    }
    assert_true(variance <= omega * squares * (1 + 5 / sqrt(STEPS)));
    csgd_compressor_destroy(&c);
}

static void unbiased(void **state)
{
    double x[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        oracle_gradient(0, 2, type, N, x);
        check_statistics(type, x, 0.125);
        for (size_t i = 0; i < N; i++) /* 1/8 is reached */
            x[i] = oracle_round(type, ldexp(4.0 / 3, (int)i % 7 - 3));
        check_statistics(type, x, 0.125);
    }
    /* A spike that leaves the others below the least power, or near it. */
    for (size_t i = 0; i < N; i++)
        x[i] = i == 7 ? 0x1p100 : ldexp(1 + (double)i / N, -26 - (int)i % 9);
    check_statistics(CSGD_F64, x, 0.125);
}

/* 4/3 becomes 2 in a third of the cases, else 1: relative squares of 1/4 and 1/16, an eighth in the
 * mean. */
static void the_constant(void **state)
{
    enum { M = 30000 };
    static double x[M], y[M];
    double twos = 0, squares = 0;

    (void)state;
    for (size_t i = 0; i < M; i++)
        x[i] = 4.0 / 3;
    through_once("natural", CSGD_F64, x, M, y);
    for (size_t i = 0; i < M; i++) {
        twos += y[i] == 2;
        squares += (y[i] - x[i]) * (y[i] - x[i]) / (x[i] * x[i]);
    }
    assert_true(fabs(twos / M - 1.0 / 3) <= 5 * sqrt(2.0 / 9 / M));
    assert_true(fabs(squares / M - 0.125) <= 5 * 3.0 / 16 * sqrt(2.0 / 9 / M));
}

/* The largest numbers become the largest power, subnormal ones 0, the rest of them themselves. */
static void extremes(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const bool wide = type == CSGD_F64;
        const double top = wide ? DBL_MAX : (double)FLT_MAX, power = wide ? 0x1p1023 : 0x1p127;
        const double least = wide ? 0x1p-1074 : 0x1p-149, normal = wide ? DBL_MIN : (double)FLT_MIN;
        const double x[8] = {top, -top, power, -power, power / 2, 0, -least, 1};
        const double small[4] = {least, -(normal - least), 0, -0.0},
                     tiny[2] = {0x1p-126, -0x1p-126};
        double y[8];

        for (uint64_t step = 0; step < 20; step++) {
            through_once("natural", type, x, 8, y);
            assert_true(y[0] == power && y[1] == -power && y[2] == power && y[3] == -power);
            assert_true(y[4] == power / 2 && y[5] == 0 && y[6] == 0);
            if (!wide) assert_true(y[7] == 0 || y[7] == 4); /* the least power, 2^(128 - 126) */
            through_once("natural", type, small, 4, y);
            for (size_t i = 0; i < 4; i++)
                assert_true(y[i] == 0);
            through_once("natural", type, tiny, 2, y);
            assert_true(y[0] == tiny[0] && y[1] == tiny[1]);
        }
    }
}

/* Exponent and codes that no encoder writes, and that the others decode to something finite. */
static void codes(void **state)
{
    static const double x[12] = {1, -1, 2, 0, 0.5, 3, 4, -4, 1, 1, 1, 1}; /* blocks of 8 and 4 */

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const int largest = type == CSGD_F32 ? 127 : 1023;
        const int16_t bad[] = {-127, INT16_MIN, (int16_t)(largest + 2), INT16_MAX};
        csgd_compressor *c = through_create("natural block=8", type, 12);
        uint8_t payload[32], code;
        const size_t len = through_payload(c, x, payload, sizeof payload);
        double y[12];

        assert_int_equal(len, 16);
        assert_int_equal((int16_t)csgdi_load16(payload), 2);
        assert_int_equal((int16_t)csgdi_load16(payload + 10), 0);
        assert_int_equal(payload[2], 125);       /* 1 */
        assert_int_equal(payload[3], 128 + 125); /* -1 */
        assert_int_equal(payload[5], 0);
        for (size_t block = 0; block < 2; block++) {
            for (size_t i = 0; i < TEST_COUNT(bad); i++)
                through_refused(c, payload, len, 10 * block, &bad[i], 2, "exponent of the block");
            code = 128;
            for (size_t i = 0; i < (block == 0 ? 8 : 4); i++)
                through_refused(c, payload, len, 10 * block + 2 + i, &code, 1, "a code is 128");
        }
        /* In the largest block no code is for 2^top, and all others are for finite numbers. */
        csgdi_store16(payload, (uint16_t)(largest + 1));
        memset(payload + 2, 1, 8);
        payload[2] = 126;
        payload[3] = 128 + 126;
        assert_ok(through_judge(c, payload, len, y));
        assert_true(y[0] == ldexp(1, largest) && y[1] == -ldexp(1, largest));
        for (int sign = 0; sign < 2; sign++) {
            payload[2 + 7] = (uint8_t)(127 + 128 * sign);
            assert_fails(through_judge(c, payload, len, y), CSGD_E_CORRUPT,
                         "a code stands for 2^1");
        }
        csgd_compressor_destroy(&c);
    }
}

static void keys(void **state)
{
    static const char *const bad[][2] = {
        {"natural block=12", "block=12 is not a multiple of 8"},
        {"natural block=0", "block"},
        {"natural mask=yes", "mask"},
    };
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_fails(csgd_compressor_create(bad[i][0], 100, &c), CSGD_E_SPEC, bad[i][1]);
    c = through_create("natural", CSGD_F64, 1025);
    assert_int_equal(csgd_compressor_bound(c), CSGDI_HEADER_BYTES + 1032); /* 1026 + 3 */
    assert_false(c->core.biased);
    csgd_compressor_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_of_two), cmocka_unit_test(unbiased), cmocka_unit_test(the_constant),
        cmocka_unit_test(extremes),      cmocka_unit_test(codes),    cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests_name("compressors/natural", tests, NULL, NULL);
}
