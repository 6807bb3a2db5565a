/* SPDX-License-Identifier: BSD-3-Clause */

/* test_terngrad.c: the scale and its clipping, the mean, the variance, and the ends of the range.
 *
 * Statistics here are of fixed seeds, as in test_qsgd.c. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/blocks.h"
#include "oracle/oracle.h"

enum { N = 40, B = 16, STEPS = 4000, MOST = 1024 }; /* the last block has 8 */

static double eps_of(csgd_type type)
{
    return type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

static csgd_compressor *create(csgd_type type, double clip, size_t block, size_t n)
{
    csgd_compressor *c;
    char spec[128];

    snprintf(spec, sizeof spec, "terngrad clip=%g block=%zu seed=11 type=%s", clip, block,
             type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(spec, n, &c));
    return c;
}

/* Compress x and decode to y, both in double. */
static void through(csgd_compressor *c, const double *x, double *y)
{
    double raw[MOST]; /* as float or double */
    uint8_t message[64 + 9 * MOST];
    size_t len;

    oracle_store(c->core.type, x, c->core.n, raw);
    assert_ok(csgd_compressor_compress(c, raw, message, sizeof message, &len));
    assert_ok(csgd_compressor_decompress(c, message, len, raw));
    oracle_load(c->core.type, raw, c->core.n, y);
}

/* --- the formula --- */

/* M = 4: what has its magnitude is exact, zero too; half of it becomes M where the word is 2^15 or
 * more, half of -M becomes zero there. */
static void half_of_the_largest(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double x[8] = {4, -4, 0, -0.0, 2, -2, 2, -2};
        csgd_compressor *c = create(type, 0, 8, 8);

        for (uint64_t step = 0; step < 50; step++) {
            const csgdi_random random = csgdi_random_make(11, CSGDI_STREAM_ROUNDING, 0, 0, step);
            double y[8];

            through(c, x, y);
            assert_true(y[0] == 4 && y[1] == -4 && y[2] == 0 && y[3] == 0);
            assert_true(!signbit(y[2]) && !signbit(y[3]));
            for (uint64_t i = 4; i < 8; i++) {
                const bool up = csgdi_random_half(&random, i) >= 1u << 15;
                assert_true(y[i] == (x[i] > 0 ? (up ? 4 : 0) : (up ? 0 : -4)));
            }
        }
        csgd_compressor_destroy(&c);
    }
}

/* One spike among ones: sigma = sqrt((63^2 + 1023) / 1024).  The scale is 2.5 sigma, and the spike
 * always has it. */
static void a_spike_is_clipped(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double m = 2.5 * sqrt(4992.0 / 1024);
        csgd_compressor *c = create(type, 2.5, 1024, 1024);
        double x[1024], y[1024];
        size_t kept = 0;

        for (size_t i = 0; i < 1024; i++)
            x[i] = i == 100 ? -63 : 1;
        through(c, x, y);
        assert_true(fabs(y[100] + m) <= 2 * eps_of(type) * m);
        for (size_t i = 0; i < 1024; i++) {
            assert_true(y[i] == 0 || fabs(y[i]) == -y[100]);
            kept += y[i] > 0;
        }
        /* Each with the chance 1 / M = 0.18, so 185 of 1023, with 12 of deviation. */
        assert_in_range(kept, 185 - 61, 185 + 61);
        csgd_compressor_destroy(&c);
    }
}

/* Nothing is above 2.5 sigma where all are equal, or where one is alone. */
static void nothing_to_clip(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t n = 1; n <= N; n++) {
            csgd_compressor *c = create(type, 2.5, 64, n);
            double x[N], y[N];

            for (size_t i = 0; i < n; i++)
                x[i] = oracle_round(type, i % 3 ? -0.1 : 0.1);
            through(c, x, y);
            for (size_t i = 0; i < n; i++)
                assert_true(y[i] == x[i]);
            csgd_compressor_destroy(&c);
        }
}

/* --- statistics --- */

/* M of the block that element i is in. */
static double scale_of(const double *x, size_t i, double clip)
{
    const size_t first = i / B * B, end = first + B < N ? first + B : N;
    double most = 0, squares = 0;

    for (size_t j = first; j < end; j++) {
        most = fmax(most, fabs(x[j]));
        squares += x[j] * x[j];
    }
    if (clip == 0) return most;
    return fmin(most, clip * sqrt(squares / (double)(end - first)));
}

/* With x' the clipped element, C(x)_i is M sgn(x'_i) with the chance |x'_i| / M: mean x', variance
 * M |x'_i| - x'_i^2, whose squared error has the variance v (M - 2 |x'_i|)^2. */
static void check_statistics(csgd_type type, double clip, const double *x)
{
    csgd_compressor *c = create(type, clip, B, N);
    double y[N], mean[N] = {0}, square[N] = {0};

    for (size_t step = 0; step < STEPS; step++) {
        through(c, x, y);
        for (size_t i = 0; i < N; i++) {
            const double limit = scale_of(x, i, clip), at = fmax(-limit, fmin(limit, x[i]));
            mean[i] += (y[i] - at) / STEPS;
            square[i] += (y[i] - at) * (y[i] - at) / STEPS;
        }
    }
    for (size_t first = 0; first < N; first += B) {
        const size_t end = first + B < N ? first + B : N;
        const double m = scale_of(x, first, clip), rest = m * (0x1p-17 + 4 * eps_of(type));
        double variance = 0, two = 0, sent = 0;

        for (size_t i = first; i < end; i++) {
            const double size = fmin(fabs(x[i]), m), v = size * (m - size);

            assert_true(fabs(mean[i]) <= 5 * sqrt(v / STEPS) + rest);
            assert_true(fabs(square[i] - v) <=
                        5 * sqrt(v / STEPS) * fabs(m - 2 * size) + 2 * m * rest);
            variance += square[i];
            sent += square[i] + size * size;
            two += x[i] * x[i];
        }
        /* The bounds of the file's comment hold for the mean, and with room to spare for chance. */
        if (clip == 0)
            assert_true(variance <=
                        (sqrt((double)(end - first)) - 1) / 2 * two * (1 + 5 / sqrt(STEPS)));
        else
            assert_true(sent <= clip * two * (1 + 5 / sqrt(STEPS)));
    }
    csgd_compressor_destroy(&c);
}

static void means_and_variances(void **state)
{
    static const double clips[] = {0, 2.5, 1, 0.25};
    double x[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t i = 0; i < TEST_COUNT(clips); i++) {
            oracle_gradient(0, 2, type, N, x);
            check_statistics(type, clips[i], x);
            for (size_t j = 0; j < N; j++) /* the largest omega: 1, then 1 / (sqrt(b) + 1) */
                x[j] = oracle_round(type, j % B == 0 ? 1 : 0.2);
            check_statistics(type, clips[i], x);
        }
}

/* --- the ends of the range --- */

static void huge_and_denormal(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
        const double least = type == CSGD_F32 ? 0x1p-149 : 0x1p-1074;
        const double lost = type == CSGD_F32 ? 0 : 0x1p-1024;
        const double largest[] = {top, top / 3, least * 1e6, least * 2, least};
        static const double clips[] = {0, 2.5, 1e300};

        for (size_t l = 0; l < TEST_COUNT(largest); l++)
            for (size_t k = 0; k < TEST_COUNT(clips); k++) {
                csgd_compressor *c = create(type, clips[k], B, N);
                double x[N], y[N];

                for (size_t i = 0; i < N; i++) /* the second block has only zeros */
                    x[i] = i / B == 1 || i % 5 == 3 ? (i % 2 ? -0.0 : 0.0)
                           : i % 2                  ? -largest[l]
                                                    : largest[l];
                for (int step = 0; step < 20; step++) {
                    through(c, x, y);
                    for (size_t i = 0; i < N; i++)
                        if (x[i] == 0)
                            assert_true(y[i] == 0 && !signbit(y[i]));
                        else
                            assert_true(fabs(y[i] - x[i]) <= lost);
                }
                csgd_compressor_destroy(&c);
            }
    }
}

/* A clip so small that no scale is left, and one spike whose square is beyond double. */
static void clips_of_any_size(void **state)
{
    const double x[8] = {1e200, 0, 0, 0, 0, 0, 0, -1};
    csgd_compressor *c = create(CSGD_F64, 1e-320, 8, 8);
    double y[8];

    (void)state;
    through(c, (const double[8]){1e-10, 1, 0, -1}, y);
    for (size_t i = 0; i < 8; i++)
        assert_true(fabs(y[i]) <= 1e-319);
    csgd_compressor_destroy(&c);

    c = create(CSGD_F64, 0.5, 8, 8);
    through(c, x, y);
    assert_true(fabs(y[0] / (0.5 * 1e200 / sqrt(8)) - 1) <= 4 * DBL_EPSILON);
    csgd_compressor_destroy(&c);
}

/* --- codes --- */

/* Code 3 is none, wherever it is; nor is a scale that no encoder writes. */
static void which_codes(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        static const double bad[] = {NAN, INFINITY, -INFINITY, -1, -1e-30};
        const size_t size = csgd_type_size(type);
        csgd_compressor *c = create(type, 0, 24, 19);
        uint8_t codes[8 + 5] = {0};
        double m; /* as float or double */

        assert_int_equal(csgdi_blocks_bytes(&c->core, 19), size + 5);
        for (size_t i = 0; i < 20; i++)
            for (unsigned code = 0; code < 4; code++) {
                const char *words = i == 19 ? "stand for no element" : "a code of 2 bits is 3";

                codes[size + i / 4] = (uint8_t)(code << i % 4 * 2);
                if (code < (i == 19 ? 1 : 3))
                    assert_ok(csgdi_blocks_check(&c->core, codes, 19));
                else
                    assert_fails(csgdi_blocks_check(&c->core, codes, 19), CSGD_E_CORRUPT, words);
                codes[size + i / 4] = 0;
            }
        for (size_t i = 0; i < TEST_COUNT(bad); i++) {
            oracle_store(type, &bad[i], 1, &m);
            memcpy(codes, &m, size);
            assert_fails(csgdi_blocks_check(&c->core, codes, 19), CSGD_E_CORRUPT,
                         "block 0: the scale is");
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
    } good[] = {
        {"terngrad", 2048, 2 * (4 + 256)},      {"terngrad", 1025, 4 + 256 + 4 + 1},
        {"terngrad block=8 type=f64", 9, 19},   {"terngrad", 0, 0},
        {"terngrad block=1073741824", 100, 29}, {"terngrad clip=1e300", 1, 5},
    };
    static const char *const bad[][2] = {
        {"terngrad block=12", "block=12 is not a multiple of 8"},
        {"terngrad block=0", "block"},
        {"terngrad clip=-1", "clip=-1 is not in [0, inf)"},
        {"terngrad clip=inf", "clip"},
        {"terngrad bits=3", "bits"},
    };
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        assert_ok(csgd_compressor_create(good[i].spec, good[i].n, &c));
        assert_int_equal(csgd_compressor_bound(c), 48 + (good[i].payload + 7) / 8 * 8);
        assert_false(c->core.biased);
        csgd_compressor_destroy(&c);
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_fails(csgd_compressor_create(bad[i][0], 100, &c), CSGD_E_SPEC, bad[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_the_largest), cmocka_unit_test(a_spike_is_clipped),
        cmocka_unit_test(nothing_to_clip),     cmocka_unit_test(means_and_variances),
        cmocka_unit_test(huge_and_denormal),   cmocka_unit_test(clips_of_any_size),
        cmocka_unit_test(which_codes),         cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests_name("compressors/terngrad", tests, NULL, NULL);
}
