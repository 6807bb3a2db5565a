/* SPDX-License-Identifier: BSD-3-Clause */
/* 07_hard_threshold.c: the same number of entries, spent where they are worth most.
 *
 * What this shows: Top-k sends k entries of every vector, a hard threshold those above lambda, so that
 * large vectors get more of them and small ones fewer.  Of a given sequence nothing that sends as many
 * entries in all has a smaller total error (Sahu et al. 2021), and where vectors differ in size, as
 * gradients do over a run, the difference is large.  In training with feedback the sequence depends on
 * what was sent: the total error is smaller there as well, for as many bytes, but whoever gets nearer
 * depends: in the end gradients are small, and what is below lambda waits long.  Try both.
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    build/release/examples/07_hard_threshold
 *
 * Expected output:
 *
 *     a sequence                   entries  total error
 *     topk k=20                       2000         2842
 *     threshold                       2000         1050
 *     training with feedback            kB  total error  |gradient|^2
 *     topk ratio=0.02 type=f64        1150     3.37e+08        0.0028
 *     threshold lambda=5 type=f64     1160     3.67e+07        0.1402
 *
 * Next: 08_plugin.c, a compressor of your own.
 */
#include <csgd/csgd.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 1000, K = 20, VECTORS = 100, WORKERS = 8, STEPS = 600 };

/* A number of mean 0 and variance 1 that is a function of its arguments. */
static double number(uint64_t a, uint64_t b)
{
    uint64_t x = (a * 1000003 + b + 1) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return ((double)(x >> 11) * 0x1p-53 - 0.5) * 3.4641;
}

static void check(csgd_status status)
{
    if (status == CSGD_OK) return;
    fprintf(stderr, "%s\n", csgd_error_detail());
    exit(EXIT_FAILURE);
}

/* Element i of vector v of the sequence: products of numbers have some large values among many small
 * ones, and later vectors are smaller. */
static double element(int v, int i)
{
    const uint64_t a = (uint64_t)v, b = (uint64_t)i;

    return number(a, b) * number(a + 1000, b) * number(a + 2000, b) / (1 + 0.3 * v);
}

static int larger_first(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

/* The K-th largest magnitude times vectors: what a threshold must be to send as many entries. */
static double fair_lambda(void)
{
    static double all[VECTORS * N];

    for (int v = 0; v < VECTORS; v++)
        for (int i = 0; i < N; i++)
            all[v * N + i] = fabs(element(v, i));
    qsort(all, VECTORS * N, sizeof *all, larger_first);
    return all[VECTORS * K - 1];
}

static void compress_sequence(const char *label, const char *spec)
{
    static double x[N], y[N];
    double error = 0;
    long sent = 0;
    csgd_compressor *c;
    uint8_t *message;
    size_t len;

    check(csgd_compressor_create(spec, N, &c));
    message = malloc(csgd_compressor_bound(c));
    if (message == NULL) exit(EXIT_FAILURE);
    for (int v = 0; v < VECTORS; v++) {
        for (int i = 0; i < N; i++)
            x[i] = element(v, i);
        check(csgd_compressor_compress(c, x, message, csgd_compressor_bound(c), &len));
        check(csgd_compressor_decompress(c, message, len, y));
        for (int i = 0; i < N; i++) {
            sent += y[i] != 0;
            error += (x[i] - y[i]) * (x[i] - y[i]);
        }
    }
    printf("%-28s %7ld %12.0f\n", label, sent, error);
    free(message);
    csgd_compressor_destroy(&c);
}

static double slope(int w, int j, double x)
{
    return (x - 0.05 * number((uint64_t)w, (uint64_t)j)) / (1 + 0.009 * j);
}

static csgd_status gradient(void *self, int w, uint64_t sample, const void *x, void *g)
{
    (void)self;
    for (int j = 0; j < N; j++)
        ((double *)g)[j] = slope(w, j, ((const double *)x)[j]) +
                           0.02 * number(sample + 1000, (uint64_t)(w * N + j));
    return CSGD_OK;
}

static void train(const char *spec)
{
    const csgd_oracle oracle = {.size = sizeof oracle, .gradient = gradient};
    double x[N], error = 0, square = 0;
    csgd_simulation *simulation;
    csgd_optimizer *optimizer;
    csgd_workers workers;
    csgd_stats stats;

    for (int j = 0; j < N; j++)
        x[j] = 10 * number(5, (uint64_t)j); /* far away */
    check(csgd_simulation_create(spec, N, WORKERS, &simulation));
    check(csgd_simulation_workers(simulation, &workers));
    check(csgd_optimizer_create("sgd lr=0.1", N, &workers, &oracle, &optimizer));
    for (int t = 0; t < STEPS; t++) {
        check(csgd_optimizer_step(optimizer, x));
        check(workers.stats(workers.self, &stats, sizeof stats));
        error += stats.residual_norm * stats.residual_norm;
    }
    for (int j = 0; j < N; j++) {
        double mean = 0;
        for (int w = 0; w < WORKERS; w++)
            mean += slope(w, j, x[j]) / WORKERS;
        square += mean * mean;
    }
    printf("%-28s %7.0f %12.2e %13.4f\n", spec, (double)stats.message_bytes / 1000, error, square);
    csgd_optimizer_destroy(&optimizer);
    csgd_simulation_destroy(&simulation);
}

int main(void)
{
    char threshold[64];

    printf("%-28s %7s %12s\n", "a sequence", "entries", "total error");
    snprintf(threshold, sizeof threshold, "threshold lambda=%.17g kmax=1000 type=f64",
             fair_lambda());
    compress_sequence("topk k=20", "topk k=20 type=f64");
    compress_sequence("threshold", threshold);
    printf("%-28s %7s %12s %13s\n", "training with feedback", "kB", "total error", "|gradient|^2");
    train("topk ratio=0.02 type=f64");
    train("threshold lambda=5 type=f64");
    return EXIT_SUCCESS;
}
