/* SPDX-License-Identifier: BSD-3-Clause */

/* test_simulation.c: simulated workers give the bits of a reducer over a team, step after step: the
 * results, what optimizers make of them, and residuals. */

#include "optim/problem.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 403, STEPS = 14, RANKS_MAX = 8 };

typedef struct setting {
    const char *optimizer;
    const char *spec;
} setting;

/* One run: x, v and the sum of all residuals after every step. */
typedef struct trace {
    unsigned char x[STEPS][N * sizeof(double)], v[STEPS][N * sizeof(double)],
        e[STEPS][N * sizeof(double)];
} trace;

typedef struct run {
    setting set;
    int n_workers;
    trace simulated;
} run;

static csgd_type type_of(const char *spec)
{
    return strstr(spec, "type=f64") != NULL ? CSGD_F64 : CSGD_F32;
}

static csgd_status go(const csgd_workers *w, const char *spec, trace *t)
{
    problem p = {.n = N, .type = w->type, .n_workers = w->n_workers, .fail_worker = -1};
    const csgd_oracle oracle = problem_oracle(&p);
    const size_t bytes = N * csgd_type_size(w->type);
    double start[N], x[N];
    csgd_optimizer *opt;
    csgd_status st = csgd_optimizer_create(spec, N, w, &oracle, &opt);

    problem_start(N, start);
    problem_store(w->type, start, N, x);
    for (int s = 0; s < STEPS && st == CSGD_OK; s++) {
        st = csgd_optimizer_step(opt, x);
        memcpy(t->x[s], x, bytes);
        if (st == CSGD_OK) st = csgd_optimizer_v(opt, t->v[s]);
        if (st == CSGD_OK) st = w->residual(w->self, t->e[s]);
        st = w->plain_sum(w->self, t->e[s], N, w->type, st, t->e[s]);
    }
    csgd_optimizer_destroy(&opt);
    return st;
}

static void on_rank(ranks *all, int rank, void *arg)
{
    run *r = arg;
    const size_t bytes = N * csgd_type_size(type_of(r->set.spec));
    trace *t = calloc(1, sizeof *t);
    csgd_reducer *reducer = NULL;
    csgd_workers w;

    RANK_CHECK(all, rank, all->create(all, rank, N, r->set.spec, &reducer) == CSGD_OK);
    if (reducer != NULL && t != NULL) {
        RANK_CHECK(all, rank, csgd_reducer_workers(reducer, &w) == CSGD_OK);
        RANK_CHECK(all, rank, go(&w, r->set.optimizer, t) == CSGD_OK);
        for (int s = 0; s < STEPS; s++) {
            RANK_CHECK(all, rank, memcmp(t->x[s], r->simulated.x[s], bytes) == 0);
            RANK_CHECK(all, rank, memcmp(t->v[s], r->simulated.v[s], bytes) == 0);
            RANK_CHECK(all, rank, memcmp(t->e[s], r->simulated.e[s], bytes) == 0);
        }
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&reducer) == CSGD_OK);
    free(t);
}

static void compare(const setting *set, int n_workers)
{
    static run r;
    csgd_simulation *s;
    csgd_workers w;

    r.set = *set;
    r.n_workers = n_workers;
    assert_ok(csgd_simulation_create(set->spec, N, n_workers, &s));
    assert_ok(csgd_simulation_workers(s, &w));
    assert_int_equal(w.n_workers, n_workers);
    assert_int_equal(w.count, n_workers);
    assert_ok(go(&w, set->optimizer, &r.simulated));
    csgd_simulation_destroy(&s);
    ranks_run(n_workers, on_rank, &r);
}

static void same_bits_as_a_team(void **state)
{
    static const setting settings[] = {
        {"sgd lr=0.1", "none"},
        {"momentum lr=0.05 schedule=sqrt", "none type=f64 algorithm=allgather"},
        {"sgd lr=0.05 schedule=cosine steps=14", "sign block=64"},
        {"momentum lr=0.02 clip=3", "sign block=32 type=f64"},
        {"storm alpha=0.2 lr=0.05", "onebit block=16 algorithm=sra"},
        {"igt alpha=0.3 lr=0.05", "qsgd bits=5 bucket=32 feedback=ef"},
        {"momentum alpha=0.1 lr=0.2", "sign block=64 algorithm=allgather dense_steps=4"},
        {"rootsgd lr=0.1", "sign block=64 dense_steps=4"},
        {"svrg refresh=5 lr=0.1", "topk ratio=0.1"},
        {"sarah refresh=5 lr=0.1", "int bits=4 block=64"},
        {"sarah refresh=4 lr=0.1", "topk ratio=0.2 type=f64"},
        {"momentum lr=0.02", "topk ratio=0.1 feedback=ef21"},
        {"sgd lr=0.05", "sign block=16 feedback=ef21 momentum=0.3 dense_steps=3"},
        {"frozen_adam freeze=4 lr=0.02 clip=2", "sign block=32"},
        {"frozen_adam freeze=4 lr=0.02", "topk ratio=0.1"},
        {"storm alpha=0.2 lr=0.05 schedule=sqrt", "sign block=32 feedback=ecx rho=step"},
        {"sarah refresh=4 lr=0.05 reset_every=5", "onebit block=32 feedback=ecx rho=step"},
        {"momentum lr=0.01", "int bits=4 block=64 feedback=ecx algorithm=allgather type=f64"},
        {"sgd lr=0.1 warmup=5", "randk ratio=0.2"},
        {"momentum nesterov=yes lr=0.02", "randk ratio=0.2 support=private"},
        {"sgd lr=0.1 noise=0.5", "powersgd rank=2"},
        {"sgd lr=0.1 noise=0.5 reset_every=4", "topk ratio=0.1 values=bf16"},
        {"sgd lr=0.1 reset_radius=0.5 reset=drop", "threshold lambda=0.4 indices=rice"},
        {"sgd lr=0.1 reset_every=3 weight_decay=0.01", "sign block=16"},
    };
    static const int sizes[] = {3, 1, 8, 2};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++)
        for (size_t p = 0; p < (test_brief() ? 1 : TEST_COUNT(sizes)); p++)
            compare(&settings[i], sizes[p]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_as_a_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
