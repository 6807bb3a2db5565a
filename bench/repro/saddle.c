/* SPDX-License-Identifier: BSD-3-Clause */

/* saddle.c: compressed SGD leaves a saddle as soon as uncompressed SGD does.
 *
 * Avdiukhin, Yaroslavtsev 2021: artificial noise and error feedback find second-order points.
 * f(x) = x'Hx / 2 + sum of x_j^4 / 4, d = 100, H = diag(-.1, .1 .. 1), from the strict saddle 0;
 * noise of the gradients on all axes but the one that leads away, so that only artificial noise can
 * find it.  Steps until f < -.0015, the same noise for every compressor: ratios to the uncompressed
 * run of the same seed.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include "plot.h"
#include "training.h"

enum { N = 100, SEEDS = 9, STEPS = 30000 };

static double curvature(size_t j)
{
    return j == 0 ? -0.1 : 0.1 + 0.9 * (double)(j - 1) / (N - 2);
}

static csgd_status gradient(void *self, int worker, uint64_t sample, const void *x, void *g)
{
    const uint64_t seed = *(const uint64_t *)self;
    const double *at = x;
    double *to = g;

    (void)worker;
    to[0] = curvature(0) * at[0] + at[0] * at[0] * at[0];
    for (size_t j = 1; j < N; j++)
        to[j] = curvature(j) * at[j] + at[j] * at[j] * at[j] +
                0.01 * repro_normal(seed + 500, sample * N + j);
    return CSGD_OK;
}

static double height(void *self, const double *x)
{
    double sum = 0;

    (void)self;
    for (size_t j = 0; j < N; j++) {
        const double square = x[j] * x[j];
        sum += curvature(j) * square / 2 + square * square / 4;
    }
    return sum;
}

/* Steps until the saddle is left; STEPS where it was not.  0 where a spec is refused. */
static size_t escape(repro *r, uint64_t seed, const char *workers, const char *keys)
{
    const problem p = {.n = N,
                       .n_workers = 1,
                       .oracle = {.size = sizeof(csgd_oracle), .self = &seed, .gradient = gradient},
                       .measure = height};
    char spec[128];
    const training t = {.workers = workers,
                        .optimizer = spec,
                        .steps = repro_brief(r) ? 2 * STEPS / 3 : STEPS,
                        .every = 1,
                        .below = -0.0015};
    outcome o;

    snprintf(spec, sizeof spec, "sgd lr=0.005 seed=%llu %s", (unsigned long long)seed, keys);
    return train(r, &p, &t, &o) ? o.steps : 0;
}

static const struct way {
    const char *name, *workers, *keys;
    double median, each; /* limits of the ratio; 0: reported */
} ways[] = {
    {"Top-1", "topk k=1", "noise=0.1", 1.05, 1.25},
    {"Rand-1", "randk k=1 feedback=ef", "noise=0.1", 1.12, 1.25},
    {"Top-1 flushed every 500", "topk k=1", "noise=0.1 reset_every=500 reset=flush", 1.05, 1.25},
    {"Top-1 dropped every 100", "topk k=1", "noise=0.1 reset_every=100 reset=drop", 0, 0},
};

enum { WAYS = sizeof ways / sizeof *ways };

/* Without feedback, or without artificial noise, nothing leaves in time. */
static bool stays(repro *r)
{
    static const char *const workers[] = {"topk k=1 feedback=none",
                                          "randk k=1 feedback=none scaled=no",
                                          "topk k=10 feedback=none",
                                          "randk k=10 feedback=none scaled=no"};
    size_t escaped = 0, steps;

    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
        steps = escape(r, 0, workers[i], "noise=0.1");
        if (steps == 0) return false;
        escaped += steps < STEPS && !repro_brief(r);
        repro_row(r, "%s,0,%zu,", workers[i], steps);
    }
    repro_at_most(r, "without feedback: compressors that escape in 30000 steps", (double)escaped,
                  0);
    steps = escape(r, 0, "topk k=1", "");
    repro_at_least(r, "Top-1 without artificial noise: steps", (double)steps,
                   repro_brief(r) ? 2 * STEPS / 3 : STEPS);
    return steps != 0;
}

static bool run(repro *r)
{
    const size_t seeds = repro_brief(r) ? 2 : SEEDS;
    double ratio[WAYS][SEEDS], seed_of[SEEDS];
    plot chart = {.title = "Steps to leave the saddle, over those of uncompressed SGD",
                  .x_label = "seed",
                  .y_label = "ratio",
                  .points = true,
                  .n_series = WAYS};
    char quantity[96];

    repro_csv(r, "way,seed,steps,ratio");
    for (size_t seed = 0; seed < seeds; seed++) {
        const size_t base = escape(r, seed, "none", "noise=0.1");

        if (base == 0) return false;
        seed_of[seed] = (double)seed;
        repro_row(r, "none,%zu,%zu,1", seed, base);
        for (size_t i = 0; i < WAYS; i++) {
            const size_t steps = escape(r, seed, ways[i].workers, ways[i].keys);

            if (steps == 0) return false;
            ratio[i][seed] = (double)steps / (double)base;
            repro_row(r, "%s,%zu,%zu,%.4f", ways[i].name, seed, steps, ratio[i][seed]);
        }
    }
    for (size_t i = 0; i < WAYS; i++)
        chart.series[i] = (plot_series){ways[i].name, seed_of, ratio[i], seeds};
    if (!plot_chart(&chart, repro_path(r, "svg"))) return false;
    for (size_t i = 0; i < WAYS; i++) {
        const double median = repro_median(ratio[i], seeds);

        snprintf(quantity, sizeof quantity, "%s: median ratio", ways[i].name);
        if (ways[i].median > 0)
            repro_at_most(r, quantity, median, ways[i].median);
        else
            repro_report(r, quantity, median);
        snprintf(quantity, sizeof quantity, "%s: largest ratio", ways[i].name);
        if (ways[i].each > 0)
            repro_at_most(r, quantity, ratio[i][seeds - 1], ways[i].each);
        else
            repro_report(r, quantity, ratio[i][seeds - 1]);
    }
    return stays(r);
}

const repro_experiment repro_saddle = {
    .name = "saddle",
    .what = "compressed SGD leaves a saddle as soon as uncompressed SGD does",
    .run = run,
};
