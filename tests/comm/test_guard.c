/* SPDX-License-Identifier: BSD-3-Clause */

/* test_guard.c: the guard of two-step compensation, in closed loop: it catches what blows up, what comes
 * after is as good as one-step compensation all along, it leaves what is healthy alone, and its way
 * back pays all that is owed, on all ranks at the same step.  And the meter that it looks at. */

#include "support/test.h"

#include <math.h>
#include "comm/reducer.h"
#include "feedback/guard.h"
#include "optim/simulation.h"
#include "oracle/oracle.h"

enum { N = 200, WORKERS = 4, RANKS = 3 };

/* --- the closed loop: a quadratic of each worker, with noise, under heavy-ball momentum --- */

typedef struct outcome {
    double loss; /* mean over the last steps */
    csgd_stats stats;
} outcome;

/* About normal. */
static double normal(unsigned seed, int worker, int t, int i)
{
    double sum = -6;

    for (unsigned j = 0; j < 3; j++) {
        const uint32_t w = oracle_word(7, seed, j, (uint32_t)worker, (uint64_t)t, (uint64_t)i);
        for (int part = 0; part < 4; part++)
            sum += (w >> (8 * part) & 255) / 256.0 + 1 / 512.0;
    }
    return sum;
}

static outcome descend(const char *spec, double rho, unsigned seed, int steps)
{
    static double x[N], v[N], y[N], centre[WORKERS][N], g[WORKERS][N], h[N];
    const double step_size = 0.2 * (1 - rho);
    const void *vectors[WORKERS];
    csgd_simulation *s;
    csgd_workers w;
    outcome o = {0};

    assert_ok(csgd_simulation_create(spec, N, WORKERS, &s));
    assert_ok(csgd_simulation_workers(s, &w));
    for (int i = 0; i < N; i++) {
        h[i] = pow(10, -1.5 * i / N);
        x[i] = v[i] = 0;
        for (int worker = 0; worker < WORKERS; worker++)
            centre[worker][i] = normal(seed, worker, 1 << 20, i);
    }
    for (int t = 0; t < steps && isfinite(o.loss); t++) {
        double loss = 0;

        for (int worker = 0; worker < WORKERS; worker++) {
            vectors[worker] = g[worker];
            for (int i = 0; i < N; i++) {
                const double off = x[i] - centre[worker][i];
                g[worker][i] = h[i] * off + 0.1 * normal(seed, worker, t % 64, i);
                loss += 0.5 * h[i] * off * off / WORKERS;
            }
        }
        if (t >= steps - 100) o.loss += loss / 100;
        if (w.sum(w.self, vectors, 0, CSGD_OK, y) != CSGD_OK || !isfinite(loss)) o.loss = INFINITY;
        for (int i = 0; i < N; i++) {
            v[i] = rho * v[i] + y[i] / WORKERS;
            x[i] -= step_size * v[i];
        }
    }
    assert_ok(w.stats(w.self, &o.stats, sizeof o.stats));
    csgd_simulation_destroy(&s);
    return o;
}

static void blow_ups_are_caught(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 3; seed++) {
        const outcome ef = descend("topk ratio=0.1 type=f64", 0.9, seed, 700);
        const outcome guarded =
            descend("topk ratio=0.1 type=f64 feedback=ecx force=yes", 0.9, seed, 700);
        const outcome alone =
            descend("topk ratio=0.1 type=f64 feedback=ecx force=yes guard=no", 0.9, seed, 700);

        assert_int_equal(guarded.stats.guard_trips, 1);
        assert_string_equal(guarded.stats.rule, "ef");
        assert_int_equal(guarded.stats.dense_calls, CSGDI_GUARD_EXACT);
        assert_true(guarded.loss < 1.02 * ef.loss);
        assert_true(!(alone.loss < 100 * ef.loss));
        assert_int_equal(alone.stats.guard_trips, 0);
        assert_string_equal(alone.stats.rule, "ecx");
    }
}

static void the_healthy_are_left_alone(void **state)
{
    static const struct {
        const char *spec;
        double rho;
    } runs[] = {
        {"sign block=200", 0.9},         {"sign block=200", 0.99},
        {"qsgd bits=4 bucket=200", 0.9}, {"qsgd bits=4 bucket=200", 0.99},
        {"topk ratio=0.5", 0.9},         {"topk ratio=0.1", 0},
        {"sign block=200", 0},           {"onebit block=40", 0.99},
        {"int bits=4 block=40", 0.99},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(runs); i++) {
        char spec[128];
        outcome o;

        snprintf(spec, sizeof spec, "%s type=f64 feedback=ecx rho=%g", runs[i].spec, runs[i].rho);
        o = descend(spec, runs[i].rho, 5, test_brief() ? 300 : 2000);
        if (o.stats.guard_trips != 0) fail_msg("%s: the guard tripped", spec);
        assert_string_equal(o.stats.rule, "ecx");
        assert_true(isfinite(o.loss));
    }
}

/* --- the way back, over ranks --- */

enum { STEPS = 90 };

typedef struct run {
    const char *spec;
    csgd_team *team;
    bool clears; /* as soon as it has tripped, before the way back is done */
    double g[RANKS][STEPS][N], y[RANKS][STEPS][N], e[RANKS][STEPS][N];
    csgd_stats stats[RANKS][STEPS];
    csgd_status status[RANKS];
} run;

static void call_all(int rank, void *arg)
{
    run *r = arg;
    csgd_reducer *reducer = NULL;
    bool cleared = false;
    csgd_status st = csgd_reducer_create_team(r->team, rank, N, r->spec, &reducer);

    for (int t = 0; t < STEPS && st == CSGD_OK; t++) {
        st = csgd_reducer_allreduce(reducer, r->g[rank][t], r->y[rank][t], N);
        if (st == CSGD_OK) st = csgd_reducer_residual(reducer, r->e[rank][t]);
        if (st == CSGD_OK)
            st = csgd_reducer_stats(reducer, &r->stats[rank][t], sizeof r->stats[rank][t]);
        if (st == CSGD_OK && r->clears && !cleared && r->stats[rank][t].guard_trips > 0) {
            cleared = true;
            st = csgd_reducer_clear(reducer);
        }
    }
    r->status[rank] = st;
    csgd_reducer_destroy(&reducer);
}

static void simulate(const run *r, double (*y)[N])
{
    csgd_simulation *s;
    csgd_workers w;
    csgd_stats stats;
    bool cleared = false;

    assert_ok(csgd_simulation_create(r->spec, N, RANKS, &s));
    assert_ok(csgd_simulation_workers(s, &w));
    for (int t = 0; t < STEPS; t++) {
        const void *const vectors[RANKS] = {r->g[0][t], r->g[1][t], r->g[2][t]};
        assert_ok(w.sum(w.self, vectors, 0, CSGD_OK, y[t]));
        assert_ok(w.stats(w.self, &stats, sizeof stats));
        if (!r->clears || cleared || stats.guard_trips == 0) continue;
        cleared = true;
        assert_ok(w.clear(w.self));
    }
    csgd_simulation_destroy(&s);
}

static void check_way_back(const char *spec)
{
    run *r = calloc(1, sizeof *r);
    double(*same)[N] = calloc(STEPS, sizeof *same);
    double v[N] = {0}, exact[N] = {0}, sum[N] = {0}, exact_sum[N] = {0}, largest = 0;
    int tripped = -1;

    r->spec = spec;
    for (int rank = 0; rank < RANKS; rank++)
        for (int t = 0; t < STEPS; t++)
            oracle_gradient(rank, (uint64_t)t, CSGD_F64, N, r->g[rank][t]);
    assert_ok(csgd_team_create(RANKS, &r->team));
    assert_ok(csgd_team_run(r->team, call_all, r));
    assert_ok(csgd_team_destroy(&r->team));
    for (int rank = 0; rank < RANKS; rank++)
        assert_ok(r->status[rank]);
    simulate(r, same);

    for (int t = 0; t < STEPS; t++) {
        const csgd_stats *now = &r->stats[0][t];
        double owed = 0;

        assert_memory_equal(r->y[0][t], r->y[1][t], sizeof r->y[0][t]);
        assert_memory_equal(r->y[0][t], r->y[2][t], sizeof r->y[0][t]);
        assert_memory_equal(r->y[0][t], same[t], sizeof r->y[0][t]);
        if (now->guard_trips > 0 && tripped < 0) tripped = t;
        for (int i = 0; i < N; i++) {
            double given = 0;
            for (int rank = 0; rank < RANKS; rank++) {
                owed += fabs(r->e[rank][t][i]);
                largest = fmax(largest, fabs(r->e[rank][t][i]));
                given += r->g[rank][t][i];
            }
            v[i] = 0.9 * v[i] + r->y[0][t][i];
            exact[i] = 0.9 * exact[i] + given;
            sum[i] += v[i];
            exact_sum[i] += exact[i];
        }
        if (tripped < 0 || t > tripped + 2) continue;
        assert_int_equal(now->dense_calls, t - tripped);
        assert_true((owed == 0) == (t > tripped));
        assert_string_equal(now->rule, t < tripped + 2 ? "ecx" : "ef");
        for (int i = 0; i < N && t > tripped; i++) {
            assert_true(fabs(sum[i] - exact_sum[i]) < 1e-12 * t * largest);
            if (t == tripped + 2) assert_true(fabs(v[i] - exact[i]) < 1e-12 * t * largest);
        }
    }
    assert_true(tripped > CSGDI_GUARD_WINDOW && tripped < STEPS - 5);
    assert_int_equal(r->stats[1][STEPS - 1].guard_trips, 1);
    assert_int_equal(r->stats[2][STEPS - 1].dense_calls, 2);
    free(r);
    free(same);
}

static void way_back(void **state)
{
    (void)state;
    check_way_back("topk ratio=0.1 type=f64 feedback=ecx rho=0.9 force=yes");
    check_way_back("terngrad block=40 type=f64 feedback=ecx rho=0.9 force=yes algorithm=sra");
    check_way_back("terngrad block=40 type=f64 feedback=ecx rho=0.9 force=yes algorithm=allgather");
}

/* Who clears has nothing to pay: one step at once, and simulated workers give the bits of a team. */
static void cleared_on_the_way(void **state)
{
    run *r = calloc(1, sizeof *r);
    double(*same)[N] = calloc(STEPS, sizeof *same);

    (void)state;
    r->spec = "topk ratio=0.1 type=f64 feedback=ecx rho=0.9 force=yes";
    r->clears = true;
    for (int rank = 0; rank < RANKS; rank++)
        for (int t = 0; t < STEPS; t++)
            oracle_gradient(rank, (uint64_t)t, CSGD_F64, N, r->g[rank][t]);
    assert_ok(csgd_team_create(RANKS, &r->team));
    assert_ok(csgd_team_run(r->team, call_all, r));
    assert_ok(csgd_team_destroy(&r->team));
    simulate(r, same);
    for (int rank = 0; rank < RANKS; rank++) {
        assert_ok(r->status[rank]);
        assert_memory_equal(r->y[rank], same, STEPS * sizeof *same);
        assert_int_equal(r->stats[rank][STEPS - 1].guard_trips, 1);
        assert_int_equal(r->stats[rank][STEPS - 1].dense_calls, 0);
        assert_string_equal(r->stats[rank][STEPS - 1].rule, "ef");
    }
    free(r);
    free(same);
}

/* --- means --- */

static void means(void **state)
{
    csgdi_guard g = {.on = true};

    (void)state;
    for (int t = 0; t < 64; t++) /* four times more is not more than that */
        csgdi_guard_see(&g, t < 16 ? 1 : t < 32 ? 4 : 1, 0.9, 1);
    assert_int_equal(g.trips, 0);
    for (int t = 0; t < 16; t++) /* twice the least since step 40, which was 1, twice */
        csgdi_guard_see(&g, 2.1, 0.9, 1);
    assert_int_equal(g.trips, 0);
    for (int t = 0; t < 16; t++)
        csgdi_guard_see(&g, 4.2, 0.9, 1);
    assert_int_equal(g.trips, 1);
    assert_int_equal(g.exact, CSGDI_GUARD_EXACT);
    assert_false(csgdi_guard_paid(&g));
    assert_true(csgdi_guard_paid(&g));

    g = (csgdi_guard){.on = true}; /* at rho = 1 there is only the one before */
    for (int t = 0; t < 160; t++)
        csgdi_guard_see(&g, pow(3.9, t / 16), 1, 1);
    assert_int_equal(g.trips, 0);
    for (int t = 0; t < 16; t++)
        csgdi_guard_see(&g, 4.1 * pow(3.9, 9), 1, 1);
    assert_int_equal(g.trips, 1);

    g = (csgdi_guard){.on = true}; /* a step size a tenth of what it was */
    for (int t = 0; t < 96; t++)
        csgdi_guard_see(&g, t < 64 ? 1 : 10, 0.9, t == 64 ? 10 : 1);
    assert_int_equal(g.trips, 0);
    csgdi_guard_see(&g, 0, 0.9, 1); /* after an exact step nothing is compared with what was */
    for (int t = 0; t < 32; t++)
        csgdi_guard_see(&g, t < 16 ? 0.01 : 0.03, 0.9, 1);
    assert_int_equal(g.trips, 0);

    g = (csgdi_guard){0};
    for (int t = 0; t < 64; t++)
        csgdi_guard_see(&g, pow(2, t), 0.9, 1);
    assert_int_equal(g.trips, 0);
}

/* --- the meter --- */

static void check_meter(size_t n)
{
    float *e = malloc(n * sizeof *e);
    csgdi_compressor c = {.kernels = csgdi_kernels_get(CSGD_F32), .n = n};
    csgdi_feedback f = {.compressor = &c, .e = e};
    double exact = 0, sum = 0;

    for (size_t i = 0; i < n; i++) {
        e[i] = (float)(i % 17) * (i < n / 3 ? 1 : 0.25f);
        exact += (double)e[i] * (double)e[i];
    }
    for (int turn = 0; turn < 16; turn++) {
        csgdi_feedback_measure(&f);
        sum += f.size;
        if (n <= 65536) assert_true(fabs(f.size - exact) <= 1e-9 * exact);
    }
    /* Each block once, but that one of sixteen may have a block, or a part of one, more. */
    assert_true(fabs(sum / 16 - exact) <= (n <= 65536       ? 1e-9
                                           : n % 65536 == 0 ? 1e-9
                                                            : 0.05) *
                                              exact);
    assert_true(fabs(f.total_error - sum) <= 1e-9 * sum);
    free(e);
}

static void meter(void **state)
{
    (void)state;
    check_meter(1);
    check_meter(65536);
    check_meter(65536 * 3);
    check_meter(65536 * 4 + 5000);
}

/* Every difference between results and vectors is in the meter, and the certificate above it. */
static void total_error(void **state)
{
    csgd_simulation *s;
    csgd_workers w;
    double g[N], y[N], e[N], sum = 0, before = 0;
    csgd_stats stats;

    (void)state;
    assert_ok(csgd_simulation_create("topk ratio=0.1 type=f64", N, 1, &s));
    assert_ok(csgd_simulation_workers(s, &w));
    for (int t = 0; t < 40; t++) {
        const void *const vectors[1] = {g};
        double squares = 0;

        oracle_gradient(0, (uint64_t)t, CSGD_F64, N, g);
        assert_ok(w.set_step_size(w.self, 0.5));
        assert_ok(w.sum(w.self, vectors, 0, CSGD_OK, y));
        assert_ok(w.residual(w.self, e));
        for (int i = 0; i < N; i++)
            squares += e[i] * e[i];
        sum += squares;
        assert_ok(w.stats(w.self, &stats, sizeof stats));
        assert_true(fabs(stats.total_error - sum) <= 1e-12 * sum);
        assert_true(stats.certificate >= 0.5 * before && stats.certificate <= 0.8 * before);
        before = sqrt(squares);
    }
    csgd_simulation_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blow_ups_are_caught),
        cmocka_unit_test(the_healthy_are_left_alone),
        cmocka_unit_test(way_back),
        cmocka_unit_test(cleared_on_the_way),
        cmocka_unit_test(means),
        cmocka_unit_test(meter),
        cmocka_unit_test(total_error),
    };
    return cmocka_run_group_tests_name("comm/guard", tests, NULL, NULL);
}
