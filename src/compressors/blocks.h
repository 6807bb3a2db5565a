/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_BLOCKS_H
#define CSGDI_BLOCKS_H

/* blocks.h: dense codes of a range of elements, block by block.
 *
 * For exact and quantizing compressors.  A range is [first, first + count), first a multiple of
 * c->block, and first + count too unless it is the end of a vector; x and y point to element
 * `first`.  The codes of a range are a run of bytes of the codes of the whole.
 */

#include "compressors/compressor.h"

/* Bytes of the codes of `count` elements, which depend on count alone. */
size_t csgdi_blocks_bytes(const csgdi_compressor *c, size_t count);

/* Elements in which work on a range is divided: whole blocks, CSGDI_BLOCK elements or little less
 * unless one block has more. */
size_t csgdi_blocks_unit(const csgdi_compressor *c);

/* Whether x is finite, or need not be; else dst is undefined. */
bool csgdi_blocks_encode(const csgdi_compressor *c, const void *x, size_t first, size_t count,
                         uint64_t step, uint8_t *dst);

/* Judge codes from anywhere. */
csgd_status csgdi_blocks_check(const csgdi_compressor *c, const uint8_t *src, size_t count);

/* Decode and set, add or subtract. */
void csgdi_blocks_apply(const csgdi_compressor *c, const uint8_t *src, size_t count,
                        csgdi_mode mode, void *y);

#endif
