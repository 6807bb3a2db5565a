/* SPDX-License-Identifier: BSD-3-Clause */

/* test_optimizer.c: the object: what specs it takes, what it does when something fails, what memory it
 * holds, schedules and clipping. */

#include <math.h>
#include <stdbool.h>
#include "optim/loops.h"
#include "support/budget.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = LOOP_N, P = 4 };

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

typedef struct scene {
    problem pr;
    csgd_oracle oracle;
    csgd_simulation *sim;
    csgd_workers w;
    csgd_optimizer *opt;
    double x[N];
} scene;

static void open_scene(scene *s, const char *sum, const char *spec)
{
    double start[N];

    assert_ok(csgd_simulation_create(sum, N, P, &s->sim));
    assert_ok(csgd_simulation_workers(s->sim, &s->w));
    s->pr = (problem){.n = N, .type = s->w.type, .n_workers = P, .fail_worker = -1};
    s->oracle = problem_oracle(&s->pr);
    assert_ok(csgd_optimizer_create(spec, N, &s->w, &s->oracle, &s->opt));
    problem_start(N, start);
    memset(s->x, 0, sizeof s->x);
    problem_store(s->w.type, start, N, s->x);
}

static void close_scene(scene *s)
{
    csgd_optimizer_destroy(&s->opt);
    assert_null(s->opt);
    csgd_simulation_destroy(&s->sim);
    assert_null(s->sim);
}

/* ---- what is refused ---------------------------------------------------------------------- */

static void specs(void **state)
{
    static const struct {
        const char *spec;
        csgd_status status;
        const char *words;
    } bad[] = {
        {NULL, CSGD_E_INVAL, "NULL"},
        {"", CSGD_E_SPEC, "empty"},
        {"strom lr=0.1", CSGD_E_SPEC, "did you mean \"storm\""},
        {"gradient", CSGD_E_SPEC, "csgd_optimizer_help"},
        {"storm alhpa=0.1", CSGD_E_SPEC, "did you mean \"alpha\""},
        {"storm alpha=0", CSGD_E_SPEC, "alpha"},
        {"storm alpha=1.5", CSGD_E_SPEC, "alpha"},
        {"sgd lr=0", CSGD_E_SPEC, "lr"},
        {"sgd lr=nan", CSGD_E_SPEC, "lr"},
        {"sgd momentum=0.9", CSGD_E_SPEC, "momentum"},
        {"momentum momentum=0.9 alpha=0.1", CSGD_E_SPEC, "only one"},
        {"momentum alpha=0.1 nesterov=yes", CSGD_E_SPEC, "only one"},
        {"sgd schedule=cosine", CSGD_E_SPEC, "steps="},
        {"sgd schedule=cosine steps=5 warmup=5", CSGD_E_SPEC, "warmup"},
        {"sgd schedule=step", CSGD_E_SPEC, "decay_every="},
        {"sgd schedule=cosin steps=5", CSGD_E_SPEC, "cosine"},
        {"sgd decay=0.5", CSGD_E_SPEC, "no use"},
        {"sgd reset=drop", CSGD_E_SPEC, "reset_every="},
        {"storm clip=1", CSGD_E_UNSUPPORTED, "clip="},
        {"sarah clip=1", CSGD_E_UNSUPPORTED, "clip="},
        {"svrg", CSGD_E_INVAL, "full gradients"},
        {"sarah", CSGD_E_INVAL, "full gradients"},
    };
    scene s;

    (void)state;
    open_scene(&s, "sign", "sgd");
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        csgd_optimizer *opt = s.opt;
        csgd_oracle oracle = s.oracle;

        oracle.full_gradient = NULL;
        assert_fails(csgd_optimizer_create(bad[i].spec, N, &s.w, &oracle, &opt), bad[i].status,
                     bad[i].words);
        assert_null(opt);
    }
    close_scene(&s);
}

static void arguments(void **state)
{
    csgd_optimizer_counters counters;
    csgd_optimizer *opt;
    csgd_workers broken;
    csgd_oracle none;
    csgd_simulation *sim;
    scene s;

    (void)state;
    open_scene(&s, "sign", "sgd");
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, &s.oracle, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_create("sgd", N, NULL, &s.oracle, &opt), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, NULL, &opt), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_create("sgd", N + 1, &s.w, &s.oracle, &opt), CSGD_E_INVAL,
                 "n is 41");
    assert_fails(csgd_optimizer_create("sgd", 0, &s.w, &s.oracle, &opt), CSGD_E_INVAL,
                 "at least 1");
    none = s.oracle;
    none.gradient = NULL;
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, &none, &opt), CSGD_E_INVAL, "gradient");
    none = s.oracle;
    none.size = 8;
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, &none, &opt), CSGD_E_INVAL, "sizeof");
    broken = s.w;
    broken.size = 8;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL, "sizeof");
    broken = s.w;
    broken.flush = NULL;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL, "NULL");
    broken = s.w;
    broken.count = 0;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL,
                 "workers");
    broken.count = P;
    broken.first = 1;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL,
                 "workers");
    broken = s.w;
    broken.type = CSGD_F16;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL, "type");
    broken = s.w;
    broken.traits |= CSGD_WORKERS_MOMENTUM;
    assert_fails(csgd_optimizer_create("storm", N, &broken, &s.oracle, &opt), CSGD_E_UNSUPPORTED,
                 "use sgd");
    assert_null(opt);

    assert_fails(csgd_optimizer_step(NULL, s.x), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_step(s.opt, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_flush(s.opt, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_v(s.opt, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_stats(s.opt, NULL, 8), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_stats(NULL, &counters, 8), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_set_lr(s.opt, 0), CSGD_E_INVAL, "above 0");
    assert_fails(csgd_optimizer_set_lr(s.opt, INFINITY), CSGD_E_INVAL, "finite");
    assert_int_equal(csgd_optimizer_memory_bytes(NULL), 0);
    assert_string_equal(csgd_optimizer_spec(NULL), "");
    csgd_optimizer_destroy(NULL);

    assert_fails(csgd_simulation_create("sign", 0, 1, &sim), CSGD_E_INVAL, "0 elements");
    assert_fails(csgd_simulation_create("sign", 1, 0, &sim), CSGD_E_INVAL, "0 workers");
    assert_fails(csgd_simulation_create("sign", 1, 4097, &sim), CSGD_E_INVAL, "4096");
    assert_fails(csgd_simulation_create("sign", 1, 1, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_simulation_create("sign type=bf16", 9, 1, &sim), CSGD_E_UNSUPPORTED,
                 "16 bits");
    assert_fails(csgd_simulation_create("topk algorithm=sra", 9, 1, &sim), CSGD_E_UNSUPPORTED,
                 "sra");
    assert_fails(csgd_simulation_create("sign algorithm=ring", 9, 1, &sim), CSGD_E_SPEC,
                 "algorithm");
    assert_fails(csgd_simulation_create("sign timeout=3", 9, 1, &sim), CSGD_E_SPEC, "timeout");
    assert_null(sim);
    assert_fails(csgd_simulation_workers(NULL, &broken), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_reducer_workers(NULL, &broken), CSGD_E_INVAL, "NULL");
    assert_int_equal(csgd_simulation_memory_bytes(NULL), 0);
    assert_string_equal(csgd_simulation_spec(NULL), "");
    csgd_simulation_destroy(NULL);
    close_scene(&s);
}

/* Equal specs are equal strings, whose every word the parser takes again. */
static void spec_text(void **state)
{
    csgd_optimizer *opt;
    scene s;

    (void)state;
    open_scene(&s, "sign algorithm=auto", "storm  lr=1e-1\talpha=0.1");
    assert_non_null(strstr(csgd_optimizer_spec(s.opt), "storm alpha=0.1 lr=0.1"));
    assert_non_null(strstr(csgd_simulation_spec(s.sim), "algorithm=sra"));
    assert_ok(csgd_optimizer_create(csgd_optimizer_spec(s.opt), N, &s.w, &s.oracle, &opt));
    assert_string_equal(csgd_optimizer_spec(s.opt), csgd_optimizer_spec(opt));
    csgd_optimizer_destroy(&opt);
    close_scene(&s);
}

static void help(void **state)
{
    static char text[16384];
    size_t len, whole;

    (void)state;
    assert_fails(csgd_optimizer_help(CSGD_HELP_TEXT, NULL, 0, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_help((csgd_help_format)7, text, 9, &len), CSGD_E_INVAL, "format");
    for (int f = CSGD_HELP_TEXT; f <= CSGD_HELP_MARKDOWN; f++) {
        static const char *const names[] = {"sgd",  "momentum", "storm", "rootsgd",     "igt",
                                            "svrg", "sarah",    "adam",  "frozen_adam", "lr",
                                            "clip", "noise",    "reset", "decay_every"};

        assert_fails(csgd_optimizer_help((csgd_help_format)f, NULL, 0, &whole), CSGD_E_SPACE,
                     "takes");
        assert_in_range(whole, 1000, sizeof text - 1);
        assert_ok(csgd_optimizer_help((csgd_help_format)f, text, whole + 1, &len));
        assert_int_equal(len, whole);
        assert_int_equal(strlen(text), len);
        for (size_t i = 0; i < TEST_COUNT(names); i++)
            assert_non_null(strstr(text, names[i]));
    }
}

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

/* ---- numbers ------------------------------------------------------------------------------ */

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
        cmocka_unit_test(specs),        cmocka_unit_test(arguments),
        cmocka_unit_test(spec_text),    cmocka_unit_test(help),
        cmocka_unit_test(failed_steps), cmocka_unit_test(nan_is_not_hidden),
        cmocka_unit_test(nobody_waits), cmocka_unit_test(schedules),
        cmocka_unit_test(set_lr),       cmocka_unit_test(clipping),
        cmocka_unit_test(memory),       cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
