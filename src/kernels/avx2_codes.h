/* SPDX-License-Identifier: BSD-3-Clause */

/* avx2_codes.h: the rest of avx2_wide.h, which includes it: random words, and codes put together
 * and taken apart. */

#include "kernels/pack_tables.h"

/* --- Philox --- */

/* A round on half of a word's lanes: the high half of a product, and what is xored to it. */
static inline __m256i mixed(__m256i product, __m256i other, __m256i key)
{
    return _mm256_xor_si256(_mm256_srli_epi64(product, 32), _mm256_xor_si256(other, key));
}

static inline __m256i all64(uint64_t x)
{
    return _mm256_set1_epi64x((int64_t)x);
}

/* Sixteen blocks as in avx512_codes.h, which says why even and odd lanes are apart.  Only word 0 of a
 * counter differs from block to block, so half of the first three rounds is the same for all. */
static inline __attribute__((always_inline)) void
philox16(const uint32_t key[20], const uint32_t high[2], unsigned rounds, uint64_t block, U word[4])
{
    const uint64_t m0 = 0xD2511F53, m1 = 0xCD9E8D57;
    const uint64_t p1 = m1 * high[0], w0 = p1 >> 32 ^ block >> 32 ^ key[0]; /* after the first */
    const uint64_t p0 = m0 * (uint32_t)w0;                                  /* of the second */
    const __m256i v0 = all64(m0), v1 = all64(m1);
    const __m256i even = _mm256_add_epi64(all64((uint32_t)block), _mm256_setr_epi64x(0, 2, 4, 6));
    __m256i c[4][4]; /* [word][which eight, and whether odd] */

#pragma GCC unroll 4
    for (unsigned j = 0; j < 4; j++) {
        const __m256i counter = _mm256_add_epi64(even, all64(j / 2 * 8 + j % 2));
        const __m256i first = _mm256_mul_epu32(v0, counter);
        const __m256i w2 = _mm256_xor_si256(_mm256_srli_epi64(first, 32), all64(high[1] ^ key[1]));
        const __m256i second = _mm256_mul_epu32(v1, w2);
        const __m256i x0 =
            _mm256_xor_si256(_mm256_srli_epi64(second, 32), all64((uint32_t)p1 ^ key[2]));
        const __m256i x2 = _mm256_xor_si256(first, all64(p0 >> 32 ^ key[3]));
        const __m256i q0 = _mm256_mul_epu32(v0, x0), q1 = _mm256_mul_epu32(v1, x2);
        c[0][j] = mixed(q1, second, all64(key[4]));
        c[1][j] = q1;
        c[2][j] = _mm256_xor_si256(_mm256_srli_epi64(q0, 32), all64((uint32_t)p0 ^ key[5]));
        c[3][j] = q0;
    }
#pragma GCC unroll 10
    for (unsigned round = 3; round < rounds; round++) {
        const __m256i k0 = _mm256_set1_epi32((int)key[2 * round]);
        const __m256i k1 = _mm256_set1_epi32((int)key[2 * round + 1]);
#pragma GCC unroll 4
        for (unsigned j = 0; j < 4; j++) {
            const __m256i q0 = _mm256_mul_epu32(v0, c[0][j]);
            const __m256i q1 = _mm256_mul_epu32(v1, c[2][j]);
            c[0][j] = mixed(q1, c[1][j], k0);
            c[1][j] = q1;
            c[2][j] = mixed(q0, c[3][j], k1);
            c[3][j] = q0;
        }
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        word[i] = (U){_mm256_blend_epi32(c[i][0], _mm256_slli_epi64(c[i][1], 32), 0xaa),
                      _mm256_blend_epi32(c[i][2], _mm256_slli_epi64(c[i][3], 32), 0xaa)};
}

/* Blocks block .. block + 15 and block + 16 .. block + 31, one a lane; block is a multiple of 32. */
static inline __attribute__((always_inline)) void u_philox(const uint32_t key[20],
                                                           const uint32_t high[2], unsigned rounds,
                                                           uint64_t block, U word[2][4])
{
    philox16(key, high, rounds, block, word[0]);
    philox16(key, high, rounds, block + 16, word[1]);
}

/* --- codes --- */

static inline __m256i bytes_of(U a, U b)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i low = _mm256_packus_epi32(a.low, a.high);
    const __m256i high = _mm256_packus_epi32(b.low, b.high);
    return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
}

/* Sixty-four codes below 256 as bytes. */
static inline U u_bytes(const U code[4])
{
    return (U){bytes_of(code[0], code[1]), bytes_of(code[2], code[3])};
}

/* The least code before it counts from 0, and the largest from there. */
typedef struct limits {
    __m256i least, most;
} limits;

static inline limits limits_of(int least, int levels)
{
    return (limits){_mm256_set1_epi16((short)least), _mm256_set1_epi8((char)(levels - 1))};
}

/* Thirty-two codes. */
typedef __m256i H;

/* Of sums without their lower 16 bits, less the least, and limited to what codes there are; zero: the
 * least is 0.  16-bit halves of two lanes change places on the way, which a shuffle undoes. */
static inline H h_codes(U a, U b, const limits *limit, bool zero)
{
    const __m256i pairs = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i low = _mm256_blend_epi16(_mm256_srli_epi32(a.low, 16), a.high, 0xaa);
    __m256i high = _mm256_blend_epi16(_mm256_srli_epi32(b.low, 16), b.high, 0xaa);
    if (!zero) {
        low = _mm256_subs_epi16(low, limit->least);
        high = _mm256_subs_epi16(high, limit->least);
    }
    const __m256i both = _mm256_min_epu8(_mm256_packus_epi16(low, high), limit->most);
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(both, pairs), order);
}

/* All sixty-four, a byte each. */
static inline U u_bytes_of(H low, H high, const limits *limit)
{
    (void)limit;
    return (U){low, high};
}

/* Eight codes together in the low bytes of 64 bits, then the 64 bits of a lane: bytes below 128 are
 * the same with and without sign. */
static inline __m256i together(__m256i bytes, unsigned bits)
{
    const __m256i two = _mm256_maddubs_epi16(_mm256_set1_epi16((short)(1 | 256 << bits)), bytes);
    const __m256i four = _mm256_madd_epi16(two, _mm256_set1_epi32(1 | 65536 << 2 * bits));
    const __m256i low = _mm256_and_si256(four, _mm256_set1_epi64x(UINT32_MAX));
    const __m256i high =
        _mm256_sll_epi64(_mm256_srli_epi64(four, 32), _mm_cvtsi32_si128((int)(4 * bits)));
    const __m256i pairs = _mm256_broadcastsi128_si256(
        _mm_loadu_si128((const __m128i *)(const void *)pack_pairs[bits]));
    return _mm256_shuffle_epi8(_mm256_or_si256(low, high), pairs);
}

/* Sixty-four codes of `bits` bits to 8 * bits bytes; `room` is what may be written, or more. */
static inline void u_pack(U bytes, unsigned bits, uint8_t *to, size_t room)
{
    __m128i lane[4];
    uint8_t all[64 + 16], *out = room >= sizeof all ? to : all;

    if (bits == 8) {
        _mm256_storeu_si256((__m256i *)(void *)to, bytes.low);
        _mm256_storeu_si256((__m256i *)(void *)(to + 32), bytes.high);
        return;
    }
    if (bits == 4) {
        const __m256i two = _mm256_set1_epi16(1 | 16 << 8);
        const __m256i both = _mm256_packus_epi16(_mm256_maddubs_epi16(two, bytes.low),
                                                 _mm256_maddubs_epi16(two, bytes.high));
        _mm256_storeu_si256((__m256i *)(void *)to, _mm256_permute4x64_epi64(both, 0xd8));
        return;
    }
    bytes.low = together(bytes.low, bits);
    bytes.high = together(bytes.high, bits);
    lane[0] = _mm256_castsi256_si128(bytes.low);
    lane[1] = _mm256_extracti128_si256(bytes.low, 1);
    lane[2] = _mm256_castsi256_si128(bytes.high);
    lane[3] = _mm256_extracti128_si256(bytes.high, 1);
    for (unsigned i = 0; i < 4; i++) /* each ends in zeros, which the next replaces */
        _mm_storeu_si128((__m128i *)(void *)(out + 2 * i * bits), lane[i]);
    if (out == all) memcpy(to, all, 8 * bits);
}

/* How to take eight codes apart: the two bytes of each, and how far it is from their end. */
typedef struct unpacker {
    size_t beyond; /* as many codes must follow */
    unsigned bits;
    __m256i bytes, shift, all;
} unpacker;

static inline unpacker unpacker_of(unsigned bits)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i bit = _mm256_mullo_epi32(lane, _mm256_set1_epi32((int)bits));
    const __m256i byte = _mm256_srli_epi32(bit, 3);
    return (unpacker){
        .beyond = bits == 4 ? 0 : (8 * (8 - bits) + bits - 1) / bits,
        .bits = bits,
        .bytes = _mm256_add_epi32(_mm256_or_si256(byte, _mm256_slli_epi32(byte, 8)),
                                  _mm256_set1_epi32((int)0x80800100u)),
        .shift = _mm256_and_si256(bit, _mm256_set1_epi32(7)),
        .all = _mm256_set1_epi32((1 << bits) - 1),
    };
}

static inline __m128i load8(const uint8_t *p)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)p);
}

/* Sixteen bytes, which are there twice: within a lane a shuffle is a third of the time of a conversion,
 * which crosses lanes. */
static inline U u_widen(__m256i twice)
{
    const char no = -128;
    const __m256i first =
        _mm256_setr_epi8(0, no, no, no, 1, no, no, no, 2, no, no, no, 3, no, no, no, 4, no, no, no,
                         5, no, no, no, 6, no, no, no, 7, no, no, no);
    const __m256i second = _mm256_or_si256(first, _mm256_set1_epi32(8));
    return (U){_mm256_shuffle_epi8(twice, first), _mm256_shuffle_epi8(twice, second)};
}

static inline U u_load8(const uint8_t *p)
{
    return u_widen(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p)));
}

static inline U u_load16(const uint8_t *p)
{
    const __m128i *from = (const __m128i *)(const void *)p;
    return (U){_mm256_cvtepu16_epi32(_mm_loadu_si128(from)),
               _mm256_cvtepu16_epi32(_mm_loadu_si128(from + 1))};
}

static inline __m256i unpack8(const uint8_t *p, const unpacker *u)
{
    const __m256i codes = _mm256_broadcastsi128_si256(load8(p));
    return _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(codes, u->bytes), u->shift),
                            u->all);
}

static inline U u_unpack(const uint8_t *p, const unpacker *u)
{
    if (u->bits == 8) return u_load8(p);
    if (u->bits == 4) {
        const __m256i nibble = _mm256_set1_epi8(15), all = _mm256_broadcastq_epi64(load8(p));
        return u_widen(_mm256_unpacklo_epi8(_mm256_and_si256(all, nibble),
                                            _mm256_and_si256(_mm256_srli_epi16(all, 4), nibble)));
    }
    return (U){unpack8(p, u), unpack8(p + u->bits, u)};
}

/* The upper 16 bits of 32 lanes. */
static inline void u_store_upper(uint8_t *to, U a, U b)
{
    __m256i *out = (__m256i *)(void *)to;

    a = u_right(a, 16);
    b = u_right(b, 16);
    _mm256_storeu_si256(out, _mm256_permute4x64_epi64(_mm256_packus_epi32(a.low, a.high), 0xd8));
    _mm256_storeu_si256(out + 1,
                        _mm256_permute4x64_epi64(_mm256_packus_epi32(b.low, b.high), 0xd8));
}
