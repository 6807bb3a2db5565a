/* SPDX-License-Identifier: BSD-3-Clause */

/* test_kernel_powers.c: powers of two, the reference kernels against the words of kernels.h: values
 * put in by hand, the definition in double, and the mean over many steps. */

#include <float.h>
#include <math.h>
#include "support/test.h"
#include "kernels/exact.h"
#include "kernels/fills.h"
#include "kernels/kernels.h"

enum { MAX = 300 };

static const csgdi_kernels *const refs[] = {&csgdi_kernels_ref_f32, &csgdi_kernels_ref_f64};

static union {
    float f32[MAX];
    double f64[MAX];
} x, y, z;

static double power_of(const csgdi_kernels *k, int top, unsigned code)
{
    const double least = k->type == CSGD_F32 ? FLT_MIN : DBL_MIN;
    const double v = code % 128 == 0 ? 0 : rounded(k, ldexp(1, top - 127 + (int)(code % 128)));
    return copysign(v < least ? 0 : v, code < 128 ? 1 : -1);
}

/* What x becomes: the word against the upper 16 bits of what lies above the lower of the two. */
static double expected_power(const csgdi_kernels *k, double v, int top, uint32_t word)
{
    const double magnitude = fabs(v), least = ldexp(1, top - 126);
    double power, part;
    int e;

    if (magnitude < (k->type == CSGD_F32 ? FLT_MIN : DBL_MIN)) return 0;
    if (magnitude < least) {
        part = floor(ldexp(magnitude, 126 - top + 16));
        return part + word >= 65536 ? copysign(least, v) : 0;
    }
    part = floor((frexp(magnitude, &e) * 2 - 1) * 65536);
    power = ldexp(1, e - 1);
    if (part + word >= 65536 && isfinite(rounded(k, 2 * power))) power *= 2;
    return copysign(power, v);
}

static void assert_power(const csgdi_kernels *k, int top, const csgdi_random *random,
                         uint64_t first, size_t n)
{
    static uint8_t codes[MAX + 1];

    memset(codes, 0xa5, sizeof codes);
    k->to_power(&x, n, top, random, first, codes);
    for (size_t i = 0; i < n; i++) {
        const double v = fill_get(k->type, &x, i);
        const double expected = expected_power(k, v, top, word_of(random, first + i));
        if (expected == 0)
            assert_int_equal(codes[i], 0);
        else
            assert_same(power_of(k, top, codes[i]), expected);
    }
    assert_int_equal(codes[n], 0xa5);
}

static void to_power_by_definition(void **state)
{
    const csgdi_random random = csgdi_random_make(7, CSGDI_STREAM_ROUNDING, 1, 2, 3);

    (void)state;
    for (size_t at = 0; at < 2 * FILL_SPECIALS * (MAX + 1); at++) {
        const csgdi_kernels *k = refs[at % 2];
        const size_t n = at / 2 / FILL_SPECIALS;
        int top;
        if (test_brief() && n % 25 != 0) continue;
        fill_vector((fill)(at / 2 % FILL_SPECIALS), k->type, 1, n, &x);
        frexp(k->abs_max(&x, n), &top);
        if (top < -126) top = -126;
        for (const int end = k->type == CSGD_F32 ? 128 : 1024; top <= end;
             top += 1 + (end - top) / 3) {
            assert_power(k, top, NULL, 0, n);
            assert_power(k, top, &random, at % 50 * 8, n);
        }
    }
}

static void to_power_by_hand(void **state)
{
    static const struct {
        double value;
        int top;
        unsigned code;
    } known[] = {
        {1, 0, 127},
        {-1, 0, 255},
        {0.5, 0, 126},
        {0.7499, 0, 126},
        {0.75, 0, 127},
        {-0.75, 0, 255},
        {0, 0, 0},
        {-0.0, 0, 0},
        {0x1p-124, 2, 1},
        {0x1p-125, 2, 1}, /* half of the least power */
        {0x1.FFFp-126, 2, 0},
        {-0x1.FFFp-126, 2, 0},
        {FLT_MIN, 0, 1},
        {(double)FLT_MAX, 128, 126}, /* 2^128 is no float */
        {0x1p127, 128, 126},
        {100, 128, 6},
        {0.9, 128, 0},
    };

    (void)state;
    for (size_t i = 0; i < 2 * TEST_COUNT(known); i++) {
        const csgdi_kernels *k = refs[i % 2];
        const bool wide = k->type == CSGD_F64 && known[i / 2].value == (double)FLT_MAX;
        uint8_t code;
        fill_put(k->type, &x, 0, known[i / 2].value);
        k->to_power(&x, 1, known[i / 2].top, NULL, 0, &code);
        assert_int_equal(code, wide ? 127 : known[i / 2].code);
    }
    for (size_t t = 0; t < 2; t++) { /* subnormal numbers, at any top */
        uint8_t code;
        fill_put(refs[t]->type, &x, 0, t == 0 ? FLT_MIN / 2 : DBL_MIN / 2);
        refs[t]->to_power(&x, 1, -126, NULL, 0, &code);
        assert_int_equal(code, 0);
    }
}

static void from_power(void **state)
{
    static const int top[] = {0, 1, 128, -126, 140, 1024, -1000};
    uint8_t codes[256];

    (void)state;
    for (unsigned i = 0; i < 256; i++)
        codes[i] = (uint8_t)i;
    for (size_t at = 0; at < 6 * TEST_COUNT(top); at++) {
        const csgdi_kernels *k = refs[at % 2];
        const csgdi_mode mode = (csgdi_mode)(at / 2 % 3);
        fill_vector(FILL_FEW, k->type, 1, 256, &y);
        memcpy(&z, &y, sizeof z);
        k->from_power(codes, 256, top[at / 6], mode, &z);
        for (size_t i = 0; i < 256; i++)
            assert_true(
                fill_get(k->type, &z, i) ==
                combined(k, fill_get(k->type, &y, i), mode, power_of(k, top[at / 6], (unsigned)i)));
    }
}

/* As in test_kernel_floats.c; around x the powers are as far apart as the lower of them is large. */
static void unbiased(void **state)
{
    enum { S = 4096, N = 256 };
    static uint8_t codes[N];
    static double sum[N];

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        const csgdi_kernels *k = refs[t];
        memset(sum, 0, sizeof sum);
        for (size_t i = 0; i < N; i++)
            fill_put(k->type, &x, i, ldexp((double)i - 100.3, -(int)(i % 40)));
        for (uint64_t step = 0; step < S; step++) {
            const csgdi_random r = csgdi_random_make(5, CSGDI_STREAM_ROUNDING, 0, 0, step);
            k->to_power(&x, N, 8, &r, 64, codes);
            k->from_power(codes, N, 8, CSGDI_SET, &y);
            for (size_t i = 0; i < N; i++)
                sum[i] += fill_get(k->type, &y, i);
        }
        for (size_t i = 0; i < N; i++) {
            const double v = fill_get(k->type, &x, i);
            int e;
            frexp(v, &e);
            assert_true(fabs(sum[i] / S - v) < 5 * ldexp(1, e - 1) / 2 / sqrt(S));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_power_by_hand),
        cmocka_unit_test(to_power_by_definition),
        cmocka_unit_test(from_power),
        cmocka_unit_test(unbiased),
    };
    return cmocka_run_group_tests_name("kernel powers", tests, NULL, NULL);
}
