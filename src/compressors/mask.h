/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_MASK_H
#define CSGDI_MASK_H

/* mask.h: mask=yes, for dense codes none of which means zero.
 *
 * Before the codes of each block of b elements come ceil(b / 8) bytes: bit i % 8 of byte i / 8 is 1
 * where element i is not zero (so 0 for -0), unused bits zero.  What is zero decodes to zero,
 * whatever its code, so that parameters without a gradient gather no residual.  It costs one more
 * bit an element.  The codes are those of the block without a mask: a mean is over all b elements.
 */

#include "compressors/compressor.h"

/* The key, which only compressors with no_zero have. */
extern const csgdi_keys csgdi_mask_keys;

/* c->masked from the spec, once c->block is known. */
csgd_status csgdi_mask_read(csgdi_compressor *c, const csgdi_spec *spec);

/* Bytes of the mask of b elements. */
size_t csgdi_mask_bytes(size_t b);

void csgdi_mask_write(const csgdi_compressor *c, const void *x, size_t b, uint8_t *dst);
csgd_status csgdi_mask_check(const uint8_t *src, size_t b);

/* Decode the block whose mask is at src, its codes behind it. */
void csgdi_mask_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                      void *y);

#endif
