/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_MATRIX_H
#define CSGDI_MATRIX_H

/* matrix.h: products of a large matrix with a few columns, in tables like those of kernels.h.
 *
 * BLAS is no help here: its order of addition depends on machine, version and threads, and ranks
 * have to share bits; and a product with four columns is bound by memory, not by arithmetic.
 *
 * M is a vector of n elements read as rows of `cols` elements, ceil(n / cols) of them; the last row
 * may be short, and what it lacks counts as +0.  The thin matrices P, rows x rank, and Q, cols x
 * rank, are stored column after column: P[i][k] is p[k * rows + i], Q[j][k] is q[k * cols + j].
 *
 * Every product and every sum is rounded to the element type (dot and subtract: to double), one
 * after the other, so no multiplication is fused with an addition.  The order of addition is part
 * of the specification and stands with each slot.  cols and rank are at least 1; n may be 0.  Buffers
 * need the alignment of their type and do not overlap.
 */

#include <csgd/compressor.h>
#include "kernels/kernels.h"

enum {
    CSGDI_MATRIX_BLOCK = 1024, /* columns of a block of times() */
    CSGDI_MATRIX_LANES = 64,   /* bytes of its strided sums: 16 of float, 8 of double */
    CSGDI_MATRIX_ROWS = 4      /* rows of a group of times_transposed() */
};

typedef struct csgdi_matrix_kernels {
    const char *isa;
    csgd_type type;

    /* P = M Q.  P[i][k] is summed in blocks of CSGDI_MATRIX_BLOCK columns, which are added in their
     * order.  A block is summed by L = 16 (float) or 8 (double) strided sums that begin with 0,
     * s[j % L] += M[i][j] Q[j][k], its last group of L filled up with products +0; then as a tree:
     * s[l] += s[l + L / 2] for l < L / 2, then + L / 4, down to + 1. */
    void (*times)(const void *m, size_t n, size_t cols, const void *q, size_t rank, void *p);

    /* M = G + E, and P = M Q of that M, in one pass over memory.  m may be g or e.  past: NULL, or
     * whose stream() writes M, with stream_end() to follow. */
    void (*add_times)(const void *g, const void *e, size_t n, size_t cols, const void *q,
                      size_t rank, const csgdi_kernels *past, void *m, void *p);

    /* Q = M^T P.  Q[j][k] begins with 0, and for each group of four rows gets
     * (M[i][j] P[i][k] + M[i+1][j] P[i+1][k]) + (M[i+2][j] P[i+2][k] + M[i+3][j] P[i+3][k]),
     * where rows past the last have products +0. */
    void (*times_transposed)(const void *m, size_t n, size_t cols, const void *p, size_t rank,
                             void *q);

    /* Y = or += or -= P Q^T, of the shape of M: the products of k = 0, 1, ... are added to 0 in this
     * order, and the sum is set, added or subtracted. */
    void (*expand)(const void *p, const void *q, size_t rank, size_t n, size_t cols,
                   csgdi_mode mode, void *y);

    /* Sum of v[i] p[i] in double, by sixteen strided sums and their tree, as in kernels.h, but with
     * the whole vector as one block. */
    double (*dot)(const double *v, const void *p, size_t n);

    /* v[i] -= factor p[i], in double. */
    void (*subtract)(const void *p, double factor, size_t n, double *v);
} csgdi_matrix_kernels;

/* The matrix kernels of the same type and instruction set. */
const csgdi_matrix_kernels *csgdi_matrix_get(const csgdi_kernels *kernels);

/* Make the columns of P orthonormal, from the first to the last, by modified Gram-Schmidt in
 * double, twice for each column, as once is not enough where little is left of it.  A column of which
 * less than the machine epsilon of the element type is left, in 2-norm, depended on the ones before:
 * it becomes zero, and so does one that is not finite.  The same bits on every instruction set.
 * scratch: rows elements. */
void csgdi_orthonormalise(const csgdi_matrix_kernels *kernels, void *p, size_t rows, size_t rank,
                          double *scratch);

/* Outside of src/kernels use csgdi_matrix_get(). */
extern const csgdi_matrix_kernels csgdi_matrix_ref_f32, csgdi_matrix_ref_f64;
extern const csgdi_matrix_kernels csgdi_matrix_avx2_f32, csgdi_matrix_avx2_f64;
extern const csgdi_matrix_kernels csgdi_matrix_avx512_f32, csgdi_matrix_avx512_f64;
extern const csgdi_matrix_kernels csgdi_matrix_neon_f32, csgdi_matrix_neon_f64;

#endif
