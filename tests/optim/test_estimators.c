/* SPDX-License-Identifier: BSD-3-Clause */

/* test_estimators.c: what optimizers do without compression is what their papers say: each against
 * a loop of its own (loops.h), step after step, x and v, over simulated workers. */

#include <math.h>
#include "optim/loops.h"
#include "support/test.h"

static const struct {
    const char *spec;
    loop l;
} estimators[] = {
    {"sgd", {.kind = LOOP_SGD}},
    {"momentum", {.kind = LOOP_HEAVY_BALL, .momentum = 0.9}},
    {"momentum momentum=0.5", {.kind = LOOP_HEAVY_BALL, .momentum = 0.5}},
    {"momentum momentum=0.8 nesterov=yes", {.kind = LOOP_NESTEROV, .momentum = 0.8}},
    {"momentum alpha=0.1", {.kind = LOOP_AVERAGE, .alpha = 0.1}},
    {"storm alpha=0.2", {.kind = LOOP_STORM, .alpha = 0.2}},
    {"storm alpha=1", {.kind = LOOP_STORM, .alpha = 1}},
    {"rootsgd", {.kind = LOOP_ROOTSGD}},
    {"igt alpha=0.25", {.kind = LOOP_IGT, .alpha = 0.25}},
    {"svrg refresh=7", {.kind = LOOP_SVRG, .refresh = 7}},
    {"sarah refresh=9", {.kind = LOOP_SARAH, .refresh = 9}},
    {"sarah refresh=1", {.kind = LOOP_SARAH, .refresh = 1}},
};

static void check_vectors(csgd_type type, const void *is, const double *should, const char *what,
                          const char *spec, int t)
{
    const double most = type == CSGD_F64 ? 1e-12 : 1e-5;
    double has[LOOP_N];

    problem_load(type, is, LOOP_N, has);
    for (int j = 0; j < LOOP_N; j++)
        if (!(fabs(has[j] - should[j]) <= most * (1 + fabs(should[j]))))
            fail_msg("%s: step %d: %s[%d] is %.17g, not %.17g", spec, t, what, j, has[j],
                     should[j]);
}

static void as_the_papers(void **state)
{
    enum { STEPS = 40 };
    static const char *const sums[] = {"none type=f64", "none"};
    const double decay = 0.01;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(estimators); i++)
        for (size_t s = 0; s < TEST_COUNT(sums); s++)
            for (int p = 1; p <= 5; p += 4) {
                problem pr = {.n = LOOP_N,
                              .type = s == 0 ? CSGD_F64 : CSGD_F32,
                              .n_workers = p,
                              .fail_worker = -1};
                const csgd_oracle oracle = problem_oracle(&pr);
                double x[LOOP_N], should[LOOP_N], v[LOOP_N];
                csgd_simulation *sim;
                csgd_optimizer *opt;
                csgd_workers w;
                char spec[128];
                loop l = estimators[i].l;

                l.problem = &pr;
                snprintf(spec, sizeof spec,
                         "%s lr=0.05 schedule=sqrt decay_every=10 "
                         "weight_decay=0.01",
                         estimators[i].spec);
                assert_ok(csgd_simulation_create(sums[s], LOOP_N, p, &sim));
                assert_ok(csgd_simulation_workers(sim, &w));
                assert_ok(csgd_optimizer_create(spec, LOOP_N, &w, &oracle, &opt));
                problem_start(LOOP_N, should);
                problem_store(pr.type, should, LOOP_N, x);
                problem_load(pr.type, x, LOOP_N, should);
                for (int t = 0; t < STEPS; t++) {
                    const double lr = 0.05 / sqrt(1 + t / 10.0);

                    loop_step(&l, should);
                    for (int j = 0; j < LOOP_N; j++)
                        should[j] -= lr * (l.move[j] + decay * should[j]);
                    assert_ok(csgd_optimizer_step(opt, x));
                    assert_ok(csgd_optimizer_v(opt, v));
                    check_vectors(pr.type, v, l.v, "v", spec, t);
                    check_vectors(pr.type, x, should, "x", spec, t);
                }
                csgd_optimizer_destroy(&opt);
                csgd_simulation_destroy(&sim);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_papers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
