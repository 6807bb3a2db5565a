/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_neon.c: the vectors of matrix_simd.h in NEON: pairs of registers, so that four hold the
 * strided sums, as two do in AVX2. */

#include <string.h>
#include "kernels/matrix_rows.h"
#include "kernels/ref.h"
#include "kernels/neon_common.h"

#define SIMD_ISA "neon"
enum { SIMD_ROWS = 2, SIMD_RANKS = 2 };

/* --- float --- */

typedef struct f32v {
    float32x4_t low, high;
} f32v;

static inline f32v f32v_load(const float *x)
{
    return (f32v){vld1q_f32(x), vld1q_f32(x + 4)};
}

static inline void f32v_store(float *x, f32v a)
{
    vst1q_f32(x, a.low);
    vst1q_f32(x + 4, a.high);
}

static inline f32v f32v_all_of(float x)
{
    return (f32v){vdupq_n_f32(x), vdupq_n_f32(x)};
}

static inline f32v f32v_zero(void)
{
    return f32v_all_of(0);
}

static inline f32v f32v_plus(f32v a, f32v b)
{
    return (f32v){vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}

static inline f32v f32v_minus(f32v a, f32v b)
{
    return (f32v){vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}

static inline f32v f32v_mul(f32v a, f32v b)
{
    return (f32v){vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}

static inline f32v f32v_load_part(const float *x, size_t count)
{
    float all[8] = {0};
    memcpy(all, x, count * sizeof *x);
    return f32v_load(all);
}

static inline void f32v_store_part(float *x, size_t count, f32v a)
{
    float all[8];
    f32v_store(all, a);
    memcpy(x, all, count * sizeof *x);
}

static inline float f32v_total(const f32v *s)
{
    const f32v eight = f32v_plus(s[0], s[1]);
    const float32x4_t four = vaddq_f32(eight.low, eight.high);
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

static inline D f32v_doubles(const float *x)
{
    const float32x4_t a = vld1q_f32(x);
    return (D){vcvt_f64_f32(vget_low_f32(a)), vcvt_high_f64_f32(a)};
}

#define SIMD_TYPE float
#define SIMD_VECTOR f32v
#define SIMD_LANES 8
#define SIMD_LINE 2
#define SIMD_ID CSGD_F32
#define SIMD_TABLE csgdi_matrix_neon_f32
#define V(name) f32v_##name
#define S(name) f32_##name
#include "kernels/matrix_simd.h"

/* --- double --- */

static inline D f64v_load(const double *x)
{
    return d_load(x);
}

static inline void f64v_store(double *x, D a)
{
    d_store(x, a);
}

static inline D f64v_all_of(double x)
{
    return d_all(x);
}

static inline D f64v_zero(void)
{
    return d_zero();
}

static inline D f64v_plus(D a, D b)
{
    return d_plus(a, b);
}

static inline D f64v_minus(D a, D b)
{
    return d_minus(a, b);
}

static inline D f64v_mul(D a, D b)
{
    return d_times(a, b);
}

static inline D f64v_load_part(const double *x, size_t count)
{
    double all[4] = {0};
    memcpy(all, x, count * sizeof *x);
    return f64v_load(all);
}

static inline void f64v_store_part(double *x, size_t count, D a)
{
    double all[4];
    d_store(all, a);
    memcpy(x, all, count * sizeof *x);
}

static inline double f64v_total(const D *s)
{
    const D four = d_plus(s[0], s[1]);
    const float64x2_t two = vaddq_f64(four.low, four.high);
    return vgetq_lane_f64(two, 0) + vgetq_lane_f64(two, 1);
}

static inline D f64v_doubles(const double *x)
{
    return f64v_load(x);
}

#define SIMD_TYPE double
#define SIMD_VECTOR D
#define SIMD_LANES 4
#define SIMD_LINE 2
#define SIMD_ID CSGD_F64
#define SIMD_TABLE csgdi_matrix_neon_f64
#define V(name) f64v_##name
#define S(name) f64_##name
#include "kernels/matrix_simd.h"
