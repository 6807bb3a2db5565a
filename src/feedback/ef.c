/* SPDX-License-Identifier: BSD-3-Clause */

/* ef.c: error feedback: what is not sent now is sent later.
 *
 *     m = g + r e;    e = m - (decoded message - leftover)
 *
 * (Seide et al. 2014; Stich, Cordonnier, Jaggi 2018; Karimireddy et al. 2019.)  r is the last step
 * size over this one where the caller tells them, else 1 (Zheng, Huang, Kwok 2019).  With it
 *
 *     sum over steps of step size * sent  +  step size * e  =  sum of step size * g
 *
 * holds at every step: nothing is lost, whatever the compressor.
 *
 * Memory: two vectors, which change places at each commit.
 */

#include "feedback/stability.h"

static csgd_status ef_create(csgdi_feedback *f, csgdi_arena *arena)
{
    const csgdi_compressor *c = f->compressor;

    f->e = csgdi_arena_zalloc(arena, c->n, c->kernels->size);
    if (f->e == NULL) return CSGD_E_NOMEM;
    f->m = csgdi_arena_alloc(arena, c->n, c->kernels->size);
    return f->m != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static bool is_scaled(const csgdi_feedback *f)
{
    return !f->set.unscaled && csgdi_feedback_ratio(f) != 1;
}

static csgdi_terms ef_terms(const csgdi_feedback *f, const void *g)
{
    return (csgdi_terms){.form = is_scaled(f) ? CSGDI_FORM_SCALED : CSGDI_FORM_PLAIN,
                         .g = g,
                         .d = f->e,
                         .a = csgdi_feedback_ratio(f)};
}

static bool ef_fill(const csgdi_feedback *f, const void *g, size_t first, size_t count, void *m)
{
    const csgdi_kernels *k = f->compressor->kernels;
    const csgdi_terms whole = ef_terms(f, g), terms = csgdi_terms_at(&whole, first, k->size);

    return csgdi_terms_add(k, &terms, count, m);
}

static void ef_commit(csgdi_feedback *f, const csgdi_delivery *delivery)
{
    void *const e = f->m;

    (void)delivery;
    f->m = f->e;
    f->e = e;
}

/* As if the last result had carried all of it: what a momentum is put over must reach the momentum. */
static void ef_owe(const csgdi_feedback *f, bool for_v, void *to)
{
    if (for_v && f->set.owes_x_alone) return;
    f->compressor->kernels->add(f->e, f->compressor->n, to);
}

static const char *const uses[] = {"force", NULL};

const csgdi_feedback_ops csgdi_feedback_ef = {
    .name = "ef",
    .summary = "added to the next vector (error feedback)",
    .source = "Seide et al. 2014; Karimireddy et al. 2019",
    .uses = uses,
    .admits = csgdi_stability_one_step,
    .create = ef_create,
    .fill = ef_fill,
    .terms = ef_terms,
    .commit = ef_commit,
    .owe = ef_owe,
};
