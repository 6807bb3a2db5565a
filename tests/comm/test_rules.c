/* SPDX-License-Identifier: BSD-3-Clause */

/* test_rules.c: the law of each rule of feedback at every step, to 1e-12 of what was added up, where
 * step sizes and rho change, some steps travel exactly, one has a NaN, which no residual may know of,
 * and after one all debts are paid.  On 1, 2, 3, 8 and 64 virtual ranks over every algorithm that the
 * rule may be combined with.  With y the result and sums over ranks:
 *
 *     ef21    y + sum of residuals = sum of v, v = (1 - eta) v + eta g
 *     dgc     y + sum of new v = sum of (old v + u'), u' = mu u + g, and u = 0 where something was sent
 *     ecx2    with v^ = rho v^ + y and x += gamma v^ of the caller's, v = rho v + sum of g:
 *             x + sum of s = sum of gamma v, and v^ + what v^ is owed = v
 */

#include <math.h>
#include "comm/reducer.h"
#include "oracle/oracle.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 200, STEPS = 24, SEEN = 9, PAID = 18, FLUSHED = 13 };

typedef struct rule_case {
    const char *spec;
    double momentum;
    bool nesterov, masking;
    double (*rho)(int t); /* of rho=step */
    int told;             /* the first step whose size is told, of those that are alike */
} rule_case;

/* One rank, its reducer, one that sums exactly, and what is known without them. */
typedef struct actor {
    ranks *all;
    int rank, n_ranks;
    const rule_case *c;
    csgd_reducer *r, *exact;
    double g[N], y[N];
    double e[N], before[N]; /* residual */
    double v[N], path[N];   /* of this rank's g: an average, or a momentum and its sum */
    double u[N];            /* dgc */
    double caller_v[N], caller_x[N];
    double scale[N]; /* sum over ranks and steps of the magnitudes of all of it */
} actor;

#define CHECK(a, condition) RANK_CHECK((a)->all, (a)->rank, condition)

static bool sent_exactly(int t)
{
    return t == 0 || t == 7 || t == PAID; /* dense_steps=1, and the step is set to 0 */
}

static double step_size(int t)
{
    return t < 4 ? 0.5 : t == 11 ? 0.8 : 0.3 / (t + 1);
}

static void add_up(actor *a, const double *x, double *sum)
{
    CHECK(a, csgd_reducer_allreduce(a->exact, x, sum, N) == CSGD_OK);
}

/* left + (sum over ranks of mine) = sum over ranks of expected. */
static void check_law(actor *a, const double *left, const double *mine, const double *expected)
{
    double sum[N], wanted[N];

    add_up(a, mine, sum);
    add_up(a, expected, wanted);
    for (int i = 0; i < N; i++)
        CHECK(a, fabs(left[i] + sum[i] - wanted[i]) <= 1e-12 * a->scale[i]);
}

/* What was added up in this step. */
static void weigh(actor *a)
{
    double size[N], sum[N];

    for (int i = 0; i < N; i++)
        size[i] = fabs(a->g[i]) + fabs(a->y[i]) + fabs(a->e[i]) + fabs(a->v[i]) + fabs(a->u[i]);
    add_up(a, size, sum);
    for (int i = 0; i < N; i++)
        a->scale[i] += sum[i];
}

/* One call, and the residual after it; false for the one with a NaN. */
static bool call(actor *a, int t)
{
    const bool nan = t == SEEN;

    oracle_gradient(a->rank, (uint64_t)t, CSGD_F64, N, a->g);
    if (nan && a->rank == a->n_ranks - 1) a->g[N / 2] = NAN;
    if (t >= a->c->told) CHECK(a, csgd_reducer_set_step_size(a->r, step_size(t)) == CSGD_OK);
    if (a->c->rho != NULL) CHECK(a, csgd_reducer_set_rho(a->r, a->c->rho(t)) == CSGD_OK);
    if (sent_exactly(t)) CHECK(a, csgd_reducer_set_step(a->r, 0) == CSGD_OK);
    memcpy(a->before, a->e, sizeof a->e);
    CHECK(a, csgd_reducer_allreduce(a->r, a->g, a->y, N) == CSGD_OK);
    CHECK(a, csgd_reducer_residual(a->r, a->e) == CSGD_OK);
    for (int i = 0; i < N && sent_exactly(t); i++)
        CHECK(a, a->e[i] == 0 && !signbit(a->e[i]));
    if (nan) CHECK(a, isnan(a->y[N / 2]) && memcmp(a->e, a->before, sizeof a->e) == 0);
    return !nan;
}

static void ef21_step(actor *a, int t)
{
    if (!call(a, t)) return;
    for (int i = 0; i < N; i++)
        a->v[i] = (1 - a->c->momentum) * a->v[i] + a->c->momentum * a->g[i];
    weigh(a);
    check_law(a, a->y, a->e, a->v);
}

static void dgc_step(actor *a, int t)
{
    double whole[N];

    if (!call(a, t)) return;
    for (int i = 0; i < N; i++) {
        if (a->c->nesterov)
            a->u[i] = a->c->momentum * (a->u[i] + a->g[i]);
        else
            a->u[i] = a->g[i] + a->c->momentum * a->u[i];
        whole[i] = a->before[i] + a->u[i];
        if (a->c->nesterov) whole[i] += a->g[i];
    }
    weigh(a);
    check_law(a, a->y, a->e, whole);
    for (int i = 0; i < N; i++) /* what was not sent is v to the last bit */
        if (a->c->masking && !sent_exactly(t) && a->e[i] != whole[i]) a->u[i] = 0;
}

static void ecx2_step(actor *a, int t)
{
    const double rho = a->c->rho != NULL ? a->c->rho(t) : a->c->momentum, gamma = step_size(t);
    const double unit = t < a->c->told ? gamma : 1; /* untold, s is of steps of 1 */
    double owed[N] = {0}, s[N];

    if (!call(a, t)) return;
    for (int i = 0; i < N; i++) {
        a->v[i] = rho * a->v[i] + a->g[i];
        a->path[i] += gamma * a->v[i];
        a->caller_v[i] = rho * a->caller_v[i] + a->y[i];
        a->caller_x[i] += gamma * a->caller_v[i];
        s[i] = unit * a->e[i];
    }
    weigh(a);
    check_law(a, a->caller_x, s, a->path);
    if (csgdi_reducer_holds(a->r))
        csgdi_feedback_owe(&csgdi_reducer_core(a->r)->feedback, true, owed);
    check_law(a, a->caller_v, owed, a->v);
}

/* After what was owed is paid the caller has what it would have had without compression. */
static void flush(actor *a, int t)
{
    double for_x[N], for_v[N], zeros[N] = {0};

    CHECK(a, csgd_reducer_flush(a->r, for_x, for_v) == CSGD_OK);
    for (int i = 0; i < N; i++) {
        a->caller_x[i] += step_size(t) * for_x[i];
        a->caller_v[i] += for_v[i];
    }
    check_law(a, a->caller_x, zeros, a->path);
    check_law(a, a->caller_v, zeros, a->v);
    CHECK(a, csgd_reducer_residual(a->r, a->e) == CSGD_OK);
    for (int i = 0; i < N; i++)
        CHECK(a, a->e[i] == 0);
}

/* dgc owes the residual, and its momentum goes on. */
static void flush_dgc(actor *a)
{
    double for_x[N], for_v[N], zeros[N] = {0};

    CHECK(a, csgd_reducer_flush(a->r, for_x, for_v) == CSGD_OK);
    check_law(a, for_x, zeros, a->e);
    check_law(a, for_v, zeros, zeros);
    CHECK(a, csgd_reducer_residual(a->r, a->e) == CSGD_OK);
    for (int i = 0; i < N; i++)
        CHECK(a, a->e[i] == 0);
}

/* ef21 owes nothing, and goes on as it was. */
static void flush_ef21(actor *a)
{
    double for_x[N], for_v[N];

    memcpy(a->before, a->e, sizeof a->e);
    CHECK(a, csgd_reducer_flush(a->r, for_x, for_v) == CSGD_OK);
    for (int i = 0; i < N; i++)
        CHECK(a, for_x[i] == 0 && for_v[i] == 0);
    CHECK(a, csgd_reducer_residual(a->r, a->e) == CSGD_OK);
    CHECK(a, memcmp(a->e, a->before, sizeof a->e) == 0);
}

static void part(ranks *all, int rank, void *arg)
{
    actor *a = calloc(1, sizeof *a);

    a->all = all;
    a->rank = rank;
    a->n_ranks = all->n_ranks;
    a->c = arg;
    CHECK(a, all->create(all, rank, N, a->c->spec, &a->r) == CSGD_OK);
    CHECK(a, all->create(all, rank, N, "none type=f64", &a->exact) == CSGD_OK);
    for (int t = 0; t < STEPS && a->r != NULL && a->exact != NULL; t++) {
        const csgdi_feedback_ops *ops = csgdi_reducer_core(a->r)->feedback.ops;

        (ops == &csgdi_feedback_ef21  ? ef21_step
         : ops == &csgdi_feedback_dgc ? dgc_step
                                      : ecx2_step)(a, t);
        if (t != FLUSHED) continue;
        if (ops == &csgdi_feedback_ecx2) flush(a, t);
        if (ops == &csgdi_feedback_dgc) flush_dgc(a);
        if (ops == &csgdi_feedback_ef21) flush_ef21(a);
    }
    CHECK(a, csgd_reducer_destroy(&a->r) == CSGD_OK);
    CHECK(a, csgd_reducer_destroy(&a->exact) == CSGD_OK);
    free(a);
}

static void laws(const rule_case *rows, size_t count)
{
    static const int sizes[] = {1, 2, 3, 8, 64};

    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < TEST_COUNT(sizes); p++)
            if (sizes[p] < 64 || !test_brief())
                ranks_run(sizes[p], part, (void *)(uintptr_t)&rows[i]);
}

static void ef21(void **state)
{
    static const rule_case rows[] = {
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21", .momentum = 1},
        {.spec = "topk ratio=0.05 values=f32 type=f64 dense_steps=1 feedback=ef21 momentum=0.2",
         .momentum = 0.2},
        {.spec = "blocktopk block=16 type=f64 dense_steps=1 feedback=ef21", .momentum = 1},
        {.spec = "threshold lambda=30 type=f64 dense_steps=1 feedback=ef21 momentum=0.5",
         .momentum = 0.5},
        {.spec = "sign block=16 type=f64 dense_steps=1 algorithm=allgather feedback=ef21",
         .momentum = 1},
        {.spec = "sign block=16 type=f64 dense_steps=1 algorithm=sra feedback=ef21 momentum=0.2",
         .momentum = 0.2},
        {.spec = "onebit block=16 type=f64 dense_steps=1 algorithm=sra mask=yes feedback=ef21",
         .momentum = 1},
        {.spec = "randk ratio=0.2 type=f64 dense_steps=1 feedback=ef21 momentum=0.7",
         .momentum = 0.7},
        {.spec = "powersgd rank=2 type=f64 dense_steps=1 feedback=ef21", .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=doubling",
         .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=gtopk",
         .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=oktopk",
         .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=spardl",
         .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=split",
         .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=dsar",
         .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=dsar recode=int8",
         .momentum = 1},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ef21 algorithm=hier "
                 "ranks_per_node=2",
         .momentum = 1},
    };

    (void)state;
    laws(rows, TEST_COUNT(rows));
}

static void dgc(void **state)
{
    static const rule_case rows[] = {
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc",
         .momentum = 0.9,
         .masking = true},
        {.spec = "topk k=3 type=f64 dense_steps=1 feedback=dgc momentum=0.5 warmup=9 stages=3",
         .momentum = 0.5,
         .masking = true},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc nesterov=yes values=bf16",
         .momentum = 0.9,
         .nesterov = true,
         .masking = true},
        {.spec = "blocktopk block=32 ratio=0.1 type=f64 dense_steps=1 feedback=dgc masking=no",
         .momentum = 0.9},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=doubling warmup=6",
         .momentum = 0.9,
         .masking = true},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=split warmup=6",
         .momentum = 0.9,
         .masking = true},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=dsar",
         .momentum = 0.9,
         .masking = true},
        /* What was sent and came back is masked too, which one cannot see from outside. */
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=gtopk masking=no",
         .momentum = 0.9},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=oktopk masking=no",
         .momentum = 0.9},
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=spardl masking=no",
         .momentum = 0.9},
        /* A node's vectors share a mask, of which each rank's part knows nothing. */
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=hier masking=no "
                 "ranks_per_node=3",
         .momentum = 0.9},
        /* The owner's residual hides what was sent, too. */
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=dgc algorithm=dsar recode=int4 "
                 "masking=no",
         .momentum = 0.9},
        {.spec = "topk ratio=0.05 method=sampled type=f64 dense_steps=1 feedback=dgc momentum=0",
         .masking = true},
    };

    (void)state;
    laws(rows, TEST_COUNT(rows));
}

static double changing(int t)
{
    return t % 5 == 0 ? 0 : 1 - 1.0 / (t + 1);
}

static double whole(int t)
{
    return t % 10 == 0 ? 0 : 1;
}

static void ecx2(void **state)
{
    static const rule_case rows[] = {
        {.spec = "topk ratio=0.05 type=f64 dense_steps=1 feedback=ecx2", .momentum = 0.9},
        {.spec = "topk ratio=0.05 values=bf16 type=f64 dense_steps=1 feedback=ecx2 rho=0.99",
         .momentum = 0.99},
        {.spec = "topk k=1 type=f64 dense_steps=1 feedback=ecx2 rho=step", .rho = changing},
        {.spec = "blocktopk block=16 values=int4 type=f64 dense_steps=1 feedback=ecx2 rho=step",
         .rho = whole},
        {.spec = "threshold lambda=30 type=f64 dense_steps=1 feedback=ecx2", .momentum = 0.9},
        {.spec = "topk k=1 type=f64 dense_steps=1 feedback=ecx2 rho=step algorithm=hier "
                 "ranks_per_node=2",
         .rho = changing},
        {.spec = "randk ratio=0.2 type=f64 dense_steps=1 feedback=ecx2", .momentum = 0.9},
        {.spec =
             "randk ratio=0.2 type=f64 dense_steps=1 feedback=ecx2 algorithm=allgather rho=step",
         .rho = changing},
        {.spec = "randk ratio=0.1 support=private type=f64 dense_steps=1 feedback=ecx2 rho=0.5",
         .momentum = 0.5},
        {.spec = "topk ratio=0.1 type=f64 dense_steps=1 feedback=ecx2", .momentum = 0.9, .told = 3},
    };

    (void)state;
    laws(rows, TEST_COUNT(rows));
}

static void refused(void **state)
{
    static const struct {
        const char *spec, *words;
    } rows[] = {{"sign feedback=ecx2", "sign chooses none; use feedback=ecx"},
                {"powersgd feedback=ecx2", "powersgd chooses none; use feedback=ecx"},
                {"none feedback=ecx2", "none sends everything"},
                {"topk feedback=ecx2 algorithm=split", "algorithm=split does not sum"},
                {"topk feedback=ecx2 algorithm=vendor", "algorithm=vendor"}};
    csgd_feedback *f = NULL;
    csgd_team *team;

    (void)state;
    assert_ok(csgd_team_create(1, &team));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        csgd_reducer *r = NULL;
        assert_fails(csgd_reducer_create_team(team, 0, 9, rows[i].spec, &r), CSGD_E_UNSUPPORTED,
                     rows[i].words);
        assert_null(r);
    }
    assert_ok(csgd_team_destroy(&team));
    assert_fails(csgd_feedback_create("topk feedback=ecx2", 9, &f), CSGD_E_UNSUPPORTED,
                 "takes a reducer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ef21),
        cmocka_unit_test(dgc),
        cmocka_unit_test(ecx2),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("comm/rules", tests, NULL, NULL);
}
