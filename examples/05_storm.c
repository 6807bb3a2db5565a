/* SPDX-License-Identifier: BSD-3-Clause */
/* 05_storm.c: STORM over MPI, its increments sent as one bit an element.
 *
 * What this shows: an optimizer over the ranks of a reducer.  STORM asks for the gradient of the same
 * samples at this x and at the last one, and so removes most of their noise.  What it sends are
 * differences, which add up to its estimate, so that what a compressor leaves out of them is never
 * made good by itself: without memory it stays far off.  With feedback=ecx rho=step the optimizer tells
 * the reducer its rho and learning rate before each sum, and what the bits leave out cancels, whatever
 * the optimizer.  Here one step of memory (ef) does no worse; 04 has a problem where it does.
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    mpirun -n 4 --oversubscribe build/release/examples/05_storm
 *
 * Expected output:
 *
 *     optimizer                   spec                                 |gradient|^2
 *     sgd lr=0.05                 none type=f64                            0.000128
 *     storm alpha=0.02 lr=0.05    none type=f64                            0.000027
 *     storm alpha=0.02 lr=0.05    sign type=f64 feedback=none              0.005459
 *     storm alpha=0.02 lr=0.05    sign type=f64 feedback=ef                0.000027
 *     storm alpha=0.02 lr=0.05    sign type=f64 feedback=ecx rho=step      0.000037
 *
 * Next: 06_saddle.c, where the gradient alone leads nowhere.
 */
#include <csgd/mpi.h>
#include <csgd/optimizer.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 50, STEPS = 2000, SAMPLES = 250 };

/* A number of mean 0 and variance 1 that is a function of its arguments. */
static double number(uint64_t a, uint64_t b)
{
    uint64_t x = (a * 1000003 + b + 1) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return ((double)(x >> 11) * 0x1p-53 - 0.5) * 3.4641;
}

/* Add to g the gradient, times weight, of one sample's loss: of the margin p = y a.x, with the slope
 * -(1 - p / (1 + |p|)) / 2, much like that of logistic regression but without an exponential. */
static void add_sample(int worker, uint64_t s, double weight, const double *x, double *g)
{
    const uint64_t id = (uint64_t)worker * SAMPLES + s % SAMPLES;
    double product = 0, truth = 5 * number(id, N), slope;

    for (uint64_t j = 0; j < N; j++) {
        product += number(id, j) * x[j];
        truth += number(id, j) * number(77, j);
    }
    if (truth < 0) product = -product;
    slope = (product / (1 + fabs(product)) - 1) / 2;
    if (truth < 0) slope = -slope;
    for (uint64_t j = 0; j < N; j++)
        g[j] += weight * (slope * number(id, j) + 0.01 * x[j]);
}

/* Four samples of this rank's, the same ones for the same step. */
static csgd_status gradient(void *self, int worker, uint64_t step, const void *x, void *g)
{
    double *out = g;

    (void)self;
    for (int j = 0; j < N; j++)
        out[j] = 0;
    for (uint64_t i = 0; i < 4; i++)
        add_sample(worker, step * 4 + i, 0.25, x, out);
    return CSGD_OK;
}

/* Squared norm of the gradient over all samples of all ranks. */
static double slope(int rank, int n_ranks, const double *x)
{
    double g[N] = {0}, square = 0;

    for (uint64_t s = 0; s < SAMPLES; s++)
        add_sample(rank, s, 1.0 / SAMPLES / n_ranks, x, g);
    MPI_Allreduce(MPI_IN_PLACE, g, N, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (int j = 0; j < N; j++)
        square += g[j] * g[j];
    return square;
}

static void check(csgd_status status)
{
    if (status == CSGD_OK) return;
    fprintf(stderr, "%s\n", csgd_error_detail());
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static void train(const char *optimizer, const char *spec, int rank, int n_ranks)
{
    const csgd_oracle oracle = {.size = sizeof oracle, .gradient = gradient};
    double x[N] = {0}, mean = 0;
    csgd_workers workers;
    csgd_optimizer *opt;
    csgd_reducer *r;

    csgd_reducer_create_mpi(MPI_COMM_WORLD, N, spec, &r);
    check(csgd_reducer_workers(r, &workers));
    check(csgd_optimizer_create(optimizer, N, &workers, &oracle, &opt));
    for (int t = 0; t < STEPS; t++) {
        check(csgd_optimizer_step(opt, x));
        if (t % 100 == 99 && t >= STEPS - 1000) mean += slope(rank, n_ranks, x) / 10;
    }
    if (rank == 0) printf("%-27s %-36s %12.6f\n", optimizer, spec, mean);
    csgd_optimizer_destroy(&opt);
    csgd_reducer_destroy(&r);
}

int main(int argc, char **argv)
{
    static const char storm[] = "storm alpha=0.02 lr=0.05";
    int rank, n_ranks;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    if (rank == 0) printf("%-27s %-36s %12s\n", "optimizer", "spec", "|gradient|^2");
    train("sgd lr=0.05", "none type=f64", rank, n_ranks);
    train(storm, "none type=f64", rank, n_ranks);
    train(storm, "sign type=f64 feedback=none", rank, n_ranks);
    train(storm, "sign type=f64 feedback=ef", rank, n_ranks);
    train(storm, "sign type=f64 feedback=ecx rho=step", rank, n_ranks);
    MPI_Finalize();
    return 0;
}
