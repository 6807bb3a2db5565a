/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_KERNELS_AVX_COMMON_H
#define CSGDI_KERNELS_AVX_COMMON_H

/* avx_common.h: what AVX2 and AVX-512 share. */

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* --- the vectors of doubles that hold the partial sums of a block ---
 * 256 bits in both.  Each partial sum waits for its last addition, so wider vectors add no faster,
 * and the conversion of floats is slower in 512 bits (abs_sum by a seventh, on Zen 5). */

typedef __m256d D;
enum { DOUBLES = 4 };

static inline D d_zero(void)
{
    return _mm256_setzero_pd();
}

static inline D d_all(double x)
{
    return _mm256_set1_pd(x);
}

static inline D d_load(const double *x)
{
    return _mm256_loadu_pd(x);
}

static inline D d_plus(D a, D b)
{
    return _mm256_add_pd(a, b);
}

static inline D d_minus(D a, D b)
{
    return _mm256_sub_pd(a, b);
}

static inline D d_times(D a, D b)
{
    return _mm256_mul_pd(a, b);
}

static inline D d_abs(D a)
{
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a);
}

static inline void d_store(double *to, D a)
{
    _mm256_storeu_pd(to, a);
}

/* --- and what else the templates ask for --- */

static inline uint32_t lowest(uint32_t bits, size_t count)
{
    return _pdep_u32((1u << count) - 1, bits);
}

static inline void stream_end(void)
{
    _mm_sfence();
}

#endif
