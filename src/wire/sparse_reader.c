/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse_reader.c: see sparse_reader.h; and applying a stream, which is reading it. */

#include "wire/sparse_reader.h"

#include "base/bytes.h"
#include "wire/stream.h"
#include "wire/value.h"

void csgdi_sparse_open(csgdi_sparse_reader *r, const csgdi_kernels *kernels, const uint8_t *src,
                       size_t n, unsigned channel)
{
    *r = (csgdi_sparse_reader){.kernels = kernels,
                               .k = csgdi_load32(src),
                               .coder = (csgdi_value_coder)src[CSGDI_STREAM_VALUE],
                               .ops = csgdi_index_of(src[CSGDI_STREAM_INDEX])};
    r->cursor = (csgdi_index_cursor){.src = src + CSGDI_STREAM_HEADER,
                                     .k = r->k,
                                     .parameter = src[CSGDI_STREAM_PARAMETER]};
    if (r->k == 0) return;
    r->value = r->cursor.src + r->ops->length(r->cursor.src, r->k, n, r->cursor.parameter) +
               channel * csgdi_value_bytes(r->coder, r->k);
    r->ops->open(&r->cursor);
}

size_t csgdi_sparse_next(csgdi_sparse_reader *r, uint32_t *index, void *value)
{
    const size_t done = r->cursor.done, left = r->k - done;
    const size_t count = left < CSGDI_SPARSE_CHUNK ? left : CSGDI_SPARSE_CHUNK;

    if (count == 0) return 0;
    r->ops->next(&r->cursor, count, index);
    if (value != NULL) csgdi_value_read(r->kernels, r->coder, r->value, done, count, value);
    return count;
}

void csgdi_sparse_apply(const csgdi_kernels *kernels, const uint8_t *src, size_t n,
                        unsigned channel, csgdi_mode mode, void *y)
{
    if (mode == CSGDI_SET && n > 0) memset(y, 0, n * kernels->size);
    csgdi_sparse_apply_on(kernels, src, n, channel, mode, y);
}

void csgdi_sparse_apply_on(const csgdi_kernels *kernels, const uint8_t *src, size_t n,
                           unsigned channel, csgdi_mode mode, void *y)
{
    csgdi_sparse_reader reader;
    uint32_t index[CSGDI_SPARSE_CHUNK];
    double value[CSGDI_SPARSE_CHUNK]; /* or as many floats */

    csgdi_sparse_open(&reader, kernels, src, n, channel);
    for (size_t count; (count = csgdi_sparse_next(&reader, index, value)) > 0;)
        kernels->scatter(index, value, count, mode, y);
}
