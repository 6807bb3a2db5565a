/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_simd.h: the matrix kernels of an instruction set, a template over it and the element type.
 *
 * The includer defines
 *
 *     SIMD_TYPE   the element type            SIMD_VECTOR  a vector of it
 *     SIMD_LANES  elements of a vector        SIMD_LINE    vectors of CSGDI_MATRIX_LANES bytes
 *     SIMD_ROWS   rows and ranks of a tile    SIMD_RANKS   of times(), by registers there are
 *     SIMD_ID     its csgd_type               SIMD_ISA     the table's name for itself
 *     S(name)     the name of a slot          SIMD_TABLE   the name of the table
 *
 * and the functions below, V(name) each:
 *
 *     VECTOR  load(const TYPE *), load_part(const TYPE *, size_t count)    the other lanes 0
 *     void    store(TYPE *, VECTOR), store_part(TYPE *, size_t count, VECTOR)
 *     VECTOR  zero(), all_of(TYPE), plus(a, b), minus(a, b), mul(a, b)
 *     TYPE    total(const VECTOR *)    the tree over the strided sums of SIMD_LINE vectors
 *     D       doubles(const TYPE *)    DOUBLES elements as doubles
 *
 * Each element of a large matrix is loaded once a pass, for all of a tile's products.  Tiles do not
 * change the order of a sum, so every instruction set takes the size that its registers hold.  The
 * columns go in panels whose part of Q stays in the second level cache.
 */

/* The compiler's own judgement would leave one body with counts that it does not know. */
#define TILE static inline __attribute__((always_inline))

static inline size_t S(least)(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Have the line of x[i] on its way, which may be outside; by inlining, as gcc drops calls of functions
 * that do nothing else. */
TILE void S(soon)(const SIMD_TYPE *x, size_t i)
{
    __builtin_prefetch((const void *)((uintptr_t)x + i * sizeof *x), 0, 2);
}

/* Columns of a panel: whole blocks. */
static size_t S(panel)(size_t rank)
{
    const size_t blocks = 262144 / (CSGDI_MATRIX_BLOCK * sizeof(SIMD_TYPE) * rank);

    return CSGDI_MATRIX_BLOCK * (blocks > 0 ? blocks : 1);
}

#include "kernels/matrix_times.h"

/* --- Q = M^T P --- */

/* A group of rows, each as far as it goes. */
typedef struct S(group) {
    const SIMD_TYPE *row[CSGDI_MATRIX_ROWS];
    size_t length[CSGDI_MATRIX_ROWS]; /* 0: there is no such row */
    size_t whole;                     /* columns that all of them have */
} S(group);

static inline SIMD_VECTOR S(four)(const SIMD_VECTOR m[CSGDI_MATRIX_ROWS],
                                  const SIMD_VECTOR p[CSGDI_MATRIX_ROWS])
{
    return V(plus)(V(plus)(V(mul)(m[0], p[0]), V(mul)(m[1], p[1])),
                   V(plus)(V(mul)(m[2], p[2]), V(mul)(m[3], p[3])));
}

/* Columns from .. to of a group, and `ranks` columns of P, which is known where this is inlined. */
TILE void S(outer)(const S(group) * g, const SIMD_TYPE *p, size_t p_rows, size_t from, size_t to,
                   size_t cols, const size_t ranks, bool ahead, SIMD_TYPE *q)
{
    SIMD_VECTOR factor[SIMD_RANKS][CSGDI_MATRIX_ROWS], m[CSGDI_MATRIX_ROWS];
    const size_t whole = S(least)(g->whole, to);
    size_t j = from;

    for (size_t k = 0; k < ranks; k++)
        for (size_t r = 0; r < CSGDI_MATRIX_ROWS; r++)
            factor[k][r] = g->length[r] > 0 ? V(all_of)(p[k * p_rows + r]) : V(zero)();
    for (; j < whole && whole - j >= SIMD_LANES; j += SIMD_LANES) {
        for (size_t r = 0; r < CSGDI_MATRIX_ROWS; r++) {
            if (ahead) S(soon)(g->row[r], CSGDI_MATRIX_ROWS * cols + j);
            m[r] = V(load)(g->row[r] + j);
        }
        for (size_t k = 0; k < ranks; k++)
            V(store)(q + k * cols + j, V(plus)(V(load)(q + k * cols + j), S(four)(m, factor[k])));
    }
    for (; j < to; j += SIMD_LANES) {
        const size_t part = S(least)(to - j, SIMD_LANES);
        for (size_t r = 0; r < CSGDI_MATRIX_ROWS; r++) {
            const size_t left = g->length[r] - S(least)(j, g->length[r]);
            m[r] = left > 0 ? V(load_part)(g->row[r] + j, S(least)(left, part)) : V(zero)();
        }
        for (size_t k = 0; k < ranks; k++) {
            SIMD_TYPE *const to_q = q + k * cols + j;
            const SIMD_VECTOR sum = V(load_part)(to_q, part);
            V(store_part)(to_q, part, V(plus)(sum, S(four)(m, factor[k])));
        }
    }
}

static void S(times_transposed)(const void *m, size_t n, size_t cols, const void *p, size_t rank,
                                void *q)
{
    const size_t rows = csgdi_matrix_rows(n, cols), panel = S(panel)(rank);
    const SIMD_TYPE *a = m, *b = p;
    SIMD_TYPE *c = q;

    memset(q, 0, cols * rank * sizeof(SIMD_TYPE));
    for (size_t from = 0; from < cols; from += panel)
        for (size_t i = 0; i < rows; i += CSGDI_MATRIX_ROWS) {
            const size_t to = S(least)(cols, from + panel);
            S(group) g = {.whole = cols};
            size_t k = 0;

            for (size_t r = 0; r < CSGDI_MATRIX_ROWS; r++) {
                if (i + r < rows) {
                    g.row[r] = a + (i + r) * cols;
                    g.length[r] = csgdi_matrix_row_length(n, cols, i + r);
                }
                g.whole = S(least)(g.whole, g.length[r]);
            }
            for (; rank - k >= SIMD_RANKS; k += SIMD_RANKS)
                S(outer)
            (&g, b + k * rows + i, rows, from, to, cols, SIMD_RANKS, k == 0, c + k * cols);
            for (; k < rank; k++)
                S(outer)(&g, b + k * rows + i, rows, from, to, cols, 1, k == 0, c + k * cols);
        }
}

/* --- Y = P Q^T --- */

static inline SIMD_VECTOR S(combine)(csgdi_mode mode, SIMD_VECTOR y, SIMD_VECTOR sum)
{
    return mode == CSGDI_ADD ? V(plus)(y, sum) : V(minus)(y, sum);
}

/* Columns from .. to of `rows` rows, known where this is inlined. */
TILE void S(rows_of)(const SIMD_TYPE *p, size_t p_rows, const SIMD_TYPE *q, size_t rank,
                     size_t from, size_t to, size_t cols, const size_t rows, csgdi_mode mode,
                     SIMD_TYPE *y)
{
    SIMD_VECTOR s[SIMD_ROWS][2];
    size_t j = from;

    for (; to - j >= 2 * SIMD_LANES; j += 2 * SIMD_LANES) {
        for (size_t r = 0; r < rows; r++)
            s[r][0] = s[r][1] = V(zero)();
        for (size_t k = 0; k < rank; k++) {
            const SIMD_VECTOR b0 = V(load)(q + k * cols + j);
            const SIMD_VECTOR b1 = V(load)(q + k * cols + j + SIMD_LANES);
            for (size_t r = 0; r < rows; r++) {
                const SIMD_VECTOR a = V(all_of)(p[k * p_rows + r]);
                s[r][0] = V(plus)(s[r][0], V(mul)(a, b0));
                s[r][1] = V(plus)(s[r][1], V(mul)(a, b1));
            }
        }
        for (size_t r = 0; r < rows; r++)
            for (size_t h = 0; h < 2; h++) {
                SIMD_TYPE *const at = y + r * cols + j + h * SIMD_LANES;
                S(soon)(at, rows * cols);
                V(store)(at, mode == CSGDI_SET ? s[r][h] : S(combine)(mode, V(load)(at), s[r][h]));
            }
    }
    for (; j < to; j += SIMD_LANES) {
        const size_t part = S(least)(to - j, SIMD_LANES);
        for (size_t r = 0; r < rows; r++) {
            SIMD_TYPE *const at = y + r * cols + j;
            SIMD_VECTOR sum = V(zero)();
            for (size_t k = 0; k < rank; k++)
                sum = V(plus)(sum, V(mul)(V(all_of)(p[k * p_rows + r]),
                                          V(load_part)(q + k * cols + j, part)));
            if (mode != CSGDI_SET) sum = S(combine)(mode, V(load_part)(at, part), sum);
            V(store_part)(at, part, sum);
        }
    }
}

static void S(expand)(const void *p, const void *q, size_t rank, size_t n, size_t cols,
                      csgdi_mode mode, void *y)
{
    const size_t rows = csgdi_matrix_rows(n, cols), whole = n / cols, panel = S(panel)(rank);
    const SIMD_TYPE *a = p, *b = q;
    SIMD_TYPE *c = y;

    for (size_t from = 0; from < cols; from += panel) {
        const size_t to = S(least)(cols, from + panel);
        size_t i = 0;

        for (; whole - i >= SIMD_ROWS; i += SIMD_ROWS)
            S(rows_of)(a + i, rows, b, rank, from, to, cols, SIMD_ROWS, mode, c + i * cols);
        for (; i < rows; i++) {
            const size_t end = S(least)(to, csgdi_matrix_row_length(n, cols, i));
            if (from < end)
                S(rows_of)(a + i, rows, b, rank, from, end, cols, 1, mode, c + i * cols);
        }
    }
}

/* --- columns in double --- */

static double S(dot)(const double *v, const void *p, size_t n)
{
    const SIMD_TYPE *a = p;
    double total[CSGDI_LANES];
    D s[CSGDI_LANES / DOUBLES];
    size_t i = 0;

    for (size_t l = 0; l < CSGDI_LANES / DOUBLES; l++)
        s[l] = d_zero();
    for (; n - i >= CSGDI_LANES; i += CSGDI_LANES)
        for (size_t l = 0; l < CSGDI_LANES / DOUBLES; l++)
            s[l] =
                d_plus(s[l], d_times(d_load(v + i + l * DOUBLES), V(doubles)(a + i + l * DOUBLES)));
    for (size_t l = 0; l < CSGDI_LANES / DOUBLES; l++)
        d_store(total + l * DOUBLES, s[l]);
    for (; i < n; i++)
        total[i % CSGDI_LANES] += v[i] * (double)a[i];
    return csgdi_lanes_total(total);
}

static void S(subtract)(const void *p, double factor, size_t n, double *v)
{
    const SIMD_TYPE *a = p;
    const D f = d_all(factor);
    size_t i = 0;

    for (; n - i >= DOUBLES; i += DOUBLES)
        d_store(v + i, d_minus(d_load(v + i), d_times(f, V(doubles)(a + i))));
    for (; i < n; i++)
        v[i] -= factor * (double)a[i];
}

const csgdi_matrix_kernels SIMD_TABLE = {
    .isa = SIMD_ISA,
    .type = SIMD_ID,
    .times = S(times),
    .add_times = S(add_times),
    .times_transposed = S(times_transposed),
    .expand = S(expand),
    .dot = S(dot),
    .subtract = S(subtract),
};

#undef SIMD_TYPE
#undef SIMD_VECTOR
#undef SIMD_LANES
#undef SIMD_LINE
#undef SIMD_ID
#undef SIMD_TABLE
#undef TILE
#undef S
#undef V
