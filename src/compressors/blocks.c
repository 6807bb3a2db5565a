/* SPDX-License-Identifier: BSD-3-Clause */

/* blocks.c: see blocks.h. */

#include "compressors/blocks.h"

#include <stdio.h>
#include "base/error.h"
#include "compressors/mask.h"
#include "compressors/threads.h"

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

size_t csgdi_blocks_unit(const csgdi_compressor *c)
{
    return c->block < CSGDI_BLOCK ? CSGDI_BLOCK / c->block * c->block : c->block;
}

/* --- on one thread --- */

static bool encode(const csgdi_compressor *c, const void *x, size_t first, size_t count,
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

static csgd_status check(const csgdi_compressor *c, const uint8_t *src, size_t count)
{
    size_t b;

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

static void apply(const csgdi_compressor *c, const uint8_t *src, size_t count, csgdi_mode mode,
                  void *y)
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

/* --- on several --- */

/* A range in parts, which find their codes by where they begin. */
typedef struct range {
    const csgdi_compressor *c;
    size_t count;
    unsigned parts;
    const char *x; /* encode */
    size_t first;
    uint64_t step;
    uint8_t *dst;
    const uint8_t *src; /* check, apply */
    csgdi_mode mode;
    char *y;
    bool good[CSGDI_THREADS_MOST];
} range;

static size_t begin_of(const range *r, unsigned part)
{
    return csgdi_threads_first(r->count, csgdi_blocks_unit(r->c), r->parts, part);
}

static bool all_good(const range *r)
{
    bool good = true;

    for (unsigned part = 0; part < r->parts; part++)
        good = good && r->good[part];
    return good;
}

static void encode_part(void *object, unsigned part)
{
    range *r = object;
    const size_t i = begin_of(r, part), end = begin_of(r, part + 1);

    r->good[part] = encode(r->c, r->x + i * r->c->kernels->size, r->first + i, end - i, r->step,
                           r->dst + csgdi_blocks_bytes(r->c, i));
}

bool csgdi_blocks_encode(const csgdi_compressor *c, const void *x, size_t first, size_t count,
                         uint64_t step, uint8_t *dst)
{
    range r = {.c = c, .count = count, .x = x, .first = first, .step = step, .dst = dst};

    r.parts = csgdi_threads_parts(c->threads, count);
    if (r.parts == 1) return encode(c, x, first, count, step, dst);
    csgdi_threads_run(r.parts, encode_part, &r);
    return all_good(&r);
}

static void check_part(void *object, unsigned part)
{
    range *r = object;
    const size_t i = begin_of(r, part), end = begin_of(r, part + 1);

    r->good[part] = check(r->c, r->src + csgdi_blocks_bytes(r->c, i), end - i) == CSGD_OK;
}

csgd_status csgdi_blocks_check(const csgdi_compressor *c, const uint8_t *src, size_t count)
{
    range r = {.c = c, .count = count, .src = src};

    if (c->ops->check_block == NULL && !c->masked) return CSGD_OK;
    r.parts = csgdi_threads_parts(c->threads, count);
    if (r.parts > 1) {
        csgdi_threads_run(r.parts, check_part, &r);
        if (all_good(&r)) return CSGD_OK;
    }
    return check(c, src, count); /* after parts, for the sentence and the number of the block */
}

static void apply_part(void *object, unsigned part)
{
    const range *r = object;
    const size_t i = begin_of(r, part), end = begin_of(r, part + 1);

    apply(r->c, r->src + csgdi_blocks_bytes(r->c, i), end - i, r->mode,
          r->y + i * r->c->kernels->size);
}

void csgdi_blocks_apply(const csgdi_compressor *c, const uint8_t *src, size_t count,
                        csgdi_mode mode, void *y)
{
    range r = {.c = c, .count = count, .src = src, .mode = mode, .y = y};

    r.parts = csgdi_threads_parts(c->threads, count);
    if (r.parts > 1)
        csgdi_threads_run(r.parts, apply_part, &r);
    else
        apply(c, src, count, mode, y);
}
