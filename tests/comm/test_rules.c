/* SPDX-License-Identifier: BSD-3-Clause */

/* test_rules.c: the law of each rule of feedback at every step, to 1e-12 of what was added up, where
 * step sizes change, some steps travel exactly, and one has a NaN, which no residual may know of.
 * On 1, 2, 3, 8 and 64 virtual ranks over every algorithm that the rule may be combined with.
 *
 *     ef21    H + sum of residuals = sum over ranks of v = (1 - eta) v + eta g
 */

#include <math.h>
#include "oracle/oracle.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 200, STEPS = 16, SEEN = 9 };

/* A spec and what it says. */
typedef struct rule_case {
    const char *spec;
    double momentum;
} rule_case;

/* What all ranks should have come to, in double.  Rank 0 writes, before the others look. */
typedef struct story {
    const rule_case *c;
    int n_ranks;
    double (*given)[N]; /* [STEPS] */
    double (*scale)[N];
    double (*e)[N]; /* [rank] */
} story;

static bool exact(int t)
{
    return t == 7; /* dense_steps=1, and the step is set to 0 */
}

static bool has_nan(int t)
{
    return t == SEEN;
}

/* Sum over ranks of the averages. */
static void tell(story *s)
{
    double g[N];

    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < N; i++) {
            s->given[t][i] = t > 0 ? s->given[t - 1][i] : 0;
            s->scale[t][i] = t > 0 ? s->scale[t - 1][i] : 0;
        }
    for (int t = 0; t < STEPS; t++) {
        if (t > 0) memcpy(s->given[t], s->given[t - 1], sizeof g);
        if (t > 0) memcpy(s->scale[t], s->scale[t - 1], sizeof g);
        if (has_nan(t)) continue;
        for (int i = 0; i < N; i++)
            s->given[t][i] *= 1 - s->c->momentum;
        for (int r = 0; r < s->n_ranks; r++) {
            oracle_gradient(r, (uint64_t)t, CSGD_F64, N, g);
            for (int i = 0; i < N; i++) {
                s->given[t][i] += s->c->momentum * g[i];
                s->scale[t][i] += fabs(g[i]);
            }
        }
    }
}

static void check_step(ranks *all, int rank, const story *s, csgd_reducer *r, csgd_reducer *sum,
                       int t)
{
    double g[N], y[N], left[N], size[N];

    oracle_gradient(rank, (uint64_t)t, CSGD_F64, N, g);
    if (has_nan(t) && rank == s->n_ranks - 1) g[N / 2] = NAN;
    RANK_CHECK(all, rank, csgd_reducer_set_step_size(r, t < 4 ? 0.5 : 0.3 / (t + 1)) == CSGD_OK);
    if (exact(t)) RANK_CHECK(all, rank, csgd_reducer_set_step(r, 0) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_residual(r, s->e[rank]) == CSGD_OK);
    for (int i = 0; i < N; i++)
        size[i] = fabs(s->e[rank][i]);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(sum, s->e[rank], left, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(sum, NULL, size, N) == CSGD_OK);
    if (has_nan(t)) {
        RANK_CHECK(all, rank, isnan(y[N / 2]));
        return;
    }
    for (int i = 0; i < N; i++) {
        const double scale = s->scale[t][i] + size[i] + fabs(y[i]);
        RANK_CHECK(all, rank, fabs(y[i] + left[i] - s->given[t][i]) <= 1e-12 * scale);
        if (exact(t)) RANK_CHECK(all, rank, size[i] == 0);
    }
}

static void part(ranks *all, int rank, void *arg)
{
    const story *s = arg;
    csgd_reducer *r = NULL, *sum = NULL;

    RANK_CHECK(all, rank, all->create(all, rank, N, s->c->spec, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, "none type=f64", &sum) == CSGD_OK);
    for (int t = 0; t < STEPS && r != NULL && sum != NULL; t++)
        check_step(all, rank, s, r, sum, t);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&sum) == CSGD_OK);
}

static void check_rule(const rule_case *c, int n_ranks)
{
    story s = {.c = c, .n_ranks = n_ranks};

    s.given = calloc(STEPS, sizeof *s.given);
    s.scale = calloc(STEPS, sizeof *s.scale);
    s.e = calloc((size_t)n_ranks, sizeof *s.e);
    tell(&s);
    ranks_run(n_ranks, part, &s);
    free(s.given);
    free(s.scale);
    free(s.e);
}

static void laws(const rule_case *rows, size_t count)
{
    static const int sizes[] = {1, 2, 3, 8, 64};

    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < TEST_COUNT(sizes); p++)
            if (sizes[p] < 64 || !test_brief()) check_rule(&rows[i], sizes[p]);
}

static void ef21(void **state)
{
    static const rule_case rows[] = {
        {"topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21", 1},
        {"topk ratio=0.05 values=f32 type=f64 dense_steps=1 feedback=ef21 momentum=0.2", 0.2},
        {"blocktopk block=16 type=f64 dense_steps=1 feedback=ef21", 1},
        {"threshold lambda=30 type=f64 dense_steps=1 feedback=ef21 momentum=0.5", 0.5},
        {"sign block=16 type=f64 dense_steps=1 algorithm=allgather feedback=ef21", 1},
        {"sign block=16 type=f64 dense_steps=1 algorithm=sra feedback=ef21 momentum=0.2", 0.2},
        {"onebit block=16 type=f64 dense_steps=1 algorithm=sra mask=yes feedback=ef21", 1},
        {"randk ratio=0.2 type=f64 dense_steps=1 algorithm=linear feedback=ef21 momentum=0.7", 0.7},
        {"powersgd rank=2 type=f64 dense_steps=1 feedback=ef21", 1},
    };

    (void)state;
    laws(rows, TEST_COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ef21)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
