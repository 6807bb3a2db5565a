/* SPDX-License-Identifier: BSD-3-Clause */

/* test_qsgd.c: the mean, the variance and the ends of the range, and which codes are none.
 *
 * Statistics here are of fixed seeds, so they pass always or never.  A mean over T steps of what has
 * variance v must lie within 5 sqrt(v / T) of its mean: by chance one in 1.7 million is outside, and
 * some thousands are looked at. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/blocks.h"
#include "oracle/oracle.h"
#include "wire/header.h"

enum { N = 40, B = 16, STEPS = 4000, CAP = 4096 }; /* the last bucket has 8 */

static csgd_compressor *create(csgd_type type, unsigned bits, bool l2, size_t bucket, size_t n)
{
    csgd_compressor *c;
    char spec[128];

    snprintf(spec, sizeof spec, "qsgd bits=%u norm=%s bucket=%zu seed=11 type=%s", bits,
             l2 ? "l2" : "linf", bucket, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(spec, n, &c));
    return c;
}

/* Compress x and decode to y, both in double. */
static void through(csgd_compressor *c, const double *x, double *y)
{
    const csgd_type type = c->core.kernels->type;
    double raw[64]; /* as float or double */
    uint8_t message[CAP];
    size_t len;

    oracle_store(type, x, c->core.n, raw);
    assert_ok(csgd_compressor_compress(c, raw, message, sizeof message, &len));
    assert_ok(csgd_compressor_decompress(c, message, len, raw));
    oracle_load(type, raw, c->core.n, y);
}

static void for_each(void (*check)(csgd_type type, unsigned bits, bool l2))
{
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (unsigned bits = 2; bits <= 8; bits++)
            for (int l2 = 0; l2 < 2; l2++)
                check(type, bits, l2 == 1);
}

/* --- statistics --- */

/* Largest magnitude and 2-norm of the bucket that element i is in. */
static void norms(const double *x, size_t i, double *most, double *two)
{
    const size_t first = i / B * B, end = first + B < N ? first + B : N;

    *most = *two = 0;
    for (size_t j = first; j < end; j++) {
        *most = fmax(*most, fabs(x[j]));
        *two += x[j] * x[j];
    }
    *two = sqrt(*two);
}

/* With u = M / s and f the fraction of |x_i| / u, the error C(x)_i - x_i is u (1 - f) with chance f
 * and -u f else: mean 0, variance u^2 f (1 - f); its square has variance u^4 f (1 - f) (1 - 2 f)^2.
 * Besides chance, a word has 16 bits, which moves the mean by at most u / 2^17, and the unit, its
 * inverse, places and decoded values are rounded, four times u s eps at most. */
static void check_statistics(csgd_type type, unsigned bits, bool l2)
{
    const double s = (double)(1 << (bits - 1)) - 1;
    const double eps = type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    csgd_compressor *c = create(type, bits, l2, B, N);
    double x[N], y[N], mean[N] = {0}, square[N] = {0};

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
        const double b = (double)(end - first);
        double most, two, variance = 0, bound;

        norms(x, first, &most, &two);
        for (size_t i = first; i < end; i++) {
            const double u = (l2 ? two : most) / s, f = fabs(x[i]) / u - floor(fabs(x[i]) / u);
            const double v = u * u * f * (1 - f), rest = u * 0x1p-17 + 4 * u * s * eps;

            assert_true(fabs(mean[i]) <= 5 * sqrt(v / STEPS) + rest);
            assert_true(fabs(square[i] - v) <=
                        5 * sqrt(v / STEPS) * u * fabs(1 - 2 * f) + 2 * u * rest);
            variance += square[i];
        }
        /* The bounds of the file's comment hold for the mean, and with room to spare for chance. */
        bound = l2 ? fmin(b / (s * s), sqrt(b) / s) * two * two : b * most * most / (4 * s * s);
        assert_true(variance <= bound * (1 + 5 / sqrt(STEPS)));
    }
    csgd_compressor_destroy(&c);
}

static void unbiased(void **state)
{
    (void)state;
    for_each(check_statistics);
}

/* --- the formula --- */

/* Multiples of the unit are exact whatever the words: M = 7 and s = 7 here. */
static void levels_are_exact(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double x[16] = {7, -7, 6, -5, 4, -3, 2, -1, 0, -0.0, 0.875, -1.75, 0, 0, 0, -0.25};
        csgd_compressor *c = create(type, 4, false, 8, 16);
        double y[16];

        for (size_t step = 0; step < 50; step++) {
            through(c, x, y);
            for (size_t i = 0; i < 8; i++)
                assert_true(y[i] == x[i]);
            for (size_t i = 8; i < 16; i++) /* unit 1/4, so 0.875 is half way */
                assert_true(i == 10 ? y[i] == 0.75 || y[i] == 1 : y[i] == x[i]);
        }
        csgd_compressor_destroy(&c);
    }
}

/* Element i goes up where its fraction and its word carry: from 2^16 - word in 2^-16 on. */
static void carries(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        csgd_compressor *c = create(type, 2, false, 16, N);
        const csgdi_random random = csgdi_random_make(11, CSGDI_STREAM_ROUNDING, 0, 0, 0);

        for (int less = 0; less <= 1; less++) {
            double x[N], y[N];

            for (size_t i = 0; i < N; i++) {
                const double word = csgdi_random_half(&random, i);
                x[i] = i % 16 == 0 ? 1 : (0x1p16 - word - less) / 0x1p16 - (i % 2 ? 1 : 0);
            }
            assert_ok(csgd_compressor_set_step(c, 0));
            through(c, x, y);
            for (size_t i = 0; i < N; i++)
                assert_true(y[i] == (i % 16 == 0 ? 1 : 1.0 - less - (i % 2 ? 1 : 0)));
        }
        csgd_compressor_destroy(&c);
    }
}

/* --- what random words depend on --- */

static void codes_of(csgd_compressor *c, uint64_t step, const float *x, uint8_t *codes)
{
    assert_true(csgdi_blocks_encode(&c->core, x, 0, c->core.n, step, codes));
}

/* Of 64 elements half way between two levels, equal codes are 64 coins of one side. */
static void words_differ(void **state)
{
    csgd_compressor *c = create(CSGD_F32, 2, false, 64, 64);
    uint8_t codes[20], other[20];
    float x[64];

    (void)state;
    for (size_t i = 0; i < 64; i++)
        x[i] = i == 0 ? 2 : 1;
    codes_of(c, 0, x, codes);
    codes_of(c, 0, x, other);
    assert_memory_equal(codes, other, sizeof codes);
    codes_of(c, 1, x, other);
    assert_memory_not_equal(codes, other, sizeof codes);
    c->core.rank = 1;
    codes_of(c, 0, x, other);
    assert_memory_not_equal(codes, other, sizeof codes);
    c->core.rank = 0;
    c->core.rounding = CSGDI_STREAM_OWNER;
    codes_of(c, 0, x, other);
    assert_memory_not_equal(codes, other, sizeof codes);
    c->core.rounding = CSGDI_STREAM_ROUNDING;
    c->core.seed = 12;
    codes_of(c, 0, x, other);
    assert_memory_not_equal(codes, other, sizeof codes);
    csgd_compressor_destroy(&c);
}

/* --- the ends of the range --- */

/* |y_i - x_i| <= M / s and |y_i| <= M, and zeros are zeros; with linf the largest is itself, but for
 * rounding.  What is lost: units are multiples of the least number, and in double have an inverse
 * from 2^-1024 on. */
static void check_extremes(csgd_type type, unsigned bits, bool l2)
{
    const double s = (double)(1 << (bits - 1)) - 1;
    const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
    const double least = type == CSGD_F32 ? 0x1p-149 : 0x1p-1074;
    const double eps = type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const double lost = s * (type == CSGD_F32 ? least : 0x1p-1024);
    const double largest[] = {top,         type == CSGD_F32 ? (double)3e38F : 1.7e308,
                              1,           least * 1e6,
                              least * 100, least * 2,
                              least};
    csgd_compressor *c = create(type, bits, l2, B, N);

    for (size_t l = 0; l < TEST_COUNT(largest); l++)
        for (size_t step = 0; step < 20; step++) {
            double x[N], y[N];

            for (size_t i = 0; i < N; i++) /* the second bucket has only zeros */
                x[i] = i / B == 1 || i % 5 == 3
                           ? (i % 2 ? -0.0 : 0.0)
                           : oracle_round(type, largest[l] / (double)(i % 5 * i + 1)) *
                                 (i % 2 ? -1 : 1);
            through(c, x, y);
            for (size_t i = 0; i < N; i++) {
                double most, two;

                norms(x, i, &most, &two);
                assert_true(isfinite(y[i]));
                if (x[i] == 0) assert_true(y[i] == 0 && !signbit(y[i]));
                if (l2) continue;
                assert_true(fabs(y[i]) <= most);
                assert_true(fabs(y[i] - x[i]) <= most / s * (1 + 0x1p-16) + lost);
                if (fabs(x[i]) == most) assert_true(fabs(y[i] - x[i]) <= 2 * eps * most + lost);
            }
        }
    csgd_compressor_destroy(&c);
}

static void huge_and_denormal(void **state)
{
    (void)state;
    for_each(check_extremes);
}

/* The norm of one element is that element. */
static void norm_of_one(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double eps = type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;

        for (int i = 1; i < 500; i++) {
            csgd_compressor *c = create(type, 2, true, 8, 1);
            const double x = oracle_round(type, 1 / (double)i);
            double y;

            through(c, &x, &y);
            assert_true(fabs(y - x) <= eps * x);
            csgd_compressor_destroy(&c);
        }
    }
}

/* The largest number as an l2 norm beyond the type: levels reach it, and are finite. */
static void norm_beyond_the_type(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
        const double eps = type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
        csgd_compressor *c = create(type, 5, true, 8, 3);
        const double x[3] = {top, -top, 0};
        double y[3];

        through(c, x, y);
        assert_true(y[0] <= top && y[0] >= top * (1 - eps) && y[1] == -y[0] && y[2] == 0);
        csgd_compressor_destroy(&c);
    }
}

/* --- codes --- */

/* A unit that no encoder writes, and one whose last level is not finite. */
static void bad_unit(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
        const double bad[] = {NAN, INFINITY, -INFINITY, -1, -1e-30, top, top / 6};
        csgd_compressor *c = create(type, 4, false, 8, 8);
        uint8_t codes[16] = {0};
        double unit; /* as float or double */

        for (size_t i = 0; i < TEST_COUNT(bad); i++) {
            oracle_store(type, &bad[i], 1, &unit);
            memcpy(codes, &unit, csgd_type_size(type));
            assert_fails(csgdi_blocks_check(&c->core, codes, 8), CSGD_E_CORRUPT,
                         "block 0: the unit is");
        }
        oracle_store(type, (const double[]){top / 8}, 1, &unit);
        memcpy(codes, &unit, csgd_type_size(type));
        assert_ok(csgdi_blocks_check(&c->core, codes, 8));
        csgd_compressor_destroy(&c);
    }
}

/* Put a code in the place of element i of a message of one bucket, hash and all. */
static void put_code(uint8_t *message, size_t len, csgd_type type, size_t n, unsigned bits,
                     size_t i, unsigned code)
{
    const csgdi_header h = {.compressor = 6,
                            .type = type,
                            .n = n,
                            .payload = len - CSGDI_HEADER_BYTES};
    uint8_t *codes = message + CSGDI_HEADER_BYTES + csgd_type_size(type);

    for (size_t bit = i * bits; bit < (i + 1) * bits; bit++, code >>= 1)
        codes[bit / 8] = (uint8_t)((codes[bit / 8] & ~(1u << bit % 8)) | (code & 1) << bit % 8);
    csgdi_header_write(&h, message);
}

/* The largest code stands for s; one more is none, wherever it is. */
static void check_codes(csgd_type type, unsigned bits, bool l2)
{
    enum { COUNT = 19 };
    const unsigned most = (1u << bits) - 2;
    csgd_compressor *c = create(type, bits, l2, 24, COUNT);
    double x[COUNT], y[COUNT]; /* as float or double */
    uint8_t message[CAP];
    size_t len;

    oracle_store(type, (const double[COUNT]){1}, COUNT, x);
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    for (size_t i = 0; i < COUNT; i++)
        for (unsigned neighbour = 0; neighbour <= most; neighbour += most) {
            put_code(message, len, type, COUNT, bits, (i + 1) % COUNT, neighbour);
            put_code(message, len, type, COUNT, bits, i, most + 1);
            assert_fails(csgd_compressor_decompress(c, message, len, y), CSGD_E_CORRUPT,
                         "which is no level");
            put_code(message, len, type, COUNT, bits, i, most);
            assert_ok(csgd_compressor_decompress(c, message, len, y));
            put_code(message, len, type, COUNT, bits, i, 0);
            assert_ok(csgd_compressor_decompress(c, message, len, y));
        }
    if (COUNT * bits % 8 != 0) { /* a bit that is no code's */
        put_code(message, len, type, COUNT, 1, COUNT * bits, 1);
        assert_fails(csgd_compressor_decompress(c, message, len, y), CSGD_E_CORRUPT, "last bits");
    }
    csgd_compressor_destroy(&c);
}

static void which_codes(void **state)
{
    (void)state;
    for_each(check_codes);
}

/* --- keys --- */

static void lengths(void **state)
{
    static const struct {
        const char *spec;
        size_t n, payload;
    } cases[] = {
        {"qsgd", 1024, 2 * (4 + 256)},
        {"qsgd", 513, 4 + 256 + 4 + 1},
        {"qsgd bits=3 bucket=8", 10, 4 + 3 + 4 + 1},
        {"qsgd bits=8 bucket=8 type=f64", 16, 32},
        {"qsgd bits=2 bucket=1073741824", 100, 4 + 25},
        {"qsgd bits=7", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgd_compressor *c;
        assert_ok(csgd_compressor_create(cases[i].spec, cases[i].n, &c));
        assert_int_equal(csgd_compressor_bound(c),
                         CSGDI_HEADER_BYTES + (cases[i].payload + 7) / 8 * 8);
        assert_false(c->core.biased);
        csgd_compressor_destroy(&c);
    }
}

static void refused(void **state)
{
    static const char *const cases[][2] = {
        {"qsgd bits=1", "bits=1 is not in 2 to 8"},
        {"qsgd bits=9", "bits=9 is not in 2 to 8"},
        {"qsgd bucket=12", "bucket=12 is not a multiple of 8"},
        {"qsgd bucket=0", "bucket"},
        {"qsgd norm=l1", "norm=l"},
        {"qsgd block=8", "block"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgd_compressor *c;
        assert_fails(csgd_compressor_create(cases[i][0], 100, &c), CSGD_E_SPEC, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unbiased),          cmocka_unit_test(words_differ),
        cmocka_unit_test(levels_are_exact),  cmocka_unit_test(carries),
        cmocka_unit_test(huge_and_denormal), cmocka_unit_test(norm_of_one),
        cmocka_unit_test(which_codes),       cmocka_unit_test(norm_beyond_the_type),
        cmocka_unit_test(bad_unit),          cmocka_unit_test(lengths),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("compressors/qsgd", tests, NULL, NULL);
}
