/* SPDX-License-Identifier: BSD-3-Clause */

/* test_optimizer.c: what an optimizer does when something fails, and what memory it holds. */

#include <math.h>
#include <stdbool.h>
#include "optim/scene.h"
#include "support/budget.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = SCENE_N, P = SCENE_WORKERS };

static const char *const optimizers[] = {
    "sgd",
    "momentum clip=2",
    "momentum nesterov=yes",
    "momentum alpha=0.1",
    "storm",
    "rootsgd",
    "igt noise=0.1",
    "svrg refresh=3",
    "sarah refresh=3 noise=0.1",
    "frozen_adam freeze=3",
    "sgd reset_every=3 reset_radius=0.3",
};

static const char *const sums[] = {"none type=f64", "sign block=8", "topk ratio=0.2 type=f64"};

/* ---- what fails on the way ---------------------------------------------------------------- */

/* A step whose oracle fails changes nothing, so that the run goes on as if it had not been tried. */
static void failed_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(optimizers); i++)
        for (size_t k = 0; k < TEST_COUNT(sums); k++) {
            csgd_optimizer_counters counters;
            scene s, fails;
            double v[N], w[N];

            open_scene(&s, sums[k], optimizers[i]);
            open_scene(&fails, sums[k], optimizers[i]);
            for (int t = 0; t < 8; t++) {
                double before[N];

                memcpy(before, fails.x, sizeof before);
                fails.pr.fail_worker = t % P;
                fails.pr.fail_sample = (uint64_t)t;
                if (strstr(optimizers[i], "sarah") == NULL || t % 3 != 0)
                    assert_fails(csgd_optimizer_step(fails.opt, fails.x), CSGD_E_STATE, "oracle");
                if (strstr(optimizers[i], "reset") == NULL)
                    assert_memory_equal(before, fails.x, sizeof before);
                fails.pr.fail_worker = -1;
                assert_ok(csgd_optimizer_step(fails.opt, fails.x));
                assert_ok(csgd_optimizer_step(s.opt, s.x));
                assert_memory_equal(s.x, fails.x, sizeof s.x);
            }
            memset(v, 0, sizeof v);
            memset(w, 0, sizeof w);
            assert_ok(csgd_optimizer_v(s.opt, v));
            assert_ok(csgd_optimizer_v(fails.opt, w));
            assert_memory_equal(v, w, sizeof v);
            assert_ok(csgd_optimizer_stats(fails.opt, &counters, sizeof counters));
            assert_int_equal(counters.steps, 8);
            close_scene(&s);
            close_scene(&fails);
        }
}

/* NaN arrives in x as it would without compression, and residuals stay out of it. */
static csgd_status not_finite(void *self, int worker, uint64_t sample, const void *x, void *g)
{
    (void)self, (void)x;
    for (int j = 0; j < N; j++)
        ((float *)g)[j] = worker == 1 && sample == 2 && j == 3 ? NAN : 1.0f;
    return CSGD_OK;
}

static void nan_is_not_hidden(void **state)
{
    float x[N] = {0};
    double e[N];
    csgd_stats stats;
    scene s;

    (void)state;
    open_scene(&s, "topk ratio=0.1", "sgd");
    csgd_optimizer_destroy(&s.opt);
    s.oracle.gradient = not_finite;
    assert_ok(csgd_optimizer_create("sgd", N, &s.w, &s.oracle, &s.opt));
    for (int t = 0; t < 4; t++)
        assert_ok(csgd_optimizer_step(s.opt, x));
    assert_true(isnan(x[3]) && isfinite(x[2]));
    assert_ok(s.w.residual(s.w.self, e));
    for (int j = 0; j < N; j++)
        assert_true(isfinite(((float *)e)[j]));
    assert_ok(s.w.stats(s.w.self, &stats, sizeof stats));
    assert_int_equal(stats.calls, 4);
    assert_int_equal(stats.nonfinite_calls, 1);
    assert_true(stats.message_bytes > 0 && stats.residual_norm > 0);
    close_scene(&s);
}

/* ---- several processes -------------------------------------------------------------------- */

static void together(ranks *all, int rank, void *arg)
{
    problem pr = {.n = N, .type = CSGD_F32, .n_workers = all->n_ranks, .fail_worker = -1};
    const csgd_oracle oracle = problem_oracle(&pr);
    const bool last = rank == all->n_ranks - 1;
    float x[N] = {0}, before[N];
    csgd_optimizer *opt = NULL;
    csgd_reducer *r = NULL;
    csgd_workers w;

    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &r) == CSGD_OK);
    if (r == NULL) return;
    RANK_CHECK(all, rank, csgd_reducer_workers(r, &w) == CSGD_OK);
    RANK_CHECK(all, rank, w.first == rank && w.count == 1 && w.n_workers == all->n_ranks);

    /* All get one or none does. */
    RANK_CHECK(all, rank,
               csgd_optimizer_create(last ? "sgd lr=0.1" : "sgd lr=0.2", N, &w, &oracle, &opt) ==
                   CSGD_E_MISMATCH);
    RANK_CHECK(all, rank, opt == NULL);
    RANK_CHECK(all, rank,
               csgd_optimizer_create(last ? "sgd lr=x" : "sgd", N, &w, &oracle, &opt) ==
                   (last ? CSGD_E_SPEC : CSGD_E_PEER));
    RANK_CHECK(all, rank, opt == NULL);
    RANK_CHECK(all, rank,
               csgd_optimizer_create("svrg refresh=2 lr=0.1", N, &w, &oracle, &opt) == CSGD_OK);
    if (opt == NULL) return;
    for (int t = 0; t < 6; t++) {
        memcpy(before, x, sizeof x);
        pr.fail_worker = all->n_ranks - 1;
        pr.fail_sample = (uint64_t)t;
        RANK_CHECK(all, rank, csgd_optimizer_step(opt, x) == (last ? CSGD_E_STATE : CSGD_E_PEER));
        RANK_CHECK(all, rank, memcmp(before, x, sizeof x) == 0);
        pr.fail_worker = -1;
        RANK_CHECK(all, rank, csgd_optimizer_step(opt, x) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(before, x, sizeof x) != 0);
    }
    csgd_optimizer_destroy(&opt);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void nobody_waits(void **state)
{
    (void)state;
    ranks_run(2, together, "sign block=8");
    ranks_run(5, together, "topk ratio=0.2 timeout=20");
    ranks_run(3, together, "none algorithm=ring");
}

/* ---- memory ------------------------------------------------------------------------------- */

static void memory(void **state)
{
    (void)state;
    csgd_budget_install();
    for (size_t i = 0; i < TEST_COUNT(optimizers); i++)
        for (size_t k = 0; k < TEST_COUNT(sums); k++) {
            size_t calls, held;
            scene s;

            open_scene(&s, sums[k], optimizers[i]);
            held = csgd_budget_live_bytes();
            assert_int_equal(held, csgd_optimizer_memory_bytes(s.opt) +
                                       csgd_simulation_memory_bytes(s.sim));
            calls = csgd_budget_calls();
            csgd_budget_set(0);
            for (int t = 0; t < 7; t++)
                assert_ok(csgd_optimizer_step(s.opt, s.x));
            assert_ok(csgd_optimizer_flush(s.opt, s.x));
            csgd_budget_set(-1);
            assert_int_equal(csgd_budget_calls(), calls);
            close_scene(&s);
            assert_int_equal(csgd_budget_live_blocks(), 0);
        }
    csgd_budget_remove();
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    csgd_budget_install();
    for (size_t i = 0; i < TEST_COUNT(optimizers) + TEST_COUNT(sums); i++) {
        const bool simulate = i >= TEST_COUNT(optimizers);
        const char *spec = simulate ? sums[i - TEST_COUNT(optimizers)] : optimizers[i];
        size_t before;
        scene s;

        open_scene(&s, "topk", "sgd");
        before = csgd_budget_live_blocks();
        for (long allowed = 0;; allowed++) {
            csgd_optimizer *opt = NULL;
            csgd_simulation *sim = NULL;
            csgd_status st;

            csgd_budget_set(allowed);
            st = simulate ? csgd_simulation_create(spec, N, P, &sim)
                          : csgd_optimizer_create(spec, N, &s.w, &s.oracle, &opt);
            csgd_budget_set(-1);
            csgd_optimizer_destroy(&opt);
            csgd_simulation_destroy(&sim);
            assert_int_equal(csgd_budget_live_blocks(), before);
            if (st == CSGD_OK) {
                assert_in_range(allowed, 4, 200);
                break;
            }
            assert_int_equal(st, CSGD_E_NOMEM);
        }
        close_scene(&s);
    }
    csgd_budget_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_steps),
        cmocka_unit_test(nan_is_not_hidden),
        cmocka_unit_test(nobody_waits),
        cmocka_unit_test(memory),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("optim/optimizer", tests, NULL, NULL);
}
