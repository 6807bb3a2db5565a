/* SPDX-License-Identifier: BSD-3-Clause */

/* threshold.c: keep every entry of magnitude lambda or more.
 *
 * Biased, never expansive, and what is kept back is below lambda everywhere: with error feedback
 * and values that travel as they are |residual|_inf < lambda at every step, whatever the gradients
 * (values= of fewer bits leave their rounding too).  It is no contraction, for a vector below lambda
 * is kept back whole.
 *
 * For a given sequence of vectors, a constant lambda has the least total error of all ways to send
 * as many entries over the whole run: it sends the largest of all steps together (Sahu, Dutta,
 * Abdelmoniem, Banerjee, Canini, Kalnis 2021).
 *
 * lambda is in the units of what is compressed: gradients, and with feedback gradients plus
 * residual.  It is not rounded: the limit is the least element that is not below it.
 *
 * Memory is taken at creation, and past n/2 entries of f32 a sparse message is longer than the
 * vector itself.  So there is a limit, kmax, n/8 unless it is given: a quarter of the vector's
 * bytes.  Where more entries qualify, the kmax largest of them are sent and c->clipped counts it:
 * the bound on the residual does not hold for that step.
 *
 * Payload: a sparse stream (wire/sparse.h) of at most kmax entries, of none where none qualifies.
 */

#include <math.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/largest.h"
#include "compressors/magnitude.h"

typedef struct threshold {
    uint64_t limit; /* key of the least element that is sent */
    csgdi_search search;
    csgdi_bracket bracket; /* for when there is no room */
} threshold;

static csgd_status threshold_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    threshold *self;

    if (!csgdi_spec_set(spec, "lambda"))
        return csgdi_fail(CSGD_E_SPEC, "threshold: lambda, the least magnitude that is sent, has "
                                       "no default: give it, as in lambda=0.001");
    c->max_k = csgdi_spec_set(spec, "kmax") ? (size_t)csgdi_spec_count(spec, "kmax") : c->n / 8;
    if (c->max_k > c->n) c->max_k = c->n;
    if (c->max_k == 0 && c->n > 0) c->max_k = 1;

    c->usual_k = c->n / 100 < c->max_k ? c->n / 100 + 1 : c->max_k; /* a guess: nobody knows */
    c->spare = csgdi_largest_spare(c->n, c->max_k);

    c->state = self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->limit = csgdi_least_key(c->kernels->type, csgdi_spec_real(spec, "lambda"));
    return csgdi_search_create(&self->search, c->kernels, c->n, c->max_k, 0, c->threads, arena)
               ? CSGD_OK
               : CSGD_E_NOMEM;
}

static bool threshold_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    threshold *self = c->state;

    out->k = 0;
    switch (csgdi_limit(&self->search, self->limit, x, c->n, c->max_k, out)) {
    case CSGDI_DONE:
        return true;
    case CSGDI_NONFINITE:
        return false;
    case CSGDI_RETRY:
        break;
    }
    if (!csgdi_largest(&self->search, &self->bracket, x, c->n, 0, c->max_k, out)) return false;
    c->clipped++;
    return true;
}

static csgdi_search *threshold_begin(csgdi_compressor *c, size_t segment, csgdi_sparse *out)
{
    threshold *self = c->state;

    (void)segment;
    csgdi_limit_begin(&self->search, self->limit, c->max_k, out);
    return &self->search;
}

static csgdi_loss threshold_loss(const csgdi_compressor *c)
{
    (void)c;
    return (csgdi_loss){CSGDI_LOSS_SMALL, 0};
}

static const csgdi_key keys[] = {
    {.name = "lambda",
     .kind = CSGDI_REAL,
     .min = 0,
     .above_min = true,
     .max = INFINITY,
     .help = "least magnitude that is sent, in units of the gradient; must be given"},
    {.name = "kmax",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 4294967295.0,
     .help = "most entries of a message, n/8 unless given; of more, the largest are sent"},
};

const csgdi_compressor_ops csgdi_threshold = {
    .name = "threshold",
    .summary =
        "every entry of magnitude lambda or more; what stays is below lambda, rounding of values "
        "apart",
    .source = "Sahu et al. 2021",
    .wire_id = 5,
    .family = CSGDI_SELECT,
    .biased = true,
    .variable = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = threshold_create,
    .select = threshold_select,
    .begin = threshold_begin,
    .loss = threshold_loss,
};
