/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_ref.h: the reference matrix kernels, a template over the element type.
 *
 * The includer defines
 *
 *     REF_TYPE   the element type        REF_ID     its csgd_type
 *     REF(name)  the name of a slot      REF_TABLE  the name of the table
 */

enum { REF(lanes) = CSGDI_MATRIX_LANES / sizeof(REF_TYPE) };

/* One row of one block: the strided sums and their tree. */
static REF_TYPE REF(block)(const REF_TYPE *m, const REF_TYPE *q, size_t n)
{
    REF_TYPE s[REF(lanes)] = {0};
    size_t j = 0;

    for (; n - j >= REF(lanes); j += REF(lanes))
        for (size_t l = 0; l < REF(lanes); l++)
            s[l] += m[j + l] * q[j + l];
    for (size_t l = 0; j < n && l < REF(lanes); l++)
        s[l] += j + l < n ? m[j + l] * q[j + l] : 0;
    for (size_t half = REF(lanes) / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            s[l] += s[l + half];
    return s[0];
}

static void REF(times)(const void *m, size_t n, size_t cols, const void *q, size_t rank, void *p)
{
    const size_t rows = csgdi_matrix_rows(n, cols);
    const REF_TYPE *a = m, *b = q;
    REF_TYPE *c = p;

    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < rank; k++) {
            const size_t length = csgdi_matrix_row_length(n, cols, i);
            REF_TYPE sum = 0;
            for (size_t j = 0; j < cols; j += CSGDI_MATRIX_BLOCK) {
                const size_t left = j < length ? length - j : 0;
                const size_t part = left < CSGDI_MATRIX_BLOCK ? left : CSGDI_MATRIX_BLOCK;
                const size_t at = part > 0 ? j : 0;
                const REF_TYPE block = REF(block)(a + i * cols + at, b + k * cols + at, part);
                sum = j == 0 ? block : sum + block;
            }
            c[k * rows + i] = sum;
        }
}

static void REF(add_times)(const void *g, const void *e, size_t n, size_t cols, const void *q,
                           size_t rank, const csgdi_kernels *past, void *m, void *p)
{
    const REF_TYPE *a = g, *b = e;
    REF_TYPE *c = m;

    (void)past; /* the same elements */
    for (size_t i = 0; i < n; i++)
        c[i] = a[i] + b[i];
    REF(times)(m, n, cols, q, rank, p);
}

static REF_TYPE REF(product)(const void *m, size_t n, size_t cols, const void *p, size_t k,
                             size_t i, size_t j)
{
    const size_t rows = csgdi_matrix_rows(n, cols);
    const REF_TYPE *a = m, *b = p;
    const REF_TYPE zero = 0;

    if (i >= rows) return 0;
    return (i * cols + j < n ? a[i * cols + j] : zero) * b[k * rows + i];
}

static void REF(times_transposed)(const void *m, size_t n, size_t cols, const void *p, size_t rank,
                                  void *q)
{
    const size_t rows = csgdi_matrix_rows(n, cols);
    REF_TYPE *c = q;

    for (size_t k = 0; k < rank; k++)
        for (size_t j = 0; j < cols; j++)
            c[k * cols + j] = 0;
    for (size_t i = 0; i < rows; i += CSGDI_MATRIX_ROWS)
        for (size_t k = 0; k < rank; k++)
            for (size_t j = 0; j < cols; j++)
                c[k * cols + j] += (REF(product)(m, n, cols, p, k, i, j) +
                                    REF(product)(m, n, cols, p, k, i + 1, j)) +
                                   (REF(product)(m, n, cols, p, k, i + 2, j) +
                                    REF(product)(m, n, cols, p, k, i + 3, j));
}

static void REF(expand)(const void *p, const void *q, size_t rank, size_t n, size_t cols,
                        csgdi_mode mode, void *y)
{
    const size_t rows = csgdi_matrix_rows(n, cols);
    const REF_TYPE *a = p, *b = q;
    REF_TYPE *c = y;

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < csgdi_matrix_row_length(n, cols, i); j++) {
            REF_TYPE sum = 0;
            for (size_t k = 0; k < rank; k++)
                sum += a[k * rows + i] * b[k * cols + j];
            if (mode == CSGDI_SET)
                c[i * cols + j] = sum;
            else if (mode == CSGDI_ADD)
                c[i * cols + j] += sum;
            else
                c[i * cols + j] -= sum;
        }
}

static double REF(dot)(const double *v, const void *p, size_t n)
{
    const REF_TYPE *a = p;
    double s[CSGDI_LANES] = {0};

    for (size_t i = 0; i < n; i++)
        s[i % CSGDI_LANES] += v[i] * (double)a[i];
    return csgdi_lanes_total(s);
}

static void REF(subtract)(const void *p, double factor, size_t n, double *v)
{
    const REF_TYPE *a = p;

    for (size_t i = 0; i < n; i++)
        v[i] -= factor * (double)a[i];
}

const csgdi_matrix_kernels REF_TABLE = {
    .isa = "ref",
    .type = REF_ID,
    .times = REF(times),
    .add_times = REF(add_times),
    .times_transposed = REF(times_transposed),
    .expand = REF(expand),
    .dot = REF(dot),
    .subtract = REF(subtract),
};

#undef REF_TYPE
#undef REF_ID
#undef REF
#undef REF_TABLE
