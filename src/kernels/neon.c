/* SPDX-License-Identifier: BSD-3-Clause */

/* neon.c: the vectors of simd_impl.h in NEON, which every 64-bit ARM processor has.
 *
 * NEON has no masks, and nothing that collects the top bits of lanes: each lane of a comparison
 * keeps a bit of its own, and the lanes are added.  To move lanes together bytes are looked up in
 * a register, in an order that comes from a table, four lanes at a time.  It has no stores past
 * the caches that C could name: stream is a copy.
 */

#include <math.h>
#include <string.h>
#include "kernels/ref.h"
#include "kernels/neon_common.h"
#include "kernels/neon_wide.h"
#include "kernels/simd_codes.h"

#define SIMD_ISA "neon"

/* Four lanes of 32 bits would be no faster than numbers of 64. */
#define gap_lows csgdi_ref_f32_gap_lows
#define gap_quotients csgdi_ref_f32_gap_quotients

/* The bytes of the lanes of the 1 bits among four, together at the front. */
#define LANE(i) 4 * (i), 4 * (i) + 1, 4 * (i) + 2, 4 * (i) + 3
#define LANES(a, b, c, d)                  \
    {                                      \
        LANE(a), LANE(b), LANE(c), LANE(d) \
    }
static const uint8_t lanes_of[16][16] = {
    LANES(0, 0, 0, 0), LANES(0, 0, 0, 0), LANES(1, 0, 0, 0), LANES(0, 1, 0, 0),
    LANES(2, 0, 0, 0), LANES(0, 2, 0, 0), LANES(1, 2, 0, 0), LANES(0, 1, 2, 0),
    LANES(3, 0, 0, 0), LANES(0, 3, 0, 0), LANES(1, 3, 0, 0), LANES(0, 1, 3, 0),
    LANES(2, 3, 0, 0), LANES(0, 2, 3, 0), LANES(1, 2, 3, 0), LANES(0, 1, 2, 3),
};

static inline uint32x4_t pack4(uint32x4_t x, uint32_t bits)
{
    return vreinterpretq_u32_u8(vqtbl1q_u8(vreinterpretq_u8_u32(x), vld1q_u8(lanes_of[bits])));
}

/* How many 1 bits there are among four. */
static inline uint32_t count4(uint32_t bits)
{
    return (uint32_t)(UINT64_C(0x4332322132212110) >> 4 * bits & 15);
}

/* --- float: two registers of four --- */

typedef struct f32v {
    float32x4_t low, high;
} f32v;

typedef struct f32v_key {
    uint32x4_t low, high;
} f32v_key;

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

static inline f32v f32v_plus(f32v a, f32v b)
{
    return (f32v){vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}

static inline f32v f32v_minus(f32v a, f32v b)
{
    return (f32v){vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}

static inline f32v f32v_product(f32v a, f32v b)
{
    return (f32v){vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}

static inline float32x4_t times4(float64x2_t r, float32x4_t x)
{
    const float64x2_t low = vmulq_f64(r, vcvt_f64_f32(vget_low_f32(x)));
    const float64x2_t high = vmulq_f64(r, vcvt_high_f64_f32(x));
    return vcvt_high_f32_f64(vcvt_f32_f64(low), high);
}

static inline f32v f32v_times(double r, f32v x)
{
    const float64x2_t s = vdupq_n_f64(r);
    return (f32v){times4(s, x.low), times4(s, x.high)};
}

/* Of lanes of all ones or zeros. */
static inline uint32_t f32v_bits(uint32x4_t low, uint32x4_t high)
{
    static const uint32_t own[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    return vaddvq_u32(
        vorrq_u32(vandq_u32(low, vld1q_u32(own)), vandq_u32(high, vld1q_u32(own + 4))));
}

static inline uint32_t f32v_nonnegative(f32v x)
{
    return f32v_bits(vcgezq_f32(x.low), vcgezq_f32(x.high));
}

static inline f32v f32v_choose(uint32_t bits, f32v one, f32v zero)
{
    static const uint32_t own[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    const uint32x4_t all = vdupq_n_u32(bits);
    return (f32v){vbslq_f32(vtstq_u32(all, vld1q_u32(own)), one.low, zero.low),
                  vbslq_f32(vtstq_u32(all, vld1q_u32(own + 4)), one.high, zero.high)};
}

static inline f32v_key f32v_keys(f32v x)
{
    return (f32v_key){vreinterpretq_u32_f32(vabsq_f32(x.low)),
                      vreinterpretq_u32_f32(vabsq_f32(x.high))};
}

static inline f32v_key f32v_all(uint64_t key)
{
    return (f32v_key){vdupq_n_u32((uint32_t)key), vdupq_n_u32((uint32_t)key)};
}

static inline f32v_key f32v_shift(f32v_key keys, unsigned by)
{
    const int32x4_t right = vdupq_n_s32(-(int)by);
    return (f32v_key){vshlq_u32(keys.low, right), vshlq_u32(keys.high, right)};
}

static inline uint32_t f32v_above(f32v_key a, f32v_key b)
{
    return f32v_bits(vcgtq_s32(vreinterpretq_s32_u32(a.low), vreinterpretq_s32_u32(b.low)),
                     vcgtq_s32(vreinterpretq_s32_u32(a.high), vreinterpretq_s32_u32(b.high)));
}

static inline f32v_key f32v_larger(f32v_key a, f32v_key b)
{
    return (f32v_key){vmaxq_u32(a.low, b.low), vmaxq_u32(a.high, b.high)};
}

static inline uint32_t f32v_equal(f32v_key a, f32v_key b)
{
    return f32v_bits(vceqq_u32(a.low, b.low), vceqq_u32(a.high, b.high));
}

static inline uint32_t f32v_nonfinite(f32v x)
{
    return f32v_above(f32v_keys(x), f32v_all(UINT32_C(0x7f7fffff)));
}

static inline void pack8(uint32x4_t low, uint32x4_t high, uint32_t bits, uint32_t *to)
{
    vst1q_u32(to, pack4(low, bits & 15));
    vst1q_u32(to + count4(bits & 15), pack4(high, bits >> 4));
}

static inline void f32v_pack(f32v x, uint32_t bits, float *value)
{
    const uint32x4_t low = vreinterpretq_u32_f32(x.low), high = vreinterpretq_u32_f32(x.high);
    vst1q_f32(value, vreinterpretq_f32_u32(pack4(low, bits & 15)));
    vst1q_f32(value + count4(bits & 15), vreinterpretq_f32_u32(pack4(high, bits >> 4)));
}

static inline void f32v_pack_index(const uint32_t *from, uint32_t bits, uint32_t *index)
{
    pack8(vld1q_u32(from), vld1q_u32(from + 4), bits, index);
}

static inline void f32v_append(f32v x, uint32_t bits, uint32_t first, uint32_t *index, float *value)
{
    static const uint32_t number[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint32x4_t all = vdupq_n_u32(first);

    pack8(vaddq_u32(all, vld1q_u32(number)), vaddq_u32(all, vld1q_u32(number + 4)), bits, index);
    f32v_pack(x, bits, value);
}

static inline void f32v_stream(float *to, f32v x)
{
    f32v_store(to, x);
}

static inline D f32v_doubles(const float *x)
{
    const float32x4_t a = vld1q_f32(x);
    return (D){vcvt_f64_f32(vget_low_f32(a)), vcvt_high_f64_f32(a)};
}

#define SIMD_TYPE float
#define SIMD_VECTOR f32v
#define SIMD_LANES 8
#define SIMD_KEY_MAX INT32_MAX
#define SIMD_ID CSGD_F32
#define SIMD_TABLE csgdi_kernels_neon_f32
#define V(name) f32v_##name
#define S(name) f32_##name
#define REF(name) csgdi_ref_f32_##name
#define CODES(name) f32_##name
#include "kernels/simd_impl.h"

/* --- double: two registers of two --- */

typedef struct f64v_key {
    uint64x2_t low, high;
} f64v_key;

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

static inline D f64v_plus(D a, D b)
{
    return d_plus(a, b);
}

static inline D f64v_minus(D a, D b)
{
    return d_minus(a, b);
}

static inline D f64v_product(D a, D b)
{
    return d_times(a, b);
}

static inline D f64v_times(double r, D x)
{
    return d_times(f64v_all_of(r), x);
}

static inline uint32_t f64v_bits(uint64x2_t low, uint64x2_t high)
{
    static const uint64_t own[4] = {1, 2, 4, 8};
    return (uint32_t)vaddvq_u64(
        vorrq_u64(vandq_u64(low, vld1q_u64(own)), vandq_u64(high, vld1q_u64(own + 2))));
}

static inline uint32_t f64v_nonnegative(D x)
{
    return f64v_bits(vcgezq_f64(x.low), vcgezq_f64(x.high));
}

static inline D f64v_choose(uint32_t bits, D one, D zero)
{
    static const uint64_t own[4] = {1, 2, 4, 8};
    const uint64x2_t all = vdupq_n_u64(bits);
    return (D){vbslq_f64(vtstq_u64(all, vld1q_u64(own)), one.low, zero.low),
               vbslq_f64(vtstq_u64(all, vld1q_u64(own + 2)), one.high, zero.high)};
}

static inline f64v_key f64v_keys(D x)
{
    return (f64v_key){vreinterpretq_u64_f64(vabsq_f64(x.low)),
                      vreinterpretq_u64_f64(vabsq_f64(x.high))};
}

static inline f64v_key f64v_all(uint64_t key)
{
    return (f64v_key){vdupq_n_u64(key), vdupq_n_u64(key)};
}

static inline f64v_key f64v_shift(f64v_key keys, unsigned by)
{
    const int64x2_t right = vdupq_n_s64(-(int)by);
    return (f64v_key){vshlq_u64(keys.low, right), vshlq_u64(keys.high, right)};
}

static inline uint32_t f64v_above(f64v_key a, f64v_key b)
{
    return f64v_bits(vcgtq_s64(vreinterpretq_s64_u64(a.low), vreinterpretq_s64_u64(b.low)),
                     vcgtq_s64(vreinterpretq_s64_u64(a.high), vreinterpretq_s64_u64(b.high)));
}

static inline f64v_key f64v_larger(f64v_key a, f64v_key b)
{
    return (f64v_key){vbslq_u64(vcgtq_u64(a.low, b.low), a.low, b.low),
                      vbslq_u64(vcgtq_u64(a.high, b.high), a.high, b.high)};
}

static inline uint32_t f64v_equal(f64v_key a, f64v_key b)
{
    return f64v_bits(vceqq_u64(a.low, b.low), vceqq_u64(a.high, b.high));
}

static inline uint32_t f64v_nonfinite(D x)
{
    return f64v_above(f64v_keys(x), f64v_all(UINT64_C(0x7fefffffffffffff)));
}

/* A double is moved as two floats. */
static inline float64x2_t pack2(float64x2_t x, uint32_t bits)
{
    const uint32_t pairs = (bits & 1) * 3 + (bits >> 1) * 12;
    return vreinterpretq_f64_u32(pack4(vreinterpretq_u32_f64(x), pairs));
}

static inline void f64v_pack(D x, uint32_t bits, double *value)
{
    vst1q_f64(value, pack2(x.low, bits & 3));
    vst1q_f64(value + count4(bits & 3), pack2(x.high, bits >> 2));
}

static inline void f64v_pack_index(const uint32_t *from, uint32_t bits, uint32_t *index)
{
    vst1q_u32(index, pack4(vld1q_u32(from), bits));
}

static inline void f64v_append(D x, uint32_t bits, uint32_t first, uint32_t *index, double *value)
{
    static const uint32_t number[4] = {0, 1, 2, 3};

    vst1q_u32(index, pack4(vaddq_u32(vdupq_n_u32(first), vld1q_u32(number)), bits));
    f64v_pack(x, bits, value);
}

static inline void f64v_stream(double *to, D x)
{
    d_store(to, x);
}

static inline D f64v_doubles(const double *x)
{
    return f64v_load(x);
}

#define SIMD_TYPE double
#define SIMD_VECTOR D
#define SIMD_LANES 4
#define SIMD_KEY_MAX INT64_MAX
#define SIMD_ID CSGD_F64
#define SIMD_TABLE csgdi_kernels_neon_f64
#define V(name) f64v_##name
#define S(name) f64_##name
#define REF(name) csgdi_ref_f64_##name
#define CODES(name) csgdi_ref_f64_##name
#include "kernels/simd_impl.h"
