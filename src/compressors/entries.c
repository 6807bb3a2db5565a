/* SPDX-License-Identifier: BSD-3-Clause */

/* entries.c: see entries.h. */

#include "compressors/entries.h"

#include "base/error.h"

csgd_status csgdi_entries_read(csgdi_compressor *c, csgdi_spec *spec)
{
    if (csgdi_spec_given(spec, "k") && csgdi_spec_given(spec, "ratio"))
        return csgdi_fail(CSGD_E_SPEC, "%s: give k or ratio, not both", c->ops->name);
    if (csgdi_spec_given(spec, "k")) {
        const uint64_t k = csgdi_spec_count(spec, "k");
        if (k > c->n)
            return csgdi_fail(CSGD_E_SPEC, "%s: k=%llu is more than the %zu elements there are",
                              c->ops->name, (unsigned long long)k, c->n);
        c->max_k = (size_t)k;
        csgdi_spec_drop(spec, "ratio");
        return CSGD_OK;
    }
    c->max_k = (size_t)(csgdi_spec_real(spec, "ratio") * (double)c->n);
    if (c->max_k == 0 && c->n > 0) c->max_k = 1;
    if (c->max_k > c->n) c->max_k = c->n;
    return CSGD_OK;
}
