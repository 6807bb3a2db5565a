/* SPDX-License-Identifier: BSD-3-Clause */

/* test_kernel_codes.c: ranges and the levels of a grid, the reference kernels against the words of
 * kernels.h: values put in by hand, the definition in double with bits taken one by one, and the
 * mean over many steps. */

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

static void put_all(const csgdi_kernels *k, const double *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fill_put(k->type, &x, i, value[i]);
}

/* --- ranges and sums by sign --- */

static void ranges(void **state)
{
    (void)state;
    for (size_t at = 0; at < 2 * N_FILLS * (MAX + 1); at++) {
        const csgdi_kernels *k = refs[at % 2];
        const size_t n = at / 2 / N_FILLS;
        double least = 0, most = 0, range[2];
        bool finite = true;
        fill_vector((fill)(at / 2 % N_FILLS), k->type, 1, n, &x);
        for (size_t i = 0; i < n; i++) {
            const double v = fill_get(k->type, &x, i);
            finite = finite && isfinite(v);
            least = i == 0 ? v : fmin(least, v);
            most = i == 0 ? v : fmax(most, v);
        }
        assert_int_equal(k->min_max(&x, n, range), finite);
        if (finite) {
            assert_same(range[0], least == 0 ? 0 : least);
            assert_same(range[1], most == 0 ? 0 : most);
            assert_same(k->abs_max(&x, n), fmax(fabs(least), fabs(most)));
        } else {
            assert_false(k->abs_max(&x, n) < INFINITY);
        }
    }
    for (size_t t = 0; t < 2; t++) { /* a zero is a zero */
        double range[2];
        put_all(refs[t], (double[]){-0.0, -0.0, 0, -1, 3}, 5);
        assert_true(refs[t]->min_max(&x, 2, range));
        assert_same(range[0], 0);
        assert_same(range[1], 0);
        assert_true(refs[t]->min_max(&x, 5, range));
        assert_same(range[0], -1);
        assert_same(range[1], 3);
    }
}

/* --- quantizing --- */

static unsigned code_at(const uint8_t *codes, unsigned bits, size_t i)
{
    unsigned code = 0;

    for (size_t b = 0; b < bits; b++)
        code += (unsigned)(codes[(i * bits + b) / 8] >> (i * bits + b) % 8 & 1) << b;
    return code;
}

/* Levels -1.5, -1, .. 1.5 around base 10: between two of them the word decides, ties go up, and what
 * lies outside goes to the ends. */
static void by_hand(void **state)
{
    static const csgdi_grid grid = {10, 0.5, 2, -3, 7, 3};
    static const double value[] = {
        10,             /* a level */
        8.5,            /* the least */
        11.5,           /* and the last */
        10.25,          /* half way */
        9.75,           /* and below zero */
        10.2499,        /* below the half */
        10.2501,        /* and above */
        8.4,            /* beyond either end */
        1e30,    -1e30, /* and far */
        11.499,         /* up to the last level */
        -0.0,           /* far below */
    };
    static const unsigned expected[] = {3, 0, 6, 4, 3, 3, 4, 0, 6, 0, 6, 0};
    enum { N = TEST_COUNT(value) };
    uint8_t codes[(N * 3 + 7) / 8 + 1];

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        put_all(refs[t], value, N);
        memset(codes, 0xa5, sizeof codes);
        refs[t]->quantize(&x, N, &grid, NULL, 0, codes);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(code_at(codes, 3, i), expected[i]);
        assert_int_equal(codes[N * 3 / 8] >> N * 3 % 8, 0);
        assert_int_equal(codes[sizeof codes - 1], 0xa5);

        refs[t]->dequantize(codes, N, &grid, CSGDI_SET, &y);
        for (size_t i = 0; i < N; i++)
            assert_same(fill_get(refs[t]->type, &y, i), 8.5 + 0.5 * expected[i]);
    }
}

/* A level is hit whatever the word; next to it the word must be at its end to leave it. */
static void levels_are_kept(void **state)
{
    const csgdi_random random = csgdi_random_make(1, CSGDI_STREAM_ROUNDING, 0, 0, 0);
    uint8_t codes[MAX];

    (void)state;
    for (size_t t = 0; t < 2; t++)
        for (unsigned levels = 2; levels <= 256; levels += 127) {
            const csgdi_grid grid = {0, 0.25, 4, -1, levels, 8};
            for (size_t i = 0; i < MAX; i++)
                fill_put(refs[t]->type, &x, i, 0.25 * ((double)(i % levels) - 1));
            refs[t]->quantize(&x, MAX, &grid, &random, 8, codes);
            for (size_t i = 0; i < MAX; i++)
                assert_int_equal(codes[i], i % levels);
        }
}

static void quantized(const csgdi_kernels *k, size_t n, const csgdi_grid *grid,
                      const csgdi_random *random, uint64_t first)
{
    static uint8_t codes[MAX + 1];
    const size_t bytes = (n * grid->bits + 7) / 8;
    const double base = rounded(k, grid->base), scale = rounded(k, grid->scale);
    const double end = (double)grid->levels - 1 + grid->least;

    memset(codes, 0xa5, sizeof codes);
    k->quantize(&x, n, grid, random, first, codes);
    for (size_t i = 0; i < n; i++) {
        const double a = fill_get(k->type, &x, i);
        double v = isfinite(scale) ? rounded(k, rounded(k, a - base) * scale)
                                   : (a - grid->base) * grid->scale;
        v = fmin(fmax(v, grid->least), end); /* NaN: the other */
        const double sum = rint(v * 65536) + word_of(random, first + i);
        assert_int_equal(code_at(codes, grid->bits, i), floor(sum / 65536) - grid->least);
    }
    for (size_t b = n * grid->bits; b < 8 * bytes; b++)
        assert_int_equal(codes[b / 8] >> b % 8 & 1, 0);
    assert_int_equal(codes[bytes], 0xa5);
}

static void dequantized(const csgdi_kernels *k, size_t n, const csgdi_grid *grid, csgdi_mode mode)
{
    static uint8_t codes[MAX];
    uint64_t random = 1;

    for (size_t i = 0; i < sizeof codes; i++)
        codes[i] = (uint8_t)fill_random(&random);
    memcpy(&z, &y, sizeof z);
    k->dequantize(codes, n, grid, mode, &z);
    for (size_t i = 0; i < n; i++) {
        const double level = (double)code_at(codes, grid->bits, i) + grid->least;
        const double product = rounded(k, rounded(k, grid->unit) * level);
        const double v = rounded(k, rounded(k, grid->base) + product);
        assert_same(fill_get(k->type, &z, i), combined(k, fill_get(k->type, &y, i), mode, v));
    }
}

/* All bits; grids that x fills, that are below or above it, and of which nothing is left. */
static void by_definition(void **state)
{
    const csgdi_random random = csgdi_random_make(7, CSGDI_STREAM_ROUNDING, 1, 2, 3);

    (void)state;
    for (size_t at = 0; at < 2 * FILL_SPECIALS * (MAX + 1); at++) {
        const csgdi_kernels *k = refs[at % 2];
        const size_t n = at / 2 / FILL_SPECIALS;
        const unsigned bits = 1 + (unsigned)at % 8;
        const int s = bits == 1 ? 1 : (1 << (bits - 1)) - 1;
        double range[2];
        fill_vector((fill)(at / 2 % FILL_SPECIALS), k->type, 1, n, &x);
        fill_vector((fill)(at / 2 % FILL_SPECIALS), k->type, 2, MAX, &y);
        k->min_max(&x, n, range);
        const double m = fmax(range[1], -range[0]), unit = m / s;
        const double step = range[1] / ((1u << bits) - 1) - range[0] / ((1u << bits) - 1);
        const csgdi_grid grids[] = {
            {0, unit, unit > 0 ? fmin(1 / unit, DBL_MAX) : 0, -s, 2 * (unsigned)s + (bits > 1),
             bits},
            {range[0], step, step > 0 ? fmin(1 / step, DBL_MAX) : 0, 0, 1u << bits, bits},
            {range[1] / 3, step / 2, step > 0 ? fmin(2 / step, DBL_MAX) : 0, -1, 2, bits},
            {range[1], 0, 0, 0, 2, bits},
        };
        for (size_t g = 0; g < TEST_COUNT(grids); g++) {
            quantized(k, n, &grids[g], NULL, 8);
            quantized(k, n, &grids[g], &random, at % 50 * 8);
            dequantized(k, n, &grids[g], (csgdi_mode)(at % 3));
        }
    }
}

/* A unit so small that its inverse is no float: levels are still told from each other. */
static void scale_beyond_float(void **state)
{
    static const csgdi_grid grid = {0x1p-140, 0x1p-141, 0x1p141, -2, 4, 2};
    uint8_t codes[1];

    (void)state;
    put_all(refs[0], (double[]){0, 0x1p-141, 0x1p-140, 0x1p-140 + 0x1p-141}, 4);
    refs[0]->quantize(&x, 4, &grid, NULL, 0, codes);
    assert_int_equal(codes[0], 0 + (1 << 2) + (2 << 4) + (3 << 6));
}

/* With unit 0 all codes are that of base. */
static void no_unit(void **state)
{
    static const csgdi_grid grid = {0.3, 0, 0, 0, 16, 4};
    const csgdi_random random = csgdi_random_make(1, CSGDI_STREAM_ROUNDING, 0, 0, 0);
    uint8_t codes[MAX / 2];

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        fill_vector(FILL_EQUAL, refs[t]->type, 1, MAX, &x);
        refs[t]->quantize(&x, MAX, &grid, &random, 0, codes);
        for (size_t i = 0; i < MAX / 2; i++)
            assert_int_equal(codes[i], 0);
        refs[t]->dequantize(codes, MAX, &grid, CSGDI_SET, &y);
        assert_same(fill_get(refs[t]->type, &y, MAX - 1), rounded(refs[t], 0.3));
    }
}

/* The mean over S steps of what is decoded is x: each is one of two levels, so its variance is at
 * most unit^2 / 4, and five deviations of the mean are 5 unit / (2 sqrt(S)).  The numbers are fixed:
 * this passes always or never. */
static void unbiased(void **state)
{
    enum { S = 4096, N = 256 };
    static const csgdi_grid grid = {-1, 2.0 / 7, 3.5, 0, 8, 3};
    static uint8_t codes[N * 3 / 8];
    static double sum[N];

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        memset(sum, 0, sizeof sum);
        for (size_t i = 0; i < N; i++)
            fill_put(refs[t]->type, &x, i, (double)i * 2 / (N - 1) - 1);
        for (uint64_t step = 0; step < S; step++) {
            const csgdi_random r = csgdi_random_make(5, CSGDI_STREAM_ROUNDING, 0, 0, step);
            refs[t]->quantize(&x, N, &grid, &r, 64, codes);
            refs[t]->dequantize(codes, N, &grid, CSGDI_SET, &y);
            for (size_t i = 0; i < N; i++)
                sum[i] += fill_get(refs[t]->type, &y, i);
        }
        for (size_t i = 0; i < N; i++)
            assert_true(fabs(sum[i] / S - fill_get(refs[t]->type, &x, i)) <
                        5 * grid.unit / 2 / sqrt(S));
    }
}

/* Elements share what their words are made of, and yet a sum of them, with signs or without, has the
 * mean and the variance that words of their own give it: the sum over elements of p (1 - p).  The mean of
 * S steps is known to sqrt(variance / S), the variance to a part of sqrt(2 / S); five of both. */
static void sums_vary_as_if_independent(void **state)
{
    enum { S = 2000, N = 1024, SIGNS = 5 };
    static const csgdi_grid grid = {0, 1, 1, 0, 4, 2};
    static float big[N];
    static uint8_t codes[N / 4];
    double mean[SIGNS] = {0}, square[SIGNS] = {0}, variance = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        const double p = (double)(i * 37 % 64 + 1) / 65;
        big[i] = (float)p;
        variance += p * (1 - p);
    }
    for (uint64_t step = 0; step < S; step++) {
        const csgdi_random r = csgdi_random_make(9, CSGDI_STREAM_ROUNDING, 0, 0, step);
        double sum[SIGNS] = {0};
        uint64_t coin = 1;
        refs[0]->quantize(big, N, &grid, &r, 1024, codes);
        for (size_t i = 0; i < N; i++) {
            const double e = code_at(codes, 2, i) - (double)big[i];
            const size_t other[] = {0, i / 16, i / 32, i / 256, (size_t)fill_random(&coin) >> 7};
            for (size_t s = 0; s < SIGNS; s++)
                sum[s] += other[s] % 2 == 0 ? e : -e;
        }
        for (size_t s = 0; s < SIGNS; s++) {
            mean[s] += sum[s] / S;
            square[s] += sum[s] * sum[s] / S;
        }
    }
    for (size_t s = 0; s < SIGNS; s++) {
        assert_true(fabs(mean[s]) < 5 * sqrt(variance / S));
        assert_true(fabs(square[s] / variance - 1) < 5 * sqrt(2.0 / S));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),          cmocka_unit_test(by_hand),
        cmocka_unit_test(levels_are_kept), cmocka_unit_test(by_definition),
        cmocka_unit_test(no_unit),         cmocka_unit_test(scale_beyond_float),
        cmocka_unit_test(unbiased),        cmocka_unit_test(sums_vary_as_if_independent),
    };
    return cmocka_run_group_tests_name("kernel codes", tests, NULL, NULL);
}
