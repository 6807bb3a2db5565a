/* SPDX-License-Identifier: BSD-3-Clause */

/* threshold.c: keep every entry of magnitude lambda or more.
 *
 * Biased, never expansive, and what is kept back is below lambda everywhere: with error feedback
 * |residual|_inf < lambda at every step, whatever the gradients.  It is no contraction, for a
 * vector below lambda is kept back whole.
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
 * Payload: a sparse stream (wire/sparse.h), of no entries where none qualifies.
 */

#include <float.h>
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/largest.h"

typedef struct threshold {
    uint64_t limit;    /* key of the least element that is sent */
    uint64_t *scratch; /* for csgdi_largest() */
} threshold;

/* The key of the least element of a type that is not below lambda > 0; infinity's, which no finite
 * element reaches, where there is none. */
static uint64_t least_key(csgd_type type, double lambda)
{
    float narrow = INFINITY;
    uint64_t wide_key;
    uint32_t key;

    if (type == CSGD_F64) {
        memcpy(&wide_key, &lambda, sizeof wide_key);
        return wide_key;
    }
    if (lambda <= (double)FLT_MAX) narrow = (float)lambda;
    if ((double)narrow < lambda) narrow = nextafterf(narrow, INFINITY);
    memcpy(&key, &narrow, sizeof key);
    return key;
}

static csgd_status threshold_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    threshold *self;

    if (!csgdi_spec_set(spec, "lambda"))
        return csgdi_fail(CSGD_E_SPEC, "threshold: lambda, the least magnitude that is sent, has "
                                       "no default: give it, as in lambda=0.001");
    c->max_k = csgdi_spec_set(spec, "kmax") ? (size_t)csgdi_spec_count(spec, "kmax") : c->n / 8;
    if (c->max_k > c->n) c->max_k = c->n;
    if (c->max_k == 0 && c->n > 0) c->max_k = 1;

    c->state = self = csgdi_arena_alloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->limit = least_key(c->kernels->type, csgdi_spec_real(spec, "lambda"));
    self->scratch = csgdi_largest_scratch(arena);
    return self->scratch != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* Whether an entry of x[first..n) qualifies. */
static bool any_from(const csgdi_compressor *c, const void *x, size_t first)
{
    const threshold *self = c->state;
    const char *from = (const char *)x + first * c->kernels->size;
    size_t ties = 1;
    uint32_t index;
    double value;

    return c->kernels->key_select(from, c->n - first, self->limit, &ties, 0, 1, &index, &value) > 0;
}

static bool threshold_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    threshold *self = c->state;
    size_t ties = c->n;

    out->k =
        c->kernels->key_select(x, c->n, self->limit, &ties, 0, c->max_k, out->index, out->value);
    if (out->k < c->max_k || !any_from(c, x, (size_t)out->index[out->k - 1] + 1))
        return c->kernels->finite(x, c->n);
    out->k = 0;
    csgdi_largest(c->kernels, x, c->n, 0, c->max_k, self->scratch, out);
    c->clipped++;
    return c->kernels->finite(x, c->n);
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
    .summary = "every entry of magnitude lambda or more; what stays is below lambda",
    .source = "Sahu et al. 2021",
    .wire_id = 5,
    .family = CSGDI_SELECT,
    .biased = true,
    .variable = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = threshold_create,
    .select = threshold_select,
};
