/* SPDX-License-Identifier: BSD-3-Clause */

/* neon_codes.h: the rest of neon_wide.h, which includes it: random words, and codes put together
 * and taken apart. */

#include "kernels/pack_tables.h"

/* --- Philox --- */

/* Four blocks, one a lane; none of them carries into the upper word of the counter. */
static inline __attribute__((always_inline)) void philox4(const uint32_t key[20],
                                                          const uint32_t high[2], unsigned rounds,
                                                          uint64_t block, uint32x4_t c[4])
{
    static const uint32_t number[4] = {0, 1, 2, 3};
    const uint32x4_t m0 = vdupq_n_u32(0xD2511F53), m1 = vdupq_n_u32(0xCD9E8D57);

    c[0] = vaddq_u32(vdupq_n_u32((uint32_t)block), vld1q_u32(number));
    c[1] = vdupq_n_u32((uint32_t)(block >> 32));
    c[2] = vdupq_n_u32(high[0]);
    c[3] = vdupq_n_u32(high[1]);
#pragma GCC unroll 10
    for (unsigned round = 0; round < rounds; round++) {
        const uint32x4_t k0 = vdupq_n_u32(key[2 * round]), k1 = vdupq_n_u32(key[2 * round + 1]);
        const uint32x4_t a = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(c[0]), vget_low_u32(m0)));
        const uint32x4_t b = vreinterpretq_u32_u64(vmull_high_u32(c[0], m0));
        const uint32x4_t d = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(c[2]), vget_low_u32(m1)));
        const uint32x4_t e = vreinterpretq_u32_u64(vmull_high_u32(c[2], m1));
        c[0] = veorq_u32(vuzp2q_u32(d, e), veorq_u32(c[1], k0));
        c[1] = vuzp1q_u32(d, e);
        c[2] = veorq_u32(vuzp2q_u32(a, b), veorq_u32(c[3], k1));
        c[3] = vuzp1q_u32(a, b);
    }
}

/* Blocks block .. block + 15 and block + 16 .. block + 31, one a lane; block is a multiple of 32. */
static inline __attribute__((always_inline)) void u_philox(const uint32_t key[20],
                                                           const uint32_t high[2], unsigned rounds,
                                                           uint64_t block, U word[2][4])
{
    for (unsigned i = 0; i < 8; i++) {
        uint32x4_t w[4];
        philox4(key, high, rounds, block + 4 * i, w);
        for (unsigned j = 0; j < 4; j++)
            word[i / 4][j].v[i % 4] = w[j];
    }
}

/* --- codes --- */

/* The low byte of each of sixteen lanes. */
static inline uint32x4_t bytes_of(U a)
{
    const uint16x8_t low = vcombine_u16(vmovn_u32(a.v[0]), vmovn_u32(a.v[1]));
    const uint16x8_t high = vcombine_u16(vmovn_u32(a.v[2]), vmovn_u32(a.v[3]));
    return vreinterpretq_u32_u8(vcombine_u8(vmovn_u16(low), vmovn_u16(high)));
}

/* Sixty-four codes below 256 as bytes. */
static inline U u_bytes(const U code[4])
{
    EACH(U, bytes_of(code[i]));
}

/* The least code before it counts from 0, and the largest from there. */
typedef struct limits {
    int16x8_t least;
    uint8x16_t most;
} limits;

static inline limits limits_of(int least, int levels)
{
    return (limits){vdupq_n_s16((int16_t)least), vdupq_n_u8((uint8_t)(levels - 1))};
}

/* Thirty-two codes. */
typedef struct H {
    uint32x4_t v[2];
} H;

static inline uint32x4_t codes_of(U a, const limits *limit)
{
    const int16x8_t low =
        vcombine_s16(vshrn_n_s32(with_sign(a.v[0]), 16), vshrn_n_s32(with_sign(a.v[1]), 16));
    const int16x8_t high =
        vcombine_s16(vshrn_n_s32(with_sign(a.v[2]), 16), vshrn_n_s32(with_sign(a.v[3]), 16));
    const uint8x16_t all = vcombine_u8(vqmovun_s16(vqsubq_s16(low, limit->least)),
                                       vqmovun_s16(vqsubq_s16(high, limit->least)));
    return vreinterpretq_u32_u8(vminq_u8(all, limit->most));
}

/* Of sums without their lower 16 bits, less the least, and limited to what codes there are; zero: the
 * least is 0, which saves nothing. */
static inline H h_codes(U a, U b, const limits *limit, bool zero)
{
    (void)zero;
    return (H){{codes_of(a, limit), codes_of(b, limit)}};
}

/* All sixty-four, a byte each. */
static inline U u_bytes_of(H low, H high, const limits *limit)
{
    (void)limit;
    return (U){{low.v[0], low.v[1], high.v[0], high.v[1]}};
}

/* Eight codes together in the low bytes of 64 bits, then the 64 bits of both halves. */
static inline uint8x16_t together(uint32x4_t bytes, unsigned bits)
{
    const uint16x8_t one = vreinterpretq_u16_u32(bytes);
    const uint32x4_t two = vreinterpretq_u32_u16(
        vorrq_u16(vandq_u16(one, vdupq_n_u16(255)),
                  vshlq_u16(vshrq_n_u16(one, 8), vdupq_n_s16((int16_t)bits))));
    const uint64x2_t four = vreinterpretq_u64_u32(
        vorrq_u32(vandq_u32(two, vdupq_n_u32(UINT16_MAX)),
                  vshlq_u32(vshrq_n_u32(two, 16), vdupq_n_s32((int)(2 * bits)))));
    const uint64x2_t eight = vorrq_u64(vandq_u64(four, vdupq_n_u64(UINT32_MAX)),
                                       vshlq_u64(vshrq_n_u64(four, 32), vdupq_n_s64(4 * bits)));
    return vqtbl1q_u8(vreinterpretq_u8_u64(eight), vld1q_u8(pack_pairs[bits]));
}

/* Sixty-four codes of `bits` bits to 8 * bits bytes; `room` is what may be written, or more. */
static inline void u_pack(U bytes, unsigned bits, uint8_t *to, size_t room)
{
    uint8_t all[64 + 16], *out = room >= sizeof all ? to : all;

    if (bits == 8) {
        for (unsigned i = 0; i < 4; i++)
            vst1q_u8(to + 16 * i, vreinterpretq_u8_u32(bytes.v[i]));
        return;
    }
    for (unsigned i = 0; i < 4; i++) /* each ends in zeros, which the next replaces */
        vst1q_u8(out + 2 * i * bits, together(bytes.v[i], bits));
    if (out == all) memcpy(to, all, 8 * bits);
}

/* How to take eight codes apart: the two bytes of each, and how far it is from their end. */
typedef struct unpacker {
    size_t beyond; /* as many codes must follow */
    unsigned bits;
    uint8x16_t bytes[2];
    int32x4_t shift[2];
    uint32x4_t all;
} unpacker;

static inline unpacker unpacker_of(unsigned bits)
{
    unpacker u = {
        .beyond = (8 * (8 - bits) + bits - 1) / bits,
        .bits = bits,
        .all = vdupq_n_u32((1u << bits) - 1),
    };
    uint32_t bytes[8];
    int32_t shift[8];

    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = i * bits / 8 * 0x101 + 0x80800100u; /* 128 and above: zero */
        shift[i] = -(int32_t)(i * bits % 8);
    }
    for (unsigned i = 0; i < 2; i++) {
        u.bytes[i] = vreinterpretq_u8_u32(vld1q_u32(bytes + 4 * i));
        u.shift[i] = vld1q_s32(shift + 4 * i);
    }
    return u;
}

static inline U u_load16(const uint8_t *p)
{
    const uint16x8_t low = vreinterpretq_u16_u8(vld1q_u8(p));
    const uint16x8_t high = vreinterpretq_u16_u8(vld1q_u8(p + 16));
    return (U){{vmovl_u16(vget_low_u16(low)), vmovl_high_u16(low), vmovl_u16(vget_low_u16(high)),
                vmovl_high_u16(high)}};
}

static inline U u_load8(const uint8_t *p)
{
    const uint8x16_t all = vld1q_u8(p);
    const uint16x8_t low = vmovl_u8(vget_low_u8(all)), high = vmovl_high_u8(all);
    return (U){{vmovl_u16(vget_low_u16(low)), vmovl_high_u16(low), vmovl_u16(vget_low_u16(high)),
                vmovl_high_u16(high)}};
}

static inline uint32x4_t unpack4(const uint8_t *p, const unpacker *u, unsigned part)
{
    const uint8x16_t codes = vcombine_u8(vld1_u8(p), vdup_n_u8(0));
    const uint32x4_t pairs = vreinterpretq_u32_u8(vqtbl1q_u8(codes, u->bytes[part]));
    return vandq_u32(vshlq_u32(pairs, u->shift[part]), u->all);
}

static inline U u_unpack(const uint8_t *p, const unpacker *u)
{
    if (u->bits == 8) return u_load8(p);
    EACH(U, unpack4(p + (unsigned)i / 2 * u->bits, u, (unsigned)i % 2));
}

/* The upper 16 bits of 32 lanes. */
static inline void u_store_upper(uint8_t *to, U a, U b)
{
    for (unsigned i = 0; i < 4; i += 2) {
        const uint16x8_t low = vcombine_u16(vshrn_n_u32(a.v[i], 16), vshrn_n_u32(a.v[i + 1], 16));
        const uint16x8_t high = vcombine_u16(vshrn_n_u32(b.v[i], 16), vshrn_n_u32(b.v[i + 1], 16));
        vst1q_u8(to + 8 * i, vreinterpretq_u8_u16(low));
        vst1q_u8(to + 32 + 8 * i, vreinterpretq_u8_u16(high));
    }
}
