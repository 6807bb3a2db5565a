/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_HEADER_H
#define CSGDI_HEADER_H

/* header.h: the 48 bytes before every payload.
 *
 *     offset  0  magic       u32   "CSGD"
 *             4  version     u16   CSGDI_WIRE_VERSION
 *             6  compressor  u16   wire id of the compressor that wrote the payload
 *             8  flags       u32   bits 0..7 the element type (csgd_type), all others zero
 *            12  reserved    u32   zero
 *            16  n           u64   elements of the vector
 *            24  step        u64   step that the message was written for
 *            32  payload     u64   bytes that follow the header, a multiple of 8
 *            40  hash        u64   XXH3 (64 bits) of bytes 0..39, its seed XXH3 of the payload
 *                                  with the seed 0
 *     all little-endian
 *
 * Wire ids: 1 none, 2 topk, 3 sign, 4 randk, 5 threshold, 6 qsgd, 7 blocktopk, 8 terngrad, 9 int,
 * 10 onebit, 11 majority, 12 natural, 13 bf16, 14 f16, 15 powersgd; plug-ins have theirs by name.
 *
 * Payloads.  The file of each compressor lays down its own, little-endian too, in numbers of IEEE
 * 754 and two's complement, and zeros fill it up to a multiple of 8 bytes.  Of no elements it is
 * empty.
 * Where a layout says "element type", that is float of 16-bit elements too, but for none; values
 * are rounded to 16 bits when they leave.  What a layout leaves out is no message: a reader refuses
 * it.
 *
 * The hash finds accidents, not attacks: whoever reads a payload still checks every length and
 * index in it before use.
 */

#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>

enum { CSGDI_HEADER_BYTES = 48, CSGDI_WIRE_VERSION = 3 };

typedef struct csgdi_header {
    uint16_t compressor;
    csgd_type type;
    uint64_t n;
    uint64_t step;
    uint64_t payload;
} csgdi_header;

/* Write the header of the payload that stands at dst + CSGDI_HEADER_BYTES. */
void csgdi_header_write(const csgdi_header *header, uint8_t *dst);

/* The same where XXH3 of the payload, the seed of the header's, is known. */
void csgdi_header_write_hashed(const csgdi_header *header, uint64_t seed, uint8_t *dst);

/* Read a message's header and check all that can be checked without knowing what was expected:
 * len holds the header and exactly the payload it announces, magic, version, reserved bits, hash.
 * CSGD_E_CORRUPT or CSGD_E_VERSION with a sentence. */
csgd_status csgdi_header_read(const uint8_t *src, size_t len, csgdi_header *header);

/* The step in a header that was read or written before. */
uint64_t csgdi_header_step(const uint8_t *src);

/* The bytes that follow a header, as it says itself: not judged. */
uint64_t csgdi_header_payload(const uint8_t *src);

#endif
