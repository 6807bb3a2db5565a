/* SPDX-License-Identifier: BSD-3-Clause */

/* topk.c: keep the k entries of largest magnitude.
 *
 * Biased, and a contraction: |x - C(x)|^2 <= (1 - k/n) |x|^2, so use it with error feedback
 * (Stich, Cordonnier, Jaggi 2018).
 *
 * Exactly k entries, zeros included where the vector has fewer that are not; of equal magnitudes
 * the lowest index wins.  So the support is a function of x alone.
 *
 * Payload: a sparse stream (wire/sparse.h).
 */

#include "compressors/compressor.h"
#include "compressors/entries.h"
#include "compressors/largest.h"

static csgd_status topk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const csgd_status st = csgdi_entries_read(c, spec);

    if (st != CSGD_OK) return st;
    c->state = csgdi_largest_scratch(arena);
    return c->state != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static void topk_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    csgdi_largest(c->kernels, x, c->n, c->max_k, c->state, out);
}

static const csgdi_key keys[] = {CSGDI_ENTRIES_KEYS};

const csgdi_compressor_ops csgdi_topk = {
    .name = "topk",
    .summary = "the k entries of largest magnitude, exactly; ties go to the lowest index",
    .source = "Aji, Heafield 2017; Stich et al. 2018",
    .wire_id = 2,
    .family = CSGDI_SELECT,
    .biased = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = topk_create,
    .select = topk_select,
};
