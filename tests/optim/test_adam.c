/* SPDX-License-Identifier: BSD-3-Clause */

/* test_adam.c: adam and frozen_adam against plain loops, with pow() of libm and a compressor of the
 * test's own: for dense codes the scaled sign, for selections Top-k by sorting. */

#include <math.h>
#include <stdbool.h>
#include "optim/loops.h"
#include "support/test.h"

enum { N = LOOP_N, P = 3, K = 6 };

static const double beta1 = 0.8, beta2 = 0.97, eps = 1e-6, lr = 0.03, decay = 0.02;

typedef struct plain {
    double x[N], m[N], v[N], local[P][N], e[P][N];
} plain;

static void compress_sign(const double *m, double *q)
{
    double sum = 0;

    for (int j = 0; j < N; j++)
        sum += fabs(m[j]);
    for (int j = 0; j < N; j++)
        q[j] = m[j] >= 0 ? sum / N : -sum / N;
}

static void compress_topk(const double *m, double *q)
{
    for (int j = 0; j < N; j++) {
        int larger = 0;

        for (int i = 0; i < N; i++)
            larger += fabs(m[i]) > fabs(m[j]) || (fabs(m[i]) == fabs(m[j]) && i < j);
        q[j] = larger < K ? m[j] : 0;
    }
}

/* One step; freeze 0: never. */
static void plain_step(plain *s, const problem *pr, int t, int freeze, bool sparse)
{
    double g[P][N], mean[N] = {0}, sum[N] = {0};

    for (int i = 0; i < P; i++) {
        problem_gradient(pr, i, (uint64_t)t, s->x, g[i]);
        for (int j = 0; j < N; j++)
            mean[j] += g[i][j] / P;
    }
    if (freeze == 0 || t < freeze) {
        for (int j = 0; j < N; j++) {
            s->m[j] = beta1 * s->m[j] + (1 - beta1) * mean[j];
            s->v[j] = beta2 * s->v[j] + (1 - beta2) * mean[j] * mean[j];
        }
    } else {
        for (int i = 0; i < P; i++) {
            double q[N];

            for (int j = 0; j < N; j++) {
                const double from = sparse && t > freeze ? s->local[i][j] : s->m[j];

                s->local[i][j] = beta1 * from + (1 - beta1) * g[i][j];
                s->e[i][j] += s->local[i][j];
            }
            if (sparse)
                compress_topk(s->e[i], q);
            else
                compress_sign(s->e[i], q);
            for (int j = 0; j < N; j++) {
                sum[j] += q[j];
                s->e[i][j] -= q[j];
            }
        }
        for (int j = 0; j < N; j++)
            s->m[j] = sum[j] / P;
    }
    for (int j = 0; j < N; j++) {
        const double steps = freeze == 0 || t < freeze ? t + 1 : freeze;
        const double m = s->m[j] / (1 - pow(beta1, t + 1)), v = s->v[j] / (1 - pow(beta2, steps));

        s->x[j] -= lr * (m / (sqrt(v) + eps) + decay * s->x[j]);
    }
}

static void compare(const char *name, const char *compressor, int steps, int freeze, bool sparse)
{
    problem pr = {.n = N, .type = CSGD_F64, .n_workers = P, .fail_worker = -1};
    const csgd_oracle oracle = problem_oracle(&pr);
    csgd_optimizer_counters counters;
    csgd_simulation *sim;
    csgd_optimizer *opt;
    csgd_workers w;
    char spec[192];
    double x[N], m[N];
    plain s = {.x = {0}};

    snprintf(spec, sizeof spec, "%s lr=0.03 beta1=0.8 beta2=0.97 eps=1e-6 weight_decay=0.02", name);
    problem_start(N, x);
    memcpy(s.x, x, sizeof x);
    assert_ok(csgd_simulation_create(compressor, N, P, &sim));
    assert_ok(csgd_simulation_workers(sim, &w));
    assert_ok(csgd_optimizer_create(spec, N, &w, &oracle, &opt));
    for (int t = 0; t < steps; t++) {
        plain_step(&s, &pr, t, freeze, sparse);
        assert_ok(csgd_optimizer_step(opt, x));
        assert_ok(csgd_optimizer_v(opt, m));
        for (int j = 0; j < N; j++) {
            assert_true(fabs(m[j] - s.m[j]) <= 1e-12 * (1 + fabs(m[j])));
            assert_true(fabs(x[j] - s.x[j]) <= 1e-12 * (1 + fabs(x[j])));
        }
    }
    assert_ok(csgd_optimizer_stats(opt, &counters, sizeof counters));
    assert_int_equal(counters.exact_steps, freeze);
    csgd_optimizer_destroy(&opt);
    csgd_simulation_destroy(&sim);
}

static void exact(void **state)
{
    (void)state;
    compare("adam", "none type=f64", 30, 0, false);
}

static void frozen(void **state)
{
    static const char one_bit[] = "sign block=1024 type=f64 algorithm=allgather";

    (void)state;
    compare("frozen_adam freeze=11", one_bit, 30, 11, false);
    compare("frozen_adam freeze=11", "topk k=6 type=f64", 30, 11, true);
    compare("frozen_adam steps=40", one_bit, 30, 6, false);
    /* With the V of one step some elements have huge steps, which enlarge rounding errors. */
    compare("frozen_adam steps=1", "topk k=6 type=f64", 10, 1, true);
}

/* v is the last result over the number of workers, and lacks what that lacks. */
static void flushed(void **state)
{
    static const char *const sums[] = {"sign block=1024 type=f64", "topk k=6 type=f64"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sums); i++) {
        problem pr = {.n = N, .type = CSGD_F64, .n_workers = P, .fail_worker = -1};
        const csgd_oracle oracle = problem_oracle(&pr);
        double x[N], v[N], e[N], after[N], most = 0;
        csgd_simulation *sim;
        csgd_optimizer *opt;
        csgd_workers w;

        problem_start(N, x);
        assert_ok(csgd_simulation_create(sums[i], N, P, &sim));
        assert_ok(csgd_simulation_workers(sim, &w));
        assert_ok(csgd_optimizer_create("frozen_adam freeze=3", N, &w, &oracle, &opt));
        for (int t = 0; t < 9; t++)
            assert_ok(csgd_optimizer_step(opt, x));
        assert_ok(csgd_optimizer_v(opt, v));
        assert_ok(w.residual(w.self, e));
        assert_ok(csgd_optimizer_flush(opt, x));
        assert_ok(csgd_optimizer_v(opt, after));
        for (int j = 0; j < N; j++) {
            most = fmax(most, fabs(e[j]));
            assert_true(fabs(after[j] - (v[j] + e[j] / P)) <= 1e-15 * (1 + fabs(e[j])));
        }
        assert_true(most > 1e-3);
        csgd_optimizer_destroy(&opt);
        csgd_simulation_destroy(&sim);
    }
}

static void refusals(void **state)
{
    problem pr = {.n = N, .type = CSGD_F32, .n_workers = P, .fail_worker = -1};
    const csgd_oracle oracle = problem_oracle(&pr);
    csgd_simulation *sim;
    csgd_optimizer *opt;
    csgd_workers w;

    (void)state;
    assert_ok(csgd_simulation_create("sign", N, P, &sim));
    assert_ok(csgd_simulation_workers(sim, &w));
    assert_fails(csgd_optimizer_create("adam", N, &w, &oracle, &opt), CSGD_E_UNSUPPORTED,
                 "frozen_adam");
    assert_null(opt);
    assert_ok(csgd_optimizer_create("adam force=1", N, &w, &oracle, &opt));
    csgd_optimizer_destroy(&opt);
    assert_fails(csgd_optimizer_create("frozen_adam", N, &w, &oracle, &opt), CSGD_E_SPEC,
                 "freeze=");
    csgd_simulation_destroy(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact),
        cmocka_unit_test(frozen),
        cmocka_unit_test(flushed),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
