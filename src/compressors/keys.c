/* SPDX-License-Identifier: BSD-3-Clause */

/* keys.c: see keys.h. */

#include "compressors/keys.h"

#include <string.h>
#include "base/error.h"

const char *csgdi_rounding_name(size_t i)
{
    static const char *const names[] = {"stochastic", "nearest"};
    return i < 2 ? names[i] : NULL;
}

bool csgdi_rounding_nearest(const csgdi_spec *spec)
{
    return strcmp(csgdi_spec_choice(spec, "rounding"), "nearest") == 0;
}

csgd_status csgdi_block_read(csgdi_compressor *c, const csgdi_spec *spec, const char *called)
{
    c->block = (size_t)csgdi_spec_count(spec, called);
    if (c->block % 8 == 0) return CSGD_OK;
    return csgdi_fail(CSGD_E_SPEC, "%s: %s=%zu is not a multiple of 8", c->ops->name, called,
                      c->block);
}
