/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SCATTER_H
#define CSGDI_SCATTER_H

/* scatter.h: the first half of an algorithm that splits: every rank's entries to the owners of
 * their ranges.
 *
 *     before   rank r has the entries of its message
 *     after    rank o has the entries of all ranks in range o, a piece (piece.h) of each
 *
 * Each rank sends a piece to each other rank, an empty one where it has no entries there: P - 1
 * messages, the bytes of its message and P - 1 headers and roundings.  Memory: for P pieces of what
 * a range can hold of a message, and one message more.
 */

#include "comm/piece.h"

typedef struct csgdi_scatter {
    size_t *start;          /* range o is elements start[o] .. start[o + 1] - 1 */
    size_t most;            /* bytes of a piece of this rank's range */
    size_t own;             /* bytes of this rank's own piece */
    bool *judged;           /* of each rank's piece */
    uint8_t *out;           /* pieces of this rank for the others, one after the other */
    uint8_t *in;            /* P slots of `most` bytes */
    csgdi_request *request; /* P receives, then P sends */
} csgdi_scatter;

/* Allocate from r->arena.  The ranges are set to be even; each is at most `longest` elements ever. */
csgd_status csgdi_scatter_create(csgdi_scatter *s, csgd_reducer *r, size_t longest);

/* Start to send the entries of the reducer's message, and to receive. */
csgd_status csgdi_scatter_begin(csgdi_scatter *s, csgd_reducer *r);

/* CSGD_MORE, or CSGD_OK once all pieces have come and gone.  Each is judged as soon as it is there, and
 * what is wrong is noted. */
csgd_status csgdi_scatter_step(csgdi_scatter *s, csgd_reducer *r, csgdi_trouble *trouble);

/* The stream of a rank in this rank's range, which passed its check. */
const uint8_t *csgdi_scatter_stream(const csgdi_scatter *s, int rank);

#endif
