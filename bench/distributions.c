/* SPDX-License-Identifier: BSD-3-Clause */

/* distributions.c: see distributions.h. */

#include "distributions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 100000 };

static const double two_pi = 6.283185307179586;

bool distribution_find(const char *name, distribution *d)
{
    static const char *const names[] = {"gauss", "laplace", "student3"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) != 0) continue;
        *d = (distribution)i;
        return true;
    }
    return false;
}

/* The i-th number of a seed in (0, 1), both ends excluded, so that logarithms are finite and not
 * zero: SplitMix64 (Steele, Lea, Flood 2014), which can be entered anywhere. */
static double uniform(uint64_t seed, uint64_t i)
{
    uint64_t z = (seed << 40) + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return ((double)(z >> 12) + 0.5) * 0x1p-52;
}

/* Box and Muller. */
static double normal(double u, double v)
{
    return sqrt(-2 * log(u)) * cos(two_pi * v);
}

static double element(distribution d, uint64_t seed, uint64_t i)
{
    const double u = uniform(seed, 4 * i), v = uniform(seed, 4 * i + 1);
    double chi2, z;

    switch (d) {
    case DIST_LAPLACE:
        return v < 0.5 ? log(u) : -log(u);
    case DIST_STUDENT3: /* chi squared of two degrees is -2 log, one more is a square */
        z = normal(uniform(seed, 4 * i + 2), uniform(seed, 4 * i + 3));
        chi2 = -2 * log(u) + z * z;
        return normal(v, uniform(seed + 1, 4 * i)) / sqrt(chi2 / 3);
    default:
        return normal(u, v);
    }
}

void distribution_fill(distribution d, uint64_t seed, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)element(d, 2 * seed, i); /* student3 takes two seeds */
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

double distribution_limit(const float *x, size_t n, double density)
{
    const size_t count = n < SAMPLE ? n : SAMPLE;
    size_t at = (size_t)(density * (double)count);
    double *magnitude = malloc(count * sizeof *magnitude), limit = 1;

    if (magnitude == NULL) return limit; /* another density then, and the row shows it */
    for (size_t i = 0; i < count; i++)
        magnitude[i] = fabs((double)x[i]);
    qsort(magnitude, count, sizeof *magnitude, descending);
    if (at > 0) at--;
    limit = magnitude[at];
    free(magnitude);
    return limit;
}
