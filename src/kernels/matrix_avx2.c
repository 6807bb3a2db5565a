/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_avx2.c: the vectors of matrix_simd.h in AVX2: two of them hold the strided sums. */

#include <immintrin.h>
#include <string.h>
#include "kernels/matrix_rows.h"
#include "kernels/ref.h"
#include "kernels/avx_common.h"

#define SIMD_ISA "avx2"
enum { SIMD_ROWS = 2, SIMD_RANKS = 2 };

/* --- float --- */

static inline __m256 f32v_load(const float *x)
{
    return _mm256_loadu_ps(x);
}

static inline void f32v_store(float *x, __m256 a)
{
    _mm256_storeu_ps(x, a);
}

static inline __m256 f32v_zero(void)
{
    return _mm256_setzero_ps();
}

static inline __m256 f32v_all_of(float x)
{
    return _mm256_set1_ps(x);
}

static inline __m256 f32v_plus(__m256 a, __m256 b)
{
    return _mm256_add_ps(a, b);
}

static inline __m256 f32v_minus(__m256 a, __m256 b)
{
    return _mm256_sub_ps(a, b);
}

static inline __m256 f32v_mul(__m256 a, __m256 b)
{
    return _mm256_mul_ps(a, b);
}

/* All ones in the first `count` lanes. */
static inline __m256i f32v_lanes(size_t count)
{
    static const int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const void *)(ones + 8 - count));
}

static inline __m256 f32v_load_part(const float *x, size_t count)
{
    return _mm256_maskload_ps(x, f32v_lanes(count));
}

static inline void f32v_store_part(float *x, size_t count, __m256 a)
{
    _mm256_maskstore_ps(x, f32v_lanes(count), a);
}

static inline float f32v_total(const __m256 *s)
{
    const __m256 eight = _mm256_add_ps(s[0], s[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static inline D f32v_doubles(const float *x)
{
    return _mm256_cvtps_pd(_mm_loadu_ps(x));
}

#define SIMD_TYPE float
#define SIMD_VECTOR __m256
#define SIMD_LANES 8
#define SIMD_LINE 2
#define SIMD_ID CSGD_F32
#define SIMD_TABLE csgdi_matrix_avx2_f32
#define V(name) f32v_##name
#define S(name) f32_##name
#include "kernels/matrix_simd.h"

/* --- double --- */

static inline __m256d f64v_load(const double *x)
{
    return _mm256_loadu_pd(x);
}

static inline void f64v_store(double *x, __m256d a)
{
    _mm256_storeu_pd(x, a);
}

static inline __m256d f64v_zero(void)
{
    return _mm256_setzero_pd();
}

static inline __m256d f64v_all_of(double x)
{
    return _mm256_set1_pd(x);
}

static inline __m256d f64v_plus(__m256d a, __m256d b)
{
    return _mm256_add_pd(a, b);
}

static inline __m256d f64v_minus(__m256d a, __m256d b)
{
    return _mm256_sub_pd(a, b);
}

static inline __m256d f64v_mul(__m256d a, __m256d b)
{
    return _mm256_mul_pd(a, b);
}

/* All ones in the first `count` lanes. */
static inline __m256i f64v_lanes(size_t count)
{
    static const int64_t ones[8] = {-1, -1, -1, -1};
    return _mm256_loadu_si256((const void *)(ones + 4 - count));
}

static inline __m256d f64v_load_part(const double *x, size_t count)
{
    return _mm256_maskload_pd(x, f64v_lanes(count));
}

static inline void f64v_store_part(double *x, size_t count, __m256d a)
{
    _mm256_maskstore_pd(x, f64v_lanes(count), a);
}

static inline double f64v_total(const __m256d *s)
{
    const __m256d four = _mm256_add_pd(s[0], s[1]);
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

static inline D f64v_doubles(const double *x)
{
    return _mm256_loadu_pd(x);
}

#define SIMD_TYPE double
#define SIMD_VECTOR __m256d
#define SIMD_LANES 4
#define SIMD_LINE 2
#define SIMD_ID CSGD_F64
#define SIMD_TABLE csgdi_matrix_avx2_f64
#define V(name) f64v_##name
#define S(name) f64_##name
#include "kernels/matrix_simd.h"
