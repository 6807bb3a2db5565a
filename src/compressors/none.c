/* SPDX-License-Identifier: BSD-3-Clause */

/* none.c: the vector itself.
 *
 * Payload: value[0..n) in the caller's element type, of 16 bits too.  NaN and infinity travel
 * unchanged, but for the bits of a NaN of 16.
 */

#include "compressors/elements.h"

enum { CHUNK = 256 };

static size_t none_bytes(const csgdi_compressor *c, size_t count)
{
    return count * csgd_type_size(c->type);
}

static bool none_encode(const csgdi_compressor *c, const void *x, size_t first, size_t count,
                        uint64_t step, uint8_t *dst)
{
    (void)first;
    (void)step;
    csgdi_elements_narrow_to(c, x, count, dst);
    return true;
}

static void none_apply(const csgdi_compressor *c, const uint8_t *src, size_t count, csgdi_mode mode,
                       void *y)
{
    const size_t size = csgd_type_size(c->type);
    double chunk[CHUNK];

    if (mode == CSGDI_SET) {
        csgdi_elements_widen(c, src, count, y);
        return;
    }
    /* Through a small aligned copy: the bytes may stand anywhere. */
    for (size_t i = 0; i < count; i += CHUNK) {
        const size_t part = count - i < CHUNK ? count - i : CHUNK;
        void *to = (char *)y + i * c->kernels->size;
        csgdi_elements_widen(c, src + i * size, part, chunk);
        (mode == CSGDI_ADD ? c->kernels->add : c->kernels->sub)(chunk, part, to);
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
