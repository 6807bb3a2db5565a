/* SPDX-License-Identifier: BSD-3-Clause */

/* network.c: see network.h. */

#include "network.h"

#include <math.h>
#include <string.h>
#include "repro.h"

enum { IN = NETWORK_IN, HIDDEN = NETWORK_HIDDEN, OUT = NETWORK_OUT };
enum { SECOND = (IN + 1) * HIDDEN, PARAMETERS = SECOND + (HIDDEN + 1) * OUT };

const char *network_create(network *net, int n_workers)
{
    const char *sentence;

    *net = (network){.n = PARAMETERS, .n_workers = n_workers};
    sentence = samples_digits(&net->s);
    net->train = net->s.n * 4 / 5;
    return sentence;
}

void network_destroy(network *net)
{
    samples_free(&net->s);
}

void network_start(const network *net, uint64_t seed, double *x)
{
    (void)net;
    for (size_t i = 0; i < PARAMETERS; i++)
        x[i] = 0;
    for (size_t i = 0; i < IN * HIDDEN; i++)
        x[i] = sqrt(2.0 / IN) * repro_normal(seed + 41, i);
    for (size_t i = 0; i < HIDDEN * OUT; i++)
        x[SECOND + i] = sqrt(2.0 / HIDDEN) * repro_normal(seed + 42, i);
}

/* The hidden units of a row, and the probabilities of the classes; its loss. */
static double forward(const double *x, const double *row, int label, double hidden[HIDDEN],
                      double p[OUT])
{
    double most = -INFINITY, sum = 0;

    memcpy(hidden, x + IN * HIDDEN, HIDDEN * sizeof *hidden);
    for (size_t i = 0; i < IN; i++)
        for (size_t j = 0; j < HIDDEN && row[i] != 0; j++)
            hidden[j] += row[i] * x[i * HIDDEN + j];
    memcpy(p, x + SECOND + HIDDEN * OUT, OUT * sizeof *p);
    for (size_t j = 0; j < HIDDEN; j++) {
        hidden[j] = fmax(hidden[j], 0);
        for (size_t o = 0; o < OUT && hidden[j] > 0; o++)
            p[o] += hidden[j] * x[SECOND + j * OUT + o];
    }
    for (size_t o = 0; o < OUT; o++)
        most = fmax(most, p[o]);
    for (size_t o = 0; o < OUT; o++) {
        p[o] = exp(p[o] - most);
        sum += p[o];
    }
    for (size_t o = 0; o < OUT; o++)
        p[o] /= sum;
    return -log(fmax(p[label], 1e-300));
}

/* g += the gradient of one row's loss over the batch. */
static void backward(const double *x, const double *row, int label, const double hidden[HIDDEN],
                     double p[OUT], double *g)
{
    p[label] -= 1;
    for (size_t o = 0; o < OUT; o++) {
        p[o] /= NETWORK_BATCH;
        g[SECOND + HIDDEN * OUT + o] += p[o];
    }
    for (size_t j = 0; j < HIDDEN; j++) {
        double slope = 0;

        if (hidden[j] <= 0) continue;
        for (size_t o = 0; o < OUT; o++) {
            g[SECOND + j * OUT + o] += hidden[j] * p[o];
            slope += x[SECOND + j * OUT + o] * p[o];
        }
        g[IN * HIDDEN + j] += slope;
        for (size_t i = 0; i < IN; i++)
            g[i * HIDDEN + j] += row[i] * slope;
    }
}

csgd_status network_gradient(void *self, int worker, uint64_t sample, const void *x, void *g)
{
    const network *net = self;
    const size_t share = net->train / (size_t)net->n_workers;
    double hidden[HIDDEN], p[OUT];

    memset(g, 0, PARAMETERS * sizeof(double));
    for (uint64_t b = 0; b < NETWORK_BATCH; b++) {
        const uint64_t at = (sample * (uint64_t)net->n_workers + (uint64_t)worker) * NETWORK_BATCH;
        const size_t i =
            (size_t)worker * share + (size_t)(repro_uniform(43, at + b) * (double)share);
        const double *row = net->s.row + i * IN;

        forward(x, row, net->s.label[i], hidden, p);
        backward(x, row, net->s.label[i], hidden, p, g);
    }
    return CSGD_OK;
}

void network_judge(const network *net, const double *x, double *accuracy, double *loss)
{
    double hidden[HIDDEN], p[OUT];
    size_t right = 0;

    *loss = 0;
    for (size_t i = 0; i < net->s.n; i++) {
        const int label = net->s.label[i];
        const double one = forward(x, net->s.row + i * IN, label, hidden, p);
        int best = 0;

        for (int o = 1; o < OUT; o++)
            if (p[o] > p[best]) best = o;
        if (i < net->train) *loss += one / (double)net->train;
        if (i >= net->train) right += best == label;
    }
    *accuracy = 100.0 * (double)right / (double)(net->s.n - net->train);
}
