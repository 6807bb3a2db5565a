/* SPDX-License-Identifier: BSD-3-Clause */

/* compressor.c: the public object: argument checks around messages. */

#include "base/error.h"
#include "compressors/elements.h"

csgd_status csgdi_compressor_wide(csgd_compressor *c, csgdi_arena *arena)
{
    if (!csgdi_elements_narrow(c->core.type)) return CSGD_OK;
    c->wide = csgdi_arena_alloc(arena, c->core.n, c->core.kernels->size);
    return c->wide != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

csgd_status csgd_compressor_create(const char *spec, size_t n, csgd_compressor **c)
{
    csgdi_arena arena = {0};
    const csgdi_compressor_ops *ops;
    csgd_compressor *self;
    csgdi_spec parsed;
    csgd_status st;

    if (c == NULL) return csgdi_fail(CSGD_E_INVAL, "the place for the compressor is NULL");
    *c = NULL;
    st = csgdi_compressor_parse(csgdi_spec_text(spec), NULL, 0, &parsed, &ops);
    if (st != CSGD_OK) return st;

    self = csgdi_arena_alloc(&arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->wide = NULL;
    st = csgdi_compressor_init(&self->core, ops, &parsed, n, NULL, NULL, 0, 1, &arena);
    if (st == CSGD_OK) st = csgdi_compressor_wide(self, &arena);
    if (st != CSGD_OK) {
        csgdi_arena_free(&arena);
        return st;
    }
    self->arena = arena;
    *c = self;
    return CSGD_OK;
}

void csgd_compressor_destroy(csgd_compressor **c)
{
    csgdi_arena arena;

    if (c == NULL || *c == NULL) return;
    arena = (*c)->arena; /* the object itself lives in it */
    *c = NULL;
    csgdi_arena_free(&arena);
}

size_t csgd_compressor_bound(const csgd_compressor *c)
{
    return c != NULL ? csgdi_message_bound(&c->core) : 0;
}

size_t csgd_compressor_memory_bytes(const csgd_compressor *c)
{
    return c != NULL ? c->arena.bytes : 0;
}

csgd_status csgd_compressor_set_step(csgd_compressor *c, uint64_t step)
{
    if (c == NULL) return csgdi_fail(CSGD_E_INVAL, "the compressor is NULL");
    c->core.step = step;
    return CSGD_OK;
}

csgd_status csgd_compressor_compress(csgd_compressor *c, const void *x, uint8_t *dst, size_t cap,
                                     size_t *len)
{
    if (c == NULL || dst == NULL || len == NULL || (x == NULL && c->core.n > 0))
        return csgdi_fail(CSGD_E_INVAL, "a NULL among compressor, x, dst and len");
    if (cap < csgdi_message_bound(&c->core))
        return csgdi_fail(CSGD_E_SPACE, "a message may need %zu bytes, there are %zu",
                          csgdi_message_bound(&c->core), cap);
    if (c->wide != NULL) {
        csgdi_elements_widen(&c->core, x, c->core.n, c->wide);
        x = c->wide;
    }
    if (!csgdi_message_write(&c->core, x, dst, len)) {
        const csgd_status fault = csgdi_compressor_fault(&c->core);
        if (fault != CSGD_OK) return fault;
        return csgdi_fail(CSGD_E_NONFINITE,
                          "x has NaN or infinity, which %s cannot express, or values that it would "
                          "take beyond the element type",
                          c->core.ops->name);
    }
    csgdi_message_delivered(&c->core);
    csgdi_message_told(&c->core, (double)*len);
    c->core.step++;
    return CSGD_OK;
}

static csgd_status decode(const csgd_compressor *c, const uint8_t *src, size_t len, csgdi_mode mode,
                          void *y)
{
    csgd_status st;

    if (c == NULL || src == NULL || (y == NULL && c->core.n > 0))
        return csgdi_fail(CSGD_E_INVAL, "a NULL among compressor, src and y");
    st = csgdi_message_check(&c->core, src, len, NULL);
    if (st != CSGD_OK) return st;
    if (c->wide == NULL) {
        csgdi_message_apply(&c->core, src, mode, y);
        return CSGD_OK;
    }
    if (mode != CSGDI_SET) csgdi_elements_widen(&c->core, y, c->core.n, c->wide);
    csgdi_message_apply(&c->core, src, mode, c->wide);
    csgdi_elements_narrow_to(&c->core, c->wide, c->core.n, y);
    return CSGD_OK;
}

csgd_status csgd_compressor_decompress(const csgd_compressor *c, const uint8_t *src, size_t len,
                                       void *y)
{
    return decode(c, src, len, CSGDI_SET, y);
}

csgd_status csgd_compressor_decompress_add(const csgd_compressor *c, const uint8_t *src, size_t len,
                                           void *y)
{
    return decode(c, src, len, CSGDI_ADD, y);
}
