/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_CODES_H
#define CSGDI_CODES_H

/* codes.h: blocks of codes of few bits on evenly spaced levels, for quantizers that differ in how
 * they choose the levels.
 *
 * A block is the numbers that say what the levels are, in the element type, then the codes, bit by
 * bit, low bits first, eight codes in `bits` bytes, unused bits zero.
 */

#include "compressors/compressor.h"

/* Bytes of `count` codes. */
size_t csgdi_codes_bytes(unsigned bits, size_t count);

/* most / s rounded to the element type, or the number below it where s times that is decoded to
 * more than most: so s levels on a side stay within most.  most >= 0 may be beyond the element
 * type, and counts as its largest number then.  A quotient that rounds to 0 is 0. */
double csgdi_codes_unit(const csgdi_compressor *c, double most, unsigned s);

/* 1 / unit, as the grid of an encoder wants it: 0 where unit is 0, and finite. */
double csgdi_codes_scale(double unit);

/* What a grid's level q is decoded to; base and unit are of the element type. */
double csgdi_codes_level(const csgdi_compressor *c, double base, double unit, int q);

/* The 2-norm of b finite elements, the largest magnitude of them `most`. */
double csgdi_codes_norm(const csgdi_compressor *c, const void *x, size_t b, double most);

/* CSGD_OK if every code is below `levels`, and the unused bits are zero. */
csgd_status csgdi_codes_check(const uint8_t *src, size_t count, unsigned bits, unsigned levels);

#endif
