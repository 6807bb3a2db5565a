/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_VECTORS_H
#define CSGDI_VECTORS_H

/* vectors.h: what optimizers do to vectors, element by element.
 *
 * Every element is computed in double and rounded once to its type, so no order of elements and no
 * instruction set can change a bit; compilers make vector code of these loops by themselves.  Sums
 * over elements are kernels' (kernels/kernels.h).
 */

#include <stddef.h>
#include <csgd/compressor.h>

typedef struct csgdi_vectors {
    /* to = a x + b y.  to may be x or y. */
    void (*combine)(size_t n, double a, const void *x, double b, const void *y, void *to);

    /* to = a x. */
    void (*scale)(size_t n, double a, const void *x, void *to);

    /* v = rho v + y / p;  before = x, unless it is NULL;  x -= lr (v + decay x). */
    void (*descend)(size_t n, double rho, double p, const void *y, double lr, double decay, void *v,
                    void *before, void *x);

    /* v = rho v + y / p;  x -= lr (y / p + mu v + decay x). */
    void (*descend_ahead)(size_t n, double rho, double mu, double p, const void *y, double lr,
                          double decay, void *v, void *x);

    /* m = beta m + (1 - beta) g. */
    void (*average)(size_t n, double beta, const void *g, void *m);

    /* v = beta v + (1 - beta) g^2. */
    void (*average_squares)(size_t n, double beta, const void *g, void *v);

    /* x -= lr (m / c1 / (sqrt(v / c2) + eps) + decay x). */
    void (*precondition)(size_t n, double lr, double c1, double c2, double eps, double decay,
                         const void *m, const void *v, void *x);
} csgdi_vectors;

/* The table for CSGD_F32 or CSGD_F64. */
const csgdi_vectors *csgdi_vectors_get(csgd_type type);

#endif
