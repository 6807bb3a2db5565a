/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_VALUE_H
#define CSGDI_VALUE_H

/* value.h: value coders, which turn the values of one channel into bytes and back.
 *
 *     f64    8 bytes each                         as they are, of double elements only
 *     f32    4 bytes each                         doubles rounded to float
 *     bf16   2 bytes each                         value_half.c
 *     f16    2 bytes each                         value_half.c
 *     int8   a scale and a byte each, in blocks   value_int.c
 *     int4   a scale and 4 bits each, in blocks   value_int.c
 *
 * What is too large for a coder becomes its largest finite number of that sign.  What a narrow
 * coder decodes to is a float, widened for double elements.
 */

#include "wire/sparse.h"

/* Narrow coders work on chunks of so many floats, the last one shorter; none depends on another. */
enum { CSGDI_VALUE_CHUNK = 256 };

typedef struct csgdi_narrow {
    size_t (*bytes)(size_t count);                        /* of a chunk of 1 .. 256 values */
    void (*encode)(float *v, size_t count, uint8_t *dst); /* v then as decoded */
    void (*decode)(const uint8_t *src, size_t count, float *v);
    bool (*valid)(const uint8_t *src, size_t count); /* what encode may write, and finite */
} csgdi_narrow;

extern const csgdi_narrow csgdi_narrow_bf16, csgdi_narrow_f16, csgdi_narrow_int8, csgdi_narrow_int4;

/* Bytes of k values. */
size_t csgdi_value_bytes(csgdi_value_coder coder, size_t k);

/* Write k values; value then holds what they decode to. */
void csgdi_value_write(const csgdi_kernels *kernels, csgdi_value_coder coder, void *value, size_t k,
                       uint8_t *dst);

/* Whether the bytes of k values are what csgdi_value_write() may write, all finite. */
bool csgdi_value_valid(csgdi_value_coder coder, const uint8_t *src, size_t k);

/* Values first .. first + count - 1 in the element type; first is a multiple of
 * CSGDI_VALUE_CHUNK, count at most that. */
void csgdi_value_read(const csgdi_kernels *kernels, csgdi_value_coder coder, const uint8_t *src,
                      size_t first, size_t count, void *value);

#endif
