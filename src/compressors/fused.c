/* SPDX-License-Identifier: BSD-3-Clause */

/* fused.c: see fused.h. */

#include "compressors/fused.h"

#include <string.h>
#include "base/bytes.h"
#include "compressors/blocks.h"
#include "wire/header.h"

enum {
    CHUNK = 4096,           /* elements: with the streams of g and e it fits the first cache */
    STREAM_BYTES = 16 << 20 /* vectors from here on are written past the caches */
};

/* Make the vector, then the message, then subtract: for blocks larger than a chunk, and for what
 * has to see the whole vector. */
static bool write_plain(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                        size_t *len)
{
    if (!source->fill(source->object, 0, c->n, m)) return false;
    if (!csgdi_message_write(c, m, dst, len)) return false;
    csgdi_message_apply(c, dst, CSGDI_SUB, m);
    return true;
}

static bool write_blocks(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                         size_t *len)
{
    const size_t size = c->kernels->size, chunk = CHUNK / c->block * c->block;
    const bool stream = c->n >= STREAM_BYTES / size;
    double scratch[CHUNK];
    uint8_t *codes = dst + CSGDI_HEADER_BYTES;
    size_t count, payload;

    for (size_t i = 0; i < c->n; i += count) {
        char *to = (char *)m + i * size;
        void *part = stream ? (void *)scratch : (void *)to;

        count = c->n - i < chunk ? c->n - i : chunk;
        if (!source->fill(source->object, i, count, part)) return false;
        if (!csgdi_blocks_encode(c, part, c->first + i, count, c->step, codes)) return false;
        csgdi_blocks_apply(c, codes, count, CSGDI_SUB, part);
        if (stream) memcpy(to, part, count * size);
        codes += csgdi_blocks_bytes(c, count);
    }
    payload = csgdi_pad8(dst + CSGDI_HEADER_BYTES, (size_t)(codes - dst) - CSGDI_HEADER_BYTES);
    *len = csgdi_message_frame(c, dst, payload);
    return true;
}

bool csgdi_fused_write(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                       size_t *len)
{
    if (c->n > 0 && c->ops->family == CSGDI_QUANTIZE && c->block <= CHUNK)
        return write_blocks(c, source, m, dst, len);
    return write_plain(c, source, m, dst, len);
}
