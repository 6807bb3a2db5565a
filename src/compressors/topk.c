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
 *
 * The bit pattern of a magnitude is an integer that orders like the magnitude itself.  A radix
 * search over its digits, most significant first, finds the k-th largest: count the digits of the
 * elements that share the prefix found so far, and walk down from the top bin until k are passed.
 * Then one pass collects what is above the limit, and as many of those at it as are still due.
 */

#include <string.h>
#include "base/error.h"
#include "compressors/compressor.h"

enum { DIGIT = 11, BINS = 1 << DIGIT };

static csgd_status topk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    if (csgdi_spec_given(spec, "k") && csgdi_spec_given(spec, "ratio"))
        return csgdi_fail(CSGD_E_SPEC, "topk: give k or ratio, not both");
    if (csgdi_spec_given(spec, "k")) {
        const uint64_t k = csgdi_spec_count(spec, "k");
        if (k > c->n)
            return csgdi_fail(CSGD_E_SPEC, "topk: k=%llu is more than the %zu elements there are",
                              (unsigned long long)k, c->n);
        c->max_k = (size_t)k;
        csgdi_spec_drop(spec, "ratio");
    } else {
        c->max_k = (size_t)(csgdi_spec_real(spec, "ratio") * (double)c->n);
        if (c->max_k == 0 && c->n > 0) c->max_k = 1;
        if (c->max_k > c->n) c->max_k = c->n;
    }
    c->state = csgdi_arena_alloc(arena, BINS, sizeof(uint64_t));
    return c->state != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* The key of the k-th largest magnitude, and how many elements with just that key are due. */
static uint64_t find_limit(const csgdi_compressor *c, const void *x, size_t k, size_t *ties)
{
    uint64_t *counts = c->state;
    unsigned shift = (unsigned)(8 * c->kernels->size - 1); /* bits of a key not yet known */
    uint64_t prefix = 0;

    while (shift > 0) {
        const unsigned bits = shift < DIGIT ? shift : DIGIT;
        size_t bin = (size_t)1 << bits;

        shift -= bits;
        memset(counts, 0, bin * sizeof *counts);
        c->kernels->key_histogram(x, c->n, shift, bits, prefix, counts);
        while (counts[--bin] < k)
            k -= (size_t)counts[bin];
        prefix = prefix << bits | bin;
    }
    *ties = k;
    return prefix;
}

static void topk_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    size_t ties = 0;
    uint64_t limit;

    out->k = 0;
    if (c->max_k == 0) return;
    limit = find_limit(c, x, c->max_k, &ties);
    out->k = c->kernels->key_select(x, c->n, limit, &ties, 0, out->room, out->index, out->value);
}

static const csgdi_key keys[] = {
    {.name = "ratio",
     .kind = CSGDI_REAL,
     .min = 0,
     .above_min = true,
     .max = 1,
     .fallback = "0.01",
     .help = "part of the entries to keep, rounded down, at least one"},
    {.name = "k",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 4294967295.0,
     .help = "how many entries to keep, in place of ratio"},
};

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
