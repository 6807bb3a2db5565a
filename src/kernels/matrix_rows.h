/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_MATRIX_ROWS_H
#define CSGDI_MATRIX_ROWS_H

/* matrix_rows.h: the rows of a vector that is read as a matrix. */

#include "kernels/matrix.h"

static inline size_t csgdi_matrix_rows(size_t n, size_t cols)
{
    return n / cols + (n % cols > 0);
}

/* Elements of row i, which is one of them. */
static inline size_t csgdi_matrix_row_length(size_t n, size_t cols, size_t i)
{
    return n - i * cols < cols ? n - i * cols : cols;
}

#endif
