/* SPDX-License-Identifier: BSD-3-Clause */

/* blocks.c: see blocks.h. */

#include "compressors/blocks.h"

#include <stdio.h>
#include "base/error.h"
#include "compressors/mask.h"

/* Elements to hand over at once: all, where every element is a block. */
static size_t step_of(const csgdi_compressor *c, size_t left)
{
    return c->ops->family == CSGDI_EXACT || left < c->block ? left : c->block;
}

/* A block, its mask first where there is one. */
static size_t block_bytes(const csgdi_compressor *c, size_t b)
{
    return (c->masked ? csgdi_mask_bytes(b) : 0) + c->ops->block_bytes(c, b);
}

size_t csgdi_blocks_bytes(const csgdi_compressor *c, size_t count)
{
    const size_t rest = count % c->block;

    if (c->ops->family == CSGDI_EXACT) return c->ops->block_bytes(c, count);
    return count / c->block * block_bytes(c, c->block) + (rest > 0 ? block_bytes(c, rest) : 0);
}

bool csgdi_blocks_encode(const csgdi_compressor *c, const void *x, size_t first, size_t count,
                         uint64_t step, uint8_t *dst)
{
    const char *from = x;
    size_t b;

    for (size_t i = 0; i < count; i += b) {
        b = step_of(c, count - i);
        if (c->masked) {
            csgdi_mask_write(c, from + i * c->kernels->size, b, dst);
            dst += csgdi_mask_bytes(b);
        }
        if (!c->ops->encode_block(c, from + i * c->kernels->size, first + i, b, step, dst))
            return false;
        dst += c->ops->block_bytes(c, b);
    }
    return true;
}

csgd_status csgdi_blocks_check(const csgdi_compressor *c, const uint8_t *src, size_t count)
{
    size_t b;

    if (c->ops->check_block == NULL && !c->masked) return CSGD_OK;
    for (size_t i = 0; i < count; i += b) {
        csgd_status st = CSGD_OK;
        b = step_of(c, count - i);
        if (c->masked) {
            st = csgdi_mask_check(src, b);
            src += csgdi_mask_bytes(b);
        }
        if (st == CSGD_OK && c->ops->check_block != NULL) st = c->ops->check_block(c, src, b);
        if (st != CSGD_OK) {
            char where[48];
            snprintf(where, sizeof where, "block %zu", i / c->block);
            return csgdi_fail_in(st, where);
        }
        src += c->ops->block_bytes(c, b);
    }
    return CSGD_OK;
}

void csgdi_blocks_apply(const csgdi_compressor *c, const uint8_t *src, size_t count,
                        csgdi_mode mode, void *y)
{
    char *to = y;
    size_t b;

    for (size_t i = 0; i < count; i += b) {
        b = step_of(c, count - i);
        if (c->masked)
            csgdi_mask_apply(c, src, b, mode, to + i * c->kernels->size);
        else
            c->ops->apply_block(c, src, b, mode, to + i * c->kernels->size);
        src += block_bytes(c, b);
    }
}
