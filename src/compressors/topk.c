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

typedef struct part {
    size_t first, n, k;
    csgdi_bracket bracket;
} part;

typedef struct topk {
    csgdi_search search;
    part *part; /* segments, or the one vector */
    size_t n_parts;
} topk;

static csgd_status topk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const csgd_status st = csgdi_entries_read(c, spec);
    size_t longest = 0, most = 0;
    topk *self;

    if (st != CSGD_OK) return st;
    c->state = self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->n_parts = c->segment != NULL ? c->n_segments : 1;
    self->part = csgdi_arena_zalloc(arena, self->n_parts, sizeof *self->part);
    if (self->part == NULL) return CSGD_E_NOMEM;
    for (size_t s = 0; s < self->n_parts; s++) {
        part *p = &self->part[s];
        p->first = c->segment != NULL ? c->segment[s] : 0;
        p->n = c->segment != NULL ? c->segment[s + 1] - p->first : c->n;
        p->k = csgdi_entries_of(c, spec, s);
        if (p->n > longest) longest = p->n;
        if (p->k > most) most = p->k;
        if (csgdi_largest_spare(p->n, p->k) > c->spare) c->spare = csgdi_largest_spare(p->n, p->k);
    }
    return csgdi_search_create(&self->search, c->kernels, longest, most, arena) ? CSGD_OK
                                                                                : CSGD_E_NOMEM;
}

static bool topk_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    topk *self = c->state;

    out->k = 0;
    for (part *p = self->part; p < self->part + self->n_parts; p++)
        if (!csgdi_largest(&self->search, &p->bracket,
                           (const char *)x + p->first * c->kernels->size, p->n, (uint32_t)p->first,
                           p->k, out))
            return false;
    return true;
}

static csgdi_search *topk_begin(csgdi_compressor *c, size_t segment, csgdi_sparse *out)
{
    topk *self = c->state;
    part *p = &self->part[segment];

    return csgdi_largest_begin(&self->search, &p->bracket, p->k, out) ? &self->search : NULL;
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
    .begin = topk_begin,
};
