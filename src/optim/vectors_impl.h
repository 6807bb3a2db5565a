/* SPDX-License-Identifier: BSD-3-Clause */

/* vectors_impl.h: the functions of vectors.h for elements of type REAL; NAME(f) is f for it.
 * Included once for each type by vectors.c. */

static void NAME(combine)(size_t n, double a, const void *x, double b, const void *y, void *to)
{
    const REAL *from = x, *other = y;
    REAL *out = to;

    for (size_t i = 0; i < n; i++)
        out[i] = (REAL)(a * (double)from[i] + b * (double)other[i]);
}

static void NAME(scale)(size_t n, double a, const void *x, void *to)
{
    const REAL *from = x;
    REAL *out = to;

    for (size_t i = 0; i < n; i++)
        out[i] = (REAL)(a * (double)from[i]);
}

static void NAME(descend)(size_t n, double rho, double p, const void *y, double lr, double decay,
                          void *v, void *before, void *x)
{
    const REAL *restrict sum = y;
    REAL *restrict estimate = v, *restrict at = x;

    if (before != NULL) memcpy(before, x, n * sizeof(REAL));
    for (size_t i = 0; i < n; i++) {
        estimate[i] = (REAL)(rho * (double)estimate[i] + (double)sum[i] / p);
        at[i] = (REAL)((double)at[i] - lr * ((double)estimate[i] + decay * (double)at[i]));
    }
}

static void NAME(descend_ahead)(size_t n, double rho, double mu, double p, const void *y, double lr,
                                double decay, void *v, void *x)
{
    const REAL *restrict sum = y;
    REAL *restrict estimate = v, *restrict at = x;

    for (size_t i = 0; i < n; i++) {
        const double mean = (double)sum[i] / p;

        estimate[i] = (REAL)(rho * (double)estimate[i] + mean);
        at[i] =
            (REAL)((double)at[i] - lr * (mean + mu * (double)estimate[i] + decay * (double)at[i]));
    }
}

static void NAME(average)(size_t n, double beta, const void *g, void *m)
{
    const REAL *restrict from = g;
    REAL *restrict mean = m;

    for (size_t i = 0; i < n; i++)
        mean[i] = (REAL)(beta * (double)mean[i] + (1 - beta) * (double)from[i]);
}

static void NAME(average_squares)(size_t n, double beta, const void *g, void *v)
{
    const REAL *restrict from = g;
    REAL *restrict mean = v;

    for (size_t i = 0; i < n; i++) {
        const double square = (double)from[i] * (double)from[i];

        mean[i] = (REAL)(beta * (double)mean[i] + (1 - beta) * square);
    }
}

static void NAME(precondition)(size_t n, double lr, double c1, double c2, double eps, double decay,
                               const void *m, const void *v, void *x)
{
    const REAL *restrict first = m, *restrict second = v;
    REAL *restrict at = x;

    for (size_t i = 0; i < n; i++) {
        const double root = sqrt((double)second[i] / c2);

        at[i] = (REAL)((double)at[i] -
                       lr * ((double)first[i] / c1 / (root + eps) + decay * (double)at[i]));
    }
}

static const csgdi_vectors NAME(table) = {
    .combine = NAME(combine),
    .scale = NAME(scale),
    .descend = NAME(descend),
    .descend_ahead = NAME(descend_ahead),
    .average = NAME(average),
    .average_squares = NAME(average_squares),
    .precondition = NAME(precondition),
};

#undef NAME
#undef REAL
