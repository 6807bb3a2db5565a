/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TRANSFER_H
#define CSGDI_TRANSFER_H

/* transfer.h: elements of recv to one rank while others come from one, in segments.
 *
 * A range is cut into segments, so that a segment is added while the next is on the wire, from two
 * buffers in turn:
 *
 *     wire    | 0 | 1 | 2 | 3 | ...
 *     add         | 0 | 1 | 2 | ...
 *
 * Elements that are not to be added are received where they belong.
 */

#include "comm/reducer.h"

/* Measured: shorter ones cost messages, longer ones leave the cache before they are added. */
enum { CSGDI_SEGMENT = 65536, CSGDI_SEGMENTS = 2 /* on the wire at once */ };

typedef struct csgdi_transfer {
    int to, from;                    /* -1: nothing is sent, or received */
    size_t out, out_end, in, in_end; /* ranges of elements; what is left of them */
    bool add;                        /* what comes; else it replaces what is there */
    char *segment[CSGDI_SEGMENTS];   /* buffers */
    size_t sends, receives, taken;   /* segments started, and received */
    csgdi_request send[CSGDI_SEGMENTS], receive[CSGDI_SEGMENTS];
} csgdi_transfer;

/* Allocate buffers for ranges of at most `longest` elements. */
csgd_status csgdi_transfer_create(csgdi_transfer *t, csgd_reducer *r, size_t longest);

/* Set to, from, the ranges and add before; then step until it is not CSGD_MORE.  The ranges do not
 * overlap. */
void csgdi_transfer_begin(csgdi_transfer *t);
csgd_status csgdi_transfer_step(csgdi_transfer *t, csgd_reducer *r);

#endif
