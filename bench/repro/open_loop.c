/* SPDX-License-Identifier: BSD-3-Clause */

/* open_loop.c: see open_loop.h. */

#include "open_loop.h"

#include <csgd/csgd.h>
#include <math.h>
#include <stddef.h>
#include "repro.h"

enum { N = OPEN_LOOP_N, STEPS = OPEN_LOOP_STEPS, TAIL = OPEN_LOOP_TAIL };

/* Everything of one run. */
typedef struct loop {
    double alpha, rho;
    double sent[N], meant[N]; /* the two momenta */
    double drift[N];          /* U */
} loop;

static void make_increment(const loop *l, uint64_t seed, size_t t, double b[N])
{
    for (size_t i = 0; i < N; i++) {
        const double w = pow(10, -1.5 * (double)i / (N - 1));

        b[i] = l->alpha * (w * repro_normal(seed, t * N + i) + 0.3 * w);
    }
}

/* Take in what arrived for b; |U|. */
static double advance(loop *l, const double b[N], const double q[N])
{
    double square = 0;

    for (size_t i = 0; i < N; i++) {
        l->sent[i] = l->rho * l->sent[i] + q[i];
        l->meant[i] = l->rho * l->meant[i] + b[i];
        l->drift[i] += l->sent[i] - l->meant[i];
        square += l->drift[i] * l->drift[i];
    }
    return sqrt(square);
}

static open_loop run(csgd_reducer *r, double rho, uint64_t seed, double *path)
{
    loop l = {.alpha = 1 - rho, .rho = rho};
    open_loop outcome = {0};
    double b[N], q[N];
    size_t present = 0;

    for (size_t t = 0; t < STEPS; t++) {
        double distance = INFINITY;

        make_increment(&l, seed, t, b);
        if (csgd_reducer_allreduce(r, b, q, N) == CSGD_OK) distance = advance(&l, b, q);
        if (path != NULL) path[t] = distance / l.alpha;
        if (!(distance <= 1e12)) {
            if (outcome.diverged == 0) outcome.diverged = (int)t;
            outcome.gap = INFINITY;
            if (path == NULL) return outcome;
        }
        if (t < STEPS - TAIL) continue;
        outcome.gap += distance / l.alpha / TAIL;
        for (size_t i = 0; i < N; i++)
            present += q[i] != 0;
    }
    outcome.density = (double)present / TAIL / N;
    return outcome;
}

int open_loop_run(const char *spec, double rho, uint64_t seed, double *path, open_loop *outcome)
{
    csgd_team *team = NULL;
    csgd_reducer *r = NULL;
    int refused = -1;

    if (csgd_team_create(1, &team) == CSGD_OK &&
        csgd_reducer_create_team(team, 0, N, spec, &r) == CSGD_OK) {
        *outcome = run(r, rho, seed, path);
        refused = 0;
    }
    csgd_reducer_destroy(&r);
    csgd_team_destroy(&team);
    return refused;
}
