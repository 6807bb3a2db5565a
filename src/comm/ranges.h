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

/* Cut the piece of a range out of this rank's message: blocks are encoded one by one, so a range of
 * them is a run of bytes. */
void csgdi_range_cut(const csgd_reducer *r, int range, uint8_t *dst);

#endif
