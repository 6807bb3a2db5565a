/* SPDX-License-Identifier: BSD-3-Clause */

/* test_ecx_law.c: what two-step compensation promises, at every step, over every algorithm that
 * carries messages, while rho and the step size change and some steps travel exactly.  With v^ what a
 * momentum makes of the results and v of the sums of the vectors, D all residuals and r_t the last
 * step size over this one:
 *
 *     v^_t + D_t - r_t D_{t-1} = v_t        sum of gamma v^ + gamma_t D_t = sum of gamma v
 *
 * to 1e-12 in double and 1e-5 in float, of the larger of what stands on the two sides. */

#include <math.h>
#include "comm/reducer.h"
#include "oracle/oracle.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N_MAX = 520, STEPS = 30, FLUSH = 13 };

/* One run: what every rank found, step by step. */
typedef struct run {
    char spec[256];
    csgd_type type;
    double (*rho)(int t);
    bool by_step, varying;
    int n_ranks, n;
    csgd_status status;
    double *given;    /* [t][i]: sum over ranks of the vectors */
    double *result;   /* [t][i] */
    double *residual; /* [t][rank][i] */
    double *flushed;  /* [0][i] for x, [1][i] for v: after step FLUSH */
} run;

static double heavy_ball(int t)
{
    (void)t;
    return 0.9;
}

static double root_sgd(int t)
{
    return 1 - 1.0 / (t + 1);
}

static double spider(int t)
{
    return t % 10 == 0 ? 0 : 1;
}

static double step_size(const run *r, int t)
{
    if (!r->varying) return 0.1;
    return t == 17 ? 0.3 : 0.1 / sqrt(t + 1.0);
}

static void part(ranks *all, int rank, void *arg)
{
    run *r = arg;
    const size_t p = (size_t)all->n_ranks, n = (size_t)r->n, size = csgd_type_size(r->type);
    double *g = calloc(n, sizeof *g);
    void *x = calloc(n, size), *y = calloc(n, size);
    csgd_reducer *reducer = NULL;
    const csgd_status st = all->create(all, rank, n, r->spec, &reducer);

    RANK_CHECK(all, rank, st == CSGD_OK || st == CSGD_E_UNSUPPORTED);
    if (rank == 0) r->status = st;
    for (int t = 0; t < STEPS && st == CSGD_OK; t++) {
        const size_t at = (size_t)t;
        oracle_gradient(rank, at, r->type, n, g);
        oracle_store(r->type, g, n, x);
        if (t == 7 || t == 20) /* where dense_steps holds: this step is exact */
            RANK_CHECK(all, rank, csgd_reducer_set_step(reducer, 0) == CSGD_OK);
        if (r->varying)
            RANK_CHECK(all, rank, csgd_reducer_set_step_size(reducer, step_size(r, t)) == CSGD_OK);
        if (r->by_step) RANK_CHECK(all, rank, csgd_reducer_set_rho(reducer, r->rho(t)) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(reducer, x, y, n) == CSGD_OK);
        if (rank == 0) oracle_load(r->type, y, n, r->result + at * n);
        RANK_CHECK(all, rank, csgd_reducer_residual(reducer, x) == CSGD_OK);
        oracle_load(r->type, x, n, r->residual + (at * p + (size_t)rank) * n);
        if (t != FLUSH) continue;
        RANK_CHECK(all, rank, csgd_reducer_flush(reducer, x, y) == CSGD_OK);
        if (rank == 0) oracle_load(r->type, x, n, r->flushed);
        if (rank == 0) oracle_load(r->type, y, n, r->flushed + n);
        RANK_CHECK(all, rank, csgd_reducer_residual(reducer, x) == CSGD_OK);
        for (size_t i = 0; i < n * size; i++)
            RANK_CHECK(all, rank, ((const char *)x)[i] == 0);
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&reducer) == CSGD_OK);
    free(g);
    free(x);
    free(y);
}

static double norm(const run *r, const double *x)
{
    double sum = 0;

    for (int i = 0; i < r->n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* |left - right| against the larger of |right| and |owed|. */
static void assert_near(const run *r, int t, const char *law, const double *left,
                        const double *right, const double *owed)
{
    const double bound = r->type == CSGD_F64 ? 1e-12 : 1e-5, a = norm(r, right), b = norm(r, owed);
    double difference[N_MAX];

    for (int i = 0; i < r->n; i++)
        difference[i] = left[i] - right[i];
    if (!(norm(r, difference) <= bound * (a > b ? a : b)))
        fail_msg("%s on %d ranks, step %d: %s is off by %g of %g", r->spec, r->n_ranks, t, law,
                 norm(r, difference), a > b ? a : b);
}

static void check_laws(const run *r)
{
    double sent[N_MAX] = {0}, exact[N_MAX] = {0}, v[N_MAX] = {0}, true_v[N_MAX] = {0},
           before[N_MAX] = {0};
    const int n = r->n;

    for (int t = 0; t < STEPS; t++) {
        const double gamma = step_size(r, t), ratio = t > 0 ? step_size(r, t - 1) / gamma : 1;
        double owed[N_MAX] = {0}, left[N_MAX], scaled[N_MAX];

        for (int i = 0; i < n; i++) {
            for (int rank = 0; rank < r->n_ranks; rank++)
                owed[i] += r->residual[(t * r->n_ranks + rank) * n + i];
            v[i] = r->rho(t) * v[i] + r->result[t * n + i];
            true_v[i] = r->rho(t) * true_v[i] + r->given[t * n + i];
            sent[i] += gamma * v[i];
            exact[i] += gamma * true_v[i];
            left[i] = v[i] + owed[i] - ratio * before[i];
        }
        assert_near(r, t, "v", left, true_v, norm(r, owed) > norm(r, before) ? owed : before);
        for (int i = 0; i < n; i++) {
            left[i] = sent[i] + gamma * owed[i];
            scaled[i] = gamma * owed[i];
        }
        assert_near(r, t, "sum of gamma v", left, exact, scaled);
        if (t == 7 || t == 20) assert_true(norm(r, owed) == 0);
        memcpy(before, owed, sizeof before);
        if (t != FLUSH) continue;
        for (int i = 0; i < n; i++) {
            sent[i] += gamma * r->flushed[i];
            v[i] += r->flushed[n + i];
            before[i] = 0;
        }
        assert_near(r, t, "flushed v", v, true_v, owed);
        assert_near(r, t, "flushed sum of gamma v", sent, exact, scaled);
    }
}

/* Whether the algorithm works for the compressor, and then that the laws hold. */
static bool check_run(run *r)
{
    const size_t p = (size_t)r->n_ranks;
    double g[N_MAX];
    const size_t n = (size_t)r->n;

    r->given = calloc(STEPS * n, sizeof *r->given);
    r->result = calloc(STEPS * n, sizeof *r->result);
    r->residual = calloc(STEPS * p * n, sizeof *r->residual);
    for (int rank = 0; rank < r->n_ranks; rank++)
        for (int t = 0; t < STEPS; t++) {
            oracle_gradient(rank, (uint64_t)t, r->type, n, g);
            for (int i = 0; i < r->n; i++)
                r->given[t * r->n + i] += g[i];
        }
    r->flushed = calloc(2 * n, sizeof *r->flushed);
    ranks_run(r->n_ranks, part, r);
    if (r->status == CSGD_OK) check_laws(r);
    free(r->given);
    free(r->result);
    free(r->residual);
    free(r->flushed);
    return r->status == CSGD_OK;
}

/* What is unstable grows over these steps, by less than hides the terms of the laws. */
static const char *const compressors[] = {
    "sign block=8",
    "onebit block=8 mask=yes",
    "int bits=4 block=8",
    "f16 block=8",
    "natural block=8",
    "topk ratio=0.5",
    "topk ratio=0.1",
    "threshold lambda=0.5",
    "blocktopk ratio=0.5 block=8",
    "qsgd bits=8 bucket=8",
    "randk ratio=0.7 scaled=no",
    "powersgd rank=2",
    "bf16",
};

static const struct {
    const char *keys;
    double (*rho)(int t);
    bool by_step, varying;
} momenta[] = {
    {"rho=0.9", heavy_ball, false, false},
    {"rho=0.9", heavy_ball, false, true},
    {"rho=step", root_sgd, true, true},
    {"rho=step", spider, true, true},
};

static void on(int n_ranks)
{
    const csgdi_algorithm *a;
    const bool few = n_ranks > 3 || test_brief();
    run r = {.n_ranks = n_ranks, .n = n_ranks > 8 ? N_MAX : N_MAX / 4}; /* some own nothing */

    for (size_t i = 0; (a = csgdi_algorithm_list(i)) != NULL; i++) {
        size_t works = 0;

        for (size_t c = 0; c < TEST_COUNT(compressors) && !a->dense; c++) {
            if (n_ranks > 8 && works > 1) break;
            for (size_t m = few ? c % 4 : 0; m < (few ? c % 4 + 1 : TEST_COUNT(momenta)); m++) {
                r.type = (c + m + (size_t)n_ranks) % 2 == 0 ? CSGD_F32 : CSGD_F64;
                r.rho = momenta[m].rho;
                r.by_step = momenta[m].by_step;
                r.varying = momenta[m].varying;
                snprintf(r.spec, sizeof r.spec,
                         "%s type=%s algorithm=%s feedback=ecx %s dense_steps=1 force=yes",
                         compressors[c], r.type == CSGD_F64 ? "f64" : "f32", a->name,
                         momenta[m].keys);
                works += check_run(&r);
            }
        }
        if (works == 0 && !a->dense) fail_msg("nothing was tried over %s", a->name);
    }
}

static void on_1_rank(void **state)
{
    (void)state;
    on(1);
}

static void on_2_ranks(void **state)
{
    (void)state;
    on(2);
}

static void on_3_ranks(void **state)
{
    (void)state;
    on(3);
}

static void on_8_ranks(void **state)
{
    (void)state;
    on(8);
}

static void on_64_ranks(void **state)
{
    (void)state;
    if (test_brief()) skip();
    on(64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_1_rank),  cmocka_unit_test(on_2_ranks),  cmocka_unit_test(on_3_ranks),
        cmocka_unit_test(on_8_ranks), cmocka_unit_test(on_64_ranks),
    };
    return cmocka_run_group_tests_name("comm/ecx_law", tests, NULL, NULL);
}
