/* SPDX-License-Identifier: BSD-3-Clause */

/* test_threshold.c: who is sent and who is not, to the last bit; what that keeps back; and what
 * happens where there is no room. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/compressor.h"
#include "feedback/feedback.h"
#include "oracle/oracle.h"

enum { N = 2000, CAP = 64 * 1024 };

static csgd_compressor *create(double lambda, size_t kmax, csgd_type type, size_t n)
{
    csgd_compressor *c;
    char spec[128];

    snprintf(spec, sizeof spec, "threshold lambda=%.17g kmax=%zu type=%s", lambda, kmax,
             type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(spec, n, &c));
    return c;
}

/* Compress x and decode to y, both in double; returns how many entries were sent. */
static size_t through(csgd_compressor *c, const double *x, double *y)
{
    const csgd_type type = c->core.kernels->type;
    double raw[N]; /* as float or double */
    uint8_t *message = malloc(CAP);
    size_t len;

    assert_in_range(csgd_compressor_bound(c), 1, CAP);
    oracle_store(type, x, c->core.n, raw);
    assert_ok(csgd_compressor_compress(c, raw, message, CAP, &len));
    assert_ok(csgd_compressor_decompress(c, message, len, raw));
    oracle_load(type, raw, c->core.n, y);
    free(message);
    return c->core.stream.k;
}

/* The next element of a type away from zero. */
static double above(csgd_type type, double x)
{
    return type == CSGD_F32 ? (double)nextafterf((float)x, INFINITY) : nextafter(x, INFINITY);
}

static double below(csgd_type type, double x)
{
    return type == CSGD_F32 ? (double)nextafterf((float)x, 0) : nextafter(x, 0);
}

/* The element nearest to lambda and its neighbours, of both signs: those of |x| >= lambda are sent,
 * in exact arithmetic.  In float 0.1 is a little more than lambda, 0.3 and 0.7 are less. */
static void to_the_last_bit(void **state)
{
    static const double lambdas[] = {
        1,     0.1,    0.3,   0.7,     1e-3,  3, 1e-30, 1.5e-45, 1e-41, FLT_MIN, (double)FLT_MAX,
        1e-50, 3.5e38, 1e300, DBL_MAX, 5e-324};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t l = 0; l < TEST_COUNT(lambdas); l++) {
            csgd_compressor *c = create(lambdas[l], 8, type, 8);
            const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
            const double near = oracle_round(type, fmin(lambdas[l], top));
            const double over = fmin(above(type, near), top), under = below(type, near);
            const double x[8] = {near, -near, over, -over, under, -under, 0, top};
            double y[8];
            size_t due = 0;

            for (size_t i = 0; i < 8; i++)
                due += fabs(x[i]) >= lambdas[l];
            assert_int_equal(through(c, x, y), due);
            for (size_t i = 0; i < 8; i++)
                assert_true(y[i] == (fabs(x[i]) >= lambdas[l] ? x[i] : 0));
            assert_true(c->core.clipped == 0);
            csgd_compressor_destroy(&c);
        }
}

/* With room for all, the residual is below lambda after every step, however large the gradients. */
static void residual_stays_below(void **state)
{
    static const double lambdas[] = {1e-3, 0.05, 0.3, 2};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t l = 0; l < TEST_COUNT(lambdas); l++) {
            double wide[N], raw[N];
            uint8_t *message = malloc(CAP);
            csgd_feedback *f;
            char spec[128];
            size_t len;

            snprintf(spec, sizeof spec, "threshold lambda=%g kmax=%d type=%s", lambdas[l], N,
                     type == CSGD_F32 ? "f32" : "f64");
            assert_ok(csgd_feedback_create(spec, N, &f));
            for (uint64_t step = 0; step < 100; step++) {
                oracle_gradient(0, step, type, N, wide);
                oracle_store(type, wide, N, raw);
                assert_ok(csgd_feedback_compress(f, raw, message, CAP, &len));
                assert_ok(csgd_feedback_residual(f, raw));
                oracle_load(type, raw, N, wide);
                for (size_t i = 0; i < N; i++)
                    assert_true(fabs(wide[i]) < lambdas[l]);
            }
            assert_true(f->inner.core.clipped == 0);
            csgd_feedback_destroy(&f);
            free(message);
        }
}

/* Where more qualify than there is room for, the largest are sent, as by topk, and it is counted;
 * where just as many do, it is not. */
static void no_room(void **state)
{
    double x[N], y[N], sorted[N], expected[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t kmax = 1; kmax < 400; kmax += 57) {
            const oracle_settings set = {.type = type, .n = N, .k = kmax};
            csgd_compressor *c = create(0.25, kmax, type, N);

            oracle_gradient(0, 0, type, N, x);
            oracle_compress("topk", &set, x, expected);
            assert_int_equal(through(c, x, y), kmax);
            assert_memory_equal(y, expected, sizeof y);
            assert_true(c->core.clipped == 1);

            for (size_t i = 0; i < N; i++) /* as many as there is room for, the last one last */
                sorted[i] = i >= N - kmax ? -0.25 : 0.125;
            assert_int_equal(through(c, sorted, y), kmax);
            assert_true(c->core.clipped == 1);
            sorted[0] = 0.25; /* one more: of equals the lowest indices go */
            assert_int_equal(through(c, sorted, y), kmax);
            assert_true(c->core.clipped == 2 && y[0] == 0.25 && y[N - 1] == 0);
            csgd_compressor_destroy(&c);
        }
}

/* --- the least total error for a whole run (Sahu et al. 2021) --- */

enum { T = 20, D = 100, BUDGET = 200 }; /* entries of the run */

static int descending(const void *left, const void *right)
{
    const double a = fabs(*(const double *)left), b = fabs(*(const double *)right);

    return a > b ? -1 : a < b;
}

static double error_of(csgd_compressor *c, double (*x)[D], size_t *sent)
{
    double error = 0, y[D];

    *sent = 0;
    for (size_t t = 0; t < T; t++) {
        *sent += through(c, x[t], y);
        for (size_t i = 0; i < D; i++)
            error += (x[t][i] - y[i]) * (x[t][i] - y[i]);
    }
    return error;
}

/* Sending the BUDGET largest of all vectors together is best.  With lambda the last of these, that
 * is what is sent, to the entry.  Vectors of norms that vary leave Top-k far behind. */
static void as_good_as_sorting_the_run(void **state)
{
    static double x[T][D], pool[T * D];
    csgd_compressor *c, *top;
    double least = 0, error;
    size_t sent;

    (void)state;
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < D; i++) /* no two magnitudes are equal */
            x[t][i] = (double)(1 + (i * 7919 + t * 104729) % 99991) *
                      ldexp(i % 2 ? -1 : 1, (int)(t * 13 % T) / 2);
    memcpy(pool, x, sizeof pool);
    qsort(pool, (size_t)T * D, sizeof *pool, descending);
    assert_true(fabs(pool[BUDGET]) < fabs(pool[BUDGET - 1]));
    c = create(fabs(pool[BUDGET - 1]), D, CSGD_F64, D);
    error = error_of(c, x, &sent);
    assert_int_equal(sent, BUDGET);
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < D; i++) /* all terms are integers: exact in any order */
            least += fabs(x[t][i]) < fabs(pool[BUDGET - 1]) ? x[t][i] * x[t][i] : 0;
    assert_true(error == least);
    csgd_compressor_destroy(&c);

    assert_ok(csgd_compressor_create("topk type=f64 k=10", D, &top));
    assert_true(error_of(top, x, &sent) > 2 * least);
    assert_int_equal(sent, BUDGET);
    csgd_compressor_destroy(&top);
}

/* --- keys --- */

static void room_by_default(void **state)
{
    static const struct {
        const char *spec;
        size_t n, room;
    } cases[] = {
        {"threshold lambda=1", 0, 0},         {"threshold lambda=1", 1, 1},
        {"threshold lambda=1", 15, 1},        {"threshold lambda=1", 16, 2},
        {"threshold lambda=1", 8007, 1000},   {"threshold lambda=1 kmax=9", 8000, 9},
        {"threshold lambda=1 kmax=99", 9, 9}, {"threshold lambda=1 kmax=4294967295", 9, 9},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgd_compressor *c;
        assert_ok(csgd_compressor_create(cases[i].spec, cases[i].n, &c));
        assert_int_equal(c->core.max_k, cases[i].room);
        csgd_compressor_destroy(&c);
    }
}

static void refused(void **state)
{
    static const char *const cases[][2] = {
        {"threshold", "lambda, the least magnitude that is sent, has no default"},
        {"threshold kmax=5", "as in lambda="},
        {"threshold lambda=0", "lambda=0 is not in (0, inf)"},
        {"threshold lambda=-1", "lambda=-1 is not"},
        {"threshold lambda=nan", "lambda=nan is not a number"},
        {"threshold lambda=inf", "lambda=inf is not a number"},
        {"threshold lambda=1e999", "lambda=1e999 is not"},
        {"threshold lambda=1 kmax=0", "kmax=0 is not in 1 to 4294967295"},
        {"threshold lambda=1 ratio=0.5", "ratio"},
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
        cmocka_unit_test(to_the_last_bit), cmocka_unit_test(residual_stays_below),
        cmocka_unit_test(no_room),         cmocka_unit_test(as_good_as_sorting_the_run),
        cmocka_unit_test(room_by_default), cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("compressors/threshold", tests, NULL, NULL);
}
