/* SPDX-License-Identifier: BSD-3-Clause */

/* test_kernel_floats.c: 16-bit floats, the reference kernels against the words of kernels.h: values
 * put in by hand, the definition in double, and the mean over many steps. */

#include <float.h>
#include <math.h>
#include "support/test.h"
#include "kernels/exact.h"
#include "kernels/fills.h"
#include "kernels/kernels.h"

enum { MAX = 300, HALVES = 65536 };

static const csgdi_kernels *const refs[] = {&csgdi_kernels_ref_f32, &csgdi_kernels_ref_f64};

static union {
    float f32[HALVES];
    double f64[HALVES];
} x, y, z;

static const struct {
    int digits, least; /* of the mantissa; the exponent of the smallest normal number */
    double most;
    unsigned nan;
} formats[] = {{7, -126, 0x1.FEp127, 0x7fc0}, {10, -14, 65504, 0x7e00}};

static double value_of(csgdi_half format, unsigned half)
{
    const int digits = formats[format].digits;
    const int mantissa = (int)half % (1 << digits), field = (int)half % 32768 >> digits;
    const double sign = half >= 32768 ? -1 : 1;

    if (field == 32767 >> digits) return mantissa == 0 ? sign * INFINITY : NAN;
    if (field == 0) return sign * ldexp(mantissa, formats[format].least - digits);
    return sign * ldexp((1 << digits) + mantissa, field - 1 + formats[format].least - digits);
}

/* Of the two floats around v the one with an odd mantissa, but if v is a float. */
static double odd(double v)
{
    const float a = (float)v, b = nextafterf(a, v > (double)a ? INFINITY : -INFINITY);
    uint32_t bits;

    memcpy(&bits, &a, sizeof bits);
    return isnan(v) || (double)a == v || bits % 2 == 1 ? (double)a : (double)b;
}

static double expected_half(csgdi_half format, double v, const csgdi_random *random, uint64_t i)
{
    const double most = formats[format].most, magnitude = fabs(v);
    int e;

    if (random == NULL && isinf(v)) return v;
    frexp(fmin(magnitude, most), &e);
    e = e - 1 < formats[format].least ? formats[format].least : e - 1;
    const double distance = ldexp(1, e - formats[format].digits), u = magnitude / distance;
    if (random == NULL)
        return copysign(rint(u) * distance > most ? INFINITY : rint(u) * distance, v);
    return copysign(fmin(floor((rint(u * 65536) + word_of(random, i)) / 65536) * distance, most),
                    v);
}

static void assert_half(const csgdi_kernels *k, csgdi_half format, double scale,
                        const csgdi_random *random, uint64_t first, size_t n)
{
    static uint8_t half[2 * MAX + 2];

    memset(half, 0xa5, sizeof half);
    k->to_half(&x, n, format, scale, random, first, half + 1);
    for (size_t i = 0; i < n; i++) {
        const unsigned got = half[1 + 2 * i] + 256u * half[2 + 2 * i];
        const double v = odd(rounded(k, fill_get(k->type, &x, i) * scale));
        if (isnan(v))
            assert_int_equal(got, formats[format].nan);
        else
            assert_same(value_of(format, got), expected_half(format, v, random, first + i));
    }
    assert_int_equal(half[0], 0xa5);
    assert_int_equal(half[2 * n + 1], 0xa5);
}

static void to_half_by_definition(void **state)
{
    static const double scale[] = {1, 0x1p-100, 0x1p126, 0x1p-3, 0x1p30};
    const csgdi_random random = csgdi_random_make(7, CSGDI_STREAM_ROUNDING, 1, 2, 3);

    (void)state;
    for (size_t at = 0; at < 2 * N_FILLS * (MAX + 1); at++) {
        const csgdi_kernels *k = refs[at % 2];
        const fill f = (fill)(at / 2 % N_FILLS);
        const size_t n = at / 2 / N_FILLS;
        if (test_brief() && n % 25 != 0) continue;
        fill_vector(f, k->type, 1, n, &x);
        for (csgdi_half format = CSGDI_BF16; format <= CSGDI_F16; format++)
            for (size_t s = 0; s < TEST_COUNT(scale); s++) {
                assert_half(k, format, scale[s], NULL, 0, n);
                if (f < FILL_SPECIALS) assert_half(k, format, scale[s], &random, at % 50 * 8, n);
            }
    }
}

/* Ties go to even, a hair decides, and the ends are where they should be. */
static void to_half_by_hand(void **state)
{
    static const struct {
        double value;
        unsigned half[2]; /* bfloat16, binary16 */
    } known[] = {
        {1, {0x3f80, 0x3c00}},
        {-2, {0xc000, 0xc000}},
        {-0.0, {0x8000, 0x8000}},
        {1 + 0x1p-8, {0x3f80, 0x3c04}},
        {1 + 0x3p-8, {0x3f82, 0x3c0c}},
        {1 + 0x1p-8 + 0x1p-23, {0x3f81, 0x3c04}},
        {1 + 0x1p-11, {0x3f80, 0x3c00}},
        {1 + 0x3p-11, {0x3f80, 0x3c02}},
        {1 + 0x1p-11 + 0x1p-23, {0x3f80, 0x3c01}},
        {65504, {0x4780, 0x7bff}},
        {65519, {0x4780, 0x7bff}},
        {65520, {0x4780, 0x7c00}},
        {0x1p-14, {0x3880, 0x0400}},
        {0x1p-24, {0x3380, 0x0001}},
        {0x1p-25, {0x3300, 0x0000}},
        {0x1p-25 + 0x1p-48, {0x3300, 0x0001}},
        {0x3p-25, {0x33c0, 0x0002}},
        {0x1p-133, {0x0001, 0x0000}},
        {0x1p-134, {0x0000, 0x0000}},
        {-0x1.FEp127, {0xff7f, 0xfc00}},
        {0x1.FEFFFEp127, {0x7f7f, 0x7c00}},
        {0x1.FFp127, {0x7f80, 0x7c00}},
        {INFINITY, {0x7f80, 0x7c00}},
        {-INFINITY, {0xff80, 0xfc00}},
        {-NAN, {0x7fc0, 0x7e00}},
    };

    (void)state;
    for (size_t at = 0; at < 4 * TEST_COUNT(known); at++) {
        const csgdi_kernels *k = refs[at % 2];
        const csgdi_half format = (csgdi_half)(at / 2 % 2);
        uint16_t half;
        fill_put(k->type, &x, 0, known[at / 4].value);
        k->to_half(&x, 1, format, 1, NULL, 0, &half);
        assert_int_equal(half, known[at / 4].half[format]);
    }
    for (csgdi_half format = CSGDI_BF16; format <= CSGDI_F16; format++) {
        uint16_t half; /* a double that is hardly above a tie is no tie */
        fill_put(CSGD_F64, &x, 0, 1 + ldexp(1, -1 - formats[format].digits) + 0x1p-50);
        refs[1]->to_half(&x, 1, format, 1, NULL, 0, &half);
        assert_int_equal(half, format == CSGDI_BF16 ? 0x3f81 : 0x3c01);
    }
}

/* All halves there are; halves of numbers go back to themselves, whatever the word. */
static void all_halves(void **state)
{
    static const double scale[] = {1, 0x1p-100, 0x1p126};
    static uint16_t half[HALVES], again[HALVES];
    const csgdi_random random = csgdi_random_make(7, CSGDI_STREAM_ROUNDING, 1, 2, 3);

    (void)state;
    for (size_t i = 0; i < HALVES; i++)
        half[i] = (uint16_t)i;
    for (size_t at = 0; at < 36; at++) {
        const csgdi_kernels *k = refs[at % 2];
        const csgdi_half format = (csgdi_half)(at / 2 % 2);
        const csgdi_mode mode = (csgdi_mode)(at / 4 % 3);
        fill_vector(FILL_FEW, k->type, 1, HALVES, &y);
        memcpy(&z, &y, sizeof z);
        k->from_half(half, HALVES, format, scale[at / 12], mode, &z);
        for (size_t i = 0; i < HALVES; i++) {
            const double v = rounded(k, value_of(format, (unsigned)i) / scale[at / 12]);
            assert_same(fill_get(k->type, &z, i), combined(k, fill_get(k->type, &y, i), mode, v));
        }
        if (mode != CSGDI_SET || scale[at / 12] != 1) continue;
        for (int chance = 0; chance < 2; chance++) {
            k->to_half(&z, HALVES, format, 1, chance ? &random : NULL, 0, again);
            for (size_t i = 0; i < HALVES; i++)
                if (isfinite(value_of(format, (unsigned)i))) assert_int_equal(again[i], i);
        }
    }
}

/* Each result is one of two numbers around x a distance d apart, so its variance is at most
 * d^2 / 4, and five deviations of the mean of S are 5 d / (2 sqrt(S)).  The numbers are fixed: this
 * passes always or never. */
static void unbiased(void **state)
{
    enum { S = 4096, N = 256 };
    static uint16_t half[N];
    static double sum[N];

    (void)state;
    for (size_t at = 0; at < 4; at++) {
        const csgdi_kernels *k = refs[at % 2];
        const csgdi_half format = (csgdi_half)(at / 2);
        memset(sum, 0, sizeof sum);
        for (size_t i = 0; i < N; i++)
            fill_put(k->type, &x, i, ldexp((double)i - 100.3, -(int)(i % 40)));
        for (uint64_t step = 0; step < S; step++) {
            const csgdi_random r = csgdi_random_make(5, CSGDI_STREAM_ROUNDING, 0, 0, step);
            k->to_half(&x, N, format, 1, &r, 64, half);
            k->from_half(half, N, format, 1, CSGDI_SET, &y);
            for (size_t i = 0; i < N; i++)
                sum[i] += fill_get(k->type, &y, i);
        }
        for (size_t i = 0; i < N; i++) {
            const double v = fill_get(k->type, &x, i);
            int e;
            frexp(v, &e);
            e = e - 1 < formats[format].least ? formats[format].least : e - 1;
            const double d = ldexp(1, e - formats[format].digits);
            assert_true(fabs(sum[i] / S - v) < 5 * d / 2 / sqrt(S));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_half_by_hand),
        cmocka_unit_test(to_half_by_definition),
        cmocka_unit_test(all_halves),
        cmocka_unit_test(unbiased),
    };
    return cmocka_run_group_tests_name("kernel floats", tests, NULL, NULL);
}
