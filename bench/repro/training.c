/* SPDX-License-Identifier: BSD-3-Clause */

/* training.c: see training.h. */

#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "report.h"

csgd_status repro_workers_open(repro *r, const char *spec, size_t n, int n_workers,
                               repro_workers *w)
{
    char typed[256];
    csgd_status st;

    *w = (repro_workers){0};
    snprintf(typed, sizeof typed, "%s type=f64", spec);
    if (r->ranks > 0) {
        st = repro_ranks_reducer(typed, n, &w->reducer);
        return st == CSGD_OK ? csgd_reducer_workers(w->reducer, &w->table) : st;
    }
    st = csgd_simulation_create(typed, n, n_workers, &w->simulation);
    return st == CSGD_OK ? csgd_simulation_workers(w->simulation, &w->table) : st;
}

void repro_workers_close(repro_workers *w)
{
    csgd_simulation_destroy(&w->simulation);
    csgd_reducer_destroy(&w->reducer);
}

/* Whether x is of a run that goes well; all ranks hold the same x. */
static bool sound(const double *x, size_t n)
{
    double square = 0;

    for (size_t i = 0; i < n; i++)
        square += x[i] * x[i];
    return square <= 1e12; /* not if it is NaN */
}

static void loop(const problem *p, const training *t, csgd_optimizer *opt, double *x, outcome *o)
{
    size_t measured = 0;
    double sum = 0;

    for (size_t step = 1; step <= t->steps; step++) {
        double value;

        o->steps = step;
        if (csgd_optimizer_step(opt, x) != CSGD_OK || !sound(x, p->n)) {
            o->mean = INFINITY;
            return;
        }
        if (step % t->every != 0) continue;
        value = p->measure(p->self, x);
        if (t->path != NULL) t->path[step / t->every - 1] = value;
        if (step + t->tail > t->steps) {
            sum += value;
            measured++;
        }
        if (value < t->below) break;
    }
    o->mean = measured > 0 ? sum / (double)measured : NAN;
}

bool train(repro *r, const problem *p, const training *t, outcome *o)
{
    double *x = calloc(p->n, sizeof *x);
    csgd_optimizer *opt = NULL;
    repro_workers w = {0};
    csgd_stats stats = {0};
    csgd_status st =
        x != NULL ? repro_workers_open(r, t->workers, p->n, p->n_workers, &w) : CSGD_E_NOMEM;

    *o = (outcome){0};
    for (size_t i = 0; t->path != NULL && i < t->steps / t->every; i++)
        t->path[i] = INFINITY;
    if (st == CSGD_OK) st = csgd_optimizer_create(t->optimizer, p->n, &w.table, &p->oracle, &opt);
    if (st == CSGD_OK) {
        if (t->start != NULL) memcpy(x, t->start, p->n * sizeof *x);
        loop(p, t, opt, x, o);
        w.table.stats(w.table.self, &stats, sizeof stats);
        o->bytes = (double)stats.message_bytes;
        if (t->x != NULL) memcpy(t->x, x, p->n * sizeof *x);
    } else {
        fprintf(stderr, "repro: %s; %s: %s\n", t->workers, t->optimizer, csgd_error_detail());
    }
    csgd_optimizer_destroy(&opt);
    repro_workers_close(&w);
    free(x);
    return st == CSGD_OK;
}
