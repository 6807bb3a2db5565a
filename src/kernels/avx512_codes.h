/* SPDX-License-Identifier: BSD-3-Clause */

/* avx512_codes.h: the rest of avx512_wide.h, which includes it: random words, and codes put together
 * and taken apart. */

#include "kernels/pack_tables.h"

/* --- Philox --- */

static inline __m512i xor3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

/* Blocks block .. block + 15 and block + 16 .. block + 31, one a lane; block is a multiple of 32.
 * Even and odd lanes apart, in 64 bits each: there a product has room, its low half is a factor of
 * the next round as it is, and what lies above a word does no harm. */
static inline __attribute__((always_inline)) void u_philox(const uint32_t key[20],
                                                           const uint32_t high[2], unsigned rounds,
                                                           uint64_t block, U word[2][4])
{
    const __m512i m0 = _mm512_set1_epi64(0xD2511F53), m1 = _mm512_set1_epi64(0xCD9E8D57);
    const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    __m512i c[4][4]; /* [word][tile and whether odd] */

    for (unsigned j = 0; j < 4; j++) {
        const int64_t begin = (int64_t)(uint32_t)block + j / 2 * 16 + j % 2;
        c[0][j] = _mm512_add_epi64(_mm512_set1_epi64(begin), even);
        c[1][j] = _mm512_set1_epi32((int)(uint32_t)(block >> 32));
        c[2][j] = _mm512_set1_epi32((int)high[0]);
        c[3][j] = _mm512_set1_epi32((int)high[1]);
    }
#pragma GCC unroll 10
    for (unsigned round = 0; round < rounds; round++) {
        const __m512i k0 = _mm512_set1_epi32((int)key[2 * round]);
        const __m512i k1 = _mm512_set1_epi32((int)key[2 * round + 1]);
#pragma GCC unroll 4
        for (unsigned j = 0; j < 4; j++) {
            const __m512i p0 = _mm512_mul_epu32(m0, c[0][j]);
            const __m512i p1 = _mm512_mul_epu32(m1, c[2][j]);
            c[0][j] = xor3(_mm512_srli_epi64(p1, 32), c[1][j], k0);
            c[1][j] = p1;
            c[2][j] = xor3(_mm512_srli_epi64(p0, 32), c[3][j], k1);
            c[3][j] = p0;
        }
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        const __m512i *pair = &c[i % 4][i / 4 * 2];
        word[i / 4][i % 4] =
            _mm512_mask_blend_epi32(0xaaaa, pair[0], _mm512_slli_epi64(pair[1], 32));
    }
}

/* --- codes --- */

/* Of 64 words, first 32 in one register and then those in another, the odd ones. */
#define ODD4(i) 2 * (i) + 1, 2 * (i) + 3, 2 * (i) + 5, 2 * (i) + 7
static const _Alignas(64) uint16_t odd_words[32] = {
    ODD4(0), ODD4(4), ODD4(8), ODD4(12), ODD4(16), ODD4(20), ODD4(24), ODD4(28),
};

/* Sixty-four codes below 256 as bytes. */
static inline U u_bytes(const U code[4])
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i low = _mm512_packus_epi32(code[0], code[1]);
    const __m512i high = _mm512_packus_epi32(code[2], code[3]);
    return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
}

/* The least code before it counts from 0, and the largest from there. */
typedef struct limits {
    __m512i least, most;
} limits;

static inline limits limits_of(int least, int levels)
{
    return (limits){_mm512_set1_epi16((short)least), _mm512_set1_epi8((char)(levels - 1))};
}

/* Thirty-two codes, not yet limited. */
typedef __m512i H;

/* Of sums without their lower 16 bits, less the least; zero: which is 0. */
static inline H h_codes(U a, U b, const limits *limit, bool zero)
{
    const __m512i upper = _mm512_permutex2var_epi16(a, _mm512_load_si512(odd_words), b);
    return zero ? upper : _mm512_subs_epi16(upper, limit->least);
}

/* All sixty-four, a byte each, limited to what codes there are. */
static inline U u_bytes_of(H low, H high, const limits *limit)
{
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    const __m512i both = _mm512_min_epu8(_mm512_packus_epi16(low, high), limit->most);
    return _mm512_permutexvar_epi64(order, both);
}

/* Where lane l has b pairs of bytes: pair i of the result. */
#define WORD(b, i) ((i) / (b)*8 + (i) % (b))
#define WORDS4(b, i) WORD(b, i), WORD(b, (i) + 1), WORD(b, (i) + 2), WORD(b, (i) + 3)
#define WORDS(b)                                                                               \
    {                                                                                          \
        WORDS4(b, 0), WORDS4(b, 4), WORDS4(b, 8), WORDS4(b, 12), WORDS4(b, 16), WORDS4(b, 20), \
            WORDS4(b, 24), WORDS4(b, 28)                                                       \
    }
static const uint16_t pack_words[8][32] = {
    {0}, WORDS(1), WORDS(2), WORDS(3), WORDS(4), WORDS(5), WORDS(6), WORDS(7),
};

/* Sixty-four codes of `bits` bits to 8 * bits bytes; `room` is what may be written, or more. */
static inline void u_pack(U bytes, unsigned bits, uint8_t *to, size_t room)
{
    (void)room;
    if (bits == 8) {
        _mm512_storeu_si512(to, bytes);
        return;
    }
    if (bits == 1) {
        const uint64_t ones = _cvtmask64_u64(_mm512_test_epi8_mask(bytes, _mm512_set1_epi8(1)));
        memcpy(to, &ones, sizeof ones);
        return;
    }
    /* Two codes together, four, eight: bytes below 128 are the same with and without sign. */
    const __m512i two = _mm512_maddubs_epi16(_mm512_set1_epi16((short)(1 | 256 << bits)), bytes);
    if (bits == 4) {
        _mm256_storeu_si256((__m256i *)(void *)to, _mm512_cvtepi16_epi8(two));
        return;
    }
    const __m512i four = _mm512_madd_epi16(two, _mm512_set1_epi32(1 | 65536 << 2 * bits));
    if (bits == 2) {
        _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8(four));
        return;
    }
    const __m512i low = _mm512_and_si512(four, _mm512_set1_epi64(UINT32_MAX));
    const __m512i high =
        _mm512_sll_epi64(_mm512_srli_epi64(four, 32), _mm_cvtsi32_si128((int)(4 * bits)));
    const __m512i pairs =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)pack_pairs[bits]));
    const __m512i words = _mm512_loadu_si512(pack_words[bits]);
    const __m512i eight = _mm512_shuffle_epi8(_mm512_or_si512(low, high), pairs);
    _mm512_mask_storeu_epi8(to, (1ull << 8 * bits) - 1, _mm512_permutexvar_epi16(words, eight));
}

/* How to take sixteen codes apart: the two bytes of each, and how far it is from their end. */
typedef struct unpacker {
    size_t beyond; /* as many codes must follow */
    unsigned bits;
    __mmask16 read;
    U bytes, shift, all;
} unpacker;

static inline unpacker unpacker_of(unsigned bits)
{
    const U lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const U bit = _mm512_mullo_epi32(lane, u_all(bits)), byte = u_right(bit, 3);
    return (unpacker){
        .bits = bits,
        .read = (__mmask16)((1u << 2 * bits) - 1),
        .bytes = u_plus(u_or(byte, u_left(byte, 8)), u_all(0x80800100u)),
        .shift = u_and(bit, u_all(7)),
        .all = u_all((1u << bits) - 1),
    };
}

static inline U u_load8(const uint8_t *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline U u_load16(const uint8_t *p)
{
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

static inline U u_unpack(const uint8_t *p, const unpacker *u)
{
    if (u->bits == 8) return u_load8(p);
    const U codes = _mm512_broadcast_i32x4(_mm_maskz_loadu_epi8(u->read, p));
    return u_and(u_rights(_mm512_shuffle_epi8(codes, u->bytes), u->shift), u->all);
}

/* The upper 16 bits of 32 lanes. */
static inline void u_store_upper(uint8_t *to, U a, U b)
{
    const __m512i upper = _mm512_load_si512(odd_words);
    _mm512_storeu_si512(to, _mm512_permutex2var_epi16(a, upper, b));
}
