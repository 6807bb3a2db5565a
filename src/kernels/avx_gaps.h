/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_KERNELS_AVX_GAPS_H
#define CSGDI_KERNELS_AVX_GAPS_H

/* avx_gaps.h: Rice codes of the gaps between indices, two groups of four at once, one in each half of a
 * register.  What belongs together is moved together pair by pair.  For AVX2 and AVX-512. */

#include <immintrin.h>
#include "kernels/ref.h"

static inline __m256i gaps_before(const uint32_t *index)
{
    const __m256i own = _mm256_loadu_si256((const __m256i *)index);
    const __m256i before = _mm256_loadu_si256((const __m256i *)(index - 1));
    return _mm256_add_epi32(_mm256_sub_epi32(own, before), _mm256_set1_epi32(-1));
}

static inline __m128i upper(__m256i x)
{
    return _mm256_extracti128_si256(x, 1);
}

static void gap_lows(const uint32_t *index, size_t groups, unsigned b, uint64_t *low)
{
    const __m256i one = _mm256_set1_epi32((int)(1u << b) - 1),
                  two = _mm256_set1_epi64x((1 << 2 * b) - 1);
    const __m128i to_second = _mm_cvtsi32_si128(32 - (int)b),
                  to_third = _mm_cvtsi32_si128(2 * (int)b);
    size_t g = 0;

    for (; groups - g >= 2; g += 2) {
        const __m256i x = _mm256_and_si256(gaps_before(index + 4 * g), one);
        const __m256i pairs = _mm256_or_si256(x, _mm256_srl_epi64(x, to_second));
        const __m256i pair = _mm256_and_si256(pairs, two);
        const __m256i moved = _mm256_sll_epi64(_mm256_srli_si256(pair, 8), to_third);
        const __m256i all = _mm256_or_si256(pair, moved);
        _mm_storeu_si128((__m128i *)(low + g),
                         _mm_unpacklo_epi64(_mm256_castsi256_si128(all), upper(all)));
    }
    csgdi_ref_f32_gap_lows(index + 4 * g, groups - g, b, low + g);
}

/* The places of ones are sums of what is before, made in each half. */
static void gap_quotients(const uint32_t *index, size_t groups, unsigned b, uint64_t *unary,
                          uint32_t *bits)
{
    const __m128i by = _mm_cvtsi32_si128((int)b);
    const __m256i one = _mm256_set1_epi64x(1), minus = _mm256_set1_epi32(-1);
    size_t g = 0;

    for (; groups - g >= 2; g += 2) {
        const __m256i length =
            _mm256_sub_epi32(_mm256_srl_epi32(gaps_before(index + 4 * g), by), minus);
        const __m256i pairs = _mm256_add_epi32(length, _mm256_slli_si256(length, 4));
        const __m256i sums = _mm256_add_epi32(pairs, _mm256_slli_si256(pairs, 8));
        const __m256i at = _mm256_add_epi32(sums, minus);
        const __m256i first =
            _mm256_sllv_epi64(one, _mm256_cvtepu32_epi64(_mm256_castsi256_si128(at)));
        const __m256i second = _mm256_sllv_epi64(one, _mm256_cvtepu32_epi64(upper(at)));
        const __m256i two = _mm256_or_si256(_mm256_unpacklo_epi64(first, second),
                                            _mm256_unpackhi_epi64(first, second));
        const __m128i lengths = _mm_unpackhi_epi32(_mm256_castsi256_si128(sums), upper(sums));
        _mm_storeu_si128((__m128i *)(unary + g),
                         _mm_or_si128(_mm256_castsi256_si128(two), upper(two)));
        _mm_storel_epi64((__m128i *)(bits + g), _mm_unpackhi_epi64(lengths, lengths));
    }
    csgdi_ref_f32_gap_quotients(index + 4 * g, groups - g, b, unary + g, bits + g);
}

#endif
