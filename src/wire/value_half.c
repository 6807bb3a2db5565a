/* SPDX-License-Identifier: BSD-3-Clause */

/* value_half.c: floats of 16 bits, u16 each, rounded to nearest even.
 *
 *     bf16   sign, 8 bits of exponent,  7 of mantissa: the upper half of a float
 *     f16    sign, 5 bits of exponent, 10 of mantissa: binary16 of IEEE 754
 *
 * An error of at most 2^-8 (bf16, from 2^-126) and 2^-11 (f16, from 2^-14 to 65504) of the value;
 * below that half of the smallest number, 2^-134 and 2^-25.  All loops are free of branches, so
 * that a compiler can vectorise them.
 */

#include "base/bytes.h"
#include "wire/value.h"

static inline uint32_t bits_of(float v)
{
    uint32_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

static inline float float_of(uint32_t u)
{
    float v;
    memcpy(&v, &u, sizeof v);
    return v;
}

static size_t half_bytes(size_t count)
{
    return 2 * count;
}

/* --- bf16 --- */

enum { BF16_LARGEST = 0x7f7f, F16_LARGEST = 0x7bff };

static void bf16_encode(float *restrict v, size_t count, uint8_t *restrict dst)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t u = bits_of(v[i]), size = u & 0x7fffffff;
        const int32_t rounded = (int32_t)((size + 0x7fff + (size >> 16 & 1)) >> 16);
        const int32_t most = rounded < BF16_LARGEST ? rounded : BF16_LARGEST;
        const uint32_t half = (uint32_t)most | u >> 31 << 15;
        csgdi_store16(dst + 2 * i, (uint16_t)half);
        v[i] = float_of(half << 16);
    }
}

static void bf16_decode(const uint8_t *restrict src, size_t count, float *restrict v)
{
    for (size_t i = 0; i < count; i++)
        v[i] = float_of((uint32_t)csgdi_load16(src + 2 * i) << 16);
}

static bool half_valid(const uint8_t *src, size_t count, int largest)
{
    int bad = 0;

    for (size_t i = 0; i < count; i++)
        bad |= (csgdi_load16(src + 2 * i) & 0x7fff) > largest;
    return bad == 0;
}

static bool bf16_valid(const uint8_t *src, size_t count)
{
    return half_valid(src, count, BF16_LARGEST);
}

/* --- f16 --- */

/* As bits of floats: 65504 and 2^-14; and how far the two exponents lie apart. */
enum { F16_TOP = 0x477fe000, F16_NORMAL = 0x38800000, F16_SHIFT = 112 << 23 };

/* Both are computed before one is chosen: a compiler may not compute floats ahead of a branch. */
static inline uint32_t choose(bool first, uint32_t a, uint32_t b)
{
    const uint32_t mask = (uint32_t) - (int32_t)first;
    return (a & mask) | (b & ~mask);
}

static inline float f16_float(uint32_t h)
{
    const int32_t size = (int32_t)(h & 0x7fff);
    const uint32_t normal = ((uint32_t)size << 13) + F16_SHIFT;
    const uint32_t tiny = bits_of((float)size * 0x1p-24f);

    return float_of(choose(size < 1 << 10, tiny, normal) | h >> 15 << 31);
}

static void f16_encode(float *restrict v, size_t count, uint8_t *restrict dst)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t u = bits_of(v[i]);
        const int32_t all = (int32_t)(u & 0x7fffffff), size = all < F16_TOP ? all : F16_TOP;
        const int32_t normal = (size - F16_SHIFT + 0xfff + (size >> 13 & 1)) >> 13;
        /* Numbers from .5 to 1 are 2^-24 apart, as those below 2^-14 are to be. */
        const uint32_t tiny = bits_of(float_of((uint32_t)size) + 0.5f) - bits_of(0.5f);
        const uint32_t half = choose(size < F16_NORMAL, tiny, (uint32_t)normal) | u >> 31 << 15;
        csgdi_store16(dst + 2 * i, (uint16_t)half);
        v[i] = f16_float(half);
    }
}

static void f16_decode(const uint8_t *restrict src, size_t count, float *restrict v)
{
    for (size_t i = 0; i < count; i++)
        v[i] = f16_float(csgdi_load16(src + 2 * i));
}

static bool f16_valid(const uint8_t *src, size_t count)
{
    return half_valid(src, count, F16_LARGEST);
}

const csgdi_narrow csgdi_narrow_bf16 = {half_bytes, bf16_encode, bf16_decode, bf16_valid};
const csgdi_narrow csgdi_narrow_f16 = {half_bytes, f16_encode, f16_decode, f16_valid};
