/* SPDX-License-Identifier: BSD-3-Clause */

/* ef21.c: send the change of an estimate, and let all ranks keep the estimates' sum.
 *
 *     v = (1 - eta) v + eta g                 eta is `momentum`, and 1, v = g, by default
 *     m = v - h;    h = h + (decoded message - leftover)
 *     H = H + sum over ranks of what was delivered;    the caller gets H
 *
 * (Richtarik, Sokolov, Fatkhullin 2021; with momentum Fatkhullin, Tyurin, Richtarik 2023.)  Rank i's h_i
 * is what the others know of its v_i; v, h and H begin at 0.  Where a second compression leaves out
 * e^s of the sum of increments, its owner adds that to the next sum:
 *
 *     H + e^s = sum over ranks of h_i
 *
 * holds at every step, and nothing else is conserved: what is not delivered is not sent later, it
 * lives on in v - h, which is the residual here, as long as it is true.  After a step that was sent
 * exactly h = v.  Step sizes mean nothing to it: h follows a vector, it owes no sum.  For contractions.
 *
 * v is not stored, being h + e with e the residual: m = (1 - eta) e + eta (g - h).
 *
 * Memory: e, twice; h; and in a reducer H: four vectors.
 */

#include <string.h>
#include "base/error.h"
#include "feedback/feedback.h"

enum { CHUNK = 4096 }; /* elements that stay in the first cache between two passes */

typedef struct ef21 {
    void *h;
    void *sum; /* H; NULL outside of a reducer */
} ef21;

static csgd_status ef21_read(csgdi_feedback *f, csgdi_spec *spec)
{
    if (!csgdi_spec_set(spec, "momentum")) csgdi_spec_choose(spec, "momentum", "1");
    f->set.momentum = csgdi_spec_real(spec, "momentum");
    f->set.unscaled = f->set.owes_nothing = true;
    f->set.filters = f->set.momentum < 1;
    if (f->set.momentum > 0) return CSGD_OK;
    return csgdi_fail(CSGD_E_SPEC, "feedback=ef21: with momentum=0 no gradient would ever count");
}

static csgd_status ef21_create(csgdi_feedback *f, csgdi_arena *arena)
{
    const csgdi_compressor *c = f->compressor;
    ef21 *self = csgdi_arena_zalloc(arena, 1, sizeof *self);

    f->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    f->e = csgdi_arena_zalloc(arena, c->n, c->kernels->size);
    f->m = csgdi_arena_alloc(arena, c->n, c->kernels->size);
    self->h = csgdi_arena_zalloc(arena, c->n, c->kernels->size);
    if (f->e == NULL || f->m == NULL || self->h == NULL) return CSGD_E_NOMEM;
    if (!f->set.reduces) return CSGD_OK;
    self->sum = csgdi_arena_zalloc(arena, c->n, c->kernels->size);
    return self->sum != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* e + eta ((g - h) - e): exactly g - h for eta = 1, where e is not looked at. */
static bool ef21_fill(const csgdi_feedback *f, const void *g, size_t first, size_t count, void *m)
{
    const csgdi_kernels *k = f->compressor->kernels;
    const double eta = f->set.momentum;
    const ef21 *self = f->state;
    bool finite = true;

    for (size_t i = 0; i < count; i += CHUNK) {
        const size_t n = count - i < CHUNK ? count - i : CHUNK, at = (first + i) * k->size;
        const char *e = (const char *)f->e + at, *h = (const char *)self->h + at;
        char *to = (char *)m + i * k->size;

        finite = k->add_scaled_finite((const char *)g + at, -1, h, n, to) && finite;
        if (eta == 1) continue;
        k->sub(e, n, to);
        finite = k->add_scaled_finite(e, eta, to, n, to) && finite;
    }
    return finite;
}

static void ef21_commit(csgdi_feedback *f, const csgdi_delivery *delivery)
{
    const csgdi_compressor *c = f->compressor;
    const csgdi_sparse *left = delivery->leftover;
    const ef21 *self = f->state;
    void *e = f->m;

    if (delivery->exact) {
        c->kernels->add(f->m, c->n, self->h);
    } else {
        csgdi_message_apply(c, delivery->message, CSGDI_ADD, self->h);
        if (left != NULL)
            c->kernels->scatter(left->index, left->value, left->k, CSGDI_SUB, self->h);
    }
    f->m = f->e;
    f->e = e;
}

static void ef21_result(csgdi_feedback *f, void *y)
{
    const csgdi_compressor *c = f->compressor;
    const ef21 *self = f->state;

    c->kernels->add(y, c->n, self->sum);
    if (c->n > 0) memcpy(y, self->sum, c->n * c->kernels->size);
}

static void ef21_clear(csgdi_feedback *f)
{
    const size_t bytes = f->compressor->n * f->compressor->kernels->size;
    const ef21 *self = f->state;

    if (bytes == 0) return;
    memset(self->h, 0, bytes);
    if (self->sum != NULL) memset(self->sum, 0, bytes);
}

static const char *const uses[] = {"momentum", NULL};

const csgdi_feedback_ops csgdi_feedback_ef21 = {
    .name = "ef21",
    .summary = "changes are sent, of an estimate that all ranks sum up (EF21)",
    .source = "Richtarik, Sokolov, Fatkhullin 2021",
    .uses = uses,
    .read = ef21_read,
    .owner = &csgdi_feedback_ef,
    .create = ef21_create,
    .fill = ef21_fill,
    .commit = ef21_commit,
    .result = ef21_result,
    .clear = ef21_clear,
};
