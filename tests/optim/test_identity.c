/* SPDX-License-Identifier: BSD-3-Clause */

/* test_identity.c: what feedback promises, through every optimizer, at every step.
 *
 * With D the mean over workers of all residuals, the owner's too, and x_ref what x would be had
 * nothing been compressed of the gradients that were taken on the way,
 *
 *     x = x_ref + lr D                                     ecx, for any rho and lr; ef where rho = 0
 *     x = x_ref + lr ((1 + mu) D_t - mu D_{t-1})           ecx under Nesterov, for constant lr
 *     x = x_ref + D                                        ecx2, whose residual has lr inside
 *
 * and after a flush x = x_ref and v = v_ref.  x_ref comes of the papers' loops (loops.h), which take
 * their gradients where the compressed run is. */

#include <math.h>
#include <stdbool.h>
#include "optim/loops.h"
#include "support/test.h"

enum { N = LOOP_N, STEPS = 45 };

typedef struct setting {
    const char *spec;
    loop l;
    bool average; /* rho is not 0: one step of feedback is not enough */
} setting;

static const setting settings[] = {
    {"sgd", {.kind = LOOP_SGD}, false},
    {"momentum momentum=0.9", {.kind = LOOP_HEAVY_BALL, .momentum = 0.9}, true},
    {"momentum momentum=0.9 nesterov=yes", {.kind = LOOP_NESTEROV, .momentum = 0.9}, true},
    {"momentum alpha=0.1", {.kind = LOOP_AVERAGE, .alpha = 0.1}, true},
    {"storm alpha=0.2", {.kind = LOOP_STORM, .alpha = 0.2}, true},
    {"rootsgd", {.kind = LOOP_ROOTSGD}, true},
    {"igt alpha=0.25", {.kind = LOOP_IGT, .alpha = 0.25}, true},
    {"svrg refresh=7", {.kind = LOOP_SVRG, .refresh = 7}, false},
    {"sarah refresh=9", {.kind = LOOP_SARAH, .refresh = 9}, true},
};

static double largest(const double *a)
{
    double most = 0;

    for (int j = 0; j < N; j++)
        most = fmax(most, fabs(a[j]));
    return most;
}

/* flush_at: before this step; 0: never. */
static void check(const setting *set, const char *sum, int n_workers, int flush_at)
{
    problem pr = {.n = N, .n_workers = n_workers, .fail_worker = -1};
    double x[N], buffer[N], start[N], e[N] = {0}, older[N], ref[N], v[N], moved[N] = {0};
    const bool constant = set->l.kind == LOOP_NESTEROV, inside = strstr(sum, "ecx2") != NULL;
    loop l = set->l;
    csgd_simulation *sim;
    csgd_optimizer *opt;
    csgd_oracle oracle;
    csgd_workers w;
    char spec[160];
    double left = 0;

    snprintf(spec, sizeof spec, "%s lr=0.02%s", set->spec,
             constant ? "" : " schedule=sqrt decay_every=20");
    assert_ok(csgd_simulation_create(sum, N, n_workers, &sim));
    assert_ok(csgd_simulation_workers(sim, &w));
    pr.type = w.type;
    l.problem = &pr;
    oracle = problem_oracle(&pr);
    assert_ok(csgd_optimizer_create(spec, N, &w, &oracle, &opt));
    problem_start(N, start);
    problem_store(w.type, start, N, buffer);
    problem_load(w.type, buffer, N, x);
    memcpy(start, x, sizeof start);
    memcpy(ref, x, sizeof ref);
    for (int t = 0; t < STEPS; t++) {
        const double lr = constant ? 0.02 : 0.02 / sqrt(1 + t / 20.0);
        const double most = w.type == CSGD_F64 ? 1e-12 : 1e-5;

        if (t > 0 && t == flush_at) {
            double flushed[N];

            assert_ok(csgd_optimizer_flush(opt, buffer));
            problem_load(w.type, buffer, N, x);
            assert_ok(csgd_optimizer_v(opt, flushed));
            problem_load(w.type, flushed, N, v);
            for (int j = 0; j < N; j++) {
                assert_true(fabs(v[j] - l.v[j]) <= most * 100);
                assert_true(fabs(x[j] - ref[j]) <= most * fmax(largest(moved), 1));
            }
            memset(e, 0, sizeof e);
            assert_ok(w.residual(w.self, flushed));
            problem_load(w.type, flushed, N, v);
            assert_true(largest(v) == 0);
        }
        loop_step(&l, x);
        assert_ok(csgd_optimizer_step(opt, buffer));
        problem_load(w.type, buffer, N, x);
        memcpy(older, e, sizeof e);
        assert_ok(w.residual(w.self, v));
        problem_load(w.type, v, N, e);
        for (int j = 0; j < N; j++) {
            double owed = e[j];

            if (constant) owed = (1 + l.momentum) * e[j] - l.momentum * older[j];
            owed *= (inside ? 1 : lr) / n_workers;
            ref[j] -= lr * l.move[j];
            moved[j] = ref[j] - start[j];
            left = fmax(left, fabs(owed));
            if (!(fabs(x[j] - ref[j] - owed) <= most * fmax(largest(moved), largest(e) * lr)))
                fail_msg("%s over %s: step %d: x[%d] is %.17g, not %.17g", spec, sum, t, j, x[j],
                         ref[j] + owed);
        }
    }
    assert_true(left > 1e-5); /* else nothing was compressed, and nothing tested */
    csgd_optimizer_destroy(&opt);
    csgd_simulation_destroy(&sim);
}

static void two_steps(void **state)
{
    static const char *const sums[] = {
        "sign block=8 type=f64 feedback=ecx rho=step",
        "sign block=8 type=f64 feedback=ecx rho=step algorithm=server",
        "onebit block=16 type=f64 feedback=ecx rho=step algorithm=allgather",
        "int bits=4 block=8 type=f64 feedback=ecx rho=step",
        "topk ratio=0.6 type=f64 feedback=ecx rho=step",
        "sign block=8 feedback=ecx rho=step",
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++)
        for (size_t s = 0; s < TEST_COUNT(sums); s++)
            for (int p = test_brief() ? 4 : 1; p <= 4; p += 3) {
                check(&settings[i], sums[s], p, 0);
                if (s < 2) check(&settings[i], sums[s], p, 23);
            }
}

static void two_values(void **state)
{
    static const char *const sums[] = {
        "topk ratio=0.1 type=f64 feedback=ecx2 rho=step algorithm=allgather",
        "threshold lambda=0.05 type=f64 feedback=ecx2 rho=step algorithm=allgather",
        "randk ratio=0.2 type=f64 feedback=ecx2 rho=step",
        "topk ratio=0.1 feedback=ecx2 rho=step algorithm=allgather",
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++)
        for (size_t s = 0; s < TEST_COUNT(sums); s++)
            for (int p = test_brief() ? 4 : 1; p <= 4 && settings[i].l.kind != LOOP_NESTEROV;
                 p += 3) {
                check(&settings[i], sums[s], p, 0);
                if (s % 2 == 0) check(&settings[i], sums[s], p, 23);
            }
}

static void one_step(void **state)
{
    static const char *const sums[] = {
        "sign block=8 type=f64",
        "topk ratio=0.1 type=f64",
        "topk ratio=0.1 type=f64 algorithm=server",
        "randk ratio=0.2 type=f64",
        "threshold lambda=0.5 type=f64",
        "topk ratio=0.1",
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++)
        for (size_t s = 0; s < TEST_COUNT(sums); s++)
            if (!settings[i].average) check(&settings[i], sums[s], 4, 0);
}

/* A fixed rho must be the optimizer's. */
static void rho_of_the_spec(void **state)
{
    problem pr = {.n = N, .type = CSGD_F32, .n_workers = 2, .fail_worker = -1};
    const csgd_oracle oracle = problem_oracle(&pr);
    float x[N] = {0};
    csgd_simulation *sim;
    csgd_optimizer *opt;
    csgd_workers w;

    (void)state;
    assert_ok(csgd_simulation_create("sign feedback=ecx rho=0.9", N, 2, &sim));
    assert_ok(csgd_simulation_workers(sim, &w));
    assert_ok(csgd_optimizer_create("storm alpha=0.1", N, &w, &oracle, &opt));
    for (int t = 0; t < 3; t++)
        assert_ok(csgd_optimizer_step(opt, x));
    csgd_optimizer_destroy(&opt);
    assert_ok(csgd_optimizer_create("storm alpha=0.2", N, &w, &oracle, &opt));
    assert_fails(csgd_optimizer_step(opt, x), CSGD_E_INVAL, "rho=step");
    csgd_optimizer_destroy(&opt);
    csgd_simulation_destroy(&sim);

    assert_ok(csgd_simulation_create("sign feedback=ecx rho=0", N, 2, &sim)); /* as any other */
    assert_ok(csgd_simulation_workers(sim, &w));
    assert_ok(csgd_optimizer_create("storm alpha=0.1", N, &w, &oracle, &opt));
    assert_ok(csgd_optimizer_step(opt, x));
    assert_fails(csgd_optimizer_step(opt, x), CSGD_E_INVAL, "rho=0, and the optimizer rho=0.9");
    csgd_optimizer_destroy(&opt);
    csgd_simulation_destroy(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_steps),
        cmocka_unit_test(two_values),
        cmocka_unit_test(one_step),
        cmocka_unit_test(rho_of_the_spec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
