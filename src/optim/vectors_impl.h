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

static const csgdi_vectors NAME(table) = {
    .combine = NAME(combine),
    .scale = NAME(scale),
    .descend = NAME(descend),
    .descend_ahead = NAME(descend_ahead),
};

#undef NAME
#undef REAL
