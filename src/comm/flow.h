/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_FLOW_H
#define CSGDI_FLOW_H

/* flow.h: pieces from every rank to every other, in many parts, one peer after the other.
 *
 * All that a rank has for the others at once is more than a link takes from P - 1 senders: queues
 * overflow, and what is dropped there is sent again.  A flow sends in rounds instead, P = 4:
 *
 *     part       0       0       0       1       1     ...
 *     rank 0     to 1    to 2    to 3    to 1    to 2
 *     rank 1     to 2    to 3    to 0    to 2    to 3
 *     rank 2     to 3    to 0    to 1    to 3    to 0
 *     rank 3     to 0    to 1    to 2    to 0    to 1
 *
 * so that each rank sends to one and receives from one, few pieces of each rank are on the wire at a
 * time, and a part can be worked on while the next ones travel.  Parts of one peer arrive in order.
 */

#include "comm/reducer.h"

/* On the wire at once, at the most: sends of a rank, and receives from each peer.  Fewer leave the wire
 * idle while a peer on a busy core has not yet looked: measured. */
enum { CSGDI_FLOW_SENDS = 8, CSGDI_FLOW_RECEIVES = 8 };

typedef struct csgdi_flow csgdi_flow;

/* Where a piece is, or is to be received; *len is 0 where a part of a peer has none.  NULL: it cannot
 * be sent, or received, yet. */
typedef uint8_t *csgdi_flow_place(csgd_reducer *r, int peer, size_t part, size_t *len);

struct csgdi_flow {
    int tag;
    size_t parts;
    csgdi_flow_place *out, *in;
    size_t sends, sent; /* pieces whose sends have started, and are complete, in the order above */
    size_t *posted, *came; /* [P] parts of each peer whose receives have, and are */
    uint64_t moves;        /* completed messages */
    csgdi_request send[CSGDI_FLOW_SENDS];
    size_t window;          /* receives from each peer */
    csgdi_request *receive; /* [P][window] */
};

/* Allocate; all above `sends` is set. */
csgd_status csgdi_flow_create(csgdi_flow *f, csgd_reducer *r);

/* Begin with no part; then step: start what can be, complete what is, and never block.  Whether a
 * part has been sent to a rank, or to all, and received from all. */
void csgdi_flow_begin(csgdi_flow *f, const csgd_reducer *r);
csgd_status csgdi_flow_step(csgdi_flow *f, csgd_reducer *r);
bool csgdi_flow_sent(const csgdi_flow *f, const csgd_reducer *r, int to, size_t part);
bool csgdi_flow_came(const csgdi_flow *f, const csgd_reducer *r, size_t part);
bool csgdi_flow_ended(const csgdi_flow *f, const csgd_reducer *r);

#endif
