/* SPDX-License-Identifier: BSD-3-Clause */

/* total_error.c: the hard threshold has the least total error of a fixed sequence.
 *
 * Sahu et al. 2021: of all ways to keep K entries of a sequence of vectors, keeping the K largest of
 * all of them, which is a hard threshold, loses the least.  Top-k keeps K / T in each step, whether
 * there is much to send or little.  T = 50 normal vectors of 200 elements, each scaled by a log-normal
 * number.  How much less the threshold loses depends on how the scales fall: numpy's seeds 0 to 11
 * give 1.5 to 7.6 times, 3.6 for the one that the design quotes.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plot.h"
#include "repro.h"

enum { STEPS = 50, N = 200, K = 4, SEEDS = 9, CAP = 4096 };

static double a[STEPS][N];

static void make_sequence(uint64_t seed)
{
    for (size_t t = 0; t < STEPS; t++) {
        const double scale = exp(repro_normal(seed, STEPS * N + t));

        for (size_t i = 0; i < N; i++)
            a[t][i] = scale * repro_normal(seed, t * N + i);
    }
}

static int descending(const void *p, const void *q)
{
    const double x = *(const double *)p, y = *(const double *)q;

    return (x < y) - (x > y);
}

/* The K * STEPS-th largest magnitude of all, and the sum of squares of what is below it. */
static double pooled(double *rest)
{
    static double all[STEPS * N];

    for (size_t i = 0; i < STEPS * N; i++)
        all[i] = fabs(a[i / N][i % N]);
    qsort(all, STEPS * N, sizeof *all, descending);
    *rest = 0;
    for (size_t i = K * STEPS; i < STEPS * N; i++)
        *rest += all[i] * all[i];
    return all[K * STEPS - 1];
}

/* What a compressor leaves out of the whole sequence, and how many entries it keeps; the error of
 * each step goes to error, if not NULL.  Negative where it fails. */
static double total(const char *spec, size_t *kept, double error[STEPS])
{
    csgd_compressor *c = NULL;
    uint8_t message[CAP];
    double y[N], sum = 0;

    *kept = 0;
    if (csgd_compressor_create(spec, N, &c) != CSGD_OK) return -1;
    for (size_t t = 0; t < STEPS; t++) {
        size_t len;
        double rest = 0;

        if (csgd_compressor_compress(c, a[t], message, sizeof message, &len) != CSGD_OK ||
            csgd_compressor_decompress(c, message, len, y) != CSGD_OK) {
            csgd_compressor_destroy(&c);
            return -1;
        }
        for (size_t i = 0; i < N; i++) {
            rest += (a[t][i] - y[i]) * (a[t][i] - y[i]);
            *kept += y[i] != 0;
        }
        if (error != NULL) error[t] = rest;
        sum += rest;
    }
    csgd_compressor_destroy(&c);
    return sum;
}

static bool run(repro *r)
{
    const size_t seeds = repro_brief(r) ? 2 : SEEDS;
    static double step[STEPS], by_topk[STEPS], by_threshold[STEPS];
    double ratio[SEEDS], worst = 0;
    plot p = {.title = "What a step leaves out, at equal total budget",
              .x_label = "step",
              .y_label = "squared error",
              .log_y = true,
              .points = true,
              .series = {{"topk k=4", step, by_topk, STEPS},
                         {"threshold", step, by_threshold, STEPS}},
              .n_series = 2};
    char spec[96];

    repro_csv(r, "seed,step,topk,threshold");
    for (size_t seed = 0; seed < seeds; seed++) {
        size_t kept_topk, kept;
        double best, topk, threshold, lambda;

        make_sequence(seed);
        lambda = pooled(&best);
        topk = total("topk k=4 type=f64", &kept_topk, by_topk);
        snprintf(spec, sizeof spec, "threshold lambda=%.17g kmax=200 type=f64", lambda);
        threshold = total(spec, &kept, by_threshold);
        if (topk < 0 || threshold < 0) {
            fprintf(stderr, "repro: %s\n", csgd_error_detail());
            return false;
        }
        if (kept != K * STEPS || kept_topk != K * STEPS) worst = INFINITY;
        worst = fmax(worst, fabs(threshold - best) / best);
        ratio[seed] = topk / threshold;
        for (size_t t = 0; t < STEPS; t++) {
            step[t] = (double)t;
            repro_row(r, "%zu,%zu,%.9g,%.9g", seed, t, by_topk[t], by_threshold[t]);
        }
    }
    repro_at_most(r, "threshold against the pooled sort: relative difference", worst, 1e-12);
    repro_report(r, "Top-4 over threshold: median of total errors", repro_median(ratio, seeds));
    repro_at_least(r, "Top-4 over threshold: least of total errors", ratio[0], 1);
    repro_report(r, "Top-4 over threshold: largest of total errors", ratio[seeds - 1]);
    return plot_chart(&p, repro_path(r, "svg"));
}

const repro_experiment repro_total_error = {
    .name = "total-error",
    .what = "the hard threshold loses least of a fixed sequence",
    .run = run,
};
