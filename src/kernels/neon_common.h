/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_KERNELS_NEON_COMMON_H
#define CSGDI_KERNELS_NEON_COMMON_H

/* neon_common.h: what the templates ask for whatever the element type, in NEON.  Its registers have
 * 128 bits; a vector is two of them, so that what is done once for a vector, to collect bits above
 * all, is done half as often. */

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

typedef struct D {
    float64x2_t low, high;
} D;
enum { DOUBLES = 4 };

static inline D d_all(double x)
{
    return (D){vdupq_n_f64(x), vdupq_n_f64(x)};
}

static inline D d_zero(void)
{
    return d_all(0);
}

static inline D d_load(const double *x)
{
    return (D){vld1q_f64(x), vld1q_f64(x + 2)};
}

static inline D d_plus(D a, D b)
{
    return (D){vaddq_f64(a.low, b.low), vaddq_f64(a.high, b.high)};
}

static inline D d_minus(D a, D b)
{
    return (D){vsubq_f64(a.low, b.low), vsubq_f64(a.high, b.high)};
}

static inline D d_times(D a, D b)
{
    return (D){vmulq_f64(a.low, b.low), vmulq_f64(a.high, b.high)};
}

static inline void d_store(double *to, D a)
{
    vst1q_f64(to, a.low);
    vst1q_f64(to + 2, a.high);
}

/* Called with ties only, and with count > 0 once. */
static inline uint32_t lowest(uint32_t bits, size_t count)
{
    uint32_t others = bits;

    for (; count > 0; count--)
        others &= others - 1;
    return bits ^ others;
}

static inline void stream_end(void)
{
}

#endif
