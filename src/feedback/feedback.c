/* SPDX-License-Identifier: BSD-3-Clause */

/* feedback.c: the public object: argument checks around prepare, message and commit. */

#include "feedback/feedback.h"

#include "base/error.h"
#include "compressors/elements.h"

csgd_status csgd_feedback_create(const char *spec, size_t n, csgd_feedback **f)
{
    csgdi_arena arena = {0};
    const csgdi_compressor_ops *ops;
    csgd_feedback *self;
    csgdi_spec parsed;
    csgd_status st;

    if (f == NULL) return csgdi_fail(CSGD_E_INVAL, "the place for the feedback is NULL");
    *f = NULL;
    st = csgdi_compressor_parse(csgdi_spec_text(spec), &csgdi_feedback_keys, 1, &parsed, &ops);
    if (st != CSGD_OK) return st;

    self = csgdi_arena_zalloc(&arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    st = csgdi_compressor_init(&self->inner.core, ops, &parsed, n, NULL, NULL, 0, 1, &arena);
    if (st == CSGD_OK) st = csgdi_compressor_wide(&self->inner, &arena);
    if (st == CSGD_OK) st = csgdi_feedback_init(&self->core, &self->inner.core, &parsed, &arena);
    if (st != CSGD_OK) {
        csgdi_arena_free(&arena);
        return st;
    }
    self->arena = arena;
    *f = self;
    return CSGD_OK;
}

void csgd_feedback_destroy(csgd_feedback **f)
{
    csgdi_arena arena;

    if (f == NULL || *f == NULL) return;
    arena = (*f)->arena; /* the object itself lives in it */
    *f = NULL;
    csgdi_arena_free(&arena);
}

const csgd_compressor *csgd_feedback_compressor(const csgd_feedback *f)
{
    return f != NULL ? &f->inner : NULL;
}

size_t csgd_feedback_memory_bytes(const csgd_feedback *f)
{
    return f != NULL ? f->arena.bytes : 0;
}

csgd_status csgd_feedback_compress(csgd_feedback *f, const void *g, uint8_t *dst, size_t cap,
                                   size_t *len)
{
    csgdi_compressor *c;
    csgd_status st;

    if (f == NULL || dst == NULL || len == NULL || (g == NULL && f->inner.core.n > 0))
        return csgdi_fail(CSGD_E_INVAL, "a NULL among feedback, g, dst and len");
    st = csgdi_feedback_ready(&f->core);
    if (st != CSGD_OK) return st;
    c = &f->inner.core;
    if (cap < csgdi_message_bound(c))
        return csgdi_fail(CSGD_E_SPACE, "a message may need %zu bytes, there are %zu",
                          csgdi_message_bound(c), cap);
    if (f->inner.wide != NULL) {
        csgdi_elements_widen(c, g, c->n, f->inner.wide);
        g = f->inner.wide;
    }
    if (!csgdi_feedback_write(&f->core, g, dst, len)) {
        const csgd_status fault = csgdi_compressor_fault(c);
        if (fault != CSGD_OK) return fault;
        return csgdi_fail(CSGD_E_NONFINITE,
                          "g, or g and the residual together, has NaN or infinity, or values that "
                          "%s would take beyond the element type",
                          c->ops->name);
    }
    csgdi_feedback_commit(&f->core, dst, true, NULL);
    csgdi_message_delivered(c);
    csgdi_message_told(c, (double)*len);
    c->step++;
    return CSGD_OK;
}

csgd_status csgd_feedback_set_step_size(csgd_feedback *f, double step_size)
{
    if (f == NULL) return csgdi_fail(CSGD_E_INVAL, "the feedback is NULL");
    return csgdi_feedback_set_step_size(&f->core, step_size);
}

csgd_status csgd_feedback_set_rho(csgd_feedback *f, double rho)
{
    if (f == NULL) return csgdi_fail(CSGD_E_INVAL, "the feedback is NULL");
    return csgdi_feedback_set_rho(&f->core, rho);
}

csgd_status csgd_feedback_residual(const csgd_feedback *f, void *e)
{
    if (f == NULL || (e == NULL && f->inner.core.n > 0))
        return csgdi_fail(CSGD_E_INVAL, "the feedback or the place for its residual is NULL");
    csgdi_feedback_residual(&f->core, e);
    return CSGD_OK;
}

csgd_status csgd_feedback_clear(csgd_feedback *f)
{
    if (f == NULL) return csgdi_fail(CSGD_E_INVAL, "the feedback is NULL");
    csgdi_feedback_clear(&f->core);
    if (f->inner.core.ops->clear != NULL) f->inner.core.ops->clear(&f->inner.core);
    return CSGD_OK;
}
