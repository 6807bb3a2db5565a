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
 * There are two other methods, which find about k entries with less search, and never send more:
 * sampled.c and sidco.c.  They are contractions as far as they find k.
 *
 * Early steps may send more (warmup.h).
 *
 * Payload: a sparse stream (wire/sparse.h) of at most k entries.
 */

#include <string.h>
#include "compressors/entries.h"
#include "compressors/topk_method.h"
#include "compressors/warmup.h"

static const char *method_name(size_t i)
{
    static const char *const names[] = {"exact", "sampled", "sidco"}; /* csgdi_topk_method */
    return i < 3 ? names[i] : NULL;
}

static csgdi_topk_method method_of(const csgdi_spec *spec)
{
    const char *name = csgdi_spec_choice(spec, "method");

    if (strcmp(name, "sampled") == 0) return CSGDI_SAMPLED;
    return strcmp(name, "sidco") == 0 ? CSGDI_SIDCO : CSGDI_EXACTLY;
}

/* The part of the entries that ratio or k says. */
static double ratio_of(const csgdi_compressor *c, const csgdi_spec *spec)
{
    if (csgdi_spec_given(spec, "k")) return (double)c->max_k / (double)c->n;
    return csgdi_spec_real(spec, "ratio");
}

static csgd_status topk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    csgd_status st = csgdi_entries_read(c, spec);
    size_t longest = 0, most = 0, sample = 0, room = 0;
    csgdi_topk_state *self;

    if (st == CSGD_OK) st = csgdi_warmup_read(c, spec, ratio_of(c, spec), arena);
    if (st != CSGD_OK) return st;
    c->state = self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->method = method_of(spec);
    c->variable = self->method != CSGDI_EXACTLY;
    self->n_parts = c->segment != NULL ? c->n_segments : 1;
    self->part = csgdi_arena_zalloc(arena, self->n_parts, sizeof *self->part);
    if (self->part == NULL) return CSGD_E_NOMEM;
    for (size_t s = 0; s < self->n_parts; s++) {
        csgdi_part *p = &self->part[s];
        size_t at_most, spare, values;
        p->first = c->segment != NULL ? c->segment[s] : 0;
        p->n = c->segment != NULL ? c->segment[s + 1] - p->first : c->n;
        p->k = p->at_last = csgdi_entries_of(c, spec, s);
        at_most = csgdi_warmup_most(c, p->n, p->k);
        room += at_most;
        spare = csgdi_largest_spare(p->n, at_most);
        values = self->method == CSGDI_SAMPLED ? csgdi_sampled_room(p->n, p->k) : 0;
        if (p->n > longest) longest = p->n;
        if (at_most > most) most = at_most;
        if (spare > c->spare) c->spare = spare;
        if (values > sample) sample = values;
    }
    c->usual_k = c->max_k;
    c->max_k = room;
    return csgdi_search_create(&self->search, c->kernels, longest, most, sample, c->threads, arena)
               ? CSGD_OK
               : CSGD_E_NOMEM;
}

static bool topk_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    csgdi_topk_state *self = c->state;
    bool finite = true;

    out->k = 0;
    for (csgdi_part *p = self->part; finite && p < self->part + self->n_parts; p++) {
        const char *from = (const char *)x + p->first * c->kernels->size;
        p->k = csgdi_warmup_entries(c, p->n, p->at_last);
        switch (self->method) {
        case CSGDI_SAMPLED:
            finite = csgdi_sampled(c, self, p, from, out);
            break;
        case CSGDI_SIDCO:
            finite = csgdi_sidco(c, self, p, from, out);
            break;
        case CSGDI_EXACTLY:
            finite = csgdi_largest(&self->search, &p->bracket, from, p->n, (uint32_t)p->first, p->k,
                                   out);
            break;
        }
    }
    return finite;
}

static csgdi_search *topk_begin(csgdi_compressor *c, size_t segment, csgdi_sparse *out)
{
    csgdi_topk_state *self = c->state;
    csgdi_part *p = &self->part[segment];
    bool begun;

    p->k = csgdi_warmup_entries(c, p->n, p->at_last);
    begun =
        self->method == CSGDI_EXACTLY && csgdi_largest_begin(&self->search, &p->bracket, p->k, out);

    return begun ? &self->search : NULL;
}

/* sums: nothing, as a selection has none. */
static void topk_delivered(csgdi_compressor *c, const void *sums)
{
    csgdi_topk_state *self = c->state;

    (void)sums;
    for (size_t i = 0; i < self->n_parts; i++)
        self->part[i].now = self->part[i].next;
}

static void topk_clear(csgdi_compressor *c)
{
    csgdi_topk_state *self = c->state;

    for (size_t i = 0; i < self->n_parts; i++)
        self->part[i].now = self->part[i].next = (csgdi_history){0};
}

static const csgdi_key keys[] = {
    CSGDI_ENTRIES_KEYS,
    {.name = "method",
     .kind = CSGDI_CHOICE,
     .choice = method_name,
     .fallback = "exact",
     .help = "exactly the largest, or about as many by a limit from a sample or a fit"},
};

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
    .delivered = topk_delivered,
    .clear = topk_clear,
    .loss = csgdi_entries_loss,
};
