/* SPDX-License-Identifier: BSD-3-Clause */

/* variance_reduced.c: estimators with less variance than SGD, under compression.
 *
 * Logistic regression with a quadratic penalty, rows dealt out to 8 workers, batches of 8: one class
 * against the rest of --data, a file in LIBSVM's format, or the digits 5 to 9 against 0 to 4; with
 * --products all products of two features besides.  The squared gradient norm, mean over the last tenth
 * of 3,000 steps, at the best of three learning rates; nothing but being smaller than at the start is
 * promised, the ratios are what there is to see.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "plot.h"
#include "report.h"
#include "samples.h"
#include "training.h"

enum { WORKERS = 8, BATCH = 8, STEPS = 3000, TAIL = 300, EVERY = 50, POINTS = STEPS / EVERY };

static const double penalty = 1e-3, rates[] = {0.03, 0.1, 0.3};

enum { RATES = sizeof rates / sizeof *rates };

typedef struct data {
    samples s;
    double scale; /* of a learning rate: one over the smoothness of the loss */
} data;

static size_t share(const data *d, int worker)
{
    return d->s.n * (size_t)worker / WORKERS;
}

/* g += weight * the gradient of one row's loss. */
static void add_row(const data *d, size_t i, const double *x, double weight, double *g)
{
    const double *row = d->s.row + i * d->s.features, y = d->s.label[i];
    double dot = 0, slope;

    for (size_t j = 0; j < d->s.features; j++)
        dot += row[j] * x[j];
    slope = -y / (1 + exp(y * dot)) * weight;
    for (size_t j = 0; j < d->s.features; j++)
        g[j] += slope * row[j];
}

static void set_penalty(const data *d, const double *x, double *g)
{
    for (size_t j = 0; j < d->s.features; j++)
        g[j] = penalty * x[j];
}

static csgd_status gradient(void *self, int worker, uint64_t sample, const void *x, void *g)
{
    const data *d = self;
    const size_t first = share(d, worker), count = share(d, worker + 1) - first;

    set_penalty(d, x, g);
    for (uint64_t b = 0; b < BATCH; b++) {
        const double u = repro_uniform(21, (sample * WORKERS + (uint64_t)worker) * BATCH + b);
        add_row(d, first + (size_t)(u * (double)count), x, 1.0 / BATCH, g);
    }
    return CSGD_OK;
}

static csgd_status full_gradient(void *self, int worker, const void *x, void *g, double *part)
{
    const data *d = self;
    const size_t first = share(d, worker), end = share(d, worker + 1);

    set_penalty(d, x, g);
    for (size_t i = first; i < end; i++)
        add_row(d, i, x, 1 / (double)(end - first), g);
    *part = (double)(end - first) / (double)d->s.n;
    return CSGD_OK;
}

static double squared_norm(void *self, const double *x)
{
    const data *d = self;
    static double g[1 << 16];
    double sum = 0;

    set_penalty(d, x, g);
    for (size_t i = 0; i < d->s.n; i++)
        add_row(d, i, x, 1 / (double)d->s.n, g);
    for (size_t j = 0; j < d->s.features; j++)
        sum += g[j] * g[j];
    return sum;
}

static bool load(repro *r, data *d)
{
    const bool own = r->data == NULL;
    const char *sentence = own ? samples_digits(&d->s) : samples_libsvm(&d->s, r->data);
    double square = 0;

    if (sentence == NULL && r->products) sentence = samples_products(&d->s);
    if (sentence == NULL && d->s.features > 1 << 16) sentence = "the data have too many features";
    if (sentence != NULL) {
        fprintf(stderr, "repro: %s\n", sentence);
        return false;
    }
    for (size_t i = 0; i < d->s.n; i++)
        d->s.label[i] = (own ? d->s.label[i] >= 5 : d->s.label[i] > 0) ? 1 : -1;
    for (size_t i = 0; i < d->s.n * d->s.features; i++)
        square += d->s.row[i] * d->s.row[i];
    d->scale = 4 * (double)d->s.n / square; /* at least 1 / L: a row's mean square over 4 */
    return true;
}

static const struct way {
    const char *name, *workers;
} ways[] = {
    {"uncompressed", "none algorithm=vendor"},
    {"1 bit ef", "sign block=64 algorithm=sra feedback=ef"},
    {"1 bit ecx", "sign block=64 algorithm=sra feedback=ecx rho=step"},
    {"Top-10 % ef", "topk ratio=0.1 algorithm=allgather feedback=ef"},
    {"Top-10 % ecx2", "topk ratio=0.1 algorithm=allgather feedback=ecx2 rho=step"},
};

static const char *const optimizers[] = {"sgd",     "storm alpha=0.1",  "igt alpha=0.1",
                                         "rootsgd", "svrg refresh=200", "sarah refresh=50"};

enum { WAYS = sizeof ways / sizeof *ways, OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

/* The tail at the best rate; false where a spec is refused. */
static bool best(repro *r, const problem *p, const char *workers, const char *optimizer,
                 double *least, double *path)
{
    const data *d = p->self;

    *least = INFINITY;
    for (size_t i = 0; i < RATES; i++) {
        double one[POINTS];
        char spec[96];
        const training t = {.workers = workers,
                            .optimizer = spec,
                            .steps = repro_brief(r) ? 12 * EVERY : STEPS,
                            .tail = repro_brief(r) ? EVERY : TAIL,
                            .every = EVERY,
                            .path = one,
                            .below = NAN};
        outcome o;

        if (repro_brief(r) && i != 1) continue;
        snprintf(spec, sizeof spec, "%s lr=%g", optimizer, rates[i] * d->scale);
        if (!train(r, p, &t, &o)) return false;
        if (!(o.mean < *least)) continue;
        *least = o.mean;
        memcpy(path, one, sizeof one);
    }
    return true;
}

static bool run_on(repro *r, problem *p)
{
    static double step[POINTS], path[WAYS][POINTS], zeros[1 << 16];
    const double start = p->measure(p->self, zeros);
    plot chart = {.x_label = "step",
                  .y_label = "squared gradient norm",
                  .log_y = true,
                  .n_series = WAYS};
    double largest = 0;
    char quantity[128];

    for (size_t i = 0; i < POINTS; i++)
        step[i] = (double)(EVERY * (i + 1));
    for (size_t o = 0; o < OPTIMIZERS; o++) {
        double exact = NAN;

        for (size_t i = 0; i < WAYS; i++) {
            double value;

            if (!best(r, p, ways[i].workers, optimizers[o], &value, path[i])) return false;
            repro_row(r, "%s,%s,%.6g", optimizers[o], ways[i].name, value);
            if (i == 0) exact = value;
            largest = fmax(largest, value / start);
            snprintf(quantity, sizeof quantity, "%s: %s%s", optimizers[o], ways[i].name,
                     i == 0 ? "" : " over uncompressed");
            repro_report(r, quantity, i == 0 ? value : value / exact);
            chart.series[i] = (plot_series){ways[i].name, step, path[i], POINTS};
        }
        chart.title = optimizers[o];
        if (strncmp(optimizers[o], "storm", 5) == 0 && !plot_chart(&chart, repro_path(r, "svg")))
            return false;
    }
    repro_at_most(r, "largest tail over the start", largest, 0.5);
    return true;
}

static bool run(repro *r)
{
    data d = {0};
    problem p = {.n_workers = WORKERS,
                 .oracle = {.size = sizeof(csgd_oracle),
                            .self = &d,
                            .gradient = gradient,
                            .full_gradient = full_gradient},
                 .self = &d,
                 .measure = squared_norm};
    bool good = load(r, &d);

    p.n = d.s.features;
    repro_csv(r, "optimizer,way,squared_gradient_norm");
    good = good && run_on(r, &p);
    samples_free(&d.s);
    return good;
}

const repro_experiment repro_variance_reduced = {
    .name = "variance-reduced",
    .what = "STORM, IGT, ROOT-SGD, SVRG and SARAH on logistic regression",
    .run = run,
    .ranks = WORKERS,
};
