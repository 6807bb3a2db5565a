/* SPDX-License-Identifier: BSD-3-Clause */

/* loops.c: estimators in terms of mean gradients, each written out as its paper has it. */

#include "optim/loops.h"

#include "support/test.h"

/* Mean over workers of the gradients of sample t. */
static void mean_gradient(const loop *l, const double *x, double *mean)
{
    const problem *p = l->problem;
    double g[LOOP_N];

    for (size_t j = 0; j < p->n; j++)
        mean[j] = 0;
    for (int i = 0; i < p->n_workers; i++) {
        problem_gradient(p, i, (uint64_t)l->t, x, g);
        for (size_t j = 0; j < p->n; j++)
            mean[j] += g[j] / p->n_workers;
    }
}

/* The gradient of the mean over all samples. */
static void full_gradient(const loop *l, const double *x, double *full)
{
    const problem *p = l->problem;
    double g[LOOP_N];

    for (size_t j = 0; j < p->n; j++)
        full[j] = 0;
    for (int i = 0; i < p->n_workers; i++) {
        problem_full(p, i, x, g);
        for (size_t j = 0; j < p->n; j++)
            full[j] += g[j] * problem_samples(i) / problem_all(p->n_workers);
    }
}

void loop_step(loop *l, const double *x)
{
    const size_t n = l->problem->n;
    double g[LOOP_N], other[LOOP_N], ahead[LOOP_N];
    const double a = l->alpha, weight = l->t == 0 ? 1 : a, eta = 1.0 / (l->t + 1);

    mean_gradient(l, x, g);
    mean_gradient(l, l->kind == LOOP_SVRG ? l->snapshot : l->before, other);
    if (l->kind == LOOP_SVRG && l->t % l->refresh == 0) {
        memcpy(l->snapshot, x, n * sizeof *x);
        full_gradient(l, x, l->mean);
        mean_gradient(l, x, other);
    }
    if (l->kind == LOOP_IGT && l->t > 0) {
        for (size_t j = 0; j < n; j++)
            ahead[j] = x[j] + (1 - a) / a * (x[j] - l->before[j]);
        mean_gradient(l, ahead, g);
    }
    for (size_t j = 0; j < n; j++) {
        double *v = &l->v[j];

        switch (l->kind) {
        case LOOP_SGD:
            *v = g[j];
            break;
        case LOOP_HEAVY_BALL:
        case LOOP_NESTEROV:
            *v = l->momentum * *v + g[j];
            break;
        case LOOP_AVERAGE:
        case LOOP_IGT:
            *v = (1 - weight) * *v + weight * g[j];
            break;
        case LOOP_STORM:
            *v = l->t == 0 ? g[j] : g[j] + (1 - a) * (*v - other[j]);
            break;
        case LOOP_ROOTSGD:
            *v = l->t == 0 ? g[j] : g[j] + (1 - eta) * (*v - other[j]);
            break;
        case LOOP_SVRG:
            *v = g[j] - other[j] + l->mean[j];
            break;
        case LOOP_SARAH:
            *v += g[j] - other[j];
            break;
        }
    }
    if (l->kind == LOOP_SARAH && l->t % l->refresh == 0) full_gradient(l, x, l->v);
    for (size_t j = 0; j < n; j++)
        l->move[j] = l->kind == LOOP_NESTEROV ? g[j] + l->momentum * l->v[j] : l->v[j];
    memcpy(l->before, x, n * sizeof *x);
    l->t++;
}
