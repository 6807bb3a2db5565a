/* SPDX-License-Identifier: BSD-3-Clause */

/* test_powersgd.c: lone messages: the same bits as the slow version step by step, an orthogonal
 * projection, exact where the rank suffices, and what a failed call leaves as it was. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/compressor.h"
#include "feedback/feedback.h"
#include "oracle/oracle_power.h"
#include "support/budget.h"
#include "wire/header.h"

enum { MAX_N = 3000 };

typedef struct subject {
    csgd_compressor *c;
    csgd_type type;
    size_t n, cap, len;
    uint8_t *memory, *message; /* at an odd address */
    double x[MAX_N], y[MAX_N]; /* as doubles */
} subject;

static void open_subject(subject *s, csgd_type type, size_t n, size_t rank, unsigned seed)
{
    char spec[96];

    assert_true(n <= MAX_N);
    snprintf(spec, sizeof spec, "powersgd rank=%zu seed=%u type=%s", rank, seed,
             type == CSGD_F32 ? "f32" : "f64");
    *s = (subject){.type = type, .n = n};
    assert_ok(csgd_compressor_create(spec, n, &s->c));
    s->cap = csgd_compressor_bound(s->c);
    s->memory = malloc(s->cap + 1);
    assert_non_null(s->memory);
    s->message = s->memory + 1;
}

static void close_subject(subject *s)
{
    csgd_compressor_destroy(&s->c);
    free(s->memory);
}

/* y = C(x). */
static csgd_status compress(subject *s)
{
    double stored[MAX_N + 1];
    csgd_status st;

    oracle_store(s->type, s->x, s->n, stored);
    st = csgd_compressor_compress(s->c, stored, s->message, s->cap, &s->len);
    if (st != CSGD_OK) return st;
    st = csgd_compressor_decompress(s->c, s->message, s->len, stored);
    oracle_load(s->type, stored, s->n, s->y);
    return st;
}

static double norm(const double *x, const double *minus, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (x[i] - (minus ? minus[i] : 0)) * (x[i] - (minus ? minus[i] : 0));
    return sqrt(sum);
}

static double eps_of(csgd_type type)
{
    return type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

/* |x - C(x)| <= |x|; x - C(x) and C(x) are orthogonal, but where C(x) loses what falls on elements that
 * the last row lacks. */
static void check_projection(const subject *s)
{
    const double size = norm(s->x, NULL, s->n), eps = 64 * eps_of(s->type);
    const size_t rows = (size_t)sqrt((double)s->n), cols = rows > 0 ? (s->n + rows - 1) / rows : 0;
    double across = 0;

    for (size_t i = 0; i < s->n; i++)
        across += (s->x[i] - s->y[i]) * s->y[i];
    assert_true(norm(s->x, s->y, s->n) <= size * (1 + eps));
    if (rows * cols == s->n) assert_true(fabs(across) <= eps * size * size);
}

static void the_slow_version(void **state)
{
    static const size_t ranks[] = {1, 2, 4, 5, 64};
    static double wanted[MAX_N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t n = 0; n <= 300 + 2 * 1350; n += n < 300 ? (test_brief() ? 29 : 1) : 1350) {
            const size_t rank = ranks[n % TEST_COUNT(ranks)];
            subject s;
            power w = {.n = 0};

            open_subject(&s, type, n, rank, (unsigned)n);
            if (n > 0) w = power_make(type, n, n, 0, rank, 0);
            assert_int_equal(s.c->core.max_k, (w.rows + w.cols) * w.rank);
            for (uint64_t step = 0; step < 4; step++) {
                oracle_gradient(0, step / 2, type, n, s.x);
                assert_ok(compress(&s));
                if (n > 0) {
                    power_first(&w, s.x);
                    power_second(&w, s.x);
                    power_expand(&w, wanted);
                    power_deliver(&w);
                }
                for (size_t i = 0; i < n; i++)
                    if (s.y[i] != wanted[i])
                        fail_msg("n %zu, rank %zu, step %d: y[%zu] is %a, not %a", n, rank,
                                 (int)step, i, s.y[i], wanted[i]);
                check_projection(&s);
            }
            if (n > 0) power_free(&w);
            close_subject(&s);
        }
}

/* x = sum of `rank` products of columns and rows; 53 x 55, the last row short. */
static void fill_low(subject *s, size_t rank, double size)
{
    const size_t cols = 55;
    uint64_t k;

    memset(s->x, 0, sizeof s->x);
    for (size_t i = 0; i < s->n; i++)
        for (k = 0; k < rank; k++)
            s->x[i] += size * sin((double)((k + 1) * (i / cols) + k)) *
                       cos((double)((2 * k + 1) * (i % cols)));
    for (size_t i = 0; i < s->n; i++)
        s->x[i] = oracle_round(s->type, s->x[i]);
}

static void low_rank_is_exact(void **state)
{
    static const double sizes[] = {1, 1e-30, 1e30};
    subject s;

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t rank = 1; rank <= 4; rank++)
            for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
                open_subject(&s, type, 53 * 55, 4, 7);
                fill_low(&s, rank, sizes[i]);
                for (int step = 0; step < 3; step++) {
                    assert_ok(compress(&s));
                    check_projection(&s);
                }
                assert_true(norm(s.x, s.y, s.n) <= 32 * eps_of(type) * norm(s.x, NULL, s.n));
                close_subject(&s);
            }
}

/* More is kept at each step of one matrix, as the iteration goes on from where it was: rank 2 of a
 * spectrum 1, 1/2, 1/4, ... ends near the best, 1/4 sqrt(4/3) of 1 sqrt(4/3). */
static void warm_start(void **state)
{
    enum { SIDE = 30 };
    double before = 2, best = 0.25;
    subject s;

    (void)state;
    open_subject(&s, CSGD_F64, SIDE * SIDE, 2, 1);
    for (size_t i = 0; i < s.n; i++) {
        const double pi = acos(-1);
        for (size_t k = 0; k < SIDE;
             k++) /* rows and columns of a cosine transform are orthogonal */
            s.x[i] += pow(0.5, (double)k) *
                      cos(pi * ((double)(i / SIDE) + 0.5) * (double)(k + 1) / SIDE) *
                      cos(pi * ((double)(i % SIDE) + 0.5) * (double)(k + 1) / SIDE);
    }
    for (int step = 0; step < 12; step++) {
        double left;
        assert_ok(compress(&s));
        left = norm(s.x, s.y, s.n) / norm(s.x, NULL, s.n);
        assert_true(left <= before * (1 + 1e-12));
        before = left;
    }
    assert_true(before < best * 1.001);
    close_subject(&s);
}

/* After zeros the start is the first one again, so that nothing stays lost. */
static void zeros(void **state)
{
    double first[MAX_N];
    subject s;

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        open_subject(&s, type, 1000, 4, 3);
        oracle_gradient(0, 0, type, s.n, s.x);
        assert_ok(compress(&s));
        memcpy(first, s.y, sizeof first);
        memset(s.x, 0, sizeof s.x);
        assert_ok(compress(&s));
        assert_true(norm(s.y, NULL, s.n) == 0);
        oracle_gradient(0, 0, type, s.n, s.x);
        assert_ok(compress(&s));
        assert_memory_equal(s.y, first, s.n * sizeof *first);
        close_subject(&s);
    }
}

/* Of two that are alike, one fails in every way there is; they stay alike. */
static void failures_change_nothing(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    subject s, twin;
    double x[MAX_N + 1];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        open_subject(&s, type, 900, 3, 3);
        open_subject(&twin, type, 900, 3, 3);
        for (uint64_t step = 0; step < 5; step++) {
            oracle_gradient(0, step, type, s.n, s.x);
            memcpy(twin.x, s.x, sizeof s.x);
            oracle_store(type, s.x, s.n, x);
            assert_fails(csgd_compressor_compress(s.c, x, s.message, s.cap - 1, &s.len),
                         CSGD_E_SPACE, "bytes");
            for (size_t i = 0; i < s.n; i += 37) {
                s.x[i] = bad[i % 3];
                assert_fails(compress(&s), CSGD_E_NONFINITE, "");
                s.x[i] = twin.x[i];
            }
            /* Near the top no product overflows, but the sum of squares in Q may. */
            for (size_t i = 0; i < s.n; i++)
                s.x[i] = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
            assert_fails(compress(&s), CSGD_E_NONFINITE, "beyond the element type");
            memcpy(s.x, twin.x, sizeof s.x);
            assert_ok(compress(&s));
            assert_ok(compress(&twin));
            assert_int_equal(s.len, twin.len);
            assert_memory_equal(s.message, twin.message, s.len);
        }
        close_subject(&s);
        close_subject(&twin);
    }
}

/* project() by itself tells whether x is finite, wherever it is not. */
static void project_sees_nonfinite(void **state)
{
    subject s;
    float x[MAX_N];
    double values[200];

    (void)state;
    open_subject(&s, CSGD_F32, 110, 3, 3);
    assert_true(s.c->core.max_k <= TEST_COUNT(values));
    for (size_t i = 0; i < s.n; i++)
        x[i] = FLT_MAX;
    assert_true(s.c->core.ops->project(&s.c->core, x, 0, 0, values, values));
    for (size_t i = 0; i < s.n; i++) {
        x[i] = i % 2 ? NAN : -INFINITY;
        assert_false(s.c->core.ops->project(&s.c->core, x, 0, 0, values, values));
        x[i] = FLT_MAX;
    }
    close_subject(&s);
}

static void hostile(void **state)
{
    static const uint32_t bad[] = {0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001};
    csgdi_header h = {.compressor = 15, .type = CSGD_F32, .n = 110, .step = 0};
    subject s;
    float y[110];

    (void)state;
    open_subject(&s, CSGD_F32, 110, 3, 3);
    oracle_gradient(0, 0, CSGD_F32, s.n, s.x);
    assert_ok(compress(&s));
    h.payload = s.len - CSGDI_HEADER_BYTES;
    for (size_t i = 0; i < s.c->core.max_k; i++)
        for (size_t b = 0; b < TEST_COUNT(bad); b++) {
            uint8_t *at = s.message + CSGDI_HEADER_BYTES + 4 * i, kept[4];
            memcpy(kept, at, 4);
            memcpy(at, &bad[b], 4);
            csgdi_header_write(&h, s.message);
            assert_fails(csgd_compressor_decompress(s.c, s.message, s.len, y), CSGD_E_CORRUPT,
                         "NaN or infinite");
            memcpy(at, kept, 4);
        }
    csgdi_header_write(&h, s.message);
    assert_ok(csgd_compressor_decompress(s.c, s.message, s.len, y));
    close_subject(&s);
}

/* Around feedback: m = C(m) + e to rounding, and after clear all begins again. */
static void with_feedback(void **state)
{
    enum { N = 800, STEPS = 6 };
    double g[N], e[N], sum[N] = {0}, given[N] = {0}, first[N], q[N];
    csgd_feedback *f;
    uint8_t message[4096];
    size_t len;

    (void)state;
    assert_ok(csgd_feedback_create("powersgd rank=2 type=f64", N, &f));
    for (int round = 0; round < 2; round++) {
        memset(sum, 0, sizeof sum);
        memset(given, 0, sizeof given);
        for (uint64_t step = 0; step < STEPS; step++) {
            oracle_gradient(0, step, CSGD_F64, N, g);
            assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
            assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, q));
            assert_ok(csgd_feedback_residual(f, e));
            if (step == 0 && round == 0) memcpy(first, q, sizeof q);
            if (step == 0) assert_memory_equal(first, q, sizeof q);
            for (size_t i = 0; i < N; i++) {
                sum[i] += q[i];
                given[i] += g[i];
                assert_true(fabs(sum[i] + e[i] - given[i]) < 1e-9);
            }
        }
        assert_ok(csgd_feedback_clear(f));
    }
    csgd_feedback_destroy(&f);
}

/* The vector made on the way to its product gives the message of the vector made before, and is refused
 * as that is. */
static void made_on_the_way(void **state)
{
    enum { N = 2601 };
    static double g[N], e[N], x[N], wide[N], q[N], after[N];
    uint8_t message[8192], other[8192];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t n = 1; n <= N; n = n < 60 ? n + 7 : n * 3 + 1) {
            const size_t size = csgd_type_size(type);
            size_t len, other_len;
            csgd_compressor *c;
            csgd_feedback *f;
            char spec[64];

            snprintf(spec, sizeof spec, "powersgd rank=3 type=%s",
                     type == CSGD_F32 ? "f32" : "f64");
            assert_ok(csgd_feedback_create(spec, n, &f));
            assert_ok(csgd_compressor_create(spec, n, &c));
            for (uint64_t step = 0; step < 5; step++) {
                const csgdi_kernels *k = c->core.kernels;

                oracle_gradient(0, step, type, n, wide);
                oracle_store(type, wide, n, g);
                assert_ok(csgd_feedback_residual(f, e));
                memcpy(x, e, n * size);
                k->add(g, n, x);
                assert_ok(csgd_compressor_compress(c, x, other, sizeof other, &other_len));
                assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
                assert_int_equal(len, other_len);
                assert_memory_equal(message, other, len);
                assert_ok(csgd_compressor_decompress(c, message, len, q));
                k->sub(q, n, x);
                assert_ok(csgd_feedback_residual(f, after));
                assert_memory_equal(x, after, n * size);
                if (step != 2) continue;
                wide[n / 2] = NAN;
                oracle_store(type, wide, n, g);
                assert_fails(csgd_feedback_compress(f, g, message, sizeof message, &len),
                             CSGD_E_NONFINITE, "NaN");
                assert_ok(csgd_feedback_residual(f, e));
                assert_memory_equal(after, e, n * size);
            }
            csgd_feedback_destroy(&f);
            csgd_compressor_destroy(&c);
        }
}

/* Every allocation fails once, and a call makes none. */
static void memory(void **state)
{
    static const size_t sizes[] = {0, 1, 100};
    float x[100] = {1}, y[100];
    uint8_t message[1024];
    csgd_compressor *c;
    size_t len;

    (void)state;
    csgd_budget_install();
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        csgd_status st = CSGD_E_NOMEM;
        for (long allowed = 0; st != CSGD_OK; allowed++) {
            csgd_budget_set(allowed);
            st = csgd_compressor_create("powersgd", sizes[i], &c);
            csgd_budget_set(-1);
            if (st == CSGD_OK) break;
            assert_int_equal(st, CSGD_E_NOMEM);
            assert_int_equal(csgd_budget_live_blocks(), 0);
        }
        assert_int_equal(csgd_compressor_memory_bytes(c), csgd_budget_live_bytes());
        csgd_budget_set(0);
        assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
        assert_ok(csgd_compressor_decompress(c, message, len, y));
        csgd_budget_set(-1);
        csgd_compressor_destroy(&c);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
    csgd_budget_remove();
}

static void refused(void **state)
{
    csgd_compressor *c;

    (void)state;
    assert_fails(csgd_compressor_create("powersgd rank=0", 9, &c), CSGD_E_SPEC, "rank");
    assert_fails(csgd_compressor_create("powersgd rank=65", 9, &c), CSGD_E_SPEC, "rank");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slow_version),
        cmocka_unit_test(low_rank_is_exact),
        cmocka_unit_test(warm_start),
        cmocka_unit_test(zeros),
        cmocka_unit_test(failures_change_nothing),
        cmocka_unit_test(project_sees_nonfinite),
        cmocka_unit_test(hostile),
        cmocka_unit_test(with_feedback),
        cmocka_unit_test(made_on_the_way),
        cmocka_unit_test(memory),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
