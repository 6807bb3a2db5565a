/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_times.h: P = M Q, where M may have to be made first; a part of matrix_simd.h. */

/* `count` columns of one block, `rows` rows and `ranks` columns of Q, both known where this is
 * inlined.  M comes from memory for the first ranks only, so they call the next rows. */
TILE void S(dots)(const SIMD_TYPE *m, size_t cols, const SIMD_TYPE *q, size_t q_rows, size_t count,
                  const size_t rows, const size_t ranks, bool ahead, bool first, SIMD_TYPE *p,
                  size_t p_rows)
{
    SIMD_VECTOR s[SIMD_ROWS][SIMD_RANKS][SIMD_LINE];
    size_t j = 0;

    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < ranks; k++)
            for (size_t h = 0; h < SIMD_LINE; h++)
                s[r][k][h] = V(zero)();
    for (; count - j >= SIMD_LINE * SIMD_LANES; j += SIMD_LINE * SIMD_LANES) {
        for (size_t r = 0; ahead && r < rows; r++)
            S(soon)(m, (rows + r) * cols + j);
        for (size_t h = 0; h < SIMD_LINE; h++)
            for (size_t r = 0; r < rows; r++) {
                const SIMD_VECTOR a = V(load)(m + r * cols + j + h * SIMD_LANES);
                for (size_t k = 0; k < ranks; k++)
                    s[r][k][h] = V(plus)(s[r][k][h],
                                         V(mul)(a, V(load)(q + k * q_rows + j + h * SIMD_LANES)));
            }
    }
    for (size_t h = 0; j < count && h < SIMD_LINE; h++) {
        const size_t part = S(least)(count - j, SIMD_LANES);
        for (size_t r = 0; r < rows; r++) {
            const SIMD_VECTOR a = V(load_part)(m + r * cols + j, part);
            for (size_t k = 0; k < ranks; k++)
                s[r][k][h] = V(plus)(s[r][k][h], V(mul)(a, V(load_part)(q + k * q_rows + j, part)));
        }
        j += part;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < ranks; k++) {
            const SIMD_TYPE sum = V(total)(s[r][k]);
            p[k * p_rows + r] = first ? sum : p[k * p_rows + r] + sum;
        }
}

/* What times() works on; g and e where M is still to be made of them, else NULL. */
typedef struct S(factors) {
    const SIMD_TYPE *g, *e;
    const csgdi_kernels *past;
    SIMD_TYPE *m;
    const SIMD_TYPE *q;
    SIMD_TYPE *p;
    size_t n, cols, rows, rank;
} S(factors);

/* made = g + e for some columns of a row; those of the rows that follow `rows` later are called. */
TILE void S(make)(const S(factors) * f, size_t at, size_t count, const size_t rows, SIMD_TYPE *made)
{
    const SIMD_TYPE *g = f->g + at, *e = f->e + at;
    size_t j = 0;

    for (; count - j >= SIMD_LANES; j += SIMD_LANES) {
        S(soon)(g, rows * f->cols + j);
        S(soon)(e, rows * f->cols + j);
        V(store)(made + j, V(plus)(V(load)(g + j), V(load)(e + j)));
    }
    if (j < count) {
        const SIMD_VECTOR last = V(load_part)(g + j, count - j);
        V(store_part)(made + j, count - j, V(plus)(last, V(load_part)(e + j, count - j)));
    }
}

/* The products of `count` columns of one block, of `rows` rows from row i, with all ranks. */
TILE void S(products)(const S(factors) * f, const SIMD_TYPE *m, size_t cols, size_t i, size_t j,
                      size_t count, const size_t rows, bool ahead)
{
    const SIMD_TYPE *q = f->q + (count > 0 ? j : 0);
    SIMD_TYPE *p = f->p + i;
    size_t k = 0;

    for (; f->rank - k >= SIMD_RANKS; k += SIMD_RANKS) {
        S(dots)(m, cols, q, f->cols, count, rows, SIMD_RANKS, ahead && k == 0, j == 0, p, f->rows);
        q += SIMD_RANKS * f->cols;
        p += SIMD_RANKS * f->rows;
    }
    for (; k < f->rank; k++) {
        S(dots)(m, cols, q, f->cols, count, rows, 1, ahead && k == 0, j == 0, p, f->rows);
        q += f->cols;
        p += f->rows;
    }
}

/* The same where M has to be made first, which goes no further than the first cache before it is used. */
TILE void S(made_products)(const S(factors) * f, size_t i, size_t j, size_t count,
                           const size_t rows)
{
    _Alignas(64) SIMD_TYPE made[SIMD_ROWS * CSGDI_MATRIX_BLOCK];
    const size_t at = i * f->cols + j;

    for (size_t r = 0; r < rows; r++)
        S(make)(f, at + r * f->cols, count, rows, made + r * CSGDI_MATRIX_BLOCK);
    for (size_t r = 0; r < rows; r++) {
        const SIMD_TYPE *from = made + r * CSGDI_MATRIX_BLOCK;
        SIMD_TYPE *const to = f->m + at + r * f->cols;

        if (f->past != NULL)
            f->past->stream(from, count, to);
        else
            memcpy(to, from, count * sizeof *to);
    }
    S(products)(f, made, CSGDI_MATRIX_BLOCK, i, j, count, rows, false);
}

/* `count` columns of one block from column j, of `rows` rows from row i, for all ranks. */
TILE void S(block)(const S(factors) * f, size_t i, size_t j, size_t count, const size_t rows)
{
    if (f->g != NULL && count > 0)
        S(made_products)(f, i, j, count, rows);
    else
        S(products)(f, f->m + (count > 0 ? i * f->cols + j : 0), f->cols, i, j, count, rows, true);
}

static void S(walk)(const S(factors) * f)
{
    const size_t whole = f->n / f->cols, panel = S(panel)(f->rank);

    for (size_t from = 0; from < f->cols; from += panel) {
        const size_t to = S(least)(f->cols, from + panel);
        size_t i = 0;

        for (; whole - i >= SIMD_ROWS; i += SIMD_ROWS)
            for (size_t j = from; j < to; j += CSGDI_MATRIX_BLOCK) {
                S(block)(f, i, j, S(least)(to - j, CSGDI_MATRIX_BLOCK), SIMD_ROWS);
            }
        for (; i < f->rows; i++)
            for (size_t j = from; j < to; j += CSGDI_MATRIX_BLOCK) {
                const size_t end = S(least)(to, csgdi_matrix_row_length(f->n, f->cols, i));
                const size_t left = end - S(least)(j, end);
                S(block)(f, i, j, S(least)(left, CSGDI_MATRIX_BLOCK), 1);
            }
    }
}

static void S(times)(const void *m, size_t n, size_t cols, const void *q, size_t rank, void *p)
{
    const size_t rows = csgdi_matrix_rows(n, cols);

    S(walk)
    (&(S(factors)){.m = (void *)(uintptr_t)m, /* only read */
                   .q = q,
                   .p = p,
                   .n = n,
                   .cols = cols,
                   .rows = rows,
                   .rank = rank});
}

static void S(add_times)(const void *g, const void *e, size_t n, size_t cols, const void *q,
                         size_t rank, const csgdi_kernels *past, void *m, void *p)
{
    const size_t rows = csgdi_matrix_rows(n, cols);

    S(walk)
    (&(S(factors)){.g = g,
                   .e = e,
                   .past = past,
                   .m = m,
                   .q = q,
                   .p = p,
                   .n = n,
                   .cols = cols,
                   .rows = rows,
                   .rank = rank});
}
