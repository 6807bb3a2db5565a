/* SPDX-License-Identifier: BSD-3-Clause */
/* 06_saddle.c: away from a saddle point, with one element of a hundred sent a step.
 *
 * What this shows: at a strict saddle the gradient is zero, and here even its noise has no part in the
 * one direction that leads down.  Artificial noise, a key of every optimizer, finds that direction; it
 * is drawn from a stream that all workers share, so it costs no traffic.  With feedback a compressed
 * run takes little longer than an exact one, though Top-1 sends one element of a hundred, and Rand-1 a
 * random one.  Without feedback, or without noise, it stays where it is.  For compressors that are not
 * linear the theory asks for a reset now and then: what has not been sent goes into x at once.
 * (Avdiukhin, Yaroslavtsev: Escaping saddle points with compressed SGD, 2021.)
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    build/release/examples/06_saddle
 *
 * Expected output:
 *
 *     optimizer                                spec                    steps
 *     sgd lr=0.01 noise=0.1                    none                    5800
 *     sgd lr=0.01 noise=0.1                    topk k=1                5938
 *     sgd lr=0.01 noise=0.1 reset_every=500    topk k=1                5947
 *     sgd lr=0.01 noise=0.1                    randk k=1               7121
 *     sgd lr=0.01 noise=0.1                    topk k=1 feedback=none  stays
 *     sgd lr=0.01                              topk k=1                stays
 *
 * Next: 07_hard_threshold.c, which compressor to take where gradients shrink.
 */
#include <csgd/csgd.h>

#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 2, N = 100, PATIENCE = 10000 };

/* f(x) = sum of h_j x_j^2 / 2 + x_j^4 / 4 has its saddle at 0, and its least value at x_0^2 = 0.1. */
static double h(int j)
{
    return j == 0 ? -0.1 : 0.1 + 0.9 * (j - 1) / (N - 2);
}

static double height(const double *x)
{
    double f = 0;

    for (int j = 0; j < N; j++)
        f += h(j) * x[j] * x[j] / 2 + x[j] * x[j] * x[j] * x[j] / 4;
    return f;
}

/* Noise between -0.01 and 0.01, in all elements but the first. */
static csgd_status gradient(void *self, int w, uint64_t sample, const void *at, void *g)
{
    const double *x = at;
    uint64_t state = sample * WORKERS + (uint64_t)w;

    (void)self;
    for (int j = 0; j < N; j++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((double *)g)[j] = h(j) * x[j] + x[j] * x[j] * x[j];
        if (j > 0) ((double *)g)[j] += 0.02 * ((double)(state >> 11) * 0x1p-53 - 0.5);
    }
    return CSGD_OK;
}

static void check(csgd_status status)
{
    if (status == CSGD_OK) return;
    fprintf(stderr, "%s\n", csgd_error_detail());
    exit(EXIT_FAILURE);
}

int main(void)
{
    static const struct {
        const char *optimizer, *spec;
    } runs[] = {
        {"sgd lr=0.01 noise=0.1", "none"},
        {"sgd lr=0.01 noise=0.1", "topk k=1"},
        {"sgd lr=0.01 noise=0.1 reset_every=500", "topk k=1"},
        {"sgd lr=0.01 noise=0.1", "randk k=1"},
        {"sgd lr=0.01 noise=0.1", "topk k=1 feedback=none"},
        {"sgd lr=0.01", "topk k=1"},
    };
    const csgd_oracle oracle = {.size = sizeof oracle, .gradient = gradient};

    printf("%-40s %-23s %s\n", "optimizer", "spec", "steps");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        double x[N] = {0};
        csgd_simulation *simulation;
        csgd_optimizer *optimizer;
        csgd_workers workers;
        char typed[64];
        int t = 0;

        snprintf(typed, sizeof typed, "%s type=f64", runs[i].spec);
        check(csgd_simulation_create(typed, N, WORKERS, &simulation));
        check(csgd_simulation_workers(simulation, &workers));
        check(csgd_optimizer_create(runs[i].optimizer, N, &workers, &oracle, &optimizer));
        for (; t < PATIENCE && height(x) > -0.0015; t++)
            check(csgd_optimizer_step(optimizer, x));
        printf("%-40s %-23s ", runs[i].optimizer, runs[i].spec);
        if (t < PATIENCE)
            printf("%d\n", t);
        else
            printf("stays\n");
        csgd_optimizer_destroy(&optimizer);
        csgd_simulation_destroy(&simulation);
    }
    return EXIT_SUCCESS;
}
