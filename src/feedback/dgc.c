/* SPDX-License-Identifier: BSD-3-Clause */

/* dgc.c: the momentum is the rank's own, and what is sent late has its momentum with it.
 *
 *     g = min(1, c / |g|) g          local clipping, c = `clip_norm` over the root of the number of ranks
 *     u = mu u + g;    v = v + u                    with nesterov=yes u = mu (u + g), v = v + u + g
 *     send C(v);    v = v - (decoded message - leftover);    u = 0 where the decoded message is not 0
 *
 * (Deep gradient compression, Lin, Han, Mao, Wang, Dally 2018.)  Under plain SGD of the caller's, as
 * the momentum is here.  The last line is factor masking: what was sent stops to push, as it was
 * delayed and has aged; masking=no leaves u alone.  A step that is sent exactly masks nothing.  With
 * y the result and u' what was added to v,
 *
 *     y + sum of new v = sum of (old v + u')
 *
 * so nothing of v is lost, and what masking has taken off u is just not pushed any more.  The residual
 * is v.  Step sizes mean nothing to it.  For topk and blocktopk, whose `ratio` begins larger where
 * `warmup` is given (compressors/warmup.h).
 *
 * Memory: u and v, twice: four vectors.
 */

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/stream.h"
#include "feedback/feedback.h"

enum { CHUNK = 512 }; /* elements that are worked on together, on the stack */

typedef struct dgc {
    void *u, *next_u;
    double clip;   /* of this rank's vector; 0: none */
    double weight; /* that it was given in this step */
} dgc;

static csgd_status dgc_read(csgdi_feedback *f, csgdi_spec *spec)
{
    csgdi_feedback_settings *set = &f->set;

    if (!csgdi_spec_set(spec, "momentum")) csgdi_spec_choose(spec, "momentum", "0.9");
    if (!csgdi_spec_set(spec, "nesterov")) csgdi_spec_choose(spec, "nesterov", "no");
    if (!csgdi_spec_set(spec, "masking")) csgdi_spec_choose(spec, "masking", "yes");
    if (!csgdi_spec_set(spec, "warmup")) csgdi_spec_drop(spec, "stages");
    set->momentum = csgdi_spec_real(spec, "momentum");
    set->nesterov = strcmp(csgdi_spec_choice(spec, "nesterov"), "yes") == 0;
    set->masking = strcmp(csgdi_spec_choice(spec, "masking"), "yes") == 0;
    set->clip = csgdi_spec_set(spec, "clip_norm") ? csgdi_spec_real(spec, "clip_norm") : 0;
    set->unscaled = set->filters = set->owes_x_alone = true;
    if (set->momentum == 1)
        return csgdi_fail(CSGD_E_SPEC, "feedback=dgc: with momentum=1 nothing would ever slow "
                                       "down; it is below 1");
    if (f->compressor->takes_warmup) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "feedback=dgc is for compressors that send the largest entries, as many as "
                      "ratio says: topk and blocktopk, not %s",
                      f->compressor->ops->name);
}

static csgd_status dgc_create(csgdi_feedback *f, csgdi_arena *arena)
{
    const csgdi_compressor *c = f->compressor;
    const size_t size = c->kernels->size;
    dgc *self = csgdi_arena_zalloc(arena, 1, sizeof *self);

    f->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->clip = f->set.clip / sqrt(c->n_ranks);
    self->weight = 1;
    f->e = csgdi_arena_zalloc(arena, c->n, size);
    f->m = csgdi_arena_alloc(arena, c->n, size);
    self->u = csgdi_arena_zalloc(arena, c->n, size);
    self->next_u = csgdi_arena_alloc(arena, c->n, size);
    return f->e != NULL && f->m != NULL && self->u != NULL && self->next_u != NULL ? CSGD_OK
                                                                                   : CSGD_E_NOMEM;
}

/* The weight of g.  Where its squares overflow, one by which it is short enough in any case. */
static void dgc_look(csgdi_feedback *f, const void *g)
{
    const csgdi_compressor *c = f->compressor;
    const csgdi_kernels *k = c->kernels;
    dgc *self = f->state;
    double norm;

    if (self->clip == 0) return;
    norm = sqrt(csgdi_sum_blocks(k, k->square_sum, g, c->n));
    if (!isfinite(norm)) norm = k->abs_max(g, c->n) * sqrt((double)c->n);
    self->weight = norm > self->clip ? self->clip / norm : 1;
}

/* u and v + u (+ g) of count <= CHUNK elements. */
static bool fill_chunk(const csgdi_feedback *f, const void *g, const void *v, const void *u,
                       size_t count, void *next_u, void *next_v)
{
    static const double zeros[CHUNK]; /* or as many floats */
    const csgdi_kernels *k = f->compressor->kernels;
    const dgc *self = f->state;
    double clipped[CHUNK];

    if (self->weight != 1) {
        k->add_scaled_finite(zeros, self->weight, g, count, clipped);
        g = clipped;
    }
    if (!f->set.nesterov) {
        k->add_scaled_finite(g, f->set.momentum, u, count, next_u);
        return k->add_finite(v, next_u, count, next_v);
    }
    k->add_finite(u, g, count, next_u);
    k->add_scaled_finite(zeros, f->set.momentum, next_u, count, next_u);
    k->add_finite(v, next_u, count, next_v);
    return k->add_finite(next_v, g, count, next_v);
}

static bool dgc_fill(const csgdi_feedback *f, const void *g, size_t first, size_t count, void *m)
{
    const size_t size = f->compressor->kernels->size;
    const dgc *self = f->state;
    bool finite = true;

    for (size_t i = 0; i < count; i += CHUNK) {
        const size_t n = count - i < CHUNK ? count - i : CHUNK, at = (first + i) * size;

        finite =
            fill_chunk(f, (const char *)g + at, (const char *)f->e + at, (const char *)self->u + at,
                       n, (char *)self->next_u + at, (char *)m + i * size) &&
            finite;
    }
    return finite;
}

static void dgc_commit(csgdi_feedback *f, const csgdi_delivery *delivery)
{
    dgc *self = f->state;
    void *const v = f->m, *const u = self->next_u;

    if (!delivery->exact && f->set.masking) csgdi_stream_zero(f->compressor, delivery->message, u);
    self->next_u = self->u;
    self->u = u;
    f->m = f->e;
    f->e = v;
}

static void dgc_owe(const csgdi_feedback *f, bool for_v, void *to)
{
    if (!for_v) f->compressor->kernels->add(f->e, f->compressor->n, to);
}

static void dgc_clear(csgdi_feedback *f)
{
    const csgdi_compressor *c = f->compressor;

    if (c->n > 0) memset(((dgc *)f->state)->u, 0, c->n * c->kernels->size);
}

static const char *const uses[] = {"momentum", "nesterov", "masking", "clip_norm",
                                   "warmup",   "stages",   NULL};

const csgdi_feedback_ops csgdi_feedback_dgc = {
    .name = "dgc",
    .summary = "each rank's own momentum, added up until it is sent (deep gradient compression)",
    .source = "Lin, Han, Mao, Wang, Dally 2018",
    .uses = uses,
    .read = dgc_read,
    .owner = &csgdi_feedback_ef,
    .create = dgc_create,
    .look = dgc_look,
    .fill = dgc_fill,
    .commit = dgc_commit,
    .owe = dgc_owe,
    .owes_e_alone = true,
    .clear = dgc_clear,
};
