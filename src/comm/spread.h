/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPREAD_H
#define CSGDI_SPREAD_H

/* spread.h: every rank's piece to every rank, where only its sender knows how long it is.
 *
 * P = 5, what ranks have, in the order in which it stands in their pools:
 *
 *     rank          0          1          2          3          4
 *     before        0          1          2          3          4
 *     distance 1    0 1        1 2        2 3        3 4        4 0
 *     distance 2    0 1 2 3    1 2 3 4    2 3 4 0    3 4 0 1    4 0 1 2
 *     distance 4    all        all        all        all        all        one piece each
 *
 * In each step a rank sends what it has to the rank that is `distance` before it, as far as that
 * one still wants it, and receives from the rank `distance` after it: Bruck et al. 1997.  Pieces
 * begin with their length, so nothing but them travels: ceil(log2 P) messages, and the bytes of
 * P - 1 pieces, sent by each rank, on average.  Memory: one pool for all pieces.
 */

#include "comm/piece.h"

typedef struct csgdi_spread {
    uint8_t *pool;
    size_t room, len; /* bytes of it, and those in use */
    int have;         /* pieces in it: of this rank, the next, ... modulo P */
    uint8_t *poison;  /* for a rank that has lost count of them */
    bool begun;       /* the step */
    csgdi_request send, receive;
} csgdi_spread;

/* Allocate a pool of `room` bytes, which all ranks' pieces fit in. */
csgd_status csgdi_spread_create(csgdi_spread *s, csgd_reducer *r, size_t room);

/* Begin with this rank's piece, of len bytes, at s->pool. */
void csgdi_spread_begin(csgdi_spread *s, size_t len);

/* CSGD_MORE, or CSGD_OK once this rank has all pieces and has sent all that is asked of it. */
csgd_status csgdi_spread_step(csgdi_spread *s, csgd_reducer *r);

/* One piece after the other, beginning with this rank's own: *at is 0 before the first.  Its bytes, and *len;
 * NULL if no piece can be found there: noted in this thread's sentence.  Not judged yet. */
const uint8_t *csgdi_spread_next(const csgdi_spread *s, size_t *at, size_t *len);

#endif
