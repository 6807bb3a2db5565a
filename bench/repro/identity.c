/* SPDX-License-Identifier: BSD-3-Clause */

/* identity.c: ErrorCompensatedX loses nothing but the last residual.
 *
 * Over any rho_t and step sizes gamma_t, with compression at workers and owner,
 *
 *     sum of gamma v^ - sum of gamma v + gamma_t D_t = 0
 *
 * where D_t is what all still owe.  300 steps, 3 workers, 40 elements, decaying step sizes, the rho_t of
 * momentum, SPIDER, ROOT-SGD and SGD; in double, to 1e-12.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include "plot.h"
#include "training.h"

enum { N = 40, WORKERS = 3, STEPS = 300 };

static double rho_momentum(size_t t)
{
    return t > 0 ? 0.9 : 0;
}

static double rho_spider(size_t t)
{
    return t % 10 == 0 ? 0 : 1;
}

static double rho_root(size_t t)
{
    return 1 - 1 / (double)(t + 1);
}

static double rho_sgd(size_t t)
{
    (void)t;
    return 0;
}

static const struct estimator {
    const char *name;
    double (*rho)(size_t t);
} estimators[] = {{"momentum .9", rho_momentum},
                  {"SPIDER, refresh every 10", rho_spider},
                  {"ROOT-SGD", rho_root},
                  {"SVRG and SGD", rho_sgd}};

enum { ESTIMATORS = sizeof estimators / sizeof *estimators };

/* The largest element of the identity's left side, relative to the sum where that is above 1, over all
 * steps; each step's goes to path. */
static csgd_status largest(const csgd_workers *w, double (*rho)(size_t t), double *path,
                           double *worst)
{
    double b[WORKERS][N], result[N], owed[N], sent[N] = {0}, meant[N] = {0}, x[N] = {0}, y[N] = {0};

    *worst = 0;
    for (size_t t = 0; t < STEPS; t++) {
        const void *vector[WORKERS];
        const double gamma = 0.1 / sqrt((double)(t + 1));
        double most = 0, scale = 1;
        csgd_status st = w->set_rho(w->self, rho(t));

        if (st == CSGD_OK) st = w->set_step_size(w->self, gamma);
        for (size_t i = 0; i < WORKERS; i++) {
            for (size_t j = 0; j < N; j++)
                b[i][j] = repro_normal(7, (t * WORKERS + i) * N + j);
            vector[i] = b[i];
        }
        if (st == CSGD_OK) st = w->sum(w->self, vector + w->first, 0, CSGD_OK, result);
        if (st == CSGD_OK) st = w->residual(w->self, owed);
        if (st == CSGD_OK) st = w->plain_sum(w->self, owed, N, CSGD_F64, CSGD_OK, owed);
        if (st != CSGD_OK) return st;
        for (size_t j = 0; j < N; j++) {
            double all = 0;

            for (size_t i = 0; i < WORKERS; i++)
                all += b[i][j];
            sent[j] = rho(t) * sent[j] + result[j];
            meant[j] = rho(t) * meant[j] + all;
            x[j] += gamma * sent[j];
            y[j] += gamma * meant[j];
            scale = fmax(scale, fabs(y[j]));
            most = fmax(most, fabs(x[j] - y[j] + gamma * owed[j]));
        }
        path[t] = most / scale;
        *worst = fmax(*worst, path[t]);
    }
    return CSGD_OK;
}

static bool run(repro *r)
{
    static double step[STEPS], path[ESTIMATORS][STEPS];
    plot chart = {.title = "What the identity misses by",
                  .x_label = "step",
                  .y_label = "largest element",
                  .log_y = true,
                  .n_series = ESTIMATORS};

    repro_csv(r, "estimator,step,error");
    for (size_t e = 0; e < ESTIMATORS; e++) {
        repro_workers w;
        double worst;
        csgd_status st = repro_workers_open(r, "sign block=40 algorithm=sra feedback=ecx rho=step",
                                            N, WORKERS, &w);

        if (st == CSGD_OK) st = largest(&w.table, estimators[e].rho, path[e], &worst);
        repro_workers_close(&w);
        if (st != CSGD_OK) {
            fprintf(stderr, "repro: %s\n", csgd_error_detail());
            return false;
        }
        repro_at_most(r, estimators[e].name, worst, 1e-12);
        for (size_t t = 0; t < STEPS; t++) {
            step[t] = (double)t;
            repro_row(r, "%s,%zu,%.3g", estimators[e].name, t, path[e][t]);
        }
        chart.series[e] = (plot_series){estimators[e].name, step, path[e], STEPS};
    }
    return plot_chart(&chart, repro_path(r, "svg"));
}

const repro_experiment repro_identity = {
    .name = "identity",
    .what = "what ErrorCompensatedX still owes is one residual, whatever the estimator",
    .run = run,
    .ranks = WORKERS,
};
