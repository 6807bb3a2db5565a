/* SPDX-License-Identifier: BSD-3-Clause */

/* neon_wide.h: the vectors of simd_codes.h in NEON: four registers of four lanes. */

typedef struct F {
    float32x4_t v[4];
} F;

typedef struct U {
    uint32x4_t v[4];
} U;

/* Register by register, which is v[i] of each. */
#define EACH(T, term)                                   \
    T each;                                             \
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) \
    {                                                   \
        each.v[i] = term;                               \
    }                                                   \
    return each

#define PAIRWISE(T, name, function)        \
    static inline T name(T a, T b)         \
    {                                      \
        EACH(T, function(a.v[i], b.v[i])); \
    }

/* --- floats --- */

static inline F f_load(const float *x)
{
    EACH(F, vld1q_f32(x + 4 * i));
}

static inline void f_store(float *x, F a)
{
    for (int i = 0; i < 4; i++)
        vst1q_f32(x + 4 * i, a.v[i]);
}

/* There is no way past the caches. */
static inline void f_stream(float *x, F a)
{
    f_store(x, a);
}

static inline F f_all(float x)
{
    EACH(F, vdupq_n_f32(x));
}

PAIRWISE(F, f_plus, vaddq_f32)
PAIRWISE(F, f_minus, vsubq_f32)
PAIRWISE(F, f_times, vmulq_f32)
PAIRWISE(F, f_min, vminq_f32) /* NaN where one is */
PAIRWISE(F, f_max, vmaxq_f32)

static inline F f_abs(F a)
{
    EACH(F, vabsq_f32(a.v[i]));
}

static inline U f_bits(F a)
{
    EACH(U, vreinterpretq_u32_f32(a.v[i]));
}

static inline U f_keys(F a)
{
    return f_bits(f_abs(a));
}

/* To the nearest integer, ties to even; NaN, of which the instruction makes 0, to the least. */
static inline uint32x4_t nearest4(float32x4_t a)
{
    const uint32x4_t number = vreinterpretq_u32_s32(vcvtnq_s32_f32(a));
    return vbslq_u32(vceqq_f32(a, a), number, vdupq_n_u32(1u << 31));
}

static inline U f_nearest(F a)
{
    EACH(U, nearest4(a.v[i]));
}

/* |x| where x >= 0 and 0 elsewhere; and the other way round. */
static inline void f_split(F x, F *plus, F *minus)
{
    for (int i = 0; i < 4; i++) {
        const uint32x4_t key = vreinterpretq_u32_f32(vabsq_f32(x.v[i]));
        const uint32x4_t nonnegative = vcgezq_f32(x.v[i]);
        plus->v[i] = vreinterpretq_f32_u32(vandq_u32(key, nonnegative));
        minus->v[i] = vreinterpretq_f32_u32(vbicq_u32(key, nonnegative));
    }
}

/* --- integers; comparisons and limits are of signed ones --- */

static inline U u_all(uint32_t a)
{
    EACH(U, vdupq_n_u32(a));
}

static inline F u_floats(U a)
{
    EACH(F, vreinterpretq_f32_u32(a.v[i]));
}

static inline int32x4_t with_sign(uint32x4_t a)
{
    return vreinterpretq_s32_u32(a);
}

static inline F u_number(U a)
{
    EACH(F, vcvtq_f32_s32(with_sign(a.v[i])));
}

static inline uint32x4_t lesser(uint32x4_t a, uint32x4_t b)
{
    return vreinterpretq_u32_s32(vminq_s32(with_sign(a), with_sign(b)));
}

static inline uint32x4_t greater(uint32x4_t a, uint32x4_t b)
{
    return vreinterpretq_u32_s32(vmaxq_s32(with_sign(a), with_sign(b)));
}

static inline uint32x4_t above(uint32x4_t a, uint32x4_t b)
{
    return vcgtq_s32(with_sign(a), with_sign(b));
}

/* All bits where b is 32 or more: of a shift the instruction takes the low byte, with its sign. */
static inline uint32x4_t rights(uint32x4_t a, uint32x4_t b)
{
    return vshlq_u32(a, vnegq_s32(with_sign(vminq_u32(b, vdupq_n_u32(32)))));
}

PAIRWISE(U, u_plus, vaddq_u32)
PAIRWISE(U, u_minus, vsubq_u32)
PAIRWISE(U, u_and, vandq_u32)
PAIRWISE(U, u_or, vorrq_u32)
PAIRWISE(U, u_xor, veorq_u32)
PAIRWISE(U, u_min, lesser)
PAIRWISE(U, u_max, greater)
PAIRWISE(U, u_above, above)
PAIRWISE(U, u_rights, rights)

static inline U u_left(U a, unsigned by)
{
    EACH(U, vshlq_u32(a.v[i], vdupq_n_s32((int)by)));
}

static inline U u_right(U a, unsigned by)
{
    EACH(U, vshlq_u32(a.v[i], vdupq_n_s32(-(int)by)));
}

/* By what u_above() said. */
static inline U u_choose(U which, U yes, U no)
{
    EACH(U, vbslq_u32(which.v[i], yes.v[i], no.v[i]));
}

/* The largest of numbers below 2^31. */
static inline uint32_t u_most(U a)
{
    return vmaxvq_u32(vmaxq_u32(vmaxq_u32(a.v[0], a.v[1]), vmaxq_u32(a.v[2], a.v[3])));
}

/* The least and the largest of finite numbers; of two zeros either. */
static inline float f_least(F a)
{
    return vminvq_f32(vminq_f32(vminq_f32(a.v[0], a.v[1]), vminq_f32(a.v[2], a.v[3])));
}

static inline float f_most(F a)
{
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.v[0], a.v[1]), vmaxq_f32(a.v[2], a.v[3])));
}

/* With the sign. */
static inline U u_signed_right(U a, unsigned by)
{
    EACH(U, vreinterpretq_u32_s32(vshlq_s32(vreinterpretq_s32_u32(a.v[i]), vdupq_n_s32(-(int)by))));
}

/* Bit by bit whether x >= 0. */
static inline uint32_t f_nonnegative(F x)
{
    static const uint32_t own[4] = {1, 2, 4, 8};
    const uint32x4_t bit = vld1q_u32(own);
    uint32_t bits = 0;

    for (unsigned i = 0; i < 4; i++)
        bits |= vaddvq_u32(vandq_u32(vcgezq_f32(x.v[i]), bit)) << 4 * i;
    return bits;
}

/* --- sums --- */

typedef struct sums {
    float64x2_t row[8];
} sums;

static inline sums sums_zero(void)
{
    sums s;

    for (int i = 0; i < 8; i++)
        s.row[i] = vdupq_n_f64(0);
    return s;
}

static inline sums sums_add(sums s, F a)
{
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        s.row[2 * i] = vaddq_f64(s.row[2 * i], vcvt_f64_f32(vget_low_f32(a.v[i])));
        s.row[2 * i + 1] = vaddq_f64(s.row[2 * i + 1], vcvt_high_f64_f32(a.v[i]));
    }
    return s;
}

static inline void sums_store(double *to, sums s)
{
    for (int i = 0; i < 8; i++)
        vst1q_f64(to + 2 * i, s.row[i]);
}

/* The tree. */
static inline double sums_total(sums s)
{
#pragma GCC unroll 3
    for (int half = 4; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int i = 0; i < half; i++)
            s.row[i] = vaddq_f64(s.row[i], s.row[i + half]);
    return vaddvq_f64(s.row[0]);
}

#include "kernels/neon_codes.h"
