/* SPDX-License-Identifier: BSD-3-Clause */

/* value_int.c: small integers and a scale for every 256 of them.
 *
 * A block is up to CSGDI_VALUE_CHUNK values, the last one of a channel shorter:
 *
 *     unit : f32 | int8: codes, u8 each
 *                | int4: codes, two a byte, the first in the low four bits; an odd last one
 *                |       stands below four zeros
 *
 * Code s + q, q = -s .. s, is unit * q in float; s = 127 (int8) or 7 (int4).  unit is 0 for a block
 * of zeros, and about the largest magnitude / s otherwise; so the error is at most half a unit, up
 * to the rounding of the operations.  Never written: code 2 s + 1, a unit below zero or so large
 * that s units are infinite, and in a block whose unit is 0 another code than s.
 */

#include <float.h>
#include <math.h>
#include "base/bytes.h"
#include "wire/value.h"

enum { INT8_S = 127, INT4_S = 7, UNIT = 4 };

/* --- of either width --- */

static float unit_of(const float *restrict v, size_t count, int s)
{
    int32_t most = 0; /* magnitudes are ordered as their bits are */
    float largest, unit;

    for (size_t i = 0; i < count; i++) {
        uint32_t u;
        int32_t size;
        memcpy(&u, &v[i], sizeof u);
        size = (int32_t)(u & 0x7fffffff);
        most = size > most ? size : most;
    }
    if (most > 0x7f7fffff) most = 0x7f7fffff;
    memcpy(&largest, &most, sizeof largest);
    unit = largest / (float)s;
    /* Among the smallest numbers of all, rounding may cut a unit to two thirds, or to 0. */
    if (unit < FLT_MIN && ((double)s + 0.5) * (double)unit < (double)largest)
        unit = nextafterf(unit, FLT_MAX);
    if (isinf((float)s * unit)) unit = nextafterf(unit, 0);
    return unit;
}

/* Adding 1.5 * 2^23 rounds to an integer, to nearest even, and leaves it in the low bits. */
static void to_codes(float *restrict v, size_t count, float unit, int s, uint8_t *restrict codes)
{
    const float shift = 0x1.8p23f;
    uint32_t none;

    memcpy(&none, &shift, sizeof none);
    if (unit == 0) {
        memset(codes, s, count);
        memset(v, 0, sizeof *v * count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const float moved = v[i] / unit + shift;
        uint32_t u;
        int32_t q;
        memcpy(&u, &moved, sizeof u);
        q = (int32_t)(u - none);
        q = q < s ? q : s;
        q = q > -s ? q : -s;
        codes[i] = (uint8_t)(q + s);
        v[i] = unit * (float)q;
    }
}

static void from_codes(const uint8_t *restrict codes, size_t count, float unit, int s,
                       float *restrict v)
{
    for (size_t i = 0; i < count; i++)
        v[i] = unit * (float)(codes[i] - s);
}

static void store_unit(float unit, uint8_t *dst)
{
    memcpy(dst, &unit, sizeof unit);
}

static float load_unit(const uint8_t *src)
{
    float unit;
    memcpy(&unit, src, sizeof unit);
    return unit;
}

static bool valid(const uint8_t *codes, size_t count, float unit, int s)
{
    unsigned bad = 0, moved = 0;

    if (signbit(unit) || !isfinite(unit) || isinf((float)s * unit)) return false;
    for (size_t i = 0; i < count; i++) {
        bad |= codes[i] > 2 * s;
        moved |= codes[i] != s;
    }
    return bad == 0 && (unit > 0 || moved == 0);
}

/* --- int8 --- */

static size_t int8_bytes(size_t count)
{
    return UNIT + count;
}

static void int8_encode(float *v, size_t count, uint8_t *dst)
{
    const float unit = unit_of(v, count, INT8_S);

    store_unit(unit, dst);
    to_codes(v, count, unit, INT8_S, dst + UNIT);
}

static void int8_decode(const uint8_t *src, size_t count, float *v)
{
    from_codes(src + UNIT, count, load_unit(src), INT8_S, v);
}

static bool int8_valid(const uint8_t *src, size_t count)
{
    return valid(src + UNIT, count, load_unit(src), INT8_S);
}

/* --- int4 --- */

static size_t int4_bytes(size_t count)
{
    return UNIT + (count + 1) / 2;
}

static void int4_encode(float *v, size_t count, uint8_t *dst)
{
    const float unit = unit_of(v, count, INT4_S);
    uint8_t codes[CSGDI_VALUE_CHUNK];

    store_unit(unit, dst);
    to_codes(v, count, unit, INT4_S, codes);
    if (count % 2 != 0) codes[count] = 0; /* 256 is even */
    for (size_t i = 0; i < (count + 1) / 2; i++)
        dst[UNIT + i] = (uint8_t)(codes[2 * i] | codes[2 * i + 1] << 4);
}

static void unpack(const uint8_t *restrict src, size_t count, uint8_t *restrict codes)
{
    for (size_t i = 0; i < (count + 1) / 2; i++) {
        codes[2 * i] = src[UNIT + i] & 15;
        codes[2 * i + 1] = src[UNIT + i] >> 4;
    }
}

static void int4_decode(const uint8_t *src, size_t count, float *v)
{
    uint8_t codes[CSGDI_VALUE_CHUNK];

    unpack(src, count, codes);
    from_codes(codes, count, load_unit(src), INT4_S, v);
}

static bool int4_valid(const uint8_t *src, size_t count)
{
    uint8_t codes[CSGDI_VALUE_CHUNK];

    unpack(src, count, codes);
    if (count % 2 != 0 && codes[count] != 0) return false;
    return valid(codes, count, load_unit(src), INT4_S);
}

const csgdi_narrow csgdi_narrow_int8 = {int8_bytes, int8_encode, int8_decode, int8_valid};
const csgdi_narrow csgdi_narrow_int4 = {int4_bytes, int4_encode, int4_decode, int4_valid};
