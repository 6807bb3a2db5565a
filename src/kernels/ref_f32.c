/* SPDX-License-Identifier: BSD-3-Clause */

/* ref_f32.c: the reference kernels for float. */

#define REF_TYPE float
#define REF_BITS uint32_t
#define REF_INF UINT32_C(0x7f800000)
#define REF_DIGITS 23
#define REF_ID CSGD_F32
#define REF(name) csgdi_ref_f32_##name
#define REF_TABLE csgdi_kernels_ref_f32

#include "kernels/ref_impl.h"
