/* SPDX-License-Identifier: BSD-3-Clause */

/* test_int.c: levels from min to max, the mean of one rounding and the error of the other, and the
 * ends of the range.
 *
 * Statistics here are of fixed seeds, as in test_qsgd.c. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/blocks.h"
#include "oracle/oracle.h"

enum { N = 40, B = 16, STEPS = 4000 }; /* the last block has 8 */

static double eps_of(csgd_type type)
{
    return type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

static double top_of(csgd_type type)
{
    return type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
}

static csgd_compressor *create(csgd_type type, unsigned bits, bool nearest, size_t block, size_t n)
{
    csgd_compressor *c;
    char spec[128];

    snprintf(spec, sizeof spec, "int bits=%u rounding=%s block=%zu seed=11 type=%s", bits,
             nearest ? "nearest" : "stochastic", block, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(spec, n, &c));
    return c;
}

/* Compress x and decode to y, both in double. */
static void through(csgd_compressor *c, const double *x, double *y)
{
    double raw[64]; /* as float or double */
    uint8_t message[1024];
    size_t len;

    oracle_store(c->core.type, x, c->core.n, raw);
    assert_ok(csgd_compressor_compress(c, raw, message, sizeof message, &len));
    assert_ok(csgd_compressor_decompress(c, message, len, raw));
    oracle_load(c->core.type, raw, c->core.n, y);
}

static void for_each(void (*check)(csgd_type type, unsigned bits, bool nearest))
{
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (unsigned bits = 2; bits <= 8; bits++)
            for (int nearest = 0; nearest < 2; nearest++)
                check(type, bits, nearest == 1);
}

/* Least and largest element of the block that element i is in. */
static void range_of(const double *x, size_t i, double *min, double *max)
{
    const size_t first = i / B * B, end = first + B < N ? first + B : N;

    *min = *max = x[first];
    for (size_t j = first; j < end; j++) {
        *min = fmin(*min, x[j]);
        *max = fmax(*max, x[j]);
    }
}

/* --- the formula --- */

/* -1 to 2 in two bits has the unit 1: integers are exact.  Others go up where the word carries, or
 * from one half on. */
static void levels_are_exact(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (int nearest = 0; nearest < 2; nearest++) {
            const double x[8] = {2, -1, 0, 1, 0.5, -0.5, 1.25, 1.75};
            const double to[8] = {2, -1, 0, 1, 1, 0, 1, 2};
            csgd_compressor *c = create(type, 2, nearest == 1, 8, 8);

            for (uint64_t step = 0; step < 50; step++) {
                const csgdi_random random =
                    csgdi_random_make(11, CSGDI_STREAM_ROUNDING, 0, 0, step);
                double y[8];

                through(c, x, y);
                for (size_t i = 0; i < 8; i++) {
                    const double word = csgdi_random_half(&random, i) / 0x1p16;
                    assert_true(y[i] == (nearest ? to[i] : floor(x[i] + word)));
                }
            }
            csgd_compressor_destroy(&c);
        }
}

/* Whatever is decoded lies within the block's range, whose least element is exact; no error is above
 * unit, or half of it. */
static void check_bounds(csgd_type type, unsigned bits, bool nearest)
{
    csgd_compressor *c = create(type, bits, nearest, B, N);

    for (uint64_t step = 0; step < 100; step++) {
        double x[N], y[N];

        oracle_gradient(0, step, type, N, x);
        through(c, x, y);
        for (size_t i = 0; i < N; i++) {
            double min, max, unit, most;

            range_of(x, i, &min, &max);
            most = fmax(-min, max);
            unit = (max - min) / ((1 << bits) - 1);
            assert_true(y[i] >= min && y[i] <= max);
            if (x[i] == min) assert_true(y[i] == x[i]);
            if (!nearest) assert_true(fabs(y[i] - x[i]) <= unit + 4 * eps_of(type) * most);
            if (!nearest) continue;
            assert_true(fabs(y[i] - x[i]) <= unit * (0.5 + 0x1p-17) + 4 * eps_of(type) * most);
        }
    }
    csgd_compressor_destroy(&c);
}

static void errors_are_bounded(void **state)
{
    (void)state;
    for_each(check_bounds);
}

/* nearest contracts the largest magnitude: with e = m - C(m), |e| <= (|g| + |e|) / (2^bits - 1), so
 * residuals never pass |g| / (2^bits - 2), whatever the gradients; ties of the words and rounding
 * take a little more. */
static void residual_is_bounded(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (unsigned bits = 2; bits <= 8; bits++) {
            csgd_compressor *c = create(type, bits, true, B, N);
            const double bound = 8 / ((1 << bits) - 2.0) * 1.001;
            double g[N], m[N], y[N], e[N] = {0};

            for (uint64_t step = 0; step < 200; step++) {
                oracle_gradient(0, step, type, N, g);
                for (size_t i = 0; i < N; i++) {
                    g[i] = step % 3 == 0 ? (i % B == 0) - (i % B == 1) : fmin(8, fmax(-8, g[i]));
                    m[i] = oracle_round(type, g[i] + e[i]);
                }
                through(c, m, y);
                for (size_t i = 0; i < N; i++) {
                    e[i] = oracle_round(type, m[i] - y[i]);
                    assert_true(fabs(e[i]) <= bound);
                }
            }
            csgd_compressor_destroy(&c);
        }
}

/* --- statistics --- */

/* With f the fraction of (x_i - min) / unit, the error is unit (1 - f) with chance f and -unit f
 * else, as for qsgd.  Besides chance, a word has 16 bits, which moves the mean by at most unit /
 * 2^17, and what is computed is rounded, each time by eps of the largest magnitude at most. */
static void check_statistics(csgd_type type, unsigned bits, bool nearest)
{
    csgd_compressor *c = create(type, bits, nearest, B, N);
    double x[N], y[N], mean[N] = {0}, square[N] = {0};

    if (nearest) {
        csgd_compressor_destroy(&c);
        return;
    }
    oracle_gradient(0, 2, type, N, x);
    for (size_t step = 0; step < STEPS; step++) {
        through(c, x, y);
        for (size_t i = 0; i < N; i++) {
            mean[i] += (y[i] - x[i]) / STEPS;
            square[i] += (y[i] - x[i]) * (y[i] - x[i]) / STEPS;
        }
    }
    for (size_t first = 0; first < N; first += B) {
        const size_t end = first + B < N ? first + B : N;
        double min, max, unit, variance = 0;

        range_of(x, first, &min, &max);
        unit = (max - min) / ((1 << bits) - 1);
        for (size_t i = first; i < end; i++) {
            const double f = (x[i] - min) / unit - floor((x[i] - min) / unit);
            const double v = unit * unit * f * (1 - f);
            const double rest = unit * 0x1p-17 + 8 * eps_of(type) * fmax(-min, max);

            assert_true(fabs(mean[i]) <= 5 * sqrt(v / STEPS) + rest);
            assert_true(fabs(square[i] - v) <=
                        5 * sqrt(v / STEPS) * unit * fabs(1 - 2 * f) + 2 * unit * rest);
            variance += square[i];
        }
        assert_true(variance <= (double)(end - first) * unit * unit / 4 * (1 + 5 / sqrt(STEPS)));
    }
    csgd_compressor_destroy(&c);
}

static void unbiased(void **state)
{
    (void)state;
    for_each(check_statistics);
}

/* --- the ends of the range --- */

static void check_constant(csgd_type type, unsigned bits, bool nearest)
{
    const double least = type == CSGD_F32 ? 0x1p-149 : 0x1p-1074;
    const double values[] = {0, -0.0, 0.1, -3, top_of(type), -top_of(type), least, -least};
    csgd_compressor *c = create(type, bits, nearest, B, N);

    for (size_t v = 0; v < TEST_COUNT(values); v++) {
        double x[N], y[N];

        for (size_t i = 0; i < N; i++)
            x[i] = oracle_round(type, values[v]);
        through(c, x, y);
        for (size_t i = 0; i < N; i++)
            assert_true(y[i] == x[i]);
    }
    csgd_compressor_destroy(&c);
}

static void a_constant_is_exact(void **state)
{
    (void)state;
    for_each(check_constant);
}

/* Zeros of a block without negative elements stay zeros. */
static void check_zeros(csgd_type type, unsigned bits, bool nearest)
{
    csgd_compressor *c = create(type, bits, nearest, B, N);
    double x[N], y[N];

    for (size_t step = 0; step < 20; step++) {
        oracle_gradient(0, step, type, N, x);
        for (size_t i = 0; i < N; i++)
            x[i] = i % 3 ? fabs(x[i]) : -0.0;
        through(c, x, y);
        for (size_t i = 0; i < N; i++)
            if (x[i] == 0) assert_true(y[i] == 0 && !signbit(y[i]));
    }
    csgd_compressor_destroy(&c);
}

static void zero_as_the_least(void **state)
{
    (void)state;
    for_each(check_zeros);
}

/* From -top to top: what is beyond half of it becomes half, the rest is within a unit. */
static void check_huge(csgd_type type, unsigned bits, bool nearest)
{
    const double top = top_of(type), unit = top / ((1 << bits) - 1);
    csgd_compressor *c = create(type, bits, nearest, B, N);
    double x[N], y[N];

    for (size_t step = 0; step < 20; step++) {
        for (size_t i = 0; i < N; i++)
            x[i] = i % B == 3   ? top
                   : i % B == 5 ? -top
                                : oracle_round(type, top / 20 * ((double)(i % 20) - 9.5));
        through(c, x, y);
        for (size_t i = 0; i < N; i++) {
            const double at = fmax(-top / 2, fmin(top / 2, x[i]));

            assert_true(fabs(y[i]) <= top / 2);
            assert_true(fabs(y[i] - at) <= unit * (1 + 0x1p-10));
        }
    }
    csgd_compressor_destroy(&c);
}

/* Ranges that are rounded, whose last level is not to pass max: -1 to -2^-60, where -1 + 1 does, and
 * those to the top, from quarters of its last bit. */
static void check_rounded_range(csgd_type type, unsigned bits, bool nearest)
{
    const double top = top_of(type), quarter = type == CSGD_F32 ? 0x1p102 : 0x1p969;
    csgd_compressor *c = create(type, bits, nearest, B, N);
    double x[N], y[N];

    for (int many = -1; many < 100; many++) {
        const double min = many < 0 ? -1 : quarter * many, max = many < 0 ? -0x1p-60 : top;

        for (size_t i = 0; i < N; i++)
            x[i] = i % 3 ? max : min;
        through(c, x, y); /* judged on the way */
        for (size_t i = 0; i < N; i++)
            assert_true(y[i] >= min && y[i] <= max);
    }
    csgd_compressor_destroy(&c);
}

/* Ranges of subnormal numbers: within the range, and within what has no unit. */
static void check_denormal(csgd_type type, unsigned bits, bool nearest)
{
    const double least = type == CSGD_F32 ? 0x1p-149 : 0x1p-1074, levels = (1 << bits) - 1;
    const double lost = levels * (type == CSGD_F32 ? least : 0x1p-1024);
    csgd_compressor *c = create(type, bits, nearest, B, N);
    double x[N], y[N];

    for (double by = 1; by < 1e6; by *= 3) {
        for (size_t i = 0; i < N; i++)
            x[i] = least * floor(by * ((double)(i % 7) - 2));
        through(c, x, y);
        for (size_t i = 0; i < N; i++) {
            double min, max;

            range_of(x, i, &min, &max);
            assert_true(y[i] >= min && y[i] <= max);
            assert_true(fabs(y[i] - x[i]) <= (max - min) / levels + lost);
        }
    }
    csgd_compressor_destroy(&c);
}

static void huge_and_denormal(void **state)
{
    (void)state;
    for_each(check_huge);
    for_each(check_rounded_range);
    for_each(check_denormal);
}

/* --- codes --- */

/* Numbers that say no levels, or levels that are not finite. */
static void bad_levels(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double top = top_of(type);
        const double bad[][2] = {{NAN, 1},          {INFINITY, 1},  {-INFINITY, 1}, {-INFINITY, 0},
                                 {0, NAN},          {0, INFINITY},  {0, -INFINITY}, {0, -1},
                                 {1, -1e-30},       {top, top / 8}, {0, top},       {-top, top / 2},
                                 {top / 2, top / 8}};
        const double good[][2] = {{0, 0}, {top, 0}, {-top, top / 8}, {0, top / 8}, {-1, 0.5}};
        const size_t size = csgd_type_size(type);
        csgd_compressor *c = create(type, 3, false, 16, 11);
        double pair[2]; /* as float or double */
        uint8_t codes[16 + 5];

        assert_int_equal(csgdi_blocks_bytes(&c->core, 11), 2 * size + 5);
        memset(codes, 0xff, sizeof codes); /* any code is a level */
        codes[2 * size + 4] = 1;
        for (size_t i = 0; i < TEST_COUNT(bad); i++) {
            oracle_store(type, bad[i], 2, pair);
            memcpy(codes, pair, 2 * size);
            assert_fails(csgdi_blocks_check(&c->core, codes, 11), CSGD_E_CORRUPT,
                         "block 0: the least level is");
        }
        for (size_t i = 0; i < TEST_COUNT(good); i++) {
            oracle_store(type, good[i], 2, pair);
            memcpy(codes, pair, 2 * size);
            assert_ok(csgdi_blocks_check(&c->core, codes, 11));
        }
        for (unsigned bit = 1; bit < 8; bit++) {
            codes[2 * size + 4] = (uint8_t)(1u << bit);
            assert_fails(csgdi_blocks_check(&c->core, codes, 11), CSGD_E_CORRUPT, "last bits");
        }
        csgd_compressor_destroy(&c);
    }
}

/* --- keys --- */

static void keys(void **state)
{
    static const struct {
        const char *spec;
        size_t n, payload;
        bool biased;
    } good[] = {
        {"int", 2048, 2 * (8 + 1024), false},
        {"int rounding=nearest", 1025, 8 + 1024 + 8 + 1, true},
        {"int bits=3 block=8", 10, 8 + 3 + 8 + 1, false},
        {"int bits=2 block=8 type=f64 rounding=stochastic", 16, 36, false},
        {"int bits=7 block=1073741824", 100, 8 + 88, false},
        {"int", 0, 0, false},
    };
    static const char *const bad[][2] = {
        {"int bits=1", "bits=1 is not in 2 to 8"},
        {"int bits=9", "bits=9 is not in 2 to 8"},
        {"int block=12", "block=12 is not a multiple of 8"},
        {"int rounding=up", "rounding=up"},
        {"int bucket=8", "bucket"},
    };
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        assert_ok(csgd_compressor_create(good[i].spec, good[i].n, &c));
        assert_int_equal(csgd_compressor_bound(c), 48 + (good[i].payload + 7) / 8 * 8);
        assert_int_equal(c->core.biased, good[i].biased);
        csgd_compressor_destroy(&c);
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_fails(csgd_compressor_create(bad[i][0], 100, &c), CSGD_E_SPEC, bad[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_exact),
        cmocka_unit_test(errors_are_bounded),
        cmocka_unit_test(residual_is_bounded),
        cmocka_unit_test(unbiased),
        cmocka_unit_test(a_constant_is_exact),
        cmocka_unit_test(zero_as_the_least),
        cmocka_unit_test(huge_and_denormal),
        cmocka_unit_test(bad_levels),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests_name("compressors/int", tests, NULL, NULL);
}
