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

/* The largest unit with which s levels on a side, s * unit, stay within `most` and within the
 * element type: most / s, rounded to that type, or the number below where that is too much. */
double csgdi_codes_unit(const csgdi_compressor *c, double most, unsigned s);

/* About 1 / unit, as the grid of an encoder wants it: 0 where unit is 0. */
double csgdi_codes_scale(double unit);

/* CSGD_OK if every code is below `levels`, and the unused bits are zero. */
csgd_status csgdi_codes_check(const uint8_t *src, size_t count, unsigned bits, unsigned levels);

#endif
