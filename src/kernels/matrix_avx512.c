/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_avx512.c: the vectors of matrix_simd.h in AVX-512. */

#include <immintrin.h>
#include <string.h>
#include "kernels/matrix_rows.h"
#include "kernels/ref.h"
#include "kernels/avx_common.h"

#define SIMD_ISA "avx512"
enum { SIMD_ROWS = 4, SIMD_RANKS = 4 };

/* The lowest `count` bits. */
static inline uint32_t low_bits(size_t count)
{
    return ((uint32_t)1 << count) - 1;
}

/* --- float --- */

static inline __m512 f32v_load(const float *x)
{
    return _mm512_loadu_ps(x);
}

static inline void f32v_store(float *x, __m512 a)
{
    _mm512_storeu_ps(x, a);
}

static inline __m512 f32v_zero(void)
{
    return _mm512_setzero_ps();
}

static inline __m512 f32v_all_of(float x)
{
    return _mm512_set1_ps(x);
}

static inline __m512 f32v_plus(__m512 a, __m512 b)
{
    return _mm512_add_ps(a, b);
}

static inline __m512 f32v_minus(__m512 a, __m512 b)
{
    return _mm512_sub_ps(a, b);
}

static inline __m512 f32v_mul(__m512 a, __m512 b)
{
    return _mm512_mul_ps(a, b);
}

static inline __m512 f32v_load_part(const float *x, size_t count)
{
    return _mm512_maskz_loadu_ps((__mmask16)low_bits(count), x);
}

static inline void f32v_store_part(float *x, size_t count, __m512 a)
{
    _mm512_mask_storeu_ps(x, (__mmask16)low_bits(count), a);
}

static inline float f32v_total(const __m512 *s)
{
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(*s), _mm512_extractf32x8_ps(*s, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static inline D f32v_doubles(const float *x)
{
    return _mm256_cvtps_pd(_mm_loadu_ps(x));
}

#define SIMD_TYPE float
#define SIMD_VECTOR __m512
#define SIMD_LANES 16
#define SIMD_LINE 1
#define SIMD_ID CSGD_F32
#define SIMD_TABLE csgdi_matrix_avx512_f32
#define V(name) f32v_##name
#define S(name) f32_##name
#include "kernels/matrix_simd.h"

/* --- double --- */

static inline __m512d f64v_load(const double *x)
{
    return _mm512_loadu_pd(x);
}

static inline void f64v_store(double *x, __m512d a)
{
    _mm512_storeu_pd(x, a);
}

static inline __m512d f64v_zero(void)
{
    return _mm512_setzero_pd();
}

static inline __m512d f64v_all_of(double x)
{
    return _mm512_set1_pd(x);
}

static inline __m512d f64v_plus(__m512d a, __m512d b)
{
    return _mm512_add_pd(a, b);
}

static inline __m512d f64v_minus(__m512d a, __m512d b)
{
    return _mm512_sub_pd(a, b);
}

static inline __m512d f64v_mul(__m512d a, __m512d b)
{
    return _mm512_mul_pd(a, b);
}

static inline __m512d f64v_load_part(const double *x, size_t count)
{
    return _mm512_maskz_loadu_pd((__mmask8)low_bits(count), x);
}

static inline void f64v_store_part(double *x, size_t count, __m512d a)
{
    _mm512_mask_storeu_pd(x, (__mmask8)low_bits(count), a);
}

static inline double f64v_total(const __m512d *s)
{
    const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(*s), _mm512_extractf64x4_pd(*s, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

static inline D f64v_doubles(const double *x)
{
    return _mm256_loadu_pd(x);
}

#define SIMD_TYPE double
#define SIMD_VECTOR __m512d
#define SIMD_LANES 8
#define SIMD_LINE 1
#define SIMD_ID CSGD_F64
#define SIMD_TABLE csgdi_matrix_avx512_f64
#define V(name) f64v_##name
#define S(name) f64_##name
#include "kernels/matrix_simd.h"
