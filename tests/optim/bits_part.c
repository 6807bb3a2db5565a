/* SPDX-License-Identifier: BSD-3-Clause */

/* bits_part.c: one rank's run, beside what the simulation gave. */

#include "optim/bits_part.h"

#include "optim/problem.h"
#include "support/test.h"

static csgd_type type_of(const char *spec)
{
    return strstr(spec, "type=f64") != NULL ? CSGD_F64 : CSGD_F32;
}

static csgd_status go(const csgd_workers *w, const char *spec, bits_trace *t)
{
    problem p = {.n = BITS_N, .type = w->type, .n_workers = w->n_workers, .fail_worker = -1};
    const csgd_oracle oracle = problem_oracle(&p);
    const size_t bytes = BITS_N * csgd_type_size(w->type);
    double start[BITS_N], x[BITS_N];
    csgd_optimizer *opt;
    csgd_status st = csgd_optimizer_create(spec, BITS_N, w, &oracle, &opt);

    problem_start(BITS_N, start);
    problem_store(w->type, start, BITS_N, x);
    for (int s = 0; s < BITS_STEPS && st == CSGD_OK; s++) {
        st = csgd_optimizer_step(opt, x);
        memcpy(t->x[s], x, bytes);
        if (st == CSGD_OK) st = csgd_optimizer_v(opt, t->v[s]);
        if (st == CSGD_OK) st = w->residual(w->self, t->e[s]);
        st = w->plain_sum(w->self, t->e[s], BITS_N, w->type, st, t->e[s]);
    }
    csgd_optimizer_destroy(&opt);
    return st;
}

void bits_simulate(bits_run *run, const bits_setting *set, int n_workers)
{
    csgd_simulation *s;
    csgd_workers w;

    run->set = *set;
    assert_ok(csgd_simulation_create(set->spec, BITS_N, n_workers, &s));
    assert_ok(csgd_simulation_workers(s, &w));
    assert_int_equal(w.n_workers, n_workers);
    assert_int_equal(w.count, n_workers);
    assert_ok(go(&w, set->optimizer, &run->simulated));
    csgd_simulation_destroy(&s);
}

void bits_part(ranks *all, int rank, void *arg)
{
    bits_run *r = arg;
    const size_t bytes = BITS_N * csgd_type_size(type_of(r->set.spec));
    bits_trace *t = calloc(1, sizeof *t);
    csgd_reducer *reducer = NULL;
    csgd_workers w;

    RANK_CHECK(all, rank, all->create(all, rank, BITS_N, r->set.spec, &reducer) == CSGD_OK);
    if (reducer != NULL && t != NULL) {
        RANK_CHECK(all, rank, csgd_reducer_workers(reducer, &w) == CSGD_OK);
        RANK_CHECK(all, rank, go(&w, r->set.optimizer, t) == CSGD_OK);
        for (int s = 0; s < BITS_STEPS; s++) {
            RANK_CHECK(all, rank, memcmp(t->x[s], r->simulated.x[s], bytes) == 0);
            RANK_CHECK(all, rank, memcmp(t->v[s], r->simulated.v[s], bytes) == 0);
            if (all->team != NULL) /* MPI adds them as it likes */
                RANK_CHECK(all, rank, memcmp(t->e[s], r->simulated.e[s], bytes) == 0);
        }
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&reducer) == CSGD_OK);
    free(t);
}
