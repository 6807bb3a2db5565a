/* SPDX-License-Identifier: BSD-3-Clause */

/* test_drop.c: gtopk, oktopk and spardl on supports that are hard on them, against the oracle; and what they
 * send over many calls. */

#include <float.h>
#include <math.h>
#include "oracle/oracle.h"
#include "oracle/oracle_drop.h"
#include "support/ranks.h"
#include "support/test.h"

enum { STEPS_MOST = 140, N_MOST = 400 };

static const char *const algorithms[] = {"gtopk", "oktopk", "spardl"};

/* Where large values are. */
typedef enum pattern {
    EVERYWHERE,
    ONE_RANGE,   /* the first tenth, on all ranks */
    OWN_RANGES,  /* another part on each rank */
    TWO_ENDS,    /* the beginning on even ranks, the end on odd ones */
    MOVING,      /* a tenth that goes on with each step */
    SOME_EMPTY,  /* everywhere, but nothing on every third rank */
    SAME_VALUES, /* everywhere, and all the same */
    PATTERNS
} pattern;

static bool is_large(pattern at, int rank, uint64_t step, size_t i, size_t n, size_t p)
{
    const size_t tenth = n / 10 + 1, r = (size_t)rank;

    switch (at) {
    case ONE_RANGE:
        return i < tenth;
    case OWN_RANGES:
        return i * p / n == r;
    case TWO_ENDS:
        return r % 2 == 0 ? i < tenth : i >= n - tenth;
    case MOVING:
        return (i + n - step * 7 % n) % n < tenth;
    case SOME_EMPTY:
        return r % 3 != 1;
    default:
        return true;
    }
}

/* Small values elsewhere, below any threshold that is used here; nothing on empty ranks. */
static void gradient(pattern at, int rank, uint64_t step, size_t n, size_t p, double *g)
{
    oracle_gradient(rank, step, CSGD_F32, n, g);
    for (size_t i = 0; i < n; i++) {
        if (at == SAME_VALUES) g[i] = (i + step) % 2 == 0 ? 2 : -2;
        if (!is_large(at, rank, step, i, n, p)) g[i] = at == SOME_EMPTY ? 0 : g[i] / 1048576;
    }
}

/* --- against the oracle --- */

typedef struct run {
    const char *algorithm, *compressor, *keys;
    pattern at;
    size_t n, k, p;
    uint64_t tau;
    size_t steps;
} run;

/* What the oracle says of every step. */
typedef struct trace {
    const run *c;
    double *sum[STEPS_MOST];      /* [n] */
    double *residual[STEPS_MOST]; /* [p * n] */
    uint64_t *bytes[STEPS_MOST];  /* [p] */
} trace;

static void foresee(trace *t)
{
    const run *c = t->c;
    const oracle_settings settings = {
        .type = CSGD_F32, .n = c->n, .k = c->k, .lambda = 1, .feedback = true};
    oracle *o = oracle_create(c->compressor, &settings, (int)c->p);
    oracle_drop *d = oracle_drop_create(CSGD_F32, c->n, c->k, c->p);
    double **g = calloc(c->p, sizeof *g);

    d->tau = c->tau;
    for (size_t r = 0; r < c->p; r++)
        g[r] = calloc(c->n + 1, sizeof **g);
    for (size_t s = 0; s < c->steps; s++) {
        for (size_t r = 0; r < c->p; r++)
            gradient(c->at, (int)r, s, c->n, c->p, g[r]);
        oracle_step(o, g);
        if (strcmp(c->algorithm, "gtopk") == 0) oracle_gtopk(d, o->sent, o->chosen);
        if (strcmp(c->algorithm, "spardl") == 0) oracle_spardl(d, o->sent, o->chosen);
        if (strcmp(c->algorithm, "oktopk") == 0) oracle_oktopk(d, o->sent, o->chosen, s);
        t->sum[s] = calloc(c->n + 1, sizeof(double));
        t->residual[s] = calloc(c->p * c->n + 1, sizeof(double));
        t->bytes[s] = calloc(c->p, sizeof(uint64_t));
        memcpy(t->sum[s], d->sum.value, c->n * sizeof(double));
        memcpy(t->bytes[s], d->bytes, c->p * sizeof(uint64_t));
        for (size_t r = 0; r < c->p; r++)
            for (size_t i = 0; i < c->n; i++) {
                double *e = &o->residual[r][i];
                if (d->kept[r].in[i]) *e = oracle_round(CSGD_F32, *e + d->kept[r].value[i]);
                t->residual[s][r * c->n + i] = *e;
            }
    }
    for (size_t r = 0; r < c->p; r++)
        free(g[r]);
    free(g);
    oracle_drop_destroy(d);
    oracle_destroy(o);
}

static void check_run(ranks *all, int rank, void *arg)
{
    const trace *t = arg;
    const run *c = t->c;
    const uint64_t p = c->p;
    csgd_reducer *r = NULL;
    float x[N_MOST], y[N_MOST];
    double wide[N_MOST];
    char spec[160];

    snprintf(spec, sizeof spec, "%s %s algorithm=%s tau=%u", c->compressor, c->keys, c->algorithm,
             (unsigned)c->tau);
    RANK_CHECK(all, rank, all->create(all, rank, c->n, spec, &r) == CSGD_OK);
    if (r == NULL) return;
    for (size_t s = 0; s < c->steps; s++) {
        csgd_stats before, after;

        gradient(c->at, rank, s, c->n, c->p, wide);
        oracle_store(CSGD_F32, wide, c->n, x);
        csgd_reducer_stats(r, &before, sizeof before);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, c->n) == CSGD_OK);
        csgd_reducer_stats(r, &after, sizeof after);
        RANK_CHECK(all, rank,
                   after.sent_bytes - before.sent_bytes ==
                       2 * (p - 1) * 32 / p + t->bytes[s][rank]);
        oracle_load(CSGD_F32, y, c->n, wide);
        RANK_CHECK(all, rank, memcmp(wide, t->sum[s], c->n * sizeof *wide) == 0);
        RANK_CHECK(all, rank, csgd_reducer_residual(r, y) == CSGD_OK);
        oracle_load(CSGD_F32, y, c->n, wide);
        RANK_CHECK(all, rank,
                   memcmp(wide, t->residual[s] + (size_t)rank * c->n, c->n * sizeof *wide) == 0);
    }
    csgd_reducer_destroy(&r);
}

static void play(run c)
{
    trace t = {.c = &c};

    foresee(&t);
    ranks_run((int)c.p, check_run, &t);
    for (size_t s = 0; s < c.steps; s++) {
        free(t.sum[s]);
        free(t.residual[s]);
        free(t.bytes[s]);
    }
}

/* Every pattern, few and many entries, all of them, and a threshold that some ranks have nothing above. */
static void hard_supports(void **state)
{
    static const size_t sizes[] = {3, 7, 16};

    (void)state;
    for (size_t a = 0; a < TEST_COUNT(algorithms); a++)
        for (pattern at = EVERYWHERE; at < PATTERNS; at++)
            for (size_t j = 0; j < (test_brief() ? 2 : TEST_COUNT(sizes)); j++) {
                const run topk = {algorithms[a], "topk", "k=12", at, 200, 12, sizes[j], 3, 6};
                const run full = {algorithms[a], "topk", "ratio=1", at, 40, 40, sizes[j], 2, 4};
                const run least = {algorithms[a], "topk", "k=1", at, 5, 1, sizes[j], 2, 5};
                const run some = {
                    algorithms[a], "threshold", "lambda=1 kmax=50", at, 200, 50, sizes[j], 3, 6};
                play(topk);
                play(full);
                play(least);
                play(some);
            }
}

/* Long enough that regions are cut anew and limits are found exactly and followed. */
static void many_steps(void **state)
{
    (void)state;
    for (pattern at = EVERYWHERE; at <= MOVING; at += MOVING) {
        const run c = {"oktopk", "topk", "k=40", at, N_MOST, 40, 5, 16, STEPS_MOST};
        play(c);
    }
}

/* --- words --- */

typedef struct load {
    const char *algorithm;
    pattern at;
    double most; /* words of 32 bits a call, in units of k, headers and agreement included */
} load;

enum { CALLS = 128, LONG = 16000, KEPT = 400 };

static void check_words(ranks *all, int rank, void *arg)
{
    const load *l = arg;
    csgd_reducer *r = NULL;
    csgd_stats stats = {0};
    float *x = calloc(LONG, sizeof *x), *y = calloc(LONG, sizeof *y);
    double *g = calloc(LONG, sizeof *g);
    size_t selected = 0;
    char spec[96];

    snprintf(spec, sizeof spec, "topk k=%d algorithm=%s", KEPT, l->algorithm);
    RANK_CHECK(all, rank, all->create(all, rank, LONG, spec, &r) == CSGD_OK);
    oracle_gradient(rank, 0, CSGD_F32, LONG, g);
    for (size_t s = 0; s < CALLS && r != NULL;
         s++) { /* the same values, at other places each time */
        for (size_t i = 0, from = s * 997; i < LONG; i++, from++)
            x[i] = (float)g[from % LONG] *
                   (is_large(l->at, rank, s, i, LONG, (size_t)all->n_ranks) ? 1 : 0x1p-20f);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, LONG) == CSGD_OK);
        for (size_t i = 0; i < LONG; i++)
            selected += y[i] < 0 || y[i] > 0;
    }
    csgd_reducer_stats(r, &stats, sizeof stats);
    RANK_CHECK(all, rank, (double)stats.sent_bytes / 4 / CALLS <= l->most * KEPT);
    RANK_CHECK(all, rank, (double)stats.received_bytes / 4 / CALLS <= l->most * KEPT);
    RANK_CHECK(all, rank, stats.dropped_entries > 0);
    if (strcmp(l->algorithm, "oktopk") == 0) /* which promises about k, wherever they are */
        RANK_CHECK(all, rank, selected >= CALLS * KEPT / 2 && selected <= CALLS * KEPT * 3 / 2);
    if (getenv("CSGD_TEST_SHOW") != NULL && rank == 0)
        printf("%s pattern %d P %d: %.2f k words sent, %.2f k received, %.2f k selected\n",
               l->algorithm, (int)l->at, all->n_ranks, (double)stats.sent_bytes / 4 / CALLS / KEPT,
               (double)stats.received_bytes / 4 / CALLS / KEPT, (double)selected / CALLS / KEPT);
    csgd_reducer_destroy(&r);
    free(x);
    free(y);
    free(g);
}

static void words(void **state)
{
    static const int sizes[] = {4, 17, 16};
    static const pattern at[] = {EVERYWHERE, TWO_ENDS, OWN_RANGES, MOVING};

    (void)state;
    for (size_t i = 0; i < (test_brief() ? 1 : TEST_COUNT(sizes)); i++)
        for (size_t j = 0; j < (test_brief() ? 2 : TEST_COUNT(at)); j++) {
            load oktopk = {"oktopk", at[j], 6}, spardl = {"spardl", at[j], 4};
            ranks_run(sizes[i], check_words, &oktopk);
            ranks_run(sizes[i], check_words, &spardl);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hard_supports),
        cmocka_unit_test(many_steps),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
