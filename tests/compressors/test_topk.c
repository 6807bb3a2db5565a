/* SPDX-License-Identifier: BSD-3-Clause */

/* test_topk.c: exactly k of the largest, whatever the magnitudes are, and its keys. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/compressor.h"
#include "oracle/oracle.h"

enum { N = 3000 };

/* Fill x[0..n), all finite in the type and as it rounds. */
typedef void filler(csgd_type type, double *x, size_t n);

static uint64_t bits_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The element with these bits, of either type. */
static double element(csgd_type type, uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    double wide;
    float narrow;

    memcpy(&wide, &bits, sizeof wide);
    memcpy(&narrow, &low, sizeof narrow);
    return type == CSGD_F32 ? (double)narrow : wide;
}

static void ascending(csgd_type type, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = oracle_round(type, (double)(i + 1) * (i % 2 ? -1 : 1));
}

static void descending(csgd_type type, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = oracle_round(type, (double)(n - i) * (i % 3 ? 0.5 : -0.5));
}

static void all_equal(csgd_type type, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = oracle_round(type, i % 5 ? 0.1 : -0.1);
}

/* Magnitudes that differ in their last bits only: one bin in all passes but the last. */
static void one_bin(csgd_type type, double *x, size_t n)
{
    const uint64_t one = type == CSGD_F32 ? 0x3f800000 : 0x3ff0000000000000;

    for (size_t i = 0; i < n; i++)
        x[i] = element(type, one + i * 7 % 509) * (i % 2 ? -1 : 1);
}

/* One bin of the first pass each, so that the last passes see a single element. */
static void every_bin(csgd_type type, double *x, size_t n)
{
    const unsigned shift = type == CSGD_F32 ? 20 : 52;

    for (size_t i = 0; i < n; i++)
        x[i] = element(type, (uint64_t)(i * 31 % (type == CSGD_F32 ? 2039 : 2047)) << shift);
}

static void denormals(csgd_type type, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = element(type, i * 13 % 1000) * (i % 2 ? -1 : 1);
}

static void one_spike(csgd_type type, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0;
    x[n - 1] = type == CSGD_F32 ? -(double)FLT_MAX : -DBL_MAX;
}

static void largest_and_smallest(csgd_type type, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = i % 3 == 0 ? element(type, 1) : type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
}

static void zeros_of_both_signs(csgd_type type, double *x, size_t n)
{
    (void)type;
    for (size_t i = 0; i < n; i++)
        x[i] = i % 2 ? -0.0 : 0.0;
}

static void gradient(csgd_type type, double *x, size_t n)
{
    oracle_gradient(3, 1, type, n, x);
}

static filler *const fillers[] = {ascending, descending,          all_equal,
                                  one_bin,   every_bin,           denormals,
                                  one_spike, zeros_of_both_signs, largest_and_smallest,
                                  gradient};

static csgd_compressor *create(csgd_type type, size_t n, size_t k)
{
    char spec[64];
    csgd_compressor *c;

    snprintf(spec, sizeof spec, "topk k=%zu type=%s indices=raw", k,
             type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(spec, n, &c));
    return c;
}

/* Compare with the oracle, and the stream itself with what exactly k means. */
static void check(csgd_type type, size_t n, size_t k, filler *fill)
{
    const size_t size = csgd_type_size(type);
    csgd_compressor *c = create(type, n, k);
    const oracle_settings set = {.type = type, .n = n, .k = k};
    double *x = malloc(n * sizeof *x), *kept = malloc(n * sizeof *kept);
    void *given = malloc(n * size), *y = malloc(n * size), *expected = malloc(n * size);
    const size_t cap = csgd_compressor_bound(c);
    uint8_t *message = malloc(cap);
    double lost = 0, whole = 0, top = 0;
    size_t len;

    fill(type, x, n);
    oracle_store(type, x, n, given);
    oracle_compress("topk", &set, x, kept);
    oracle_store(type, kept, n, expected);

    assert_ok(csgd_compressor_compress(c, given, message, cap, &len));
    assert_int_equal(len, cap);
    assert_int_equal(c->core.stream.k, k);
    for (size_t j = 1; j < k; j++)
        assert_true(c->core.stream.index[j - 1] < c->core.stream.index[j]);
    assert_ok(csgd_compressor_decompress(c, message, len, y));
    assert_memory_equal(y, expected, n * size);

    /* |x - C(x)|^2 <= (1 - k/n) |x|^2, up to the rounding of these sums of n terms.  In units of
     * the largest, so that no square is too large. */
    oracle_load(type, y, n, kept);
    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs(x[i]));
    for (size_t i = 0; i < n && top > 0; i++) {
        const double d = (x[i] - kept[i]) / top;
        lost += d * d;
        whole += x[i] / top * (x[i] / top);
    }
    assert_true(lost <= whole * (1 - (double)k / (double)n) + whole * 4 * (double)n * DBL_EPSILON);
    free(message);
    free(expected);
    free(y);
    free(given);
    free(kept);
    free(x);
    csgd_compressor_destroy(&c);
}

static void exactly_k(void **state)
{
    static const size_t ks[] = {1, 2, 3, 30, 256, 257, N / 2, N - 1, N};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t f = 0; f < TEST_COUNT(fillers); f++)
            for (size_t i = 0; i < TEST_COUNT(ks); i++)
                check(type, N, ks[i], fillers[f]);
}

static void every_k_of_few(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t f = 0; f < TEST_COUNT(fillers); f++)
            for (size_t n = 1; n <= 20; n++)
                for (size_t k = 1; k <= n; k++)
                    check(type, n, k, fillers[f]);
}

static void lowest_index_wins(void **state)
{
    const float x[10] = {1, 2, -2, 3, 2, -3, 2, -2, 0, 2};
    static const uint32_t expected[] = {1, 2, 3, 4, 5}; /* both threes, the first three twos */
    csgd_compressor *c;
    uint8_t message[256];
    size_t len;

    (void)state;
    c = create(CSGD_F32, 10, 5);
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    assert_memory_equal(c->core.stream.index, expected, sizeof expected);
    csgd_compressor_destroy(&c);
}

/* The value itself is sent, so k = n is exact, -0 included. */
static void all_of_it(void **state)
{
    float x[100], y[100];
    double wide[100];
    csgd_compressor *c = create(CSGD_F32, 100, 100);
    uint8_t message[1024];
    size_t len;

    (void)state;
    oracle_gradient(0, 0, CSGD_F32, 100, wide);
    wide[50] = -0.0;
    oracle_store(CSGD_F32, wide, 100, x);
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    assert_ok(csgd_compressor_decompress(c, message, len, y));
    assert_memory_equal(x, y, sizeof x);
    assert_true(bits_of((double)y[50]) == bits_of(-0.0));
    csgd_compressor_destroy(&c);
}

/* --- keys --- */

static void ratio_is_rounded_down(void **state)
{
    static const struct {
        const char *spec;
        size_t n, k;
    } cases[] = {
        {"topk", 0, 0},
        {"topk", 1, 1}, /* at least one */
        {"topk", 199, 1},
        {"topk", 200, 2},
        {"topk", 299, 2},
        {"topk ratio=0.5", 3, 1},
        {"topk ratio=0.75", 4, 3},
        {"topk ratio=1", 1000, 1000},
        {"topk ratio=1e-300", 1000, 1},
        {"topk ratio=0.999999", 10, 9},
        {"topk ratio=0.29", 100, 29}, /* as products of doubles a little less than 29 and 57 */
        {"topk ratio=0.57", 100, 57},
        {"topk k=1000", 1000, 1000},
        {"topk k=1", 1000, 1},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgd_compressor *c;
        assert_ok(csgd_compressor_create(cases[i].spec, cases[i].n, &c));
        assert_int_equal(c->core.max_k, cases[i].k);
        csgd_compressor_destroy(&c);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *spec;
        size_t n;
        const char *words;
    } cases[] = {
        {"topk k=11", 10, "k=11 is more than the 10 elements"},
        {"topk k=1", 0, "k=1 is more than the 0 elements"},
        {"topk k=0", 10, "k"},
        {"topk k=-1", 10, "k"},
        {"topk k=4294967296", 10, "k"},
        {"topk k=18446744073709551617", 10, "k"},
        {"topk k=1.5", 10, "k"},
        {"topk k=", 10, "k"},
        {"topk ratio=0", 10, "ratio"},
        {"topk ratio=-0.0", 10, "ratio"},
        {"topk ratio=-0.5", 10, "ratio"},
        {"topk ratio=1.5", 10, "ratio"},
        {"topk ratio=1.0000000000000002", 10, "ratio"},
        {"topk ratio=nan", 10, "ratio"},
        {"topk ratio=inf", 10, "ratio"},
        {"topk ratio=1%", 10, "ratio"},
        {"topk ratio=0.5 k=5", 10, "not both"},
        {"topk k=5 ratio=0.01", 10, "not both"}, /* though it is the default */
        {"topk ratoi=0.5", 10, "did you mean \"ratio\"?"},
        {"topk block=8", 10, "block"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgd_compressor *c;
        assert_fails(csgd_compressor_create(cases[i].spec, cases[i].n, &c), CSGD_E_SPEC,
                     cases[i].words);
        assert_null(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_k),         cmocka_unit_test(every_k_of_few),
        cmocka_unit_test(lowest_index_wins), cmocka_unit_test(all_of_it),
        cmocka_unit_test(refused),           cmocka_unit_test(ratio_is_rounded_down),
    };
    return cmocka_run_group_tests_name("compressors/topk", tests, NULL, NULL);
}
