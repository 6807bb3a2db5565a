/* SPDX-License-Identifier: BSD-3-Clause */

/* pair.c: messages of two vectors, whose entries are chosen for the first alone: one stream of two
 * channels, or the values of a projection one vector after the other. */

#include <string.h>
#include "base/bytes.h"
#include "compressors/compressor.h"
#include "wire/header.h"

csgd_status csgdi_message_pair(csgdi_compressor *c, csgdi_arena *arena)
{
    c->channels = 2;
    if (c->ops->family != CSGDI_SELECT) return CSGD_OK;
    c->pair = csgdi_arena_alloc(arena, csgdi_size_mul(2, c->max_k), c->kernels->size);
    return c->pair != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static size_t write_stream(csgdi_compressor *c, const void *second, uint8_t *dst)
{
    csgdi_sparse both = c->stream;
    const size_t bytes = both.k * c->kernels->size;

    both.channels = 2;
    both.value = c->pair;
    if (bytes > 0) memcpy(c->pair, c->stream.value, bytes);
    c->kernels->gather(both.index, NULL, both.k, second, (char *)c->pair + bytes);
    return csgdi_sparse_write(c->kernels, c->format, &both, dst);
}

/* dst need not be aligned. */
static bool write_values(csgdi_compressor *c, const void *const vector[2], uint8_t *dst)
{
    const size_t bytes = c->max_k * c->kernels->size;
    bool finite = true;

    for (size_t i = 0; i < 2; i++) {
        finite = c->ops->project(c, vector[i], c->step, 0, c->values, c->values) && finite;
        memcpy(dst + i * bytes, c->values, bytes);
    }
    return finite;
}

bool csgdi_message_write_pair(csgdi_compressor *c, const void *x, const void *second, uint8_t *dst,
                              size_t *len)
{
    uint8_t *payload = dst + CSGDI_HEADER_BYTES;
    size_t bytes = 0;

    if (c->n > 0 && c->ops->family == CSGDI_SELECT) {
        if (!c->ops->select(c, x, &c->stream)) return false;
        bytes = write_stream(c, second, payload);
    } else if (c->n > 0) {
        bytes = 2 * c->max_k * c->kernels->size;
        if (!write_values(c, (const void *const[2]){x, second}, payload)) return false;
    }
    *len = csgdi_message_frame(c, dst, csgdi_pad8(payload, bytes));
    return true;
}
