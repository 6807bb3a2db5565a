/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SCALE_H
#define CSGDI_SCALE_H

/* scale.h: the scale of a block, in the element type, at any address. */

#include <string.h>
#include "compressors/compressor.h"

/* scale is not beyond the element type. */
static inline void csgdi_scale_put(const csgdi_compressor *c, double scale, uint8_t *dst)
{
    const float narrow = (float)scale;

    memcpy(dst, c->kernels->type == CSGD_F64 ? (const void *)&scale : (const void *)&narrow,
           c->kernels->size);
}

static inline double csgdi_scale_get(const csgdi_compressor *c, const uint8_t *src)
{
    double scale;
    float narrow;

    if (c->kernels->type == CSGD_F64) {
        memcpy(&scale, src, sizeof scale);
        return scale;
    }
    memcpy(&narrow, src, sizeof narrow);
    return (double)narrow;
}

#endif
