/* SPDX-License-Identifier: BSD-3-Clause */

/* ref_f64.c: the reference kernels for double. */

#define REF_TYPE double
#define REF_BITS uint64_t
#define REF_INF UINT64_C(0x7ff0000000000000)
#define REF_DIGITS 52
#define REF_ID CSGD_F64
#define REF(name) csgdi_ref_f64_##name
#define REF_TABLE csgdi_kernels_ref_f64

#include "kernels/ref_impl.h"
