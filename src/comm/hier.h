/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_HIER_H
#define CSGDI_HIER_H

/* hier.h: a reducer of two levels: the ranks' own, which sums inside of nodes, around one of the leaders,
 * which compresses.
 *
 *     csgd_reducer            of every rank: agreement, sum of a node, telling the result; exact
 *       '-- hier
 *             |-- nodes       who is where
 *             '-- core        the leaders' reducer, all of it: compressor, feedback, algorithm, owner
 *
 * A rank that does not lead has the core's settings, and of its counters what is the same on all
 * ranks, but no memory of it.  So whatever asks for feedback or compressor asks csgdi_reducer_core(),
 * and before it touches their memory csgdi_reducer_holds().
 */

#include "base/spec.h"
#include "comm/nodes.h"
#include "comm/reducer.h"

typedef struct csgdi_hier_state csgdi_hier_state;

/* What a spec says to both levels, kept while the core is made. */
typedef struct csgdi_hier_words {
    const char *type, *progress;
    double timeout;
    uint64_t in_a_row; /* ranks_per_node */
} csgdi_hier_words;

/* Whether a spec that was read asks for it; and whether a text does, that reads and comes without a
 * failure, and then for how many ranks in a row as a node. */
bool csgdi_hier_asked(const csgdi_spec *spec);
bool csgdi_hier_wanted(const char *text, csgd_status failure, size_t *in_a_row);

/* Measure between nodes that all ranks agree on: csgdi_measure() of the leaders.  *found is the same
 * on all ranks, and the rates are the leaders'.  Collective. */
csgd_status csgdi_hier_measure(csgdi_transport *t, csgdi_nodes *nodes, const char *text, size_t n,
                               bool wanted, csgdi_rates *rates, bool *found);

/* Make of it the core's spec, whose algorithm is `inner`. */
void csgdi_hier_split(csgdi_spec *spec, csgdi_hier_words *words);

/* Put a core that was made of that, over csgdi_nodes_view(), into a reducer of all ranks; local.
 * *r is the core, and then the whole; the nodes move into it.  On error *r is NULL, and the nodes
 * are where they were. */
csgd_status csgdi_hier_wrap(const csgdi_transport *transport, csgdi_nodes *nodes, csgdi_spec *spec,
                            const csgdi_hier_words *words, csgd_reducer **r);

/* All ranks have agreed: the core gets its transport. */
void csgdi_hier_open(csgd_reducer *r);

/* Give up the core, and the nodes.  Nothing where there are none.  abandoned: as of a transport's
 * close. */
void csgdi_hier_close(csgd_reducer *r, bool abandoned);

/* Bytes that both hold. */
size_t csgdi_hier_bytes(const csgd_reducer *r);

/* Set the counters that the core has, in place of r's own. */
void csgdi_hier_stats(const csgd_reducer *r, csgd_stats *stats);

#endif
