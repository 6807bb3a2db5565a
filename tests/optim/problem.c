/* SPDX-License-Identifier: BSD-3-Clause */

/* problem.c: the losses of problem.h. */

#include "optim/problem.h"

#include "support/test.h"

/* A number in [-1, 1) that is a function of its arguments (SplitMix64's finisher). */
static double number(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b * UINT64_C(0xd1342543de82ef95) + c + 1;

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return (double)(int64_t)(x >> 11) * 0x1p-52 - 1;
}

int problem_samples(int worker)
{
    return 3 + worker % 5;
}

int problem_all(int n_workers)
{
    int all = 0;

    for (int i = 0; i < n_workers; i++)
        all += problem_samples(i);
    return all;
}

static void add_sample(const problem *p, int worker, int s, double weight, const double *x,
                       double *g)
{
    const uint64_t id = (uint64_t)(worker * 16 + s);

    for (size_t j = 0; j < p->n; j++) {
        const double h = 0.6 + 0.5 * number(id, j, 1);
        const double c = number((uint64_t)worker, j, 2) + 0.3 * number(id, j, 3);

        g[j] += weight * (h * (x[j] - c) + x[j] * x[j] * x[j] / 10);
    }
}

void problem_gradient(const problem *p, int worker, uint64_t sample, const double *x, double *g)
{
    const int samples = problem_samples(worker);
    const int s = (int)((sample * 7 + sample / 5 + (uint64_t)worker) % (uint64_t)samples);

    memset(g, 0, p->n * sizeof *g);
    add_sample(p, worker, s, 1, x, g);
}

void problem_full(const problem *p, int worker, const double *x, double *g)
{
    const int samples = problem_samples(worker);

    memset(g, 0, p->n * sizeof *g);
    for (int s = 0; s < samples; s++)
        add_sample(p, worker, s, 1.0 / samples, x, g);
}

void problem_load(csgd_type type, const void *from, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = type == CSGD_F64 ? ((const double *)from)[i] : (double)((const float *)from)[i];
}

void problem_store(csgd_type type, const double *from, size_t n, void *to)
{
    for (size_t i = 0; i < n; i++)
        if (type == CSGD_F64)
            ((double *)to)[i] = from[i];
        else
            ((float *)to)[i] = (float)from[i];
}

void problem_start(size_t n, double *x)
{
    for (size_t j = 0; j < n; j++)
        x[j] = 2 * number(99, j, 4);
}

enum { MOST = 4096 };

static csgd_status gradient(void *self, int worker, uint64_t sample, const void *x, void *g)
{
    problem *p = self;
    double at[MOST] = {0}, out[MOST];

    p->asked++;
    if (worker == p->fail_worker && sample == p->fail_sample) return CSGD_E_STATE;
    problem_load(p->type, x, p->n, at);
    problem_gradient(p, worker, sample, at, out);
    problem_store(p->type, out, p->n, g);
    return CSGD_OK;
}

static csgd_status full_gradient(void *self, int worker, const void *x, void *g, double *share)
{
    problem *p = self;
    double at[MOST] = {0}, out[MOST];

    problem_load(p->type, x, p->n, at);
    problem_full(p, worker, at, out);
    problem_store(p->type, out, p->n, g);
    *share = (double)problem_samples(worker) / problem_all(p->n_workers);
    return CSGD_OK;
}

csgd_oracle problem_oracle(problem *p)
{
    return (csgd_oracle){.size = sizeof(csgd_oracle),
                         .self = p,
                         .gradient = gradient,
                         .full_gradient = full_gradient};
}
