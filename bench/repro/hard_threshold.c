/* SPDX-License-Identifier: BSD-3-Clause */

/* hard_threshold.c: a hard threshold against Top-k in the training of a network, at equal bytes.
 *
 * The digits, 4 workers, a network of 64, 100 and 10 units, Nesterov momentum, a learning rate that falls
 * ten times at two thirds.  Top-k sends k entries in every step; the threshold, chosen by bisection to
 * send as many bytes in the whole run, sends many where gradients are large and few where they are small.
 * lambda = 1 / (2 sqrt(k)) is the rule of thumb of the paper's authors, whose gradients are those of
 * larger networks.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "network.h"
#include "plot.h"
#include "training.h"

enum { WORKERS = 4, STEPS = 900, SEEDS = 3, EVERY = 10, POINTS = STEPS / EVERY, BISECTIONS = 7 };

static const char optimizer[] =
    "momentum momentum=0.9 nesterov=yes lr=0.05 schedule=step decay=0.1 decay_every=600";

typedef struct result {
    double bytes, accuracy, loss;
    double message[POINTS]; /* mean bytes of a message in the ten steps before */
} result;

/* Bytes of all messages so far. */
static double bytes_of(const csgd_workers *w)
{
    csgd_stats stats = {0};

    w->stats(w->self, &stats, sizeof stats);
    return (double)stats.message_bytes;
}

static bool train_network(repro *r, network *net, uint64_t seed, const char *spec, result *to)
{
    repro_workers w;
    csgd_optimizer *opt = NULL;
    double *x = malloc(net->n * sizeof *x);
    double before = 0;
    csgd_status st = x != NULL ? repro_workers_open(r, spec, net->n, WORKERS, &w) : CSGD_E_NOMEM;
    const csgd_oracle oracle = {.size = sizeof oracle, .self = net, .gradient = network_gradient};

    if (x == NULL) return false;
    if (st == CSGD_OK) st = csgd_optimizer_create(optimizer, net->n, &w.table, &oracle, &opt);
    network_start(net, seed, x);
    for (size_t step = 1; step <= STEPS && st == CSGD_OK; step++) {
        st = csgd_optimizer_step(opt, x);
        if (st != CSGD_OK || step % EVERY != 0) continue;
        to->bytes = bytes_of(&w.table);
        to->message[step / EVERY - 1] = (to->bytes - before) / EVERY / WORKERS;
        before = to->bytes;
    }
    if (st == CSGD_OK)
        network_judge(net, x, &to->accuracy, &to->loss);
    else
        fprintf(stderr, "repro: %s: %s\n", spec, csgd_error_detail());
    csgd_optimizer_destroy(&opt);
    repro_workers_close(&w);
    free(x);
    return st == CSGD_OK;
}

/* A threshold that sends about so many bytes; to holds its result. */
static bool train_threshold(repro *r, network *net, uint64_t seed, double bytes, double *lambda,
                            result *to)
{
    double low = 1e-4, high = 1;
    char spec[96];

    for (int i = 0; i < (repro_brief(r) ? 2 : BISECTIONS); i++) {
        *lambda = sqrt(low * high);
        snprintf(spec, sizeof spec, "threshold lambda=%.6g kmax=%zu", *lambda, net->n);
        if (!train_network(r, net, seed, spec, to)) return false;
        if (to->bytes > bytes)
            low = *lambda;
        else
            high = *lambda;
        if (fabs(to->bytes / bytes - 1) < 0.02) break;
    }
    return true;
}

static bool run_on(repro *r, network *net)
{
    static result dense, topk, hard;
    static double step[POINTS];
    const size_t k = net->n / 100, seeds = repro_brief(r) ? 1 : SEEDS;
    const plot chart = {.title = "Bytes of one worker's message",
                        .x_label = "step",
                        .y_label = "bytes, mean over ten steps",
                        .series = {{"topk ratio=0.01", step, topk.message, POINTS},
                                   {"threshold, equal total", step, hard.message, POINTS}},
                        .n_series = 2};
    double lead[SEEDS], loss[SEEDS], volume[SEEDS], lambdas[SEEDS], gap[SEEDS];

    for (size_t i = 0; i < POINTS; i++)
        step[i] = (double)(EVERY * (i + 1));
    for (size_t seed = 0; seed < seeds; seed++) {
        if (!train_network(r, net, seed, "none algorithm=vendor", &dense) ||
            !train_network(r, net, seed, "topk ratio=0.01", &topk) ||
            !train_threshold(r, net, seed, topk.bytes, &lambdas[seed], &hard))
            return false;
        lead[seed] = hard.accuracy - topk.accuracy;
        gap[seed] = dense.accuracy - hard.accuracy;
        loss[seed] = hard.loss / topk.loss;
        volume[seed] = hard.bytes / topk.bytes;
        for (size_t i = 0; i < POINTS; i++)
            repro_row(r, "%zu,%zu,%.1f,%.1f", seed, EVERY * (i + 1), topk.message[i],
                      hard.message[i]);
    }
    repro_between(r, "bytes of the threshold over Top-k's: median", repro_median(volume, seeds),
                  repro_brief(r) ? 0 : 0.97, repro_brief(r) ? 100 : 1.03);
    repro_at_least(r, "test accuracy over Top-k's in points: median", repro_median(lead, seeds),
                   repro_brief(r) ? -100 : -0.6);
    repro_report(r, "test accuracy below dense in points: median", repro_median(gap, seeds));
    repro_report(r, "training loss over Top-k's: median", repro_median(loss, seeds));
    repro_report(r, "lambda: median", repro_median(lambdas, seeds));
    repro_report(r, "1 / (2 sqrt(k))", 1 / (2 * sqrt((double)k)));
    repro_report(r, "bytes of a message at the start over those at the end",
                 hard.message[0] / hard.message[POINTS - 1]);
    return plot_chart(&chart, repro_path(r, "svg"));
}

static bool run(repro *r)
{
    network net;
    const char *sentence = network_create(&net, WORKERS);
    bool good = sentence == NULL;

    if (!good) fprintf(stderr, "repro: %s\n", sentence);
    repro_csv(r, "seed,step,topk_bytes,threshold_bytes");
    good = good && run_on(r, &net);
    network_destroy(&net);
    return good;
}

const repro_experiment repro_hard_threshold = {
    .name = "hard-threshold",
    .what = "a network on the digits: a hard threshold against Top-k at equal bytes",
    .run = run,
};
