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

#include <string.h>
#include "feedback/feedback.h"

static csgd_status ef_create(csgdi_feedback *f, csgdi_arena *arena)
{
    const csgdi_compressor *c = f->compressor;

    f->e = csgdi_arena_zalloc(arena, c->n, c->kernels->size);
    if (f->e == NULL) return CSGD_E_NOMEM;
    f->m = csgdi_arena_alloc(arena, c->n, c->kernels->size);
    return f->m != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static bool ef_prepare(csgdi_feedback *f, const void *g, const void **m)
{
    const csgdi_kernels *k = f->compressor->kernels;
    const bool scaled = f->step_size > 0 && f->step_size != f->next_step_size;

    *m = f->m;
    if (scaled)
        return k->add_scaled_finite(g, f->step_size / f->next_step_size, f->e, f->compressor->n,
                                    f->m);
    return k->add_finite(g, f->e, f->compressor->n, f->m);
}

static void swap(csgdi_feedback *f)
{
    void *const e = f->m;

    f->m = f->e;
    f->e = e;
}

static void ef_commit(csgdi_feedback *f, const uint8_t *message, const csgdi_sparse *leftover)
{
    csgdi_message_apply(f->compressor, message, CSGDI_SUB, f->m);
    if (leftover != NULL)
        f->compressor->kernels->scatter(leftover->index, leftover->value, leftover->k, CSGDI_ADD,
                                        f->m);
    swap(f);
}

static void ef_commit_exact(csgdi_feedback *f)
{
    const csgdi_compressor *c = f->compressor;

    if (c->n > 0) memset(f->m, 0, c->n * c->kernels->size);
    swap(f);
}

const csgdi_feedback_ops csgdi_feedback_ef = {
    .name = "ef",
    .summary = "added to the next vector (error feedback)",
    .source = "Seide et al. 2014; Karimireddy et al. 2019",
    .create = ef_create,
    .prepare = ef_prepare,
    .commit = ef_commit,
    .commit_exact = ef_commit_exact,
};
