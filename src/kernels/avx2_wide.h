/* SPDX-License-Identifier: BSD-3-Clause */

/* avx2_wide.h: the vectors of simd_codes.h in AVX2: two registers of eight lanes. */

typedef struct F {
    __m256 low, high;
} F;

typedef struct U {
    __m256i low, high;
} U;

#define PAIRWISE(T, name, function)                                   \
    static inline T name(T a, T b)                                    \
    {                                                                 \
        return (T){function(a.low, b.low), function(a.high, b.high)}; \
    }

/* --- floats --- */

static inline F f_load(const float *x)
{
    return (F){_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8)};
}

static inline void f_store(float *x, F a)
{
    _mm256_storeu_ps(x, a.low);
    _mm256_storeu_ps(x + 8, a.high);
}

/* Past the caches; aligned to a whole one. */
static inline void f_stream(float *x, F a)
{
    _mm256_stream_ps(x, a.low);
    _mm256_stream_ps(x + 8, a.high);
}

static inline F f_all(float x)
{
    return (F){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

PAIRWISE(F, f_plus, _mm256_add_ps)
PAIRWISE(F, f_minus, _mm256_sub_ps)
PAIRWISE(F, f_times, _mm256_mul_ps)
PAIRWISE(F, f_min, _mm256_min_ps) /* b where one is NaN */
PAIRWISE(F, f_max, _mm256_max_ps)
PAIRWISE(F, f_and, _mm256_and_ps)
PAIRWISE(F, f_andnot, _mm256_andnot_ps)

static inline F f_abs(F a)
{
    return f_andnot(f_all(-0.0f), a);
}

static inline U f_bits(F a)
{
    return (U){_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)};
}

static inline U f_keys(F a)
{
    return f_bits(f_abs(a));
}

/* To the nearest integer, ties to even. */
static inline U f_nearest(F a)
{
    return (U){_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)};
}

/* |x| where x >= 0 and 0 elsewhere; and the other way round. */
static inline void f_split(F x, F *plus, F *minus)
{
    const __m256 zero = _mm256_setzero_ps();
    const F nonnegative = {_mm256_cmp_ps(x.low, zero, _CMP_GE_OQ),
                           _mm256_cmp_ps(x.high, zero, _CMP_GE_OQ)};
    *plus = f_and(nonnegative, f_abs(x));
    *minus = f_andnot(nonnegative, f_abs(x));
}

/* Bit by bit whether x >= 0. */
static inline uint32_t f_nonnegative(F x)
{
    const __m256 zero = _mm256_setzero_ps();
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x.low, zero, _CMP_GE_OQ)) |
           (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x.high, zero, _CMP_GE_OQ)) << 8;
}

/* --- integers; comparisons and limits are of signed ones --- */

static inline U u_all(uint32_t a)
{
    return (U){_mm256_set1_epi32((int)a), _mm256_set1_epi32((int)a)};
}

static inline F u_floats(U a)
{
    return (F){_mm256_castsi256_ps(a.low), _mm256_castsi256_ps(a.high)};
}

static inline F u_number(U a)
{
    return (F){_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)};
}

PAIRWISE(U, u_plus, _mm256_add_epi32)
PAIRWISE(U, u_minus, _mm256_sub_epi32)
PAIRWISE(U, u_and, _mm256_and_si256)
PAIRWISE(U, u_or, _mm256_or_si256)
PAIRWISE(U, u_xor, _mm256_xor_si256)
PAIRWISE(U, u_min, _mm256_min_epi32)
PAIRWISE(U, u_max, _mm256_max_epi32)
PAIRWISE(U, u_above, _mm256_cmpgt_epi32)
PAIRWISE(U, u_rights, _mm256_srlv_epi32) /* all bits where b is 32 or more */

static inline U u_left(U a, unsigned by)
{
    return (U){_mm256_slli_epi32(a.low, (int)by), _mm256_slli_epi32(a.high, (int)by)};
}

static inline U u_right(U a, unsigned by)
{
    return (U){_mm256_srli_epi32(a.low, (int)by), _mm256_srli_epi32(a.high, (int)by)};
}

/* With the sign. */
static inline U u_signed_right(U a, unsigned by)
{
    return (U){_mm256_srai_epi32(a.low, (int)by), _mm256_srai_epi32(a.high, (int)by)};
}

/* By what u_above() said. */
static inline U u_choose(U which, U yes, U no)
{
    return (U){_mm256_blendv_epi8(no.low, yes.low, which.low),
               _mm256_blendv_epi8(no.high, yes.high, which.high)};
}

/* The largest. */
static inline uint32_t u_most(U a)
{
    const __m256i eight = _mm256_max_epi32(a.low, a.high);
    const __m128i four =
        _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
    return (uint32_t)_mm_cvtsi128_si32(_mm_max_epi32(two, _mm_srli_epi64(two, 32)));
}

/* The least and the largest of finite numbers; of two zeros either. */
static inline float f_least(F a)
{
    const __m256 eight = _mm256_min_ps(a.low, a.high);
    const __m128 four = _mm_min_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)));
}

static inline float f_most(F a)
{
    const __m256 eight = _mm256_max_ps(a.low, a.high);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* --- sums --- */

typedef struct sums {
    __m256d row[4];
} sums;

static inline sums sums_zero(void)
{
    const __m256d zero = _mm256_setzero_pd();
    return (sums){{zero, zero, zero, zero}};
}

static inline sums sums_add(sums s, F a)
{
    s.row[0] = _mm256_add_pd(s.row[0], _mm256_cvtps_pd(_mm256_castps256_ps128(a.low)));
    s.row[1] = _mm256_add_pd(s.row[1], _mm256_cvtps_pd(_mm256_extractf128_ps(a.low, 1)));
    s.row[2] = _mm256_add_pd(s.row[2], _mm256_cvtps_pd(_mm256_castps256_ps128(a.high)));
    s.row[3] = _mm256_add_pd(s.row[3], _mm256_cvtps_pd(_mm256_extractf128_ps(a.high, 1)));
    return s;
}

static inline void sums_store(double *to, sums s)
{
    for (unsigned i = 0; i < 4; i++)
        _mm256_storeu_pd(to + 4 * i, s.row[i]);
}

/* The tree. */
static inline double sums_total(sums s)
{
    const __m256d four =
        _mm256_add_pd(_mm256_add_pd(s.row[0], s.row[2]), _mm256_add_pd(s.row[1], s.row[3]));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#include "kernels/avx2_codes.h"
