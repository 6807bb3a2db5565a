/* SPDX-License-Identifier: BSD-3-Clause */

/* avx512.c: the vectors of simd_impl.h in AVX-512 F, BW, DQ and VL.
 *
 * Comparisons give mask registers, and what is selected is moved together in a register before it
 * is stored, whole: the compressing store to memory is microcode on some processors.
 */

#include <immintrin.h>
#include <math.h>
#include <string.h>
#include "kernels/ref.h"
#include "kernels/avx_common.h"
#include "kernels/avx_gaps.h"
#include "kernels/avx512_wide.h"
#include "kernels/simd_codes.h"

#define SIMD_ISA "avx512"

/* What _mm512_fpclass takes: quiet NaN, +inf, -inf, signalling NaN. */
#define NONFINITE (0x01 | 0x08 | 0x10 | 0x80)

typedef __m512i f32v_key, f64v_key;

/* --- float --- */

static inline __m512 f32v_load(const float *x)
{
    return _mm512_loadu_ps(x);
}

static inline void f32v_store(float *x, __m512 a)
{
    _mm512_storeu_ps(x, a);
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

static inline __m512 f32v_product(__m512 a, __m512 b)
{
    return _mm512_mul_ps(a, b);
}

static inline __m512 f32v_times(double r, __m512 x)
{
    const __m512d s = _mm512_set1_pd(r);
    const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
    const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(_mm512_mul_pd(s, low))),
                              _mm512_cvtpd_ps(_mm512_mul_pd(s, high)), 1);
}

static inline uint32_t f32v_nonfinite(__m512 x)
{
    return bits16(_mm512_fpclass_ps_mask(x, NONFINITE));
}

static inline uint32_t f32v_nonnegative(__m512 x)
{
    return bits16(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ));
}

static inline __m512 f32v_choose(uint32_t bits, __m512 one, __m512 zero)
{
    return _mm512_mask_blend_ps((__mmask16)bits, zero, one);
}

static inline __m512i f32v_keys(__m512 x)
{
    return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(INT32_MAX));
}

static inline __m512i f32v_all(uint64_t key)
{
    return _mm512_set1_epi32((int)(uint32_t)key);
}

static inline __m512i f32v_shift(__m512i keys, unsigned by)
{
    return _mm512_srl_epi32(keys, _mm_cvtsi32_si128((int)by));
}

static inline uint32_t f32v_above(__m512i a, __m512i b)
{
    return bits16(_mm512_cmpgt_epi32_mask(a, b));
}

static inline __m512i f32v_larger(__m512i a, __m512i b)
{
    return _mm512_max_epi32(a, b);
}

static inline uint32_t f32v_equal(__m512i a, __m512i b)
{
    return bits16(_mm512_cmpeq_epi32_mask(a, b));
}

static inline void f32v_append(__m512 x, uint32_t bits, uint32_t first, uint32_t *index,
                               float *value)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i at = _mm512_add_epi32(_mm512_set1_epi32((int)first), lane);

    _mm512_storeu_si512(index, _mm512_maskz_compress_epi32((__mmask16)bits, at));
    _mm512_storeu_ps(value, _mm512_maskz_compress_ps((__mmask16)bits, x));
}

static inline void f32v_pack(__m512 x, uint32_t bits, float *value)
{
    _mm512_storeu_ps(value, _mm512_maskz_compress_ps((__mmask16)bits, x));
}

static inline void f32v_pack_index(const uint32_t *from, uint32_t bits, uint32_t *index)
{
    const __m512i all = _mm512_loadu_si512(from);
    _mm512_storeu_si512(index, _mm512_maskz_compress_epi32((__mmask16)bits, all));
}

static inline void f32v_stream(float *to, __m512 x)
{
    _mm512_stream_ps(to, x);
}

static inline D f32v_doubles(const float *x)
{
    return _mm256_cvtps_pd(_mm_loadu_ps(x));
}

#define SIMD_TYPE float
#define SIMD_VECTOR __m512
#define SIMD_LANES 16
#define SIMD_KEY_MAX INT32_MAX
#define SIMD_ID CSGD_F32
#define SIMD_TABLE csgdi_kernels_avx512_f32
#define V(name) f32v_##name
#define S(name) f32_##name
#define REF(name) csgdi_ref_f32_##name
#define CODES(name) f32_##name
#include "kernels/simd_impl.h"

/* --- double --- */

static inline __m512d f64v_load(const double *x)
{
    return _mm512_loadu_pd(x);
}

static inline void f64v_store(double *x, __m512d a)
{
    _mm512_storeu_pd(x, a);
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

static inline __m512d f64v_product(__m512d a, __m512d b)
{
    return _mm512_mul_pd(a, b);
}

static inline __m512d f64v_times(double r, __m512d x)
{
    return _mm512_mul_pd(_mm512_set1_pd(r), x);
}

static inline uint32_t f64v_nonfinite(__m512d x)
{
    return bits8(_mm512_fpclass_pd_mask(x, NONFINITE));
}

static inline uint32_t f64v_nonnegative(__m512d x)
{
    return bits8(_mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_GE_OQ));
}

static inline __m512d f64v_choose(uint32_t bits, __m512d one, __m512d zero)
{
    return _mm512_mask_blend_pd((__mmask8)bits, zero, one);
}

static inline __m512i f64v_keys(__m512d x)
{
    return _mm512_and_si512(_mm512_castpd_si512(x), _mm512_set1_epi64(INT64_MAX));
}

static inline __m512i f64v_all(uint64_t key)
{
    return _mm512_set1_epi64((int64_t)key);
}

static inline __m512i f64v_shift(__m512i keys, unsigned by)
{
    return _mm512_srl_epi64(keys, _mm_cvtsi32_si128((int)by));
}

static inline uint32_t f64v_above(__m512i a, __m512i b)
{
    return bits8(_mm512_cmpgt_epi64_mask(a, b));
}

static inline __m512i f64v_larger(__m512i a, __m512i b)
{
    return _mm512_max_epi64(a, b);
}

static inline uint32_t f64v_equal(__m512i a, __m512i b)
{
    return bits8(_mm512_cmpeq_epi64_mask(a, b));
}

static inline void f64v_append(__m512d x, uint32_t bits, uint32_t first, uint32_t *index,
                               double *value)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i at = _mm256_add_epi32(_mm256_set1_epi32((int)first), lane);

    _mm256_storeu_si256((__m256i *)index, _mm256_maskz_compress_epi32((__mmask8)bits, at));
    _mm512_storeu_pd(value, _mm512_maskz_compress_pd((__mmask8)bits, x));
}

static inline void f64v_pack(__m512d x, uint32_t bits, double *value)
{
    _mm512_storeu_pd(value, _mm512_maskz_compress_pd((__mmask8)bits, x));
}

static inline void f64v_pack_index(const uint32_t *from, uint32_t bits, uint32_t *index)
{
    const __m256i all = _mm256_loadu_si256((const __m256i *)from);
    _mm256_storeu_si256((__m256i *)index, _mm256_maskz_compress_epi32((__mmask8)bits, all));
}

static inline void f64v_stream(double *to, __m512d x)
{
    _mm512_stream_pd(to, x);
}

static inline D f64v_doubles(const double *x)
{
    return _mm256_loadu_pd(x);
}

#define SIMD_TYPE double
#define SIMD_VECTOR __m512d
#define SIMD_LANES 8
#define SIMD_KEY_MAX INT64_MAX
#define SIMD_ID CSGD_F64
#define SIMD_TABLE csgdi_kernels_avx512_f64
#define V(name) f64v_##name
#define S(name) f64_##name
#define REF(name) csgdi_ref_f64_##name
#define CODES(name) csgdi_ref_f64_##name
#include "kernels/simd_impl.h"
