/* SPDX-License-Identifier: BSD-3-Clause */

/* closed_loop.c: what the compensations come to in training.
 *
 * Nonconvex logistic regression, 8 workers, d = 100, batches of one, 2,500 steps; the squared gradient
 * norm, mean over the last 250 steps and two seeds, at the best of five learning rates.  One bit an
 * element, compressed at workers and owner (the papers' double pass), and Top-10 %.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "plot.h"
#include "training.h"

enum {
    N = 100,
    WORKERS = 8,
    PER = 250,
    ROWS = WORKERS * PER,
    STEPS = 2500,
    TAIL = 250,
    EVERY = 10
};

static const double lambda = 1e-2, rates[] = {0.01, 0.03, 0.1, 0.3, 1};

enum { RATES = sizeof rates / sizeof *rates };

typedef struct data {
    double row[ROWS][N], label[ROWS];
    uint64_t seed; /* of the samples drawn */
} data;

static void make_data(data *d)
{
    double truth[N];

    for (size_t j = 0; j < N; j++)
        truth[j] = repro_normal(1, j);
    for (size_t i = 0; i < ROWS; i++) {
        double dot = 0;

        for (size_t j = 0; j < N; j++) {
            d->row[i][j] = repro_normal(2, i * N + j) * pow(10, -(double)j / (N - 1));
            dot += d->row[i][j] * truth[j];
        }
        d->label[i] = dot + 0.5 * repro_normal(3, i) > 0 ? 1 : -1;
    }
}

/* g += weight * the gradient of one row's loss. */
static void add_row(const data *d, size_t i, const double *x, double weight, double *g)
{
    double dot = 0, slope;

    for (size_t j = 0; j < N; j++)
        dot += d->row[i][j] * x[j];
    slope = -d->label[i] / (1 + exp(d->label[i] * dot)) * weight;
    for (size_t j = 0; j < N; j++)
        g[j] += slope * d->row[i][j];
}

static void set_penalty(const double *x, double *g)
{
    for (size_t j = 0; j < N; j++) {
        const double q = 1 + x[j] * x[j];
        g[j] = lambda * 2 * x[j] / (q * q);
    }
}

static csgd_status gradient(void *self, int worker, uint64_t sample, const void *x, void *g)
{
    const data *d = self;
    const double u = repro_uniform(d->seed + 100, sample * WORKERS + (uint64_t)worker);

    set_penalty(x, g);
    add_row(d, (size_t)worker * PER + (size_t)(u * PER), x, 1, g);
    return CSGD_OK;
}

static double squared_norm(void *self, const double *x)
{
    const data *d = self;
    double g[N], sum = 0;

    set_penalty(x, g);
    for (size_t i = 0; i < ROWS; i++)
        add_row(d, i, x, 1.0 / ROWS, g);
    for (size_t j = 0; j < N; j++)
        sum += g[j] * g[j];
    return sum;
}

/* The mean over seeds at the best rate; negative where a spec is refused. */
static double best(repro *r, problem *p, const char *workers, const char *optimizer, double *path)
{
    data *d = p->self;
    double least = INFINITY;

    for (size_t i = 0; i < RATES; i++) {
        const uint64_t seeds = repro_brief(r) ? 1 : 2;
        double mean = 0, one[STEPS / EVERY];
        char spec[96];
        outcome o;

        if (repro_brief(r) && i != 2) continue;
        snprintf(spec, sizeof spec, "%s lr=%g", optimizer, rates[i]);
        for (d->seed = 0; d->seed < seeds; d->seed++) {
            const training t = {.workers = workers,
                                .optimizer = spec,
                                .steps = STEPS,
                                .tail = TAIL,
                                .every = EVERY,
                                .path = one,
                                .below = NAN};
            if (!train(r, p, &t, &o)) return -1;
            mean += o.mean / (double)seeds;
        }
        if (!(mean < least)) continue;
        least = mean;
        memcpy(path, one, sizeof one);
    }
    return least;
}

/* How workers compress.  ef21 averages each worker's gradients itself, and so goes under plain SGD. */
static const struct way {
    const char *name, *workers;
    bool averages;
} ways[] = {
    {"uncompressed", "none algorithm=vendor", false},
    {"1 bit none", "sign block=104 algorithm=sra feedback=none", false},
    {"1 bit ef", "sign block=104 algorithm=sra feedback=ef", false},
    {"1 bit ecx", "sign block=104 algorithm=sra feedback=ecx rho=step", false},
    {"Top-10 % ef", "topk ratio=0.1 algorithm=allgather feedback=ef", false},
    {"Top-10 % ecx2", "topk ratio=0.1 algorithm=allgather feedback=ecx2 rho=step", false},
    {"Top-10 % ef21", "topk ratio=0.1 algorithm=allgather feedback=ef21 momentum=0.1", true},
};

enum { WAYS = sizeof ways / sizeof *ways, NONE = 1, EF, ECX, TWO = 5 };

static bool run_optimizer(repro *r, problem *p, const char *optimizer)
{
    static double step[STEPS / EVERY], path[WAYS][STEPS / EVERY];
    plot chart = {.title = optimizer,
                  .x_label = "step",
                  .y_label = "squared gradient norm",
                  .log_y = true,
                  .n_series = WAYS};
    double exact = NAN;
    char quantity[128];

    for (size_t i = 0; i < STEPS / EVERY; i++)
        step[i] = (double)(EVERY * (i + 1));
    for (size_t i = 0; i < WAYS; i++) {
        double value;

        if (ways[i].averages && strncmp(optimizer, "momentum", 8) != 0) {
            chart.n_series = i;
            break;
        }
        value = best(r, p, ways[i].workers, ways[i].averages ? "sgd" : optimizer, path[i]);
        if (value < 0) return false;
        repro_row(r, "%s,%s,%.6g", optimizer, ways[i].name, value);
        chart.series[i] = (plot_series){ways[i].name, step, path[i], STEPS / EVERY};
        if (i == 0) {
            exact = value;
            continue;
        }
        snprintf(quantity, sizeof quantity, "%s: %s over uncompressed", optimizer, ways[i].name);
        if (i == NONE)
            repro_at_least(r, quantity, value / exact, 1.5);
        else if (i == EF || i == ECX || i == TWO)
            repro_at_most(r, quantity, value / exact, 1.05);
        else
            repro_report(r, quantity, value / exact);
    }
    return strncmp(optimizer, "storm", 5) != 0 || plot_chart(&chart, repro_path(r, "svg"));
}

static bool run(repro *r)
{
    static const char *const optimizers[] = {"momentum alpha=0.1", "storm alpha=0.1",
                                             "igt alpha=0.1"};
    static data d;
    problem p = {.n = N,
                 .n_workers = WORKERS,
                 .oracle = {.size = sizeof(csgd_oracle), .self = &d, .gradient = gradient},
                 .self = &d,
                 .measure = squared_norm};

    make_data(&d);
    repro_csv(r, "optimizer,way,squared_gradient_norm");
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        if (!run_optimizer(r, &p, optimizers[i])) return false;
    return true;
}

const repro_experiment repro_closed_loop = {
    .name = "closed-loop",
    .what = "momentum, STORM and IGT in training: none, ef, ecx, ecx2 against no compression",
    .run = run,
    .ranks = WORKERS,
};
