/* SPDX-License-Identifier: BSD-3-Clause */

/* list.c: every rule of feedback, one line each, and what is common to them. */

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "feedback/feedback.h"

static const csgdi_feedback_ops *const list[] = {
    &csgdi_feedback_none,
    &csgdi_feedback_ef,
};

const csgdi_feedback_ops *csgdi_feedback_list(size_t i)
{
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

static const char *feedback_name(size_t i)
{
    return csgdi_feedback_list(i) ? list[i]->name : NULL;
}

const csgdi_feedback_ops *csgdi_feedback_find(const char *name)
{
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(list[i]->name, name) == 0) return list[i];
    return NULL;
}

static const csgdi_key keys[] = {
    {.name = "feedback",
     .kind = CSGDI_CHOICE,
     .choice = feedback_name,
     .help = "what becomes of what was not sent; ef for biased compressors, none for others"},
};

const csgdi_keys csgdi_feedback_keys = {keys, sizeof keys / sizeof *keys};

csgd_status csgdi_feedback_init(csgdi_feedback *f, csgdi_compressor *compressor, csgdi_spec *spec,
                                csgdi_arena *arena)
{
    if (!csgdi_spec_set(spec, "feedback"))
        csgdi_spec_choose(spec, "feedback", compressor->biased ? "ef" : "none");
    *f = (csgdi_feedback){.ops = csgdi_feedback_find(csgdi_spec_choice(spec, "feedback")),
                          .compressor = compressor};
    if (compressor->ops->family == CSGDI_EXACT && f->ops != &csgdi_feedback_none)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "%s sends everything, so feedback=%s has nothing to remember",
                          compressor->ops->name, f->ops->name);
    return f->ops->create != NULL ? f->ops->create(f, arena) : CSGD_OK;
}

csgd_status csgdi_feedback_like(csgdi_feedback *f, const csgdi_feedback *model,
                                csgdi_compressor *compressor, csgdi_arena *arena)
{
    *f = (csgdi_feedback){.ops = model->ops, .compressor = compressor};
    return f->ops->create != NULL ? f->ops->create(f, arena) : CSGD_OK;
}

bool csgdi_feedback_prepare(csgdi_feedback *f, const void *g, const void **m)
{
    return f->ops->prepare(f, g, m);
}

void csgdi_feedback_commit(csgdi_feedback *f, const uint8_t *message, const csgdi_sparse *leftover)
{
    f->ops->commit(f, message, leftover);
    f->step_size = f->next_step_size;
}

void csgdi_feedback_commit_exact(csgdi_feedback *f)
{
    f->ops->commit_exact(f);
    f->step_size = f->next_step_size;
}

void csgdi_feedback_clear(csgdi_feedback *f)
{
    const csgdi_compressor *c = f->compressor;

    if (f->e != NULL && c->n > 0) memset(f->e, 0, c->n * c->kernels->size);
    f->step_size = 0; /* the next one stands: it is a setting, not history */
}

void csgdi_feedback_residual(const csgdi_feedback *f, void *e)
{
    const size_t bytes = f->compressor->n * f->compressor->kernels->size;

    if (bytes == 0) return;
    if (f->e != NULL)
        memcpy(e, f->e, bytes);
    else
        memset(e, 0, bytes);
}

double csgdi_feedback_norm(const csgdi_feedback *f)
{
    const csgdi_kernels *k = f->compressor->kernels;

    return f->e != NULL ? sqrt(csgdi_sum_blocks(k, k->square_sum, f->e, f->compressor->n)) : 0;
}
