/* SPDX-License-Identifier: BSD-3-Clause */

/* avx2_wide.h: the vectors of simd_codes.h in AVX2: two registers of eight lanes. */

#include "kernels/pack_tables.h"

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

/* By what u_above() said. */
static inline U u_choose(U which, U yes, U no)
{
    return (U){_mm256_blendv_epi8(no.low, yes.low, which.low),
               _mm256_blendv_epi8(no.high, yes.high, which.high)};
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

/* --- Philox --- */

/* Eight blocks as in avx512_wide.h, which says why even and odd lanes are apart. */
static inline void philox8(const uint32_t key[20], const uint32_t high[2], uint64_t block,
                           __m256i word[4])
{
    const __m256i m0 = _mm256_set1_epi64x(0xD2511F53), m1 = _mm256_set1_epi64x(0xCD9E8D57);
    __m256i c[4][2];

    c[0][0] = _mm256_add_epi64(_mm256_set1_epi64x((int64_t)(uint32_t)block),
                               _mm256_setr_epi64x(0, 2, 4, 6));
    c[0][1] = _mm256_add_epi64(c[0][0], _mm256_set1_epi64x(1));
    c[1][0] = c[1][1] = _mm256_set1_epi32((int)(uint32_t)(block >> 32));
    c[2][0] = c[2][1] = _mm256_set1_epi32((int)high[0]);
    c[3][0] = c[3][1] = _mm256_set1_epi32((int)high[1]);
#pragma GCC unroll 10
    for (unsigned round = 0; round < 10; round++) {
        const __m256i k0 = _mm256_set1_epi32((int)key[2 * round]);
        const __m256i k1 = _mm256_set1_epi32((int)key[2 * round + 1]);
#pragma GCC unroll 2
        for (unsigned odd = 0; odd < 2; odd++) {
            const __m256i p0 = _mm256_mul_epu32(m0, c[0][odd]);
            const __m256i p1 = _mm256_mul_epu32(m1, c[2][odd]);
            c[0][odd] =
                _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c[1][odd], k0));
            c[1][odd] = p1;
            c[2][odd] =
                _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c[3][odd], k1));
            c[3][odd] = p0;
        }
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        word[i] = _mm256_blend_epi32(c[i][0], _mm256_slli_epi64(c[i][1], 32), 0xaa);
}

/* Blocks block .. block + 15 and block + 16 .. block + 31, one a lane; block is a multiple of 32. */
static inline void u_philox(const uint32_t key[20], const uint32_t high[2], uint64_t block,
                            U word[2][4])
{
    __m256i w[4][4];

    for (unsigned i = 0; i < 4; i++)
        philox8(key, high, block + 8 * i, w[i]);
    for (unsigned i = 0; i < 8; i++)
        word[i / 4][i % 4] = (U){w[i / 4 * 2][i % 4], w[i / 4 * 2 + 1][i % 4]};
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

/* The bytes above the lower 16 bits, less those of zero: what overflows there does no harm. */
static inline U u_third_bytes(const U sum[4], U zero)
{
    U byte[4], all;

    for (unsigned g = 0; g < 4; g++)
        byte[g] = u_and(u_right(sum[g], 16), u_all(255));
    all = u_bytes(byte);
    return (U){_mm256_sub_epi8(all.low, zero.low), _mm256_sub_epi8(all.high, zero.high)};
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
        .beyond = (8 * (8 - bits) + bits - 1) / bits,
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

static inline U u_load8(const uint8_t *p)
{
    return (U){_mm256_cvtepu8_epi32(load8(p)), _mm256_cvtepu8_epi32(load8(p + 8))};
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
