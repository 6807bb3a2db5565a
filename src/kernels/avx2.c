/* SPDX-License-Identifier: BSD-3-Clause */

/* avx2.c: the vectors of simd_impl.h in AVX2, with BMI and POPCNT, which its machines have.
 *
 * AVX2 has no mask registers: a comparison gives lanes of all ones or zeros, movemask collects
 * their top bits.  It cannot compress either: a table has the numbers by which lanes are permuted.
 */

#include <immintrin.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include "kernels/ref.h"
#include "kernels/avx_common.h"
#include "kernels/avx_gaps.h"
#include "kernels/avx2_wide.h"
#include "kernels/simd_codes.h"

#define SIMD_ISA "avx2"

typedef __m256i f32v_key, f64v_key;

/* --- float --- */

static inline __m256 f32v_load(const float *x)
{
    return _mm256_loadu_ps(x);
}

static inline void f32v_store(float *x, __m256 a)
{
    _mm256_storeu_ps(x, a);
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

static inline __m256 f32v_product(__m256 a, __m256 b)
{
    return _mm256_mul_ps(a, b);
}

static inline __m256 f32v_times(double r, __m256 x)
{
    const __m256d s = _mm256_set1_pd(r);
    const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(x));
    const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
    return _mm256_set_m128(_mm256_cvtpd_ps(_mm256_mul_pd(s, high)),
                           _mm256_cvtpd_ps(_mm256_mul_pd(s, low)));
}

static inline uint32_t f32v_nonfinite(__m256 x)
{
    const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    return (uint32_t)_mm256_movemask_ps(
        _mm256_cmp_ps(magnitude, _mm256_set1_ps(FLT_MAX), _CMP_NLE_UQ));
}

static inline uint32_t f32v_nonnegative(__m256 x)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GE_OQ));
}

/* Every lane gets all bits, and looks at its own. */
static inline __m256 f32v_choose(uint32_t bits, __m256 one, __m256 zero)
{
    const __m256i own = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i bit = _mm256_and_si256(_mm256_set1_epi32((int)bits), own);
    return _mm256_blendv_ps(zero, one, _mm256_castsi256_ps(_mm256_cmpeq_epi32(bit, own)));
}

static inline __m256i f32v_keys(__m256 x)
{
    return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(INT32_MAX));
}

static inline __m256i f32v_all(uint64_t key)
{
    return _mm256_set1_epi32((int)(uint32_t)key);
}

static inline __m256i f32v_shift(__m256i keys, unsigned by)
{
    return _mm256_srl_epi32(keys, _mm_cvtsi32_si128((int)by));
}

static inline uint32_t f32v_above(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b)));
}

static inline __m256i f32v_larger(__m256i a, __m256i b)
{
    return _mm256_max_epi32(a, b);
}

static inline uint32_t f32v_equal(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)));
}

/* The numbers of the 1 bits among eight, together at the front, a byte each: by table, which is faster
 * than to make them with BMI2's PDEP and PEXT (by a seventh in key_select, where a tenth is selected). */
#define BIT(bits, i) ((uint64_t)((bits) >> (i)&1))
#define THEN(bits, i, rest) ((rest) << 8 * BIT(bits, i) | (i)*BIT(bits, i))
#define NUMBERS(b) \
    THEN(b, 0,     \
         THEN(b, 1, THEN(b, 2, THEN(b, 3, THEN(b, 4, THEN(b, 5, THEN(b, 6, THEN(b, 7, 0))))))))
#define FOUR(b) NUMBERS(b), NUMBERS((b) + 1), NUMBERS((b) + 2), NUMBERS((b) + 3)
#define SIXTEEN(b) FOUR(b), FOUR((b) + 4), FOUR((b) + 8), FOUR((b) + 12)
#define SIXTY_FOUR(b) SIXTEEN(b), SIXTEEN((b) + 16), SIXTEEN((b) + 32), SIXTEEN((b) + 48)
static const uint64_t numbers[256] = {SIXTY_FOUR(0), SIXTY_FOUR(64), SIXTY_FOUR(128),
                                      SIXTY_FOUR(192)};

static inline __m256i lanes_of(uint32_t bits)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&numbers[bits]));
}

static inline void f32v_append(__m256 x, uint32_t bits, uint32_t first, uint32_t *index,
                               float *value)
{
    const __m256i lanes = lanes_of(bits);

    _mm256_storeu_si256((__m256i *)index, _mm256_add_epi32(_mm256_set1_epi32((int)first), lanes));
    _mm256_storeu_ps(value, _mm256_permutevar8x32_ps(x, lanes));
}

static inline void f32v_pack(__m256 x, uint32_t bits, float *value)
{
    _mm256_storeu_ps(value, _mm256_permutevar8x32_ps(x, lanes_of(bits)));
}

static inline void f32v_pack_index(const uint32_t *from, uint32_t bits, uint32_t *index)
{
    const __m256i all = _mm256_loadu_si256((const __m256i *)from);
    _mm256_storeu_si256((__m256i *)index, _mm256_permutevar8x32_epi32(all, lanes_of(bits)));
}

static inline void f32v_stream(float *to, __m256 x)
{
    _mm256_stream_ps(to, x);
}

static inline D f32v_doubles(const float *x)
{
    return _mm256_cvtps_pd(_mm_loadu_ps(x));
}

#define SIMD_TYPE float
#define SIMD_VECTOR __m256
#define SIMD_LANES 8
#define SIMD_KEY_MAX INT32_MAX
#define SIMD_ID CSGD_F32
#define SIMD_TABLE csgdi_kernels_avx2_f32
#define V(name) f32v_##name
#define S(name) f32_##name
#define REF(name) csgdi_ref_f32_##name
#define CODES(name) f32_##name
#include "kernels/simd_impl.h"

/* --- double --- */

static inline __m256d f64v_load(const double *x)
{
    return _mm256_loadu_pd(x);
}

static inline void f64v_store(double *x, __m256d a)
{
    _mm256_storeu_pd(x, a);
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

static inline __m256d f64v_product(__m256d a, __m256d b)
{
    return _mm256_mul_pd(a, b);
}

static inline __m256d f64v_times(double r, __m256d x)
{
    return _mm256_mul_pd(_mm256_set1_pd(r), x);
}

static inline uint32_t f64v_nonfinite(__m256d x)
{
    return (uint32_t)_mm256_movemask_pd(
        _mm256_cmp_pd(d_abs(x), _mm256_set1_pd(DBL_MAX), _CMP_NLE_UQ));
}

static inline uint32_t f64v_nonnegative(__m256d x)
{
    return (uint32_t)_mm256_movemask_pd(_mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_GE_OQ));
}

static inline __m256d f64v_choose(uint32_t bits, __m256d one, __m256d zero)
{
    const __m256i own = _mm256_setr_epi64x(1, 2, 4, 8);
    const __m256i bit = _mm256_and_si256(_mm256_set1_epi64x((int64_t)bits), own);
    return _mm256_blendv_pd(zero, one, _mm256_castsi256_pd(_mm256_cmpeq_epi64(bit, own)));
}

static inline __m256i f64v_keys(__m256d x)
{
    return _mm256_and_si256(_mm256_castpd_si256(x), _mm256_set1_epi64x(INT64_MAX));
}

static inline __m256i f64v_all(uint64_t key)
{
    return _mm256_set1_epi64x((int64_t)key);
}

static inline __m256i f64v_shift(__m256i keys, unsigned by)
{
    return _mm256_srl_epi64(keys, _mm_cvtsi32_si128((int)by));
}

static inline uint32_t f64v_above(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(a, b)));
}

static inline __m256i f64v_larger(__m256i a, __m256i b)
{
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(b, a));
}

static inline uint32_t f64v_equal(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(a, b)));
}

/* A double is moved as two floats. */
static inline __m256d pack_pd(__m256d x, uint32_t bits)
{
    const uint32_t pairs = _pdep_u32(bits, 0x55) * 3;
    return _mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(x), lanes_of(pairs)));
}

static inline void f64v_append(__m256d x, uint32_t bits, uint32_t first, uint32_t *index,
                               double *value)
{
    const __m128i at =
        _mm_add_epi32(_mm_set1_epi32((int)first), _mm256_castsi256_si128(lanes_of(bits)));

    _mm_storeu_si128((__m128i *)index, at);
    _mm256_storeu_pd(value, pack_pd(x, bits));
}

static inline void f64v_pack(__m256d x, uint32_t bits, double *value)
{
    _mm256_storeu_pd(value, pack_pd(x, bits));
}

static inline void f64v_pack_index(const uint32_t *from, uint32_t bits, uint32_t *index)
{
    const __m256i all = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)from));
    const __m256i packed = _mm256_permutevar8x32_epi32(all, lanes_of(bits));
    _mm_storeu_si128((__m128i *)index, _mm256_castsi256_si128(packed));
}

static inline void f64v_stream(double *to, __m256d x)
{
    _mm256_stream_pd(to, x);
}

static inline D f64v_doubles(const double *x)
{
    return _mm256_loadu_pd(x);
}

#define SIMD_TYPE double
#define SIMD_VECTOR __m256d
#define SIMD_LANES 4
#define SIMD_KEY_MAX INT64_MAX
#define SIMD_ID CSGD_F64
#define SIMD_TABLE csgdi_kernels_avx2_f64
#define V(name) f64v_##name
#define S(name) f64_##name
#define REF(name) csgdi_ref_f64_##name
#define CODES(name) csgdi_ref_f64_##name
#include "kernels/simd_impl.h"
