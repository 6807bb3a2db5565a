/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_BRUCK_H
#define CSGDI_BRUCK_H

/* bruck.h: an allgather of sparse parts in ceil(log2 P) messages, for any P (Bruck et al. 1997).
 *
 * Part p is rank p's.  P = 5:
 *
 *                  rank 0      rank 1      rank 2      rank 3      rank 4
 *     before       0           1           2           3           4
 *     distance 1   0 1         1 2         2 3         3 4         4 0
 *     distance 2   0 1 2 3     1 2 3 4     2 3 4 0     3 4 0 1     4 0 1 2
 *     distance 4   all         all         all         all         all
 *
 * In the round of distance d each rank sends its first min(d, P - d) parts to the rank d below and
 * receives as many from the rank d above.  Parts follow each other in the vector as their ranks do, the
 * first after the last, so the parts that a rank holds are one piece (lists.h), and it spans no more than
 * its entries do.  Every rank receives each other part once.
 */

#include "comm/lists.h"

typedef struct csgdi_bruck {
    csgdi_sparse *list;     /* this rank's part, then all, in the order above; with room for all */
    csgdi_trouble *trouble; /* goes on as poison, and is added to */
    uint8_t *in, *out;      /* bound bytes each: a piece of the longest */
    size_t bound;
    size_t most; /* entries of a part; a piece is of no more than half of all parts */

    /* How many entries of the list belong to its first `parts` parts, fewer than it has. */
    size_t (*entries)(const csgd_reducer *r, int parts);

    int distance;
    csgdi_request receive, send;
} csgdi_bruck;

/* Start, once all but the last three are set; then step until it is not CSGD_MORE.  What was found wrong is in
 * b->trouble; a status other than CSGD_OK is the transport's. */
csgd_status csgdi_bruck_begin(csgd_reducer *r, csgdi_bruck *b);
csgd_status csgdi_bruck_step(csgd_reducer *r, csgdi_bruck *b);

#endif
