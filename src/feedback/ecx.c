/* SPDX-License-Identifier: BSD-3-Clause */

/* ecx.c: two-step compensation, for callers that put a momentum over the results.
 *
 * The caller makes v_t = rho_t v_{t-1} + result_t and x -= gamma_t v_t of the results.  One residual
 * added to the next vector then does not undo its own loss: what was missing in v goes on missing, rho
 * times less each step, until 1 / (1 - rho) residuals have piled up in x.  With
 *
 *     m_t = g_t + c_t,    c_t = r_t d_{t-1} + rho_t (d_{t-1} - r_{t-1} d_{t-2})
 *     d_t = m_t - (decoded message - leftover),    r_t = gamma_{t-1} / gamma_t
 *
 * all losses but the last cancel, at every step, for any rho_t, gamma_t and compressor.  With
 * uncompressed sums v, D the sum of all ranks' d (the owner's too), and v^ what came of the results:
 *
 *     v^_t + D_t - r_t D_{t-1} = v_t        sum of gamma v^ + gamma_t D_t = sum of gamma v
 *
 * (ErrorCompensatedX, Tang, Li, Liu, Yan 2021, in residuals that are scaled by the weight of a
 * gradient, which needs no history of weights and has no pole where one is 0, as in SPIDER.)
 *
 * A step that is sent exactly sends m_t, and d_t = 0.
 *
 * beta < 1 puts a low-pass filter around c: what is added is (1 - beta) of the last time's and beta
 * of c_t.  It is tamer where two steps are not stable, and the laws above are lost.
 *
 * Whether that is stable depends on the compressor: stability.h says for which, and guard.h watches.
 *
 * Memory: three vectors, which change places at each commit; with beta < 1 a fourth.
 */

#include <string.h>
#include "feedback/stability.h"

typedef struct ecx {
    void *older;  /* d_{t-2} */
    void *low;    /* what was added the last time, where beta < 1; else NULL */
    double ratio; /* r_{t-1} */
} ecx;

static csgd_status ecx_read(csgdi_feedback *f, csgdi_spec *spec)
{
    if (!csgdi_spec_set(spec, "rho")) csgdi_spec_choose(spec, "rho", "0.9");
    if (!csgdi_spec_set(spec, "beta")) csgdi_spec_choose(spec, "beta", "1");
    f->set.has_rho = true;
    f->set.rho_by_step = csgdi_spec_word(spec, "rho") != NULL;
    f->set.rho = f->set.rho_by_step ? 0 : csgdi_spec_real(spec, "rho");
    f->set.beta = csgdi_spec_real(spec, "beta");
    if (!csgdi_spec_set(spec, "guard")) csgdi_spec_choose(spec, "guard", "yes");
    f->set.guard = strcmp(csgdi_spec_choice(spec, "guard"), "yes") == 0;
    return CSGD_OK;
}

static csgd_status ecx_create(csgdi_feedback *f, csgdi_arena *arena)
{
    const csgdi_compressor *c = f->compressor;
    const size_t size = c->kernels->size;
    ecx *self = csgdi_arena_zalloc(arena, 1, sizeof *self);

    f->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->ratio = 1;
    f->e = csgdi_arena_zalloc(arena, c->n, size);
    f->m = csgdi_arena_alloc(arena, c->n, size);
    self->older = csgdi_arena_zalloc(arena, c->n, size);
    if (f->e == NULL || f->m == NULL || self->older == NULL) return CSGD_E_NOMEM;
    if (f->set.beta == 1) return CSGD_OK;
    self->low = csgdi_arena_zalloc(arena, c->n, size);
    return self->low != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* What is added to g in the step to come, with the weights times `part`. */
static csgdi_terms pair(const csgdi_feedback *f, double part)
{
    const ecx *self = f->state;
    const double rho = f->one_step ? 0 : f->next_rho;
    const double ratio = csgdi_feedback_ratio(f);
    csgdi_terms t = {.d = f->e, .e = self->older};

    if (part == 1 && ratio == 1 && self->ratio == 1) { /* d1 + rho (d1 - d2), which takes less */
        t.form = CSGDI_FORM_ECHO;
        t.a = rho;
    } else {
        t.form = CSGDI_FORM_PAIR;
        t.a = part * (ratio + rho);
        t.b = part * (rho * self->ratio);
    }
    return t;
}

static bool filters(const csgdi_feedback *f)
{
    return ((const ecx *)f->state)->low != NULL && !f->one_step;
}

/* to = what the filter gives now.  What of it is not finite is found in the sum with g. */
static void filter(const csgdi_feedback *f, size_t first, size_t count, void *to)
{
    const ecx *self = f->state;
    const csgdi_kernels *k = f->compressor->kernels;
    const char *low = (const char *)self->low + first * k->size;
    const csgdi_terms whole = pair(f, f->set.beta);
    csgdi_terms terms = csgdi_terms_at(&whole, first, k->size);

    k->add_scaled_finite(low, -f->set.beta, low, count, to);
    terms.g = to;
    csgdi_terms_add(k, &terms, count, to);
}

static csgdi_terms ecx_terms(const csgdi_feedback *f, const void *g)
{
    csgdi_terms t = pair(f, 1);

    if (filters(f)) t.form = CSGDI_FORM_OTHER;
    t.g = g;
    return t;
}

static bool ecx_fill(const csgdi_feedback *f, const void *g, size_t first, size_t count, void *m)
{
    const csgdi_kernels *k = f->compressor->kernels;
    const csgdi_terms whole = ecx_terms(f, g), terms = csgdi_terms_at(&whole, first, k->size);

    if (!filters(f)) return csgdi_terms_add(k, &terms, count, m);
    filter(f, first, count, m);
    return k->add_finite(terms.g, m, count, m);
}

static void ecx_commit(csgdi_feedback *f, const csgdi_delivery *delivery)
{
    ecx *self = f->state;
    void *const newest = f->m;

    (void)delivery;
    if (filters(f)) filter(f, 0, f->compressor->n, self->low);
    f->m = self->older;
    self->older = f->e;
    f->e = newest;
    self->ratio = csgdi_feedback_ratio(f);
}

/* By the laws above: d for x, and d_t - r_t d_{t-1} for v; with one step as ef. */
static void ecx_owe(const csgdi_feedback *f, bool for_v, void *to)
{
    const ecx *self = f->state;
    const csgdi_kernels *k = f->compressor->kernels;

    if (for_v && !f->one_step)
        k->add_pair_finite(to, 1, f->e, self->ratio, self->older, f->compressor->n, to);
    else
        k->add(f->e, f->compressor->n, to);
}

static void ecx_clear(csgdi_feedback *f)
{
    ecx *self = f->state;
    const size_t bytes = f->compressor->n * f->compressor->kernels->size;

    self->ratio = 1;
    if (bytes == 0) return;
    memset(self->older, 0, bytes);
    if (self->low != NULL) memset(self->low, 0, bytes);
}

static const char *const uses[] = {"rho", "beta", "force", "guard", NULL};

const csgdi_feedback_ops csgdi_feedback_ecx = {
    .name = "ecx",
    .summary = "the last two steps' losses, so that they cancel under a momentum of the caller's, "
               "v = rho v + result; for dense codes",
    .source = "ErrorCompensatedX, Tang et al. 2021",
    .uses = uses,
    .read = ecx_read,
    .admits = csgdi_stability_two_steps,
    .create = ecx_create,
    .fill = ecx_fill,
    .terms = ecx_terms,
    .commit = ecx_commit,
    .owe = ecx_owe,
    .clear = ecx_clear,
};
