/* SPDX-License-Identifier: BSD-3-Clause */

/* test_lambda.c: the hard threshold where nobody says lambda: what it is made of, that all ranks have
 * the same, and that what was paid for is sent. */

#include <math.h>
#include "comm/reducer.h"
#include "oracle/oracle.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 4000 };

/* Uniform in (0, 1), a function of the arguments: the output function of SplitMix64. */
static double uniform(uint64_t stream, uint64_t i)
{
    uint64_t z = (stream * 1000003 + i) * 0x9e3779b97f4a7c15U + 0x1234567;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    return ((double)(z >> 12) + 0.5) * 0x1p-52;
}

static double normal(uint64_t stream, uint64_t i)
{
    return sqrt(-2 * log(uniform(stream, 2 * i))) * cos(8 * atan(1) * uniform(stream, 2 * i + 1));
}

/* Vector t of a rank: normal, times a norm that is the same for all ranks. */
static void make(int rank, uint64_t t, double spread, size_t n, float *g)
{
    const double norm = exp(spread * normal(1000, t));

    for (size_t i = 0; i < n; i++)
        g[i] = (float)(norm * normal((uint64_t)rank, t * n + i));
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* ---- a fixed sequence --------------------------------------------------------------------- */

/* A constant lambda sends just the largest of all steps together, so its total error is that of the
 * pooled sort; as many entries by top-k have several times as much where norms vary. */
static void pooled_sort(void **state)
{
    enum { T = 50, D = 200, K = 4 };
    double *pool = calloc((size_t)T * D, sizeof *pool),
           *squares = calloc((size_t)T * D, sizeof *squares);
    float g[D], y[D];
    double error[2] = {0}, best = 0, lambda;
    uint8_t message[8 * D + 200];
    csgd_compressor *c[2];
    size_t len, sent = 0;
    char spec[128];

    (void)state;
    for (uint64_t t = 0; t < T; t++) {
        make(0, t, 1, D, g);
        for (size_t i = 0; i < D; i++)
            pool[t * D + i] = fabs((double)g[i]);
    }
    qsort(pool, (size_t)T * D, sizeof *pool, descending);
    lambda = pool[K * T - 1];
    for (size_t i = K * T; i < (size_t)T * D; i++)
        squares[i] = pool[i] * pool[i];
    for (size_t i = (size_t)T * D; i-- > K * T;)
        best += squares[i];

    snprintf(spec, sizeof spec, "threshold lambda=%.17g kmax=%d", lambda, D);
    assert_ok(csgd_compressor_create(spec, D, &c[0]));
    snprintf(spec, sizeof spec, "topk k=%d", K);
    assert_ok(csgd_compressor_create(spec, D, &c[1]));
    for (uint64_t t = 0; t < T; t++)
        for (int which = 0; which < 2; which++) {
            make(0, t, 1, D, g);
            assert_ok(csgd_compressor_compress(c[which], g, message, sizeof message, &len));
            assert_ok(csgd_compressor_decompress(c[which], message, len, y));
            for (size_t i = 0; i < D; i++) {
                error[which] += ((double)g[i] - (double)y[i]) * ((double)g[i] - (double)y[i]);
                if (which == 0) sent += y[i] != 0;
            }
        }
    assert_int_equal(sent, K * T);
    assert_true(fabs(error[0] - best) <= 1e-12 * best);
    if (getenv("CSGD_TEST_SHOW") != NULL)
        printf("fixed sequence: topk %.0f, lambda %.0f\n", error[1], error[0]);
    assert_true(error[1] > 1.5 * error[0]);
    csgd_compressor_destroy(&c[0]);
    csgd_compressor_destroy(&c[1]);
    free(pool);
    free(squares);
}

/* ---- automatic ---------------------------------------------------------------------------- */

static void by_formula(void **state)
{
    static const struct {
        const char *spec;
        size_t n;
        double k;
    } rows[] = {{"threshold lambda=auto", 20000, 200},
                {"threshold lambda=auto expect=0.001", 11173962, 11173},
                {"threshold lambda=auto expect=50", 20000, 50},
                {"threshold lambda=auto expect=1", 20000, 1}};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        csgd_compressor *c;
        assert_ok(csgd_compressor_create(rows[i].spec, rows[i].n, &c));
        assert_true(fabs(csgdi_threshold_lambda(&c->core) * 2 * sqrt(rows[i].k) - 1) < 1e-15);
        csgd_compressor_destroy(&c);
    }
}

enum { WARM = 3 };

static void learn_part(ranks *all, int rank, void *arg)
{
    const double k = *(const double *)arg;
    float *g = calloc(N, sizeof *g), *y = calloc(N, sizeof *y);
    double sorted[N], expected = 0, sum[2], mine[2], first = 0;
    csgd_reducer *r = NULL, *exact = NULL;
    char spec[128];

    snprintf(spec, sizeof spec, "threshold lambda=auto expect=%g dense_steps=%d", k, WARM);
    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, 2, "none type=f64", &exact) == CSGD_OK);
    for (uint64_t t = 0; t < WARM + 4 && r != NULL && exact != NULL; t++) {
        make(rank, t, 0.5, N, g);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, N) == CSGD_OK);
        if (t < WARM) {
            for (int i = 0; i < N; i++)
                sorted[i] = fabs((double)g[i]);
            qsort(sorted, N, sizeof *sorted, descending);
            mine[0] = sorted[(size_t)k - 1];
            RANK_CHECK(all, rank, csgd_reducer_allreduce(exact, mine, sum, 2) == CSGD_OK);
            expected += sum[0] / all->n_ranks / WARM;
        }
        if (t == WARM - 1) first = csgdi_threshold_lambda(&r->compressor);
        if (t >= WARM) RANK_CHECK(all, rank, csgdi_threshold_lambda(&r->compressor) == first);
    }
    RANK_CHECK(all, rank, fabs(first - expected) <= 1e-14 * expected);
    if (r != NULL) { /* as new, and learns again where steps are sent exactly */
        RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
        RANK_CHECK(all, rank,
                   fabs(csgdi_threshold_lambda(&r->compressor) * 2 * sqrt(k) - 1) < 1e-15);
        RANK_CHECK(all, rank, csgd_reducer_set_step(r, 0) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, N) == CSGD_OK);
        RANK_CHECK(all, rank, csgdi_threshold_lambda(&r->compressor) * 2 * sqrt(k) > 1.5);
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&exact) == CSGD_OK);
    free(g);
    free(y);
}

static void by_dense_steps(void **state)
{
    static const int sizes[] = {1, 2, 3, 8};
    double k = 40;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        ranks_run(sizes[i], learn_part, &k);
}

/* A vector that is not finite on one rank says nothing of lambda, with or without feedback. */
static void not_finite_part(ranks *all, int rank, void *arg)
{
    float *g = calloc(N, sizeof *g), *y = calloc(N, sizeof *y);
    csgd_reducer *r = NULL;
    double before;

    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &r) == CSGD_OK);
    for (uint64_t t = 0; t < 2 && r != NULL; t++) {
        before = csgdi_threshold_lambda(&r->compressor);
        make(rank, t, 0.5, N, g);
        if (t == 1 && rank == 0) g[7] = INFINITY;
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, N) == CSGD_OK);
        RANK_CHECK(all, rank, isinf(y[7]) == (t == 1));
        RANK_CHECK(all, rank, (csgdi_threshold_lambda(&r->compressor) == before) == (t == 1));
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    free(g);
    free(y);
}

static void not_finite(void **state)
{
    static char with[] = "threshold lambda=auto expect=40 dense_steps=3";
    static char without[] = "threshold lambda=auto expect=40 dense_steps=3 feedback=none";

    (void)state;
    ranks_run(3, not_finite_part, with);
    ranks_run(3, not_finite_part, without);
}

/* ---- a budget ----------------------------------------------------------------------------- */

typedef struct run {
    const char *keys;
    double spread;
    size_t n, steps;
    double bytes; /* a step */
} run;

static void budget_part(ranks *all, int rank, void *arg)
{
    const run *job = arg;
    float *g = calloc(job->n, sizeof *g), *y = calloc(job->n, sizeof *y);
    const double total = floor(job->bytes * (double)job->steps);
    double spent = 0, longest = 0;
    csgd_reducer *r = NULL, *exact = NULL;
    char spec[256];

    snprintf(spec, sizeof spec, "threshold budget=%.0f steps=%zu%s", total, job->steps, job->keys);
    RANK_CHECK(all, rank, all->create(all, rank, job->n, spec, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, 3, "none type=f64", &exact) == CSGD_OK);
    for (size_t t = 0; t < job->steps && r != NULL && exact != NULL; t++) {
        const uint64_t before = r->stats.message_bytes;
        double told[3], sum[3];
        int exponent;

        make(rank, t, job->spread, job->n, g);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, job->n) == CSGD_OK);
        told[0] = (double)(r->stats.message_bytes - before);
        /* Equal on all ranks: 40 bits of each, whose sums are exact. */
        told[1] = floor(ldexp(frexp(csgdi_threshold_lambda(&r->compressor), &exponent), 40));
        told[2] = exponent;
        if (told[0] > longest) longest = told[0];
        RANK_CHECK(all, rank, csgd_reducer_allreduce(exact, told, sum, 3) == CSGD_OK);
        spent += sum[0] / all->n_ranks;
        RANK_CHECK(all, rank, spent <= total); /* not even by one message */
        RANK_CHECK(all, rank, sum[1] == told[1] * all->n_ranks);
        RANK_CHECK(all, rank, sum[2] == told[2] * all->n_ranks);
    }
    RANK_CHECK(all, rank, spent >= 0.98 * total);
    if (getenv("CSGD_TEST_SHOW") != NULL && rank == 0)
        printf("%s spread %g ranks %d: spent %.4f, longest message %.3f of the mean\n", job->keys,
               job->spread, all->n_ranks, spent / total, longest / job->bytes);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&exact) == CSGD_OK);
    free(g);
    free(y);
}

static void budget_is_met(void **state)
{
    static const run jobs[] = {
        {" lambda=auto", 0, 1000, 400, 200},
        {" lambda=auto", 1, 1000, 400, 200},
        {" lambda=auto feedback=none", 0.5, 1000, 400, 150},
        {" lambda=1000 kmax=1000", 0.5, 1000, 400, 200},
        {" lambda=1e-6 values=bf16", 0.5, 1000, 400, 200},
        {" lambda=auto feedback=ecx2 rho=0.9", 0.5, 1000, 400, 300},
    };
    static const int sizes[] = {1, 2, 3, 8};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(jobs); i++)
        for (size_t p = 0; p < TEST_COUNT(sizes) && (p < 2 || i < 2); p++)
            ranks_run(sizes[p], budget_part, (void *)(uintptr_t)&jobs[i]);
}

/* Total error of a sequence under a spec, and what it sent. */
static double total_error(const char *spec, size_t n, size_t steps, double spread, double *bytes)
{
    float *g = calloc(n, sizeof *g), *y = calloc(n, sizeof *y);
    csgd_compressor *c;
    uint8_t *message;
    double error = 0;
    size_t len, cap;

    assert_ok(csgd_compressor_create(spec, n, &c));
    cap = csgd_compressor_bound(c);
    message = malloc(cap);
    *bytes = 0;
    for (size_t t = 0; t < steps; t++) {
        make(0, t, spread, n, g);
        assert_ok(csgd_compressor_compress(c, g, message, cap, &len));
        assert_ok(csgd_compressor_decompress(c, message, len, y));
        *bytes += (double)len;
        for (size_t i = 0; i < n; i++)
            error += ((double)g[i] - (double)y[i]) * ((double)g[i] - (double)y[i]);
    }
    csgd_compressor_destroy(&c);
    free(message);
    free(g);
    free(y);
    return error;
}

/* Against top-k and against the best constant lambda of as many bytes, which had to know it all. */
static void budget_is_well_spent(void **state)
{
    enum { SIZE = 1000, STEPS = 1000, K = 20 };
    double bytes, its, low = 1e-3, high = 1e3, of_topk, of_lambda = 0, steered;
    char spec[128];

    (void)state;
    snprintf(spec, sizeof spec, "topk k=%d", K);
    of_topk = total_error(spec, SIZE, STEPS, 1, &bytes);
    for (int i = 0; i < 30; i++) {
        const double lambda = sqrt(low * high);
        snprintf(spec, sizeof spec, "threshold kmax=%d lambda=%.17g", SIZE, lambda);
        of_lambda = total_error(spec, SIZE, STEPS, 1, &its);
        *(its > bytes ? &low : &high) = lambda;
    }
    snprintf(spec, sizeof spec, "threshold kmax=%d lambda=auto budget=%.0f steps=%d", SIZE, bytes,
             STEPS);
    steered = total_error(spec, SIZE, STEPS, 1, &its);
    if (getenv("CSGD_TEST_SHOW") != NULL)
        printf("total error: topk %.0f, best lambda %.0f, steered %.0f in %.4f of the bytes\n",
               of_topk, of_lambda, steered, its / bytes);
    assert_true(its <= bytes && its >= 0.98 * bytes);
    assert_true(steered < 1.25 * of_lambda);
    assert_true(of_topk > 1.5 * steered);
}

static void refused(void **state)
{
    static const struct {
        const char *spec, *words;
    } rows[] = {{"threshold lambda=0.1 expect=5", "expect is what lambda=auto is made of"},
                {"threshold lambda=auto expect=1001", "more than the 1000 elements"},
                {"threshold lambda=auto budget=100", "give budget and steps"},
                {"threshold lambda=auto steps=100", "give budget and steps"},
                {"threshold lambda=auto budget=6000 steps=100", "headers alone take 56"},
                {"threshold lambda=auto budget=60000 steps=100 indices=bitmap", "indices=bitmap"},
                {"threshold lambda=automatic", "lambda"},
                {"threshold lambda=0", "lambda"}};
    csgd_compressor *c = NULL;
    csgd_reducer *r = NULL;
    csgd_team *team;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_fails(csgd_compressor_create(rows[i].spec, 1000, &c), CSGD_E_SPEC, rows[i].words);
        assert_null(c);
    }
    assert_ok(csgd_team_create(1, &team));
    assert_fails(csgd_reducer_create_team(team, 0, 1000,
                                          "threshold lambda=auto budget=60000 steps=100 "
                                          "algorithm=split",
                                          &r),
                 CSGD_E_UNSUPPORTED, "algorithm=split does not gather");
    assert_ok(csgd_team_destroy(&team));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pooled_sort),    cmocka_unit_test(by_formula),
        cmocka_unit_test(by_dense_steps), cmocka_unit_test(not_finite),
        cmocka_unit_test(budget_is_met),  cmocka_unit_test(budget_is_well_spent),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("comm/lambda", tests, NULL, NULL);
}
