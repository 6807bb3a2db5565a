/* SPDX-License-Identifier: BSD-3-Clause */

/* avx512_wide.h: the vectors of simd_codes.h in AVX-512: one register of sixteen lanes. */

typedef __m512 F;
typedef __m512i U;

/* --- masks as bits ---
 * Written as the instruction that it is, not as a conversion: gcc 12 merges a comparison with the
 * conversion of its mask, takes only the mask's byte or two for written, and where it has to spill
 * that register it reads the rest of the integer back from whatever was on the stack.  Seen in
 * key_select at -O1 -fsanitize=undefined, found by test_kernels_isa. */

static inline uint32_t bits8(__mmask8 mask)
{
    uint32_t bits;
    __asm__("kmovb %1, %0" : "=r"(bits) : "k"(mask));
    return bits;
}

static inline uint32_t bits16(__mmask16 mask)
{
    uint32_t bits;
    __asm__("kmovw %1, %0" : "=r"(bits) : "k"(mask));
    return bits;
}

/* --- floats --- */

static inline F f_load(const float *x)
{
    return _mm512_loadu_ps(x);
}

static inline void f_store(float *x, F a)
{
    _mm512_storeu_ps(x, a);
}

/* Past the caches; aligned to a whole one. */
static inline void f_stream(float *x, F a)
{
    _mm512_stream_ps(x, a);
}

static inline F f_all(float x)
{
    return _mm512_set1_ps(x);
}

static inline F f_plus(F a, F b)
{
    return _mm512_add_ps(a, b);
}

static inline F f_minus(F a, F b)
{
    return _mm512_sub_ps(a, b);
}

static inline F f_times(F a, F b)
{
    return _mm512_mul_ps(a, b);
}

/* b where one is NaN. */
static inline F f_min(F a, F b)
{
    return _mm512_min_ps(a, b);
}

static inline F f_max(F a, F b)
{
    return _mm512_max_ps(a, b);
}

static inline F f_abs(F a)
{
    return _mm512_abs_ps(a);
}

static inline U f_bits(F a)
{
    return _mm512_castps_si512(a);
}

static inline U f_keys(F a)
{
    return _mm512_and_si512(f_bits(a), _mm512_set1_epi32(INT32_MAX));
}

/* To the nearest integer, ties to even. */
static inline U f_nearest(F a)
{
    return _mm512_cvtps_epi32(a);
}

/* Bit by bit whether x >= 0. */
static inline uint32_t f_nonnegative(F x)
{
    return bits16(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ));
}

/* |x| where x >= 0 and 0 elsewhere; and the other way round. */
static inline void f_split(F x, F *plus, F *minus)
{
    const __mmask16 nonnegative = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ);
    *plus = _mm512_maskz_and_ps(nonnegative, x, _mm512_castsi512_ps(_mm512_set1_epi32(INT32_MAX)));
    *minus = _mm512_mask_andnot_ps(f_abs(x), nonnegative, x, x);
}

/* --- integers; comparisons and limits are of signed ones --- */

static inline U u_all(uint32_t a)
{
    return _mm512_set1_epi32((int)a);
}

static inline F u_floats(U a)
{
    return _mm512_castsi512_ps(a);
}

static inline F u_number(U a)
{
    return _mm512_cvtepi32_ps(a);
}

static inline U u_plus(U a, U b)
{
    return _mm512_add_epi32(a, b);
}

static inline U u_minus(U a, U b)
{
    return _mm512_sub_epi32(a, b);
}

static inline U u_and(U a, U b)
{
    return _mm512_and_si512(a, b);
}

static inline U u_or(U a, U b)
{
    return _mm512_or_si512(a, b);
}

static inline U u_xor(U a, U b)
{
    return _mm512_xor_si512(a, b);
}

static inline U u_min(U a, U b)
{
    return _mm512_min_epi32(a, b);
}

static inline U u_max(U a, U b)
{
    return _mm512_max_epi32(a, b);
}

static inline U u_left(U a, unsigned by)
{
    return _mm512_slli_epi32(a, by);
}

static inline U u_right(U a, unsigned by)
{
    return _mm512_srli_epi32(a, by);
}

/* By as many bits in each lane, all of them where that is 32 or more. */
static inline U u_rights(U a, U by)
{
    return _mm512_srlv_epi32(a, by);
}

/* What u_choose() looks at; a mask that is used at once is never spilled. */
static inline __mmask16 u_above(U a, U b)
{
    return _mm512_cmpgt_epi32_mask(a, b);
}

static inline U u_choose(__mmask16 which, U yes, U no)
{
    return _mm512_mask_blend_epi32(which, no, yes);
}

/* The largest. */
static inline uint32_t u_most(U a)
{
    return (uint32_t)_mm512_reduce_max_epi32(a);
}

/* The least and the largest of finite numbers; of two zeros either. */
static inline float f_least(F a)
{
    return _mm512_reduce_min_ps(a);
}

static inline float f_most(F a)
{
    return _mm512_reduce_max_ps(a);
}

/* With the sign. */
static inline U u_signed_right(U a, unsigned by)
{
    return _mm512_srai_epi32(a, by);
}

/* --- sums --- */

typedef struct sums {
    __m512d low, high;
} sums;

static inline sums sums_zero(void)
{
    return (sums){_mm512_setzero_pd(), _mm512_setzero_pd()};
}

static inline sums sums_add(sums s, F a)
{
    s.low = _mm512_add_pd(s.low, _mm512_cvtps_pd(_mm512_castps512_ps256(a)));
    s.high = _mm512_add_pd(s.high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)));
    return s;
}

static inline void sums_store(double *to, sums s)
{
    _mm512_storeu_pd(to, s.low);
    _mm512_storeu_pd(to + 8, s.high);
}

/* The tree. */
static inline double sums_total(sums s)
{
    const __m512d eight = _mm512_add_pd(s.low, s.high);
    const __m256d four =
        _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#include "kernels/avx512_codes.h"
