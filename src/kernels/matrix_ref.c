/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_ref.c: the reference matrix kernels: the loops that define the order of each sum. */

#include "kernels/matrix_rows.h"
#include "kernels/ref.h"

#define REF_TYPE float
#define REF_ID CSGD_F32
#define REF(name) f32_##name
#define REF_TABLE csgdi_matrix_ref_f32
#include "kernels/matrix_ref.h"

#define REF_TYPE double
#define REF_ID CSGD_F64
#define REF(name) f64_##name
#define REF_TABLE csgdi_matrix_ref_f64
#include "kernels/matrix_ref.h"
