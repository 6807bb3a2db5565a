/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_RANGES_H
#define CSGDI_RANGES_H

/* ranges.h: dense codes in P ranges of whole blocks, one for each rank, and pieces of messages that
 * are codes of one range. */

#include "comm/reducer.h"

/* First element of a range; range P begins at n. */
size_t csgdi_range_start(const csgd_reducer *r, int range);
size_t csgdi_range_length(const csgd_reducer *r, int range);

/* Bytes of a piece, header and filling included; 0 for an empty range. */
size_t csgdi_range_bytes(const csgd_reducer *r, int range);

/* The compressor as it sees one range. */
csgdi_compressor csgdi_range_view(const csgd_reducer *r, int range);

/* A part of a range, of whole blocks too: parts of one differ by a block at most. */
typedef struct csgdi_part {
    size_t first, n; /* elements of the vector */
    size_t bytes;    /* of a piece, as above */
} csgdi_part;

csgdi_part csgdi_range_part(const csgd_reducer *r, int range, size_t part, size_t parts);

/* Bytes of the pieces of the parts before one. */
size_t csgdi_range_offset(const csgd_reducer *r, int range, size_t part, size_t parts);

/* In how many parts every range is to be cut, so that the longest has codes of about so many bytes. */
size_t csgdi_range_parts(const csgd_reducer *r, size_t bytes);

/* The compressor as it sees a part. */
csgdi_compressor csgdi_part_view(const csgd_reducer *r, csgdi_part part);

/* Where the codes of a part are in this rank's message: blocks are encoded one by one, so a run of
 * them is a run of bytes. */
const uint8_t *csgdi_part_codes(const csgd_reducer *r, csgdi_part part);

/* Make a piece of them. */
void csgdi_part_cut(const csgd_reducer *r, csgdi_part part, uint8_t *dst);

#endif
