/* SPDX-License-Identifier: BSD-3-Clause */

/* elements.c: see elements.h. */

#include "compressors/elements.h"

#include <string.h>

static csgdi_half format(const csgdi_compressor *c)
{
    return c->type == CSGD_BF16 ? CSGDI_BF16 : CSGDI_F16;
}

void csgdi_elements_widen(const csgdi_compressor *c, const void *from, size_t n, void *to)
{
    if (csgdi_elements_narrow(c->type))
        c->kernels->from_half(from, n, format(c), 1, CSGDI_SET, to);
    else if (n > 0)
        memcpy(to, from, n * c->kernels->size);
}

void csgdi_elements_narrow_to(const csgdi_compressor *c, const void *from, size_t n, void *to)
{
    if (csgdi_elements_narrow(c->type))
        c->kernels->to_half(from, n, format(c), 1, NULL, 0, to);
    else if (n > 0)
        memcpy(to, from, n * c->kernels->size);
}
