/* SPDX-License-Identifier: BSD-3-Clause */

/* test_half.c: bf16 and f16: rounding by hand, mean and variance, and the ends of the range.
 *
 * Statistics here are of fixed seeds, so they pass always or never.  A mean over T steps of what has
 * variance v must lie within 5 sqrt(v / T) of its mean: by chance one in 1.7 million is outside, and
 * some hundreds are looked at. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "base/bytes.h"
#include "compressors/through.h"
#include "feedback/feedback.h"
#include "oracle/oracle.h"
#include "wire/header.h"

enum { N = 40, STEPS = 4000 };

/* --- nearest --- */

/* Eight digits, eleven digits; ties to even. */
static void nearest_by_hand(void **state)
{
    static const double x[8] = {1 + 0x1p-8,
                                1 + 3 * 0x1p-8,
                                -(1 + 0x1p-8 + 0x1p-20),
                                0x1.fffp30,
                                0x1p-133,
                                -0x1p-134,
                                3 * 0x1p-134,
                                -0.0};
    static const double bf16[8] = {1,        1 + 0x1p-6, -(1 + 0x1p-7), 0x1p31,
                                   0x1p-133, -0.0,       0x1p-132,      -0.0};
    static const double z[6] = {1 + 0x1p-11, 1 + 3 * 0x1p-11, -(1 + 0x1p-11 + 0x1p-20),
                                -0.0,        0x1p-38,         -0x1p-39};
    static const double f16[6] = {1, 1 + 0x1p-9, -(1 + 0x1p-10), -0.0, 0x1p-38, -0.0};
    double y[8];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        through_once("bf16 rounding=nearest", type, x, 8, y);
        assert_memory_equal(y, bf16, sizeof bf16);
        through_once("f16 rounding=nearest", type, z, 6, y); /* times 2^14: steps of 2^-38 */
        assert_memory_equal(y, f16, sizeof f16);
    }
}

/* Off by half a step at most, so the squares by 2^-16 and 2^-22; f16 of what is in normal range. */
static void nearest_contracts(void **state)
{
    enum { M = 5000 };
    static double x[M], y[M];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (int f16 = 0; f16 < 2; f16++) {
            oracle_gradient(0, 1, type, M, x);
            through_once(f16 ? "f16 rounding=nearest block=8" : "bf16 rounding=nearest", type, x, M,
                         y);
            for (size_t first = 0; first < M; first += 8) {
                double most = 0;

                for (size_t i = first; i < first + 8; i++)
                    most = fmax(most, fabs(x[i]));
                for (size_t i = first; i < first + 8; i++)
                    assert_true(
                        fabs(y[i] - x[i]) <=
                        (f16 ? fmax(0x1p-11 * fabs(x[i]), 0x1p-39 * most) : 0x1p-8 * fabs(x[i])));
            }
        }
}

/* --- stochastic --- */

/* The step of halves around m. */
static double step_at(double m, int digits, int least)
{
    const int exponent = m > 0 && ilogb(m) > least ? ilogb(m) : least;

    return exp2(exponent - digits + 1);
}

/* With u the step and f the fraction of |x| / u, the error is u (1 - f) with chance f, else -u f.
 * Besides chance, a word has 16 bits. */
static void check_statistics(csgd_type type, const char *spec, const double *x, int digits,
                             int least, double omega)
{
    csgd_compressor *c = through_create(spec, type, N);
    double y[N], mean[N] = {0}, square[N] = {0}, variance = 0, squares = 0;

    for (size_t step = 0; step < STEPS; step++) {
        through(c, x, y);
        for (size_t i = 0; i < N; i++) {
            mean[i] += (y[i] - x[i]) / STEPS;
            square[i] += (y[i] - x[i]) * (y[i] - x[i]) / STEPS;
        }
    }
    for (size_t i = 0; i < N; i++) {
        const double u = step_at(fabs(x[i]), digits, least);
        const double f = fabs(x[i]) / u - floor(fabs(x[i]) / u);
        const double v = u * u * f * (1 - f), rest = u * 0x1p-16;

        assert_true(fabs(mean[i]) <= 5 * sqrt(v / STEPS) + rest);
        assert_true(fabs(square[i] - v) <=
                    5 * sqrt(v / STEPS) * u * fabs(1 - 2 * f) + 2 * u * rest);
        if (x[i] == 0) assert_true(square[i] == 0);
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
        x[0] = 1.75; /* the largest, so in f16 exponents below 2^-28 have steps of 2^-38 */
        for (size_t i = 1; i < N; i++)
            x[i] = fmod(x[i], 1.5);
        check_statistics(type, "bf16 seed=2", x, 8, -126, 0x1p-16);
        check_statistics(type, "f16 seed=2", x, 11, -28, 0x1p-22);
        for (size_t i = 1; i < N; i++) /* small beside one spike: among the steps of 2^-38 */
            x[i] = ldexp(1 + (double)i / N, -39 - (int)i % 8);
        check_statistics(type, "f16 seed=2", x, 11, -28, 0x1p-22);
        for (size_t i = 0; i < N; i++) /* and those of 2^-133 */
            x[i] = oracle_round(type, ldexp(1 + (double)i / N, -134 - (int)i % 8));
        check_statistics(type, "bf16 seed=2", x, 8, -126, INFINITY);
    }
}

/* --- the ends of the range --- */

/* Blocks of one magnitude at any scale: f16 is as exact with denormals and near the top as at 1. */
static void any_scale(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (int nearest = 0; nearest < 2; nearest++)
            for (int e = type == CSGD_F32 ? -149 : -1040; e <= (type == CSGD_F32 ? 127 : 1023);
                 e++) {
                double x[8], y[8];

                for (int i = 0; i < 8; i++)
                    x[i] = oracle_round(type, ldexp(i % 2 ? -1.75 : 1.25, e));
                through_once(nearest ? "f16 rounding=nearest" : "f16", type, x, 8, y);
                assert_memory_equal(y, x, sizeof x);
            }
}

/* What is finite stays so: what is beyond the largest half becomes that one. */
static void saturation(void **state)
{
    static const char *const specs[] = {"bf16", "bf16 rounding=nearest", "f16",
                                        "f16 rounding=nearest"};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t s = 0; s < TEST_COUNT(specs); s++) {
            const bool f16 = s >= 2;
            const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
            const double largest = !f16               ? 0x1.fep127
                                   : type == CSGD_F32 ? 65504 * 0x1p112
                                                      : 65504 * 0x1p1008;
            const double x[6] = {top, -top, largest, -largest, 1, 0};
            double y[6];

            through_once(specs[s], type, x, 6, y);
            assert_true(y[0] == largest && y[1] == -largest);
            assert_true(y[2] == largest && y[3] == -largest && y[5] == 0);
            assert_true(y[4] == (f16 ? 0 : 1));
        }
}

/* --- what is refused --- */

static void bad_halves(void **state)
{
    static const uint16_t bad[2][6] = {{0x7f80, 0xff80, 0x7fc0, 0xffff, 0x7f81, 0x7fff},
                                       {0x7c00, 0xfc00, 0x7e00, 0xffff, 0x7c01, 0x7fff}};
    static const double x[11] = {1, 2, 3, 4, 5, 6, 7, 8, -9};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t f16 = 0; f16 < 2; f16++) {
            csgd_compressor *c = through_create(f16 ? "f16 block=8" : "bf16", type, 11);
            uint8_t payload[32];
            const size_t len = through_payload(c, x, payload, sizeof payload);

            assert_int_equal(len, f16 ? 32 : 24);
            for (size_t i = 0; i < 11; i++)
                for (size_t j = 0; j < 6; j++)
                    through_refused(c, payload, len, 2 * i + (f16 ? 2 + i / 8 * 2 : 0),
                                    &bad[f16][j], 2, "a half is NaN or infinite");
            csgd_compressor_destroy(&c);
        }
}

/* Within the limits of the scale any finite halves decode to finite numbers. */
static void bad_scales(void **state)
{
    static const double x[3] = {1, -2, 3};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const int least = type == CSGD_F32 ? -112 : -1008, most = type == CSGD_F32 ? 126 : 1022;
        const int16_t bad[] = {(int16_t)(least - 1), (int16_t)(most + 1), INT16_MIN, INT16_MAX};
        csgd_compressor *c = through_create("f16", type, 3);
        uint8_t payload[16];
        double y[3];
        const size_t len = through_payload(c, x, payload, sizeof payload);

        assert_int_equal((int16_t)csgdi_load16(payload), 13); /* 3 2^13 is in [2^14, 2^15) */
        for (size_t i = 0; i < TEST_COUNT(bad); i++)
            through_refused(c, payload, len, 0, &bad[i], 2, "exponent of the scale");
        csgdi_store16(payload + 2, 0x7bff);
        csgdi_store16(payload + 4, 0xfbff);
        csgdi_store16(payload, (uint16_t)least);
        assert_ok(through_judge(c, payload, len, y));
        assert_true(y[0] == ldexp(65504, -least) && y[1] == -y[0] && isfinite(y[0]));
        csgdi_store16(payload, (uint16_t)most);
        assert_ok(through_judge(c, payload, len, y));
        assert_true(y[0] == ldexp(65504, -most));
        csgd_compressor_destroy(&c);
    }
}

/* Nearest is biased, so feedback is its default. */
static void keys(void **state)
{
    static const struct {
        const char *spec;
        bool biased;
        size_t payload;
    } cases[] = {
        {"bf16", false, 2050},
        {"bf16 rounding=nearest", true, 2050},
        {"f16", false, 2054},
        {"f16 rounding=nearest", true, 2054},
        {"f16 block=8 rounding=stochastic", false, 2050 + 2 * 129},
    };
    static const char *const bad[][2] = {
        {"f16 block=12", "block=12 is not a multiple of 8"},
        {"bf16 block=8", "block"},
        {"bf16 rounding=up", "rounding"},
    };
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgd_feedback *f;

        c = through_create(cases[i].spec, CSGD_F32, 1025);
        assert_int_equal(csgd_compressor_bound(c),
                         CSGDI_HEADER_BYTES + (cases[i].payload + 7) / 8 * 8);
        assert_int_equal(c->core.biased, cases[i].biased);
        csgd_compressor_destroy(&c);
        assert_ok(csgd_feedback_create(cases[i].spec, 9, &f));
        assert_ptr_equal(f->core.ops, cases[i].biased ? &csgdi_feedback_ef : &csgdi_feedback_none);
        csgd_feedback_destroy(&f);
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_fails(csgd_compressor_create(bad[i][0], 100, &c), CSGD_E_SPEC, bad[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_by_hand), cmocka_unit_test(nearest_contracts),
        cmocka_unit_test(unbiased),        cmocka_unit_test(any_scale),
        cmocka_unit_test(saturation),      cmocka_unit_test(bad_halves),
        cmocka_unit_test(bad_scales),      cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests_name("compressors/half", tests, NULL, NULL);
}
