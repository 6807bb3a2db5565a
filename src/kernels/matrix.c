/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix.c: which table belongs to which, and what needs no table. */

#include "kernels/matrix.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const csgdi_matrix_kernels *const built[][2] = {
#if CSGDI_HAVE_AVX512
    {&csgdi_matrix_avx512_f32, &csgdi_matrix_avx512_f64},
#endif
#if CSGDI_HAVE_AVX2
    {&csgdi_matrix_avx2_f32, &csgdi_matrix_avx2_f64},
#endif
#if CSGDI_HAVE_NEON
    {&csgdi_matrix_neon_f32, &csgdi_matrix_neon_f64},
#endif
    {&csgdi_matrix_ref_f32, &csgdi_matrix_ref_f64},
};

const csgdi_matrix_kernels *csgdi_matrix_get(const csgdi_kernels *kernels)
{
    size_t i = 0; /* the names are those of dispatch.c, and it ends with ref too */

    while (strcmp(built[i][0]->isa, kernels->isa) != 0)
        i++;
    return built[i][kernels->type == CSGD_F64];
}

static double get(csgd_type type, const void *x, size_t i)
{
    return type == CSGD_F64 ? ((const double *)x)[i] : (double)((const float *)x)[i];
}

/* v = p, scaled by a power of two to magnitudes of 1 or less, whose squares stay in range.  False
 * where p is zero, or not finite. */
static bool widen(csgd_type type, const void *p, size_t n, double *v)
{
    double most = 0;
    int exponent;

    for (size_t i = 0; i < n; i++) {
        v[i] = get(type, p, i);
        if (!isfinite(v[i])) return false;
        if (fabs(v[i]) > most) most = fabs(v[i]);
    }
    if (most == 0) return false;
    frexp(most, &exponent);
    most = ldexp(1, exponent > -1000 ? -exponent : 1000);
    for (size_t i = 0; i < n; i++)
        v[i] *= most;
    return true;
}

void csgdi_orthonormalise(const csgdi_matrix_kernels *kernels, void *p, size_t rows, size_t rank,
                          double *scratch)
{
    const csgd_type type = kernels->type;
    const size_t size = csgd_type_size(type);
    const double eps = type == CSGD_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    const csgdi_matrix_kernels *wide = kernels;
    char *const first = p;

    for (size_t i = 0; i < sizeof built / sizeof *built; i++)
        if (strcmp(built[i][0]->isa, kernels->isa) == 0) wide = built[i][1];
    for (size_t k = 0; k < rank; k++) {
        char *const column = first + k * rows * size;
        double before = 0, after = 0;

        if (widen(type, column, rows, scratch)) {
            before = wide->dot(scratch, scratch, rows);
            for (int turn = 0; turn < 2; turn++)
                for (char *q = first; q != column; q += rows * size)
                    kernels->subtract(q, kernels->dot(scratch, q, rows), rows, scratch);
            after = wide->dot(scratch, scratch, rows);
        }
        if (!(after > eps * eps * before)) {
            memset(column, 0, rows * size);
            continue;
        }
        after = sqrt(after);
        for (size_t i = 0; i < rows; i++)
            if (type == CSGD_F64)
                ((double *)(void *)column)[i] = scratch[i] / after;
            else
                ((float *)(void *)column)[i] = (float)(scratch[i] / after);
    }
}
