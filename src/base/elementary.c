/* SPDX-License-Identifier: BSD-3-Clause */

/* elementary.c: Taylor series after an exact reduction of the argument. */

#include "base/elementary.h"

#include <math.h> /* frexp, floor and fabs are exact */

static const double pi = 0x1.921fb54442d18p+1, ln_2 = 0x1.62e42fefa39efp-1,
                    sqrt_half = 0x1.6a09e667f3bcdp-1;

/* x = m 2^e with m in [1/sqrt 2, sqrt 2); ln m = 2 artanh s with s = (m - 1) / (m + 1), |s| < 0.172,
 * where artanh s = s + s^3/3 + s^5/5 + ... */
double csgdi_log(double x)
{
    enum { LAST = 23 };
    double m, s, sum = 0;
    int e;

    m = frexp(x, &e);
    if (m < sqrt_half) {
        m *= 2;
        e--;
    }
    s = (m - 1) / (m + 1);
    for (int i = LAST; i > 1; i -= 2)
        sum = (sum + 1.0 / i) * (s * s);
    return e * ln_2 + 2 * (s + s * sum);
}

/* sin t = t - t^3/3! + ... and cos t = 1 - t^2/2! + ... for |t| <= pi / 4. */
static double sine(double t)
{
    enum { LAST = 17 };
    double product = 1;

    for (int i = LAST; i > 1; i -= 2)
        product = 1 - t * t / (i * (i - 1)) * product;
    return t * product;
}

static double cosine(double t)
{
    enum { LAST = 18 };
    double product = 1;

    for (int i = LAST; i > 0; i -= 2)
        product = 1 - t * t / (i * (i - 1)) * product;
    return product;
}

/* x = quarter / 2 + rest with |rest| <= 1/4, both exact; the quarter of a turn modulo 4. */
static int reduce(double x, double *rest)
{
    const double quarter = floor(2 * x + 0.5);

    *rest = x - quarter / 2;
    return (int)(quarter - 4 * floor(quarter / 4));
}

double csgdi_cos_pi(double x)
{
    double rest;

    switch (reduce(x, &rest)) {
    case 0:
        return cosine(pi * rest);
    case 1:
        return -sine(pi * rest);
    case 2:
        return -cosine(pi * rest);
    default:
        return sine(pi * rest);
    }
}

double csgdi_sin_pi(double x)
{
    double rest;

    switch (reduce(x, &rest)) {
    case 0:
        return sine(pi * rest);
    case 1:
        return cosine(pi * rest);
    case 2:
        return -sine(pi * rest);
    default:
        return -cosine(pi * rest);
    }
}
