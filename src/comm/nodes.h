/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_NODES_H
#define CSGDI_NODES_H

/* nodes.h: which ranks are together on a node, and who leads each: the two levels of hier.
 *
 *     ranks             0  1  2  3  4  5  6      three nodes, of any ranks
 *     node              0  0  1  0  2  1  2      numbered in the order of their leaders
 *     leads             x     x     x            the lowest rank of each
 *     between           0     1     2            a transport of the leaders alone
 *
 * A node is the ranks that share memory, as the transport says, or so many ranks in a row.
 */

#include <csgd/status.h>
#include "base/alloc.h"
#include "comm/transport.h"

typedef struct csgdi_nodes {
    csgdi_arena arena;
    int n;                   /* nodes; 0: there are none, and nothing else is set */
    int node;                /* of this rank */
    int *leader;             /* [n] of each, ascending */
    int *member;             /* ranks of this rank's node, ascending: the leader first */
    int members, place;      /* how many, and which of them this rank is */
    int largest;             /* members of the largest node */
    bool agreed;             /* all ranks have found the same */
    csgdi_transport between; /* ops NULL: this rank does not lead, or it is in use elsewhere */
} csgdi_nodes;

/* Find the nodes, where all ranks want them and say the same of them.  Collective, at creation; waits.
 * in_a_row: ranks of a node, the last one may have fewer; 0: those that share memory.
 *
 * Where no rank wants any, and on ranks that do not, there are none.  On the others, where some do not
 * or they say different things, all ranks are one node, without a transport: a reducer made of that
 * is only good to find out with the others what they disagree about.
 *
 * *failure: what of this goes wrong on this rank alone, CSGD_E_NOMEM, is put there, where nothing is
 * yet.  Returned errors are of the transport, after which there are no nodes. */
csgd_status csgdi_nodes_find(csgdi_transport *t, bool wanted, size_t in_a_row, csgd_status *failure,
                             csgdi_nodes *nodes);

static inline bool csgdi_nodes_leads(const csgdi_nodes *nodes)
{
    return nodes->place == 0;
}

/* The leaders' transport as far as it concerns who wants to know its ranks: also of a rank that does not
 * lead, as if it were its leader. */
csgdi_transport csgdi_nodes_view(const csgdi_nodes *nodes, const csgdi_transport *t);

/* Give up what there is.  Collective over the leaders where their transport is open. */
void csgdi_nodes_close(csgdi_nodes *nodes);

#endif
