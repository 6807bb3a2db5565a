/* SPDX-License-Identifier: BSD-3-Clause */

/* test_schedule.c: the step size of every step, and clipping. */

#include <math.h>
#include "optim/scene.h"
#include "support/test.h"

enum { N = SCENE_N, P = SCENE_WORKERS };

static double rate_at(const char *spec, int t)
{
    csgd_optimizer_counters counters;
    scene s;

    open_scene(&s, "none", spec);
    for (int i = 0; i <= t; i++)
        assert_ok(csgd_optimizer_step(s.opt, s.x));
    assert_ok(csgd_optimizer_stats(s.opt, &counters, sizeof counters));
    close_scene(&s);
    return counters.lr;
}

static void assert_near(double is, double should)
{
    if (!(fabs(is - should) <= 1e-14 * fabs(should))) fail_msg("%.17g, not %.17g", is, should);
}

static void schedules(void **state)
{
    const double pi = 3.14159265358979323846;

    (void)state;
    for (int t = 0; t < 12; t++) {
        const int s = t - 4, c = t < 10 ? s : 5;

        assert_near(rate_at("sgd lr=0.02", t), 0.02);
        assert_near(rate_at("sgd lr=0.02 warmup=4", t), t < 4 ? 0.02 * (t + 1) / 4 : 0.02);
        assert_near(rate_at("sgd lr=0.02 warmup=4 schedule=cosine steps=10", t),
                    t < 4 ? 0.02 * (t + 1) / 4 : 0.02 * (1 + cos(pi * c / 6)) / 2);
        assert_near(rate_at("sgd lr=0.02 schedule=step decay=0.5 decay_every=3", t),
                    0.02 * pow(0.5, t / 3));
        assert_near(rate_at("sgd lr=0.02 schedule=sqrt", t), 0.02 / sqrt(1 + t));
        assert_near(rate_at("sgd lr=0.02 schedule=sqrt decay_every=5 warmup=4", t),
                    t < 4 ? 0.02 * (t + 1) / 4 : 0.02 / sqrt(1 + s / 5.0));
    }
}

static void set_lr(void **state)
{
    csgd_optimizer_counters counters = {0};
    scene s;

    (void)state;
    open_scene(&s, "sign", "sgd lr=0.1 schedule=sqrt");
    assert_ok(csgd_optimizer_step(s.opt, s.x));
    assert_ok(csgd_optimizer_set_lr(s.opt, 0.4));
    assert_ok(csgd_optimizer_step(s.opt, s.x));
    assert_ok(csgd_optimizer_stats(s.opt, &counters, 8)); /* of an older program */
    assert_int_equal(counters.steps, 2);
    assert_int_equal(counters.gradients, 0);
    assert_ok(csgd_optimizer_stats(s.opt, &counters, sizeof counters));
    assert_near(counters.lr, 0.4 / sqrt(2));
    assert_int_equal(counters.gradients, 2 * P);
    close_scene(&s);
}

/* One factor for all workers, of the root mean square of their norms, before anything else. */
static void clipping(void **state)
{
    const double clip = 4.4;
    int clipped = 0;
    scene s;

    (void)state;
    open_scene(&s, "none type=f64", "momentum alpha=0.25 lr=0.1 clip=4.4");
    double v[N] = {0}, x[N], has[N];
    problem_start(N, x);
    for (int t = 0; t < 12; t++) {
        csgd_optimizer_counters counters;
        double sum[N] = {0}, square = 0, g[N];

        for (int i = 0; i < P; i++) {
            problem_gradient(&s.pr, i, (uint64_t)t, x, g);
            for (int j = 0; j < N; j++) {
                square += g[j] * g[j];
                sum[j] += g[j];
            }
        }
        const double root = sqrt(square / P), factor = root > clip ? clip / root : 1;
        assert_ok(csgd_optimizer_step(s.opt, s.x));
        assert_ok(csgd_optimizer_v(s.opt, has));
        assert_ok(csgd_optimizer_stats(s.opt, &counters, sizeof counters));
        clipped += factor < 1;
        assert_true(fabs(counters.clip_factor - factor) <= 1e-13);
        assert_int_equal(counters.clipped_steps, clipped);
        for (int j = 0; j < N; j++) {
            const double a = t == 0 ? 1 : 0.25;

            v[j] = (1 - a) * v[j] + a * factor * sum[j] / P;
            x[j] -= 0.1 * v[j];
            assert_true(fabs(has[j] - v[j]) <= 1e-12 && fabs(s.x[j] - x[j]) <= 1e-12);
        }
    }
    assert_in_range(clipped, 2, 10); /* both sides of the limit were seen */
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedules),
        cmocka_unit_test(set_lr),
        cmocka_unit_test(clipping),
    };
    return cmocka_run_group_tests_name("optim/schedule", tests, NULL, NULL);
}
