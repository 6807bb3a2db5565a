/* SPDX-License-Identifier: BSD-3-Clause */

/* test_randk.c: one element of each stratum, the same on all ranks, and the two ways to scale it.
 *
 * Statistics here are of fixed seeds, so they pass always or never.  A mean over T steps of what has
 * variance v must lie within 5 sqrt(v / T) of its mean: by chance one in 1.7 million is outside, and
 * some hundreds are looked at. */

#include "support/test.h"

#include <math.h>
#include "compressors/compressor.h"
#include "feedback/feedback.h"
#include "oracle/oracle.h"
#include "wire/header.h"

enum { N = 50, K = 7, STEPS = 20000 };

/* --- the support --- */

/* Indices that c takes at a step: the short vector of 0, 1, 2, ... */
static void support_of(csgd_compressor *c, uint64_t step, double *index)
{
    double *x = malloc((c->core.n + 1) * sizeof *x);

    for (size_t i = 0; i < c->core.n; i++)
        x[i] = (double)i;
    assert_true(c->core.ops->project(&c->core, x, step, 0, NULL, index));
    free(x);
}

static csgd_compressor *create(size_t n, size_t k, const char *more)
{
    csgd_compressor *c;
    char spec[128];

    snprintf(spec, sizeof spec, "randk k=%zu type=f64 %s", k, more);
    assert_ok(csgd_compressor_create(spec, n, &c));
    return c;
}

static void one_of_each_stratum(void **state)
{
    static const size_t cases[][2] = {{1, 1},   {10, 1},      {10, 3},        {10, 10},
                                      {11, 10}, {1000, 257},  {1000, 999},    {65536, 256},
                                      {777, 2}, {4097, 4096}, {100000, 1000}, {99991, 512}};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const size_t n = cases[i][0], k = cases[i][1];
        csgd_compressor *c = create(n, k, "scaled=no");
        double *index = malloc(k * sizeof *index);

        for (uint64_t step = 0; step < 20; step++) {
            support_of(c, step, index);
            for (size_t j = 0; j < k; j++)
                assert_in_range((size_t)index[j], j * n / k, (j + 1) * n / k - 1);
        }
        free(index);
        csgd_compressor_destroy(&c);
    }
}

/* Two supports of 100 in 10000 have some 1 in common. */
static size_t in_common(const double *a, const double *b, size_t k)
{
    size_t common = 0;

    for (size_t j = 0; j < k; j++)
        common += a[j] == b[j];
    return common;
}

static void shared_by_ranks(void **state)
{
    csgd_compressor *c = create(10000, 100, "scaled=no seed=3");
    csgd_compressor *other = create(10000, 100, "scaled=no seed=4");
    double first[100], second[100];

    (void)state;
    support_of(c, 5, first);
    support_of(c, 5, second);
    assert_memory_equal(first, second, sizeof first);
    c->core.rank = 7;
    c->core.rounding = CSGDI_STREAM_OWNER;
    c->core.step = 99; /* what counts is the step that is told */
    support_of(c, 5, second);
    assert_memory_equal(first, second, sizeof first);

    support_of(c, 6, second);
    assert_in_range(in_common(first, second, 100), 0, 10);
    support_of(other, 5, second);
    assert_in_range(in_common(first, second, 100), 0, 10);
    csgd_compressor_destroy(&other);
    csgd_compressor_destroy(&c);
}

/* The sum of short vectors stands for the sum of the vectors; integers, so exactly. */
static void linear(void **state)
{
    csgd_compressor *c = create(1000, 300, "scaled=yes");
    double x[2][1000], sum[1000], y[1000];
    double payload[2][300];
    uint8_t shifted[300 * sizeof(double) + 1];

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        for (size_t r = 0; r < 2; r++)
            x[r][i] = (double)((i * 37 + r * 11) % 101) - 50;
    for (size_t r = 0; r < 2; r++) {
        c->core.rank = (uint32_t)r;
        assert_true(c->core.ops->project(&c->core, x[r], 9, 0, NULL, payload[r]));
    }
    c->core.ops->apply(&c->core, (uint8_t *)payload[0], 9, CSGDI_SET, sum);
    c->core.ops->apply(&c->core, (uint8_t *)payload[1], 9, CSGDI_ADD, sum);
    for (size_t j = 0; j < 300; j++)
        payload[0][j] += payload[1][j];
    memcpy(shifted + 1, payload[0], sizeof payload[0]); /* at any address */
    c->core.ops->apply(&c->core, shifted + 1, 9, CSGDI_SET, y);
    assert_memory_equal(sum, y, sizeof y);
    c->core.ops->apply(&c->core, shifted + 1, 9, CSGDI_SUB, y);
    for (size_t i = 0; i < 1000; i++)
        assert_true(y[i] == 0);
    csgd_compressor_destroy(&c);
}

/* --- statistics --- */

/* Elements of the stratum that i is in. */
static double stratum(size_t i)
{
    size_t j = 0;

    while ((j + 1) * N / K <= i)
        j++;
    return (double)((j + 1) * N / K - j * N / K);
}

/* One message a step, decoded by the public calls. */
static void decoded(csgd_compressor *c, const double *x, double *y)
{
    uint8_t message[256];
    size_t len;

    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    assert_ok(csgd_compressor_decompress(c, message, len, y));
}

/* C(x)_i is s x_i with chance 1 / s, else 0: mean x_i, variance (s - 1) x_i^2.  Then |C(x) - x|^2 has
 * the mean of the variances' sum, at most (ceil(n/k) - 1) |x|^2; it is not looked at beyond that. */
static void scaled_is_unbiased(void **state)
{
    csgd_compressor *c = create(N, K, "seed=1");
    double x[N], y[N], mean[N] = {0}, apart = 0, bound = 0, whole = 0;

    (void)state;
    assert_false(c->core.biased);
    oracle_gradient(0, 0, CSGD_F64, N, x);
    for (size_t step = 0; step < STEPS; step++) {
        decoded(c, x, y);
        for (size_t i = 0; i < N; i++) {
            assert_true(y[i] == 0 || y[i] == x[i] * stratum(i));
            mean[i] += y[i] / STEPS;
        }
    }
    for (size_t i = 0; i < N; i++) {
        const double variance = (stratum(i) - 1) * x[i] * x[i];
        assert_true(fabs(mean[i] - x[i]) <= 5 * sqrt(variance / STEPS));
        apart += variance;
        whole += x[i] * x[i];
    }
    bound = ceil((double)N / K) - 1;
    assert_true(apart <= bound * whole);
    csgd_compressor_destroy(&c);
}

/* What is lost of a stratum of squares q_1 .. q_s is their sum but one: mean (1 - 1/s) of the sum,
 * variance mean(q^2) - mean(q)^2, and strata are independent. */
static void unscaled_contracts(void **state)
{
    csgd_compressor *c = create(N, K, "scaled=no seed=2");
    double x[N], y[N], lost = 0, expected = 0, variance = 0, whole = 0;

    (void)state;
    assert_true(c->core.biased);
    oracle_gradient(0, 1, CSGD_F64, N, x);
    for (size_t step = 0; step < STEPS; step++) {
        decoded(c, x, y);
        for (size_t i = 0; i < N; i++) {
            assert_true(y[i] == 0 || y[i] == x[i]);
            lost += (x[i] - y[i]) * (x[i] - y[i]) / STEPS;
        }
    }
    for (size_t j = 0; j < K; j++) {
        const size_t first = j * N / K, end = (j + 1) * N / K;
        const double s = (double)(end - first);
        double two = 0, four = 0;

        for (size_t i = first; i < end; i++) {
            two += x[i] * x[i];
            four += x[i] * x[i] * x[i] * x[i];
        }
        whole += two;
        expected += (1 - 1 / s) * two;
        variance += four / s - two * two / s / s;
    }
    assert_true(fabs(lost - expected) <= 5 * sqrt(variance / STEPS));
    assert_true(expected <= (1 - 1 / ceil((double)N / K)) * whole);
    csgd_compressor_destroy(&c);
}

/* --- keys --- */

static void scaled_by_circumstance(void **state)
{
    static const struct {
        const char *spec;
        bool with, scaled; /* has the key feedback; what follows */
        const csgdi_feedback_ops *rule;
    } cases[] = {
        {"randk", false, true, NULL},
        {"randk scaled=auto", false, true, NULL},
        {"randk scaled=no", false, false, NULL},
        {"randk", true, false, &csgdi_feedback_ef},
        {"randk feedback=ef", true, false, &csgdi_feedback_ef},
        {"randk feedback=none", true, true, &csgdi_feedback_none},
        {"randk scaled=auto feedback=none", true, true, &csgdi_feedback_none},
        {"randk scaled=yes", true, true, &csgdi_feedback_none},
        {"randk scaled=no", true, false, &csgdi_feedback_ef},
        {"randk scaled=no feedback=none", true, false, &csgdi_feedback_none},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        if (cases[i].with) {
            csgd_feedback *f;
            assert_ok(csgd_feedback_create(cases[i].spec, 100, &f));
            assert_int_equal(f->inner.core.biased, !cases[i].scaled);
            assert_ptr_equal(f->core.ops, cases[i].rule);
            csgd_feedback_destroy(&f);
        } else {
            csgd_compressor *c;
            assert_ok(csgd_compressor_create(cases[i].spec, 100, &c));
            assert_int_equal(c->core.biased, !cases[i].scaled);
            csgd_compressor_destroy(&c);
        }
    }
}

/* The choice is in the spec that a reducer shows, as if it had been given. */
static void scaled_is_shown(void **state)
{
    static const char *const cases[][3] = {
        {"randk", "scaled=no", "feedback=ef"},
        {"randk feedback=none", "scaled=yes", "feedback=none"},
        {"randk scaled=yes", "scaled=yes", "feedback=none"},
    };
    csgd_team *team;

    (void)state;
    assert_ok(csgd_team_create(1, &team));
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgd_reducer *r;
        assert_ok(csgd_reducer_create_team(team, 0, 100, cases[i][0], &r));
        assert_non_null(strstr(csgd_reducer_spec(r), cases[i][1]));
        assert_non_null(strstr(csgd_reducer_spec(r), cases[i][2]));
        assert_ok(csgd_reducer_destroy(&r));
    }
    assert_ok(csgd_team_destroy(&team));
}

/* n/k times what is finite may not be: no message says so, and none that does is read. */
static void beyond_the_type(void **state)
{
    csgd_compressor *c[2];
    float x[4] = {3e38F, 3e38F, 3e38F, 3e38F}, y[4];
    uint8_t message[64];
    size_t len;

    (void)state;
    assert_ok(csgd_compressor_create("randk k=2 scaled=yes", 4, &c[0]));
    assert_ok(csgd_compressor_create("randk k=2 scaled=no", 4, &c[1]));
    assert_fails(csgd_compressor_compress(c[0], x, message, sizeof message, &len), CSGD_E_NONFINITE,
                 "randk");
    assert_ok(csgd_compressor_compress(c[1], x, message, sizeof message, &len));
    assert_ok(csgd_compressor_decompress(c[1], message, len, y));
    for (size_t j = 0; j < 2; j++) {
        const csgdi_header h = {.compressor = 4, .type = CSGD_F32, .n = 4, .payload = 8};
        const float kept = 3e38F, bad[] = {NAN, INFINITY, -INFINITY};

        for (size_t i = 0; i < TEST_COUNT(bad); i++) {
            memcpy(message + CSGDI_HEADER_BYTES + 4 * j, &bad[i], sizeof bad[i]);
            csgdi_header_write(&h, message);
            assert_fails(csgd_compressor_decompress(c[1], message, len, y), CSGD_E_CORRUPT,
                         "NaN or infinite");
        }
        memcpy(message + CSGDI_HEADER_BYTES + 4 * j, &kept, sizeof kept);
    }
    for (int i = 0; i < 2; i++)
        csgd_compressor_destroy(&c[i]);
}

static void refused(void **state)
{
    static const char *const cases[][2] = {
        {"randk k=5 ratio=0.5", "randk: give k or ratio, not both"},
        {"randk k=101", "randk: k=101 is more than the 100 elements"},
        {"randk ratio=0", "ratio"},
        {"randk scaled=maybe", "auto | yes | no"},
        {"randk lambda=1", "lambda"},
    };
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_fails(csgd_compressor_create(cases[i][0], 100, &c), CSGD_E_SPEC, cases[i][1]);
    assert_fails(csgd_compressor_create("randk k=1", (size_t)UINT32_MAX + 1, &c),
                 CSGD_E_UNSUPPORTED, "at most 4294967295");
    assert_ok(csgd_compressor_create("randk k=1", UINT32_MAX, &c));
    csgd_compressor_destroy(&c);
}

/* A support of its own for each rank: no index is sent, and any rank can decode it. */
static void own_supports(void **state)
{
    csgd_compressor *c = create(1000, 300, "scaled=no support=private");
    csgd_compressor *reader = create(1000, 300, "scaled=no support=private");
    double x[1000], y[2][1000];
    uint8_t message[4096];
    size_t len, common = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        x[i] = (double)i + 1;
    for (uint32_t rank = 0; rank < 2; rank++) {
        c->core.rank = rank;
        reader->core.rank = 5;
        assert_ok(csgd_compressor_set_step(c, 3));
        assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
        assert_int_equal(len, 48 + 301 * 8);
        assert_ok(csgd_compressor_decompress(reader, message, len, y[rank]));
    }
    for (size_t i = 0; i < 1000; i++) {
        assert_true(y[0][i] == 0 || y[0][i] == x[i]);
        assert_true(y[1][i] == 0 || y[1][i] == x[i]);
        common += y[0][i] != 0 && y[1][i] != 0;
    }
    assert_in_range(common, 30, 150); /* about 300 of 1000 twice: 90 and not 300 */
    csgd_compressor_destroy(&c);
    csgd_compressor_destroy(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_supports),           cmocka_unit_test(one_of_each_stratum),
        cmocka_unit_test(shared_by_ranks),        cmocka_unit_test(linear),
        cmocka_unit_test(scaled_is_unbiased),     cmocka_unit_test(unscaled_contracts),
        cmocka_unit_test(scaled_by_circumstance), cmocka_unit_test(scaled_is_shown),
        cmocka_unit_test(beyond_the_type),        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("compressors/randk", tests, NULL, NULL);
}
