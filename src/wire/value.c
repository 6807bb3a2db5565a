/* SPDX-License-Identifier: BSD-3-Clause */

/* value.c: the coders of whole numbers, and the way of the others through chunks of floats. */

#include "wire/value.h"

#include <float.h>
#include "base/bytes.h"

/* --- f32 --- */

static size_t f32_bytes(size_t count)
{
    return 4 * count;
}

static void f32_encode(float *v, size_t count, uint8_t *dst)
{
    memcpy(dst, v, 4 * count);
}

static void f32_decode(const uint8_t *src, size_t count, float *v)
{
    memcpy(v, src, 4 * count);
}

static bool f32_valid(const uint8_t *src, size_t count)
{
    uint32_t bad = 0;

    for (size_t i = 0; i < count; i++)
        bad |= (csgdi_load32(src + 4 * i) & 0x7fffffff) >= 0x7f800000;
    return bad == 0;
}

static const csgdi_narrow narrow_f32 = {f32_bytes, f32_encode, f32_decode, f32_valid};

/* --- f64 --- */

static bool f64_valid(const uint8_t *src, size_t k)
{
    const uint64_t infinite = (uint64_t)0x7ff << 52;
    uint64_t bad = 0;

    for (size_t i = 0; i < k; i++)
        bad |= (csgdi_load64(src + 8 * i) & infinite) == infinite;
    return bad == 0;
}

/* --- all --- */

static const csgdi_narrow *narrow_of(csgdi_value_coder coder)
{
    switch (coder) {
    case CSGDI_VALUE_BF16:
        return &csgdi_narrow_bf16;
    case CSGDI_VALUE_F16:
        return &csgdi_narrow_f16;
    case CSGDI_VALUE_INT8:
        return &csgdi_narrow_int8;
    case CSGDI_VALUE_INT4:
        return &csgdi_narrow_int4;
    case CSGDI_VALUE_F32:
    case CSGDI_VALUE_F64:
        break;
    }
    return &narrow_f32;
}

static bool copied(const csgdi_kernels *kernels, csgdi_value_coder coder)
{
    return coder == CSGDI_VALUE_F64 || (coder == CSGDI_VALUE_F32 && kernels->type == CSGD_F32);
}

static void to_floats(csgd_type type, const void *value, size_t count, float *v)
{
    const double *wide = value;

    if (type == CSGD_F32)
        memcpy(v, value, 4 * count);
    else
        for (size_t i = 0; i < count; i++) {
            const double d = wide[i] < (double)FLT_MAX ? wide[i] : (double)FLT_MAX;
            v[i] = (float)(d > -(double)FLT_MAX ? d : -(double)FLT_MAX);
        }
}

static void from_floats(csgd_type type, const float *v, size_t count, void *value)
{
    double *wide = value;

    if (type == CSGD_F32)
        memcpy(value, v, 4 * count);
    else
        for (size_t i = 0; i < count; i++)
            wide[i] = v[i];
}

size_t csgdi_value_bytes(csgdi_value_coder coder, size_t k)
{
    const csgdi_narrow *narrow = narrow_of(coder);
    const size_t chunks = k / CSGDI_VALUE_CHUNK, rest = k % CSGDI_VALUE_CHUNK;

    if (coder == CSGDI_VALUE_F64) return 8 * k;
    return chunks * narrow->bytes(CSGDI_VALUE_CHUNK) + (rest > 0 ? narrow->bytes(rest) : 0);
}

void csgdi_value_write(const csgdi_kernels *kernels, csgdi_value_coder coder, void *value, size_t k,
                       uint8_t *dst)
{
    const csgdi_narrow *narrow = narrow_of(coder);
    unsigned char *at = value;
    float v[CSGDI_VALUE_CHUNK];

    if (copied(kernels, coder)) {
        if (k > 0) memcpy(dst, value, kernels->size * k);
        return;
    }
    for (size_t count; k > 0; k -= count) {
        count = k < CSGDI_VALUE_CHUNK ? k : CSGDI_VALUE_CHUNK;
        to_floats(kernels->type, at, count, v);
        narrow->encode(v, count, dst);
        from_floats(kernels->type, v, count, at);
        at += kernels->size * count;
        dst += narrow->bytes(count);
    }
}

bool csgdi_value_valid(csgdi_value_coder coder, const uint8_t *src, size_t k)
{
    const csgdi_narrow *narrow = narrow_of(coder);

    if (coder == CSGDI_VALUE_F64) return f64_valid(src, k);
    for (size_t count; k > 0; k -= count) {
        count = k < CSGDI_VALUE_CHUNK ? k : CSGDI_VALUE_CHUNK;
        if (!narrow->valid(src, count)) return false;
        src += narrow->bytes(count);
    }
    return true;
}

void csgdi_value_read(const csgdi_kernels *kernels, csgdi_value_coder coder, const uint8_t *src,
                      size_t first, size_t count, void *value)
{
    const csgdi_narrow *narrow = narrow_of(coder);
    float v[CSGDI_VALUE_CHUNK];

    src += csgdi_value_bytes(coder, first);
    if (copied(kernels, coder)) {
        memcpy(value, src, kernels->size * count);
        return;
    }
    narrow->decode(src, count, v);
    from_floats(kernels->type, v, count, value);
}
