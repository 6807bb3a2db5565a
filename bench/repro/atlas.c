/* SPDX-License-Identifier: BSD-3-Clause */

/* atlas.c: where compensation is stable in training: a map to read the safe region from.
 *
 * A quadratic with curvatures from 0.1 to L = 1, d = 128, noise of .1 on the gradients, momentum as an
 * average with weight 1 - rho, learning rate gamma, two-step compensation.  Top-k over its part
 * delta = k / d; a stochastic quantizer (qsgd, 2-norm) over omega = min(B / s^2, sqrt(B) / s).  A cell is
 * dark where the run diverged or ended ten times above the uncompressed one.  What the library admits
 * at creation, without `force`, must hold where gamma L is at most 0.1 and at most delta: even with
 * rho = 0, which is plain error feedback, steps have to shrink with the part that is sent.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include "plot.h"
#include "training.h"

enum {
    N = 128,
    STEPS = 2000,
    TAIL = 500,
    EVERY = 10,
    RHOS = 8,
    DELTAS = 9,
    OMEGAS = 8,
    GAMMAS = 3
};

static const double rhos[RHOS] = {0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99};
static const double gammas[GAMMAS] = {0.02, 0.1, 0.5};
static const double deltas[DELTAS] = {0.01, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9};

/* Bits and buckets by rising omega. */
static const int bits[OMEGAS] = {8, 6, 5, 4, 4, 4, 3, 2},
                 buckets[OMEGAS] = {128, 128, 32, 8, 16, 128, 16, 16};

static double omega_of(size_t i)
{
    const double b = buckets[i], s = (1 << (bits[i] - 1)) - 1;

    return fmin(b / (s * s), sqrt(b) / s);
}

static csgd_status gradient(void *self, int worker, uint64_t sample, const void *x, void *g)
{
    const double *at = x;
    double *to = g;

    (void)self;
    (void)worker;
    for (size_t j = 0; j < N; j++)
        to[j] = pow(10, -(double)j / (N - 1)) * at[j] + 0.1 * repro_normal(31, sample * N + j);
    return CSGD_OK;
}

static double value_of(void *self, const double *x)
{
    double sum = 0;

    (void)self;
    for (size_t j = 0; j < N; j++)
        sum += pow(10, -(double)j / (N - 1)) * x[j] * x[j] / 2;
    return sum;
}

/* The tail of one run; negative where the spec is refused. */
static double tail(repro *r, const char *workers, double rho, double gamma)
{
    const problem p = {.n = N,
                       .n_workers = 1,
                       .oracle = {.size = sizeof(csgd_oracle), .gradient = gradient},
                       .measure = value_of};
    char spec[96];
    double start[N];
    training t = {.workers = workers,
                  .optimizer = spec,
                  .steps = STEPS,
                  .tail = TAIL,
                  .every = EVERY,
                  .start = start,
                  .below = NAN};
    outcome o;

    for (size_t j = 0; j < N; j++)
        start[j] = 1;
    snprintf(spec, sizeof spec, "momentum alpha=%.3g lr=%g", 1 - rho, gamma);
    return train(r, &p, &t, &o) ? o.mean : -1;
}

/* Whether the library would make it unasked. */
static bool admitted(const char *workers)
{
    csgd_simulation *s = NULL;
    const bool good = csgd_simulation_create(workers, N, 1, &s) == CSGD_OK;

    csgd_simulation_destroy(&s);
    return good;
}

/* Cells that the library admits, and those of them that are dark. */
typedef struct count {
    size_t open, wrong;
} count;

/* The map of one family at one gamma. */
static bool map(repro *r, bool sparse, double gamma, double *dark, count *slow, count *fast)
{
    const size_t columns = sparse ? DELTAS : OMEGAS;

    for (size_t j = 0; j < RHOS; j++) {
        const double exact = tail(r, "none algorithm=vendor", rhos[j], gamma);

        for (size_t i = 0; i < columns; i++) {
            char workers[192], forced[224];
            count *at;
            bool allowed;
            double value;

            if (sparse)
                snprintf(workers, sizeof workers, "topk ratio=%g feedback=ecx rho=%g guard=no",
                         deltas[i], rhos[j]);
            else
                snprintf(workers, sizeof workers,
                         "qsgd bits=%d bucket=%d norm=l2 algorithm=allgather feedback=ecx rho=%g "
                         "guard=no",
                         bits[i], buckets[i], rhos[j]);
            snprintf(forced, sizeof forced, "%s force=yes", workers);
            allowed = admitted(workers);
            value = tail(r, forced, rhos[j], gamma);
            if (exact < 0 || value < 0) return false;
            dark[j * columns + i] = value > 10 * exact;
            at = gamma <= 0.1 && (!sparse || gamma <= floor(deltas[i] * N) / N) ? slow : fast;
            at->open += allowed;
            at->wrong += allowed && value > 10 * exact;
            repro_row(r, "%s,%g,%g,%g,%.6g,%.6g,%d", sparse ? "topk" : "qsgd",
                      sparse ? deltas[i] : omega_of(i), rhos[j], gamma, value, exact, allowed);
        }
    }
    return true;
}

static bool draw(repro *r, bool sparse, double gamma, const double *dark)
{
    double omegas[OMEGAS];
    char title[96], ending[48];
    plot_map m = {.title = title,
                  .x_label = sparse ? "delta = k / d" : "omega",
                  .y_label = "rho",
                  .legend = "dark: unstable",
                  .x = sparse ? deltas : omegas,
                  .y = rhos,
                  .value = dark,
                  .columns = sparse ? DELTAS : OMEGAS,
                  .rows = RHOS};

    for (size_t i = 0; i < OMEGAS; i++)
        omegas[i] = omega_of(i);
    snprintf(title, sizeof title, "Two-step compensation of %s, gamma L = %g",
             sparse ? "Top-k" : "a quantizer", gamma);
    snprintf(ending, sizeof ending, "%s.%g.svg", sparse ? "topk" : "qsgd", gamma);
    return plot_write_map(&m, repro_path(r, ending));
}

static bool run(repro *r)
{
    double dark[RHOS * DELTAS];
    count slow = {0, 0}, fast = {0, 0};

    repro_csv(r, "family,parameter,rho,gamma,tail,uncompressed,admitted");
    for (size_t g = 0; g < GAMMAS; g++)
        for (int sparse = 0; sparse < 2; sparse++) {
            if (repro_brief(r) && g != 1) continue;
            if (!map(r, sparse, gammas[g], dark, &slow, &fast) || !draw(r, sparse, gammas[g], dark))
                return false;
        }
    repro_at_least(r, "admitted cells with small steps", (double)slow.open, 1);
    repro_at_most(r, "unstable among them", (double)slow.wrong, 0);
    repro_report(r, "admitted cells with larger steps", (double)fast.open);
    repro_report(r, "unstable among those", (double)fast.wrong);
    return true;
}

const repro_experiment repro_atlas = {
    .name = "atlas",
    .what = "where two-step compensation is stable, over delta or omega, rho and gamma L",
    .run = run,
};
