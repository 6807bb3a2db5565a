/* SPDX-License-Identifier: BSD-3-Clause */

/* topk.c: keep the k entries of largest magnitude.
 *
 * Biased, and a contraction: |x - C(x)|^2 <= (1 - k/n) |x|^2, so use it with error feedback
 * (Stich, Cordonnier, Jaggi 2018).
 *
 * Exactly k entries, zeros included where the vector has fewer that are not; of equal magnitudes
 * the lowest index wins.  So the support is a function of x alone.
 *
 * Where the vector consists of tensors that select by themselves, this holds for each of them.
 *
 * Payload: a sparse stream (wire/sparse.h).
 */

#include "compressors/compressor.h"
#include "compressors/entries.h"
#include "compressors/largest.h"

typedef struct topk {
    uint64_t *scratch;
    size_t *k; /* of each segment, where there are several */
} topk;

static csgd_status topk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const csgd_status st = csgdi_entries_read(c, spec);
    topk *self;

    if (st != CSGD_OK) return st;
    c->state = self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->scratch = csgdi_largest_scratch(arena);
    if (self->scratch == NULL) return CSGD_E_NOMEM;
    if (c->segment == NULL) return CSGD_OK;

    self->k = csgdi_arena_alloc(arena, c->n_segments, sizeof *self->k);
    if (self->k == NULL) return CSGD_E_NOMEM;
    for (size_t s = 0; s < c->n_segments; s++)
        self->k[s] = csgdi_entries_of(c, spec, s);
    return CSGD_OK;
}

static bool topk_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    const topk *self = c->state;

    out->k = 0;
    if (c->segment == NULL) {
        csgdi_largest(c->kernels, x, c->n, 0, c->max_k, self->scratch, out);
        return c->kernels->finite(x, c->n);
    }
    for (size_t s = 0; s < c->n_segments; s++) {
        const size_t at = c->segment[s];
        csgdi_largest(c->kernels, (const char *)x + at * c->kernels->size, c->segment[s + 1] - at,
                      (uint32_t)at, self->k[s], self->scratch, out);
    }
    return c->kernels->finite(x, c->n);
}

static const csgdi_key keys[] = {CSGDI_ENTRIES_KEYS};

const csgdi_compressor_ops csgdi_topk = {
    .name = "topk",
    .summary = "the k entries of largest magnitude, exactly; ties go to the lowest index",
    .source = "Aji, Heafield 2017; Stich et al. 2018",
    .wire_id = 2,
    .family = CSGDI_SELECT,
    .biased = true,
    .by_tensor = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = topk_create,
    .select = topk_select,
};
