/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ELEMENTS_H
#define CSGDI_ELEMENTS_H

/* elements.h: between the caller's elements and those that the library works on.
 *
 * They are the same for float and double.  Elements of 16 bits become floats when they come in, so
 * that residuals and sums lose nothing, and are rounded to the nearest when they go out: NaN stays
 * NaN, and what is too large becomes infinite, as in any narrowing.
 */

#include "compressors/compressor.h"

/* Whether they differ. */
static inline bool csgdi_elements_narrow(csgd_type type)
{
    return type == CSGD_BF16 || type == CSGD_F16;
}

/* The type that is worked on. */
static inline csgd_type csgdi_elements_work(csgd_type type)
{
    return csgdi_elements_narrow(type) ? CSGD_F32 : type;
}

/* to[0..n) of the type worked on = from[0..n) of the caller's. */
void csgdi_elements_widen(const csgdi_compressor *c, const void *from, size_t n, void *to);

/* The way back. */
void csgdi_elements_narrow_to(const csgdi_compressor *c, const void *from, size_t n, void *to);

#endif
