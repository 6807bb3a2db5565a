/* SPDX-License-Identifier: BSD-3-Clause */

/* blocktopk.c: keep the entries of largest magnitude of each block.
 *
 * Of a block of b elements the k_b = max(1, floor(ratio b)) largest; of equal magnitudes the lowest
 * index wins.  Biased, and a contraction: |x - C(x)|^2 <= (1 - delta) |x|^2 with delta the least
 * k_b / b, which a block of equal magnitudes reaches.  So it has topk's guarantee; what it sends of
 * a vector whose large entries lie together is less of it.  For error feedback.
 *
 * A block is read once: it is searched while it is in the cache, so this is one pass over memory
 * whatever the magnitudes are.  Where the vector consists of tensors that select by themselves,
 * blocks begin anew at each.
 *
 * Payload: a sparse stream (wire/sparse.h) of at most as many entries as all k_b together.
 */

#include "compressors/compressor.h"
#include "compressors/entries.h"
#include "compressors/largest.h"
#include "compressors/magnitude.h"
#include "compressors/warmup.h"

typedef struct blocktopk {
    double ratio;
    size_t block;
    csgdi_search search;
    /* Candidates of the next block: keys from mean - margin on.  Speed only. */
    uint64_t mean, margin;
} blocktopk;

static size_t segments(const csgdi_compressor *c)
{
    return c->segment != NULL ? c->n_segments : 1;
}

static size_t start_of(const csgdi_compressor *c, size_t segment)
{
    if (c->segment != NULL) return c->segment[segment];
    return segment == 0 ? 0 : c->n;
}

/* Of a block of n, at most. */
static size_t most_of(const csgdi_compressor *c, size_t n)
{
    const blocktopk *self = c->state;

    return csgdi_warmup_most(c, n, csgdi_entries_part(self->ratio, n));
}

static csgd_status blocktopk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    blocktopk *self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    csgd_status st;

    if (self == NULL) return CSGD_E_NOMEM;
    c->state = self;
    self->ratio = csgdi_spec_real(spec, "ratio");
    self->block = (size_t)csgdi_spec_count(spec, "block");
    if (self->block > c->n && c->n > 0) self->block = c->n;
    st = csgdi_warmup_read(c, spec, self->ratio, arena);
    if (st != CSGD_OK) return st;
    c->max_k = 0;
    for (size_t s = 0; s < segments(c); s++) {
        const size_t n = start_of(c, s + 1) - start_of(c, s);
        c->max_k += n / self->block * most_of(c, self->block) + most_of(c, n % self->block);
    }
    c->spare = self->block; /* all of one may be candidates */
    return csgdi_search_create(&self->search, c->kernels, self->block, most_of(c, self->block), 0,
                               1, arena)
               ? CSGD_OK
               : CSGD_E_NOMEM;
}

/* Follow the limit of the blocks.  The margin is meant to leave few candidates too many, and to be
 * missed by few blocks. */
static void follow(blocktopk *self, csgd_type type, uint64_t limit, size_t count, size_t k,
                   bool missed)
{
    const uint64_t unit = csgdi_infinity_key(type) >> 8; /* about the keys of an octave */

    if (missed || self->mean == 0) {
        self->margin = self->mean == 0 ? unit / 4 : self->margin + unit / 16;
        self->mean = limit;
        if (self->margin > 2 * unit) self->margin = 2 * unit;
        return;
    }
    self->mean = self->mean - self->mean / 8 + limit / 8;
    if (count > k + k / 2 + 8) self->margin -= self->margin / 32;
}

static bool select_block(csgdi_compressor *c, const void *x, size_t n, uint32_t base, size_t k,
                         csgdi_sparse *out)
{
    blocktopk *self = c->state;
    const csgdi_kernels *kernels = c->kernels;
    void *value = (char *)out->value + out->k * kernels->size;
    const uint64_t low = self->mean > self->margin ? self->mean - self->margin : 0;
    const bool hopeless = low == 0 || low > csgdi_infinity_key(kernels->type);
    size_t count =
        hopeless ? 0 : kernels->key_select(x, n, low, base, n, out->index + out->k, value);
    const bool missed = count < k;
    uint64_t limit;

    if (missed) count = kernels->key_select(x, n, 0, base, n, out->index + out->k, value);
    if (!kernels->finite(value, count)) return false;
    limit = csgdi_largest_among(&self->search, count, k, out);
    follow(self, kernels->type, limit, count, k, missed);
    return true;
}

static bool blocktopk_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    const blocktopk *self = c->state;

    out->k = 0;
    for (size_t s = 0; s < segments(c); s++) {
        const size_t end = start_of(c, s + 1);
        for (size_t i = start_of(c, s); i < end; i += self->block) {
            const size_t n = end - i < self->block ? end - i : self->block;
            if (!select_block(c, (const char *)x + i * c->kernels->size, n, (uint32_t)i,
                              csgdi_warmup_entries(c, n, csgdi_entries_part(self->ratio, n)), out))
                return false;
        }
    }
    return true;
}

static const csgdi_key keys[] = {
    CSGDI_ENTRIES_RATIO,
    {.name = "block",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 16777216,
     .fallback = "4096",
     .help = "elements of which that part is kept"},
};

const csgdi_compressor_ops csgdi_blocktopk = {
    .name = "blocktopk",
    .summary = "of each block the entries of largest magnitude, exactly",
    .source = "Aji, Heafield 2017, by blocks",
    .wire_id = 7,
    .family = CSGDI_SELECT,
    .biased = true,
    .by_tensor = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = blocktopk_create,
    .select = blocktopk_select,
    .loss = csgdi_entries_loss,
};
