/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_value.c: what values become, by formulas of their own and within the stated
 * errors. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "oracle/oracle.h"
#include "wire/streams.h"

enum { MAX_K = 2000 };

/* Values through a coder and back. */
static void through(csgd_type type, csgdi_value_coder coder, size_t k, const double *value,
                    double *decoded)
{
    static uint32_t index[MAX_K];
    stream s;

    assert_true(k <= MAX_K);
    for (uint32_t j = 0; j < k; j++)
        index[j] = j;
    s = stream_write(type, (csgdi_sparse_format){CSGDI_INDEX_RAW, coder}, k, k, 1, index, value);
    assert_ok(stream_judge(&s, s.bytes, s.len, 0));
    memcpy(decoded, s.value, k * sizeof *decoded);
    stream_free(&s);
}

/* The nearest number of so many bits, even of two, with exponents from least and not above most. */
static double nearest(double v, int bits, int least, double most)
{
    int exponent;
    double step;

    if (v == 0) return v;
    frexp(v, &exponent); /* v = [.5, 1) * 2^exponent */
    if (exponent < least) exponent = least;
    step = ldexp(1, exponent - bits);
    v = rint(v / step) * step; /* exact but for rint() */
    return v > most ? most : v < -most ? -most : v;
}

static double in_float(double v)
{
    return v > (double)FLT_MAX ? (double)FLT_MAX : v < -(double)FLT_MAX ? -(double)FLT_MAX : v;
}

static double expected(csgdi_value_coder coder, double v)
{
    const double f = (double)(float)in_float(v);

    switch (coder) {
    case CSGDI_VALUE_BF16:
        return nearest(f, 8, -125, 0x1.fep127);
    case CSGDI_VALUE_F16:
        return nearest(f, 11, -13, 65504);
    case CSGDI_VALUE_F32:
        return f;
    default:
        return v;
    }
}

static void check_floats(csgd_type type, size_t k, const double *value)
{
    double given[MAX_K], decoded[MAX_K], narrow[MAX_K];

    oracle_store(type, value, k, narrow);
    oracle_load(type, narrow, k, given);
    for (csgdi_value_coder coder = type == CSGD_F64 ? CSGDI_VALUE_F64 : CSGDI_VALUE_F32;
         coder <= CSGDI_VALUE_F16; coder++) {
        through(type, coder, k, given, decoded);
        for (size_t j = 0; j < k; j++) {
            const double size = fabs(given[j]), error = fabs(decoded[j] - given[j]);

            if (decoded[j] != expected(coder, given[j]) ||
                !!signbit(decoded[j]) != !!signbit(given[j]))
                fail_msg("coder %d: %a is %a, not %a", (int)coder, given[j], decoded[j],
                         expected(coder, given[j]));
            if (coder == CSGDI_VALUE_BF16 && size >= 0x1p-126 && size <= 0x1.fep127 &&
                type == CSGD_F32)
                assert_true(error <= 0x1p-8 * size);
            if (coder == CSGDI_VALUE_F16 && size >= 0x1p-14 && size <= 65504 && type == CSGD_F32)
                assert_true(error <= 0x1p-11 * size);
        }
    }
}

/* Every exponent, and around every place where something changes. */
static void floats(void **state)
{
    static const double edges[] = {0,           FLT_MAX,     DBL_MAX,   0x1.fep127,
                                   0x1.ff0p127, 0x1.fefp127, 65504,     65519.99,
                                   65520,       65536,       0x1p-14,   0x1.ffcp-15,
                                   0x1p-24,     0x1p-25,     0x1.8p-25, 0x1.000002p-25,
                                   0x1.8p-24,   0x1p-126,    0x1p-133,  0x1p-134,
                                   0x1.8p-134,  0x1p-149,    DBL_MIN,   0x1.008p0,
                                   0x1.018p0,   0x1.01p0,    0x1.03p0,  0x1.002p0,
                                   0x1.006p0,   0x1.00201p0};
    double value[MAX_K];
    uint64_t random = 1;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(edges); i++)
        value[2 * i] = edges[i], value[2 * i + 1] = -edges[i];
    check_floats(CSGD_F64, 2 * TEST_COUNT(edges), value);
    for (size_t i = 0; i < 2 * TEST_COUNT(edges); i++)
        value[i] = in_float(value[i]);
    check_floats(CSGD_F32, 2 * TEST_COUNT(edges), value);
    for (int round = 0; round < (test_brief() ? 2 : 50); round++) {
        for (size_t j = 0; j < MAX_K; j++) {
            const uint64_t r = streams_random(&random);
            /* Few bits of mantissa now and then: ties. */
            const uint64_t mantissa = r >> 40 & (r % 3 == 0 ? 0xfff000 : 0xffffff);
            value[j] = ldexp((double)mantissa, (int)(r >> 8 & 0xff) % 250 - 148);
            if ((r >> 4 & 1) != 0) value[j] = -value[j];
            value[j] = in_float(value[j]);
        }
        check_floats(CSGD_F32, MAX_K, value);
        check_floats(CSGD_F64, MAX_K, value);
    }
}

/* Blocks of 256: codes are the nearest, the largest has the largest code, and the error is at most
 * half a unit.  The unit, from the layout, stands before the codes of a block. */
static void check_block(csgd_type type, csgdi_value_coder coder, size_t k, const double *value)
{
    const int s = coder == CSGDI_VALUE_INT8 ? 127 : 7;
    double given[MAX_K], decoded[MAX_K], narrow[MAX_K];

    oracle_store(type, value, k, narrow);
    oracle_load(type, narrow, k, given);
    through(type, coder, k, given, decoded);
    for (size_t first = 0; first < k; first += 256) {
        const size_t end = k - first < 256 ? k : first + 256;
        double most = 0, top = 0, unit;

        for (size_t j = first; j < end; j++) {
            most = fmax(most, (double)(float)in_float(fabs(given[j])));
            top = fmax(top, fabs(decoded[j]));
        }
        unit = most / s;
        if (most == 0) assert_true(top == 0);
        if (most <
            0x1p-110) { /* where units are few: none is lost, and none is half again as large */
            assert_true((top > 0) == (most > 0));
            unit = fmax(unit, 0x1p-149) * 1.5;
        } else {
            assert_true(fabs(top - most) <= most * 0x1p-22);
        }
        for (size_t j = first; j < end; j++) {
            const double f = in_float(given[j]), error = fabs(decoded[j] - f);
            if (error > unit * (.5 + s * 0x1p-22))
                fail_msg("%a is %a, with units of %a", given[j], decoded[j], unit);
            assert_true(decoded[j] == 0 || signbit(decoded[j]) == signbit(given[j]));
        }
    }
}

static void integers(void **state)
{
    static const size_t ks[] = {1, 2, 3, 255, 256, 257, 511, 512, 513, 1000};
    double value[MAX_K];
    uint64_t random = 2;

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (csgdi_value_coder coder = CSGDI_VALUE_INT8; coder <= CSGDI_VALUE_INT4; coder++)
            for (int scale = -155; scale <= 105; scale += test_brief() ? 20 : 1)
                for (size_t i = 0; i < TEST_COUNT(ks); i++) {
                    for (size_t j = 0; j < ks[i]; j++)
                        value[j] = in_float(
                            ldexp((double)(int64_t)streams_random(&random) * 0x1p-40, scale));
                    check_block(type, coder, ks[i], value);
                }
}

/* A unit each block may be counted on by hand: levels of -s .. s units, and halves between. */
static void levels(void **state)
{
    double value[256], decoded[256];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (csgdi_value_coder coder = CSGDI_VALUE_INT8; coder <= CSGDI_VALUE_INT4; coder++) {
            const int s = coder == CSGDI_VALUE_INT8 ? 127 : 7;
            size_t k = 0;

            for (int q = -s; q <= s; q++)
                value[k++] = 0.25 * q;
            through(type, coder, k, value, decoded);
            assert_memory_equal(value, decoded, k * sizeof *value);
            for (size_t j = 0; j + 1 < k; j++)
                value[j] += j == 0 ? 0 : 0.125; /* a tie: to the even one */
            through(type, coder, k, value, decoded);
            for (size_t j = 0; j < k; j++)
                assert_true(decoded[j] == 0.25 * rint(value[j] / 0.25));
        }
}

/* What is too large is the largest, what is zero is zero: also in a block with an infinite unit if
 * it were rounded up. */
static void extremes(void **state)
{
    static const double largest[] = {FLT_MAX,       0x1.fffffcp127, 0x1.fffffap127, 0x1.8p127,
                                     0x1p-149,      0x1.8p-148,     190 * 0x1p-149, 255 * 0x1p-149,
                                     15 * 0x1p-149, 63 * 0x1p-149};
    double value[600], decoded[600];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (csgdi_value_coder coder = CSGDI_VALUE_INT8; coder <= CSGDI_VALUE_INT4; coder++) {
            for (size_t i = 0; i < TEST_COUNT(largest); i++) {
                for (size_t j = 0; j < 600; j++)
                    value[j] = j % 3 == 0 ? largest[i] : j % 3 == 1 ? -largest[i] : 0;
                check_block(type, coder, 600, value);
            }
            memset(value, 0, sizeof value);
            value[300] = -1; /* only the second block has a unit */
            through(type, coder, 600, value, decoded);
            for (size_t j = 0; j < 600; j++)
                assert_true(fabs(decoded[j] - value[j]) < 1e-7);
        }
    for (int infinite = 0; infinite <= 1; infinite++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (csgdi_value_coder coder = CSGDI_VALUE_F32; coder <= CSGDI_VALUE_INT4; coder++) {
                if (type == CSGD_F32 && coder == CSGDI_VALUE_F32) continue; /* as they are */
                for (size_t j = 0; j < 600; j++)
                    value[j] = (j % 2 != 0 ? -1 : 1) * (infinite           ? INFINITY
                                                        : type == CSGD_F32 ? FLT_MAX
                                                        : j < 300          ? DBL_MAX
                                                                           : 1e39);
                through(type, coder, 600, value, decoded);
                for (size_t j = 0; j < 600; j++)
                    assert_true(isfinite(decoded[j]) && decoded[j] * (j % 2 != 0 ? -1 : 1) > 65000);
            }
}

/* A channel begins a block of its own: as if it were alone. */
static void channels_apart(void **state)
{
    static uint32_t index[300];
    double value[600];
    uint64_t random = 3;

    (void)state;
    for (uint32_t j = 0; j < 300; j++)
        index[j] = 2 * j;
    streams_values(&random, 600, value);
    for (csgdi_value_coder coder = CSGDI_VALUE_F32; coder <= CSGDI_VALUE_INT4; coder++) {
        const csgdi_sparse_format format = {CSGDI_INDEX_RAW, coder};
        const size_t bytes = streams_value_bytes(coder, 300);
        stream both = stream_write(CSGD_F32, format, 600, 300, 2, index, value);

        for (unsigned c = 0; c < 2; c++) {
            stream one = stream_write(CSGD_F32, format, 600, 300, 1, index, value + 300 * c);

            assert_memory_equal(both.bytes + 8 + 1200 + c * bytes, one.bytes + 8 + 1200, bytes);
            assert_memory_equal(both.value + 300 * c, one.value, 300 * sizeof *one.value);
            stream_free(&one);
        }
        stream_free(&both);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats),   cmocka_unit_test(integers),       cmocka_unit_test(levels),
        cmocka_unit_test(extremes), cmocka_unit_test(channels_apart),
    };
    return cmocka_run_group_tests_name("wire/sparse_value", tests, NULL, NULL);
}
