/* SPDX-License-Identifier: BSD-3-Clause */

/* none.c: the vector itself.
 *
 * Payload: value[0..n) in the element type.  NaN and infinity travel unchanged.
 */

#include <string.h>
#include "compressors/compressor.h"

enum { CHUNK = 256 };

static size_t none_bytes(const csgdi_compressor *c, size_t count)
{
    return count * c->kernels->size;
}

static bool none_encode(const csgdi_compressor *c, const void *x, size_t first, size_t count,
                        uint64_t step, uint8_t *dst)
{
    (void)first;
    (void)step;
    memcpy(dst, x, count * c->kernels->size);
    return true;
}

static void none_apply(const csgdi_compressor *c, const uint8_t *src, size_t count, csgdi_mode mode,
                       void *y)
{
    const size_t size = c->kernels->size;
    double chunk[CHUNK];

    if (mode == CSGDI_SET) {
        memcpy(y, src, count * size);
        return;
    }
    /* Through a small aligned copy: the bytes may stand anywhere. */
    for (size_t i = 0; i < count; i += CHUNK) {
        const size_t part = count - i < CHUNK ? count - i : CHUNK;
        memcpy(chunk, src + i * size, part * size);
        (mode == CSGDI_ADD ? c->kernels->add : c->kernels->sub)(chunk, part, (char *)y + i * size);
    }
}

const csgdi_compressor_ops csgdi_none = {
    .name = "none",
    .summary = "the vector itself: exact",
    .source = "-",
    .wire_id = 1,
    .family = CSGDI_EXACT,
    .biased = false,
    .block_bytes = none_bytes,
    .encode_block = none_encode,
    .apply_block = none_apply,
};
