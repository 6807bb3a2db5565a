/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_values.c: what a sparse stream makes of its values, and how long it is: by formula,
 * without a stream. */

#include "oracle/oracle.h"

#include <float.h>
#include <math.h>

enum { F64 = 0, F32 = 1, BF16 = 2, F16 = 3, INT8 = 4, INT4 = 5 };
enum { BLOCK = 256, RAW = 1, RICE = 2, BITMAP = 3, MOST = 31 };

/* --- values --- */

static double in_float(double v)
{
    return fabs(v) > (double)FLT_MAX ? copysign((double)FLT_MAX, v) : (double)(float)v;
}

/* The nearest number of so many digits and exponents from least on, even of two, up to most. */
static double nearest(double v, int digits, int least, double most)
{
    const int exponent = v != 0 && ilogb(v) > least ? ilogb(v) : least;
    const double step = ldexp(1, exponent - digits + 1), rounded = nearbyint(fabs(v) / step) * step;

    return copysign(rounded < most ? rounded : most, v);
}

/* The largest is about s units: among subnormal numbers not much more, nowhere infinite. */
static double unit_of(double largest, double s)
{
    const double unit = (double)(float)(largest / s);

    if (unit < (double)FLT_MIN && (s + 0.5) * unit < largest)
        return (double)nextafterf((float)unit, FLT_MAX);
    return s * unit > (double)FLT_MAX && isinf((float)(s * unit))
               ? (double)nextafterf((float)unit, 0)
               : unit;
}

static void block(double s, double *value, size_t count)
{
    double largest = 0, unit;

    for (size_t j = 0; j < count; j++)
        largest = fmax(largest, fabs(value[j]));
    unit = unit_of(largest, s);
    for (size_t j = 0; j < count; j++) {
        const double q = unit > 0 ? nearbyint((double)(float)(value[j] / unit)) : 0;
        value[j] = (double)(float)(unit * fmax(-s, fmin(q, s)));
        if (value[j] == 0) value[j] = 0; /* without a sign */
    }
}

void oracle_values(unsigned coder, double *value, size_t k)
{
    for (size_t j = 0; j < k && coder != F64; j++)
        value[j] = in_float(value[j]);
    for (size_t j = 0; j < k && coder == BF16; j++)
        value[j] = nearest(value[j], 8, -126, 0x1.fep127);
    for (size_t j = 0; j < k && coder == F16; j++)
        value[j] = nearest(value[j], 11, -14, 65504);
    for (size_t j = 0; j < k && coder >= INT8; j += BLOCK)
        block(coder == INT8 ? 127 : 7, value + j, k - j < BLOCK ? k - j : BLOCK);
}

/* --- lengths --- */

static uint64_t round8(uint64_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

static uint64_t value_bytes(csgd_type type, unsigned value, uint64_t k)
{
    const uint64_t blocks = (k + BLOCK - 1) / BLOCK;

    if (value == INT8) return 4 * blocks + k;
    if (value == INT4) return 4 * blocks + (k + 1) / 2;
    if (value == F32) return 4 * k;
    return value == 0 ? k * csgd_type_size(type) : 2 * k;
}

/* With b low bits of each gap. */
static uint64_t rice_bytes(const bool *chosen, size_t n, unsigned b)
{
    uint64_t bits = 0, gap = 0;

    for (size_t i = 0; i < n; i++, gap++)
        if (chosen[i]) {
            bits += b + 1 + (gap >> b);
            gap = UINT64_MAX; /* 0 after the step */
        }
    return (bits + 7) / 8;
}

/* The best of three around the b of n ln 2 / k. */
static uint64_t rice(const bool *chosen, size_t n, uint64_t k)
{
    unsigned usual = 0;
    uint64_t best = UINT64_MAX;

    while (usual < MOST && ldexp((double)k, (int)usual + 1) <= (double)n * log(2))
        usual++;
    for (unsigned b = usual > 0 ? usual - 1 : 0; b <= usual + 1 && b <= MOST; b++)
        best = rice_bytes(chosen, n, b) < best ? rice_bytes(chosen, n, b) : best;
    return best;
}

uint64_t oracle_stream_bytes(csgd_type type, unsigned index, unsigned value, unsigned channels,
                             const bool *chosen, size_t n)
{
    uint64_t k = 0, least = UINT64_MAX;

    for (size_t i = 0; i < n; i++)
        k += chosen[i];
    for (unsigned coder = RAW; coder <= BITMAP; coder++) {
        const uint64_t bytes = coder == BITMAP ? (n + 7) / 8
                               : k == 0        ? 0
                               : coder == RAW  ? 4 * k
                                               : rice(chosen, n, k);
        if ((index == 0 || index == coder) && bytes < least) least = bytes;
    }
    return 8 + round8(least) + round8(channels * value_bytes(type, value, k));
}
