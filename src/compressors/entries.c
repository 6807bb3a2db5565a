/* SPDX-License-Identifier: BSD-3-Clause */

/* entries.c: see entries.h. */

#include "compressors/entries.h"

#include <float.h>
#include "base/error.h"

csgd_status csgdi_entries_read(csgdi_compressor *c, csgdi_spec *spec)
{
    if (csgdi_spec_given(spec, "k") && csgdi_spec_given(spec, "ratio"))
        return csgdi_fail(CSGD_E_SPEC, "%s: give k or ratio, not both", c->ops->name);
    if (csgdi_spec_given(spec, "k") && c->n_segments > 1)
        return csgdi_fail(CSGD_E_SPEC,
                          "%s: k counts entries of the whole vector; where each of %zu tensors "
                          "selects by itself give ratio, or scope=global",
                          c->ops->name, c->n_segments);
    if (csgdi_spec_given(spec, "k")) {
        const uint64_t k = csgdi_spec_count(spec, "k");
        if (k > c->n)
            return csgdi_fail(CSGD_E_SPEC, "%s: k=%llu is more than the %zu elements there are",
                              c->ops->name, (unsigned long long)k, c->n);
        c->max_k = (size_t)k;
        csgdi_spec_drop(spec, "ratio");
        return CSGD_OK;
    }
    c->max_k = 0;
    for (size_t s = 0; s < (c->segment != NULL ? c->n_segments : 1); s++)
        c->max_k += csgdi_entries_of(c, spec, s);
    return CSGD_OK;
}

size_t csgdi_entries_of(const csgdi_compressor *c, const csgdi_spec *spec, size_t segment)
{
    const size_t n = c->segment != NULL ? c->segment[segment + 1] - c->segment[segment] : c->n;

    return csgdi_spec_given(spec, "k") ? c->max_k
                                       : csgdi_entries_part(csgdi_spec_real(spec, "ratio"), n);
}

size_t csgdi_entries_part(double ratio, size_t n)
{
    /* 0.29 of 100 is 29, though the product of the doubles is a little less. */
    size_t k = (size_t)(ratio * (double)n * (1 + 4 * DBL_EPSILON));

    if (k == 0 && n > 0) k = 1;
    return k < n ? k : n;
}

csgdi_loss csgdi_entries_loss(const csgdi_compressor *c)
{
    return (csgdi_loss){CSGDI_LOSS_LARGEST, (double)c->max_k / (double)c->n};
}
