/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_NODE_SUM_H
#define CSGDI_NODE_SUM_H

/* node_sum.h: the sum of a node's vectors, at the rank that leads it: dense, in order of rank.
 *
 * The vector goes in chunks, and every member adds a share of each, so that all cores and not the
 * leader's alone do it.  m = 3, "x" are vectors and "S" sums of a share:
 *
 *                leader          member 1        member 2
 *     start      x0 x0 x0        x1 x1 x1        x2 x2 x2
 *     exchange   x0 x1 x2 of 0   x0 x1 x2 of 1   x0 x1 x2 of 2
 *     add        S               S               S
 *     collect    S S S
 *
 * The shares of one chunk are exchanged while the sums of the one before are collected.  A share is
 * summed in the order of ranks: ((x0 + x1) + x2), the same on every run.
 *
 * Volume: n (m - 1) / m elements sent by each member, and by all but the leader n / m more, all of it
 * inside of a node; latency: two messages a chunk.  Memory: twice m shares of a chunk.
 */

#include "comm/nodes.h"
#include "comm/reducer.h"

typedef struct csgdi_node_sum {
    const csgdi_nodes *nodes;
    size_t chunk, chunks;      /* elements of one, and how many; the last one may be shorter */
    size_t share;              /* elements of the longest share */
    char *slot[2];             /* of every second chunk: m shares, as others sent them */
    csgdi_request *request[2]; /* of it: m sent, m received, m sums */
    size_t begun, added, done; /* chunks exchanged, added, collected */
} csgdi_node_sum;

/* Allocate from r->arena; nodes outlives it. */
csgd_status csgdi_node_sum_create(csgdi_node_sum *s, csgd_reducer *r, const csgdi_nodes *nodes);

/* Begin to sum r->call.x, which stays as it is but where it is the leader's recv. */
void csgdi_node_sum_begin(csgdi_node_sum *s);

/* CSGD_MORE, or CSGD_OK once the leader's recv has the sum and this rank has sent all that it has to. */
csgd_status csgdi_node_sum_step(csgdi_node_sum *s, csgd_reducer *r);

#endif
