/* SPDX-License-Identifier: BSD-3-Clause */
/* 04_compensated_momentum.c: one bit an element, under momentum, with and without a second step back.
 *
 * What this shows: an optimizer owns the loop, and tells feedback what it must know.  Eight workers,
 * simulated one after the other, want different x and see noisy gradients; the mean is what counts.
 * Momentum averages gradients over 50 steps, and with them what the signs left out: one step of memory
 * (ef) pays a loss back once, while momentum goes on with it for 50 steps.  Two steps (ecx) know that.
 * Both passes are compressed, each worker's vector and their sum.  Without any memory it fails, and
 * where steps are long one step of memory is not stable.
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    build/release/examples/04_compensated_momentum
 *
 * Expected output:
 *
 *     |gradient|^2 of the last steps         lr=0.05      lr=0.1
 *     none                                   0.00081     0.00157
 *     sign feedback=none                     0.47289     0.47548
 *     sign feedback=ef                       0.00085    diverges
 *     sign feedback=ecx rho=step             0.00082     0.00163
 *
 * Next: 05_storm.c, where workers are ranks of MPI.
 */
#include <csgd/csgd.h>

#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 8, N = 100, STEPS = 4000, LAST = 1000 };

/* A number of mean 0 and variance 1 that is a function of its arguments. */
static double number(uint64_t a, uint64_t b)
{
    uint64_t x = (a * 1000003 + b + 1) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return ((double)(x >> 11) * 0x1p-53 - 0.5) * 3.4641;
}

/* What worker w wants of x_j has the slope h (x_j - c), c its own. */
static double slope(int w, int j, double x)
{
    return (x - number((uint64_t)w, (uint64_t)j)) / (1.0 + 0.09 * j);
}

static csgd_status gradient(void *self, int w, uint64_t sample, const void *x, void *g)
{
    (void)self;
    for (int j = 0; j < N; j++)
        ((double *)g)[j] = slope(w, j, ((const double *)x)[j]) +
                           0.1 * number(sample + 1000, (uint64_t)(w * N + j));
    return CSGD_OK;
}

static void check(csgd_status status)
{
    if (status == CSGD_OK) return;
    fprintf(stderr, "%s\n", csgd_error_detail());
    exit(EXIT_FAILURE);
}

static double train(const char *optimizer, const char *spec)
{
    const csgd_oracle oracle = {.size = sizeof oracle, .gradient = gradient};
    double x[N] = {0}, mean = 0;
    csgd_simulation *simulation;
    csgd_workers workers;
    csgd_optimizer *opt;

    check(csgd_simulation_create(spec, N, WORKERS, &simulation));
    check(csgd_simulation_workers(simulation, &workers));
    check(csgd_optimizer_create(optimizer, N, &workers, &oracle, &opt));
    for (int t = 0; t < STEPS; t++) {
        check(csgd_optimizer_step(opt, x));
        for (int j = 0; j < N && t >= STEPS - LAST; j++) {
            double true_slope = 0;
            for (int w = 0; w < WORKERS; w++)
                true_slope += slope(w, j, x[j]) / WORKERS;
            mean += true_slope * true_slope / LAST;
        }
    }
    csgd_optimizer_destroy(&opt);
    csgd_simulation_destroy(&simulation);
    return mean;
}

int main(void)
{
    static const char *const specs[] = {"none", "sign feedback=none", "sign feedback=ef",
                                        "sign feedback=ecx rho=step"};

    printf("%-34s %11s %11s\n", "|gradient|^2 of the last steps", "lr=0.05", "lr=0.1");
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        char typed[64];

        snprintf(typed, sizeof typed, "%s type=f64", specs[s]);
        const double fine = train("momentum alpha=0.02 lr=0.05", typed);
        const double coarse = train("momentum alpha=0.02 lr=0.1", typed);
        if (coarse < 1e3)
            printf("%-34s %11.5f %11.5f\n", specs[s], fine, coarse);
        else
            printf("%-34s %11.5f %11s\n", specs[s], fine, "diverges");
    }
    return EXIT_SUCCESS;
}
