/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_HIER_STATE_H
#define CSGDI_HIER_STATE_H

/* hier_state.h: what is inside of hier; for hier*.c only. */

#include "comm/hier.h"
#include "comm/node_sum.h"

typedef enum csgdi_hier_phase {
    CSGDI_HIER_SUM,     /* of this node, at its leader */
    CSGDI_HIER_BETWEEN, /* a leader: the core's call */
    CSGDI_HIER_TELL,    /* its outcome to the node */
    CSGDI_HIER_LISTEN,  /* any other: what the leader has to say, and its result */
    CSGDI_HIER_DONE
} csgdi_hier_phase;

/* What a leader says before the result. */
typedef struct csgdi_hier_told {
    uint64_t step, status; /* the status negated; where it is not 0 what follows is no result */
    uint64_t dense_calls, nonfinite_calls, guard_trips, one_step, plan_changes;
    double certificate;
    uint64_t hash; /* of all before */
} csgdi_hier_told;

struct csgdi_hier_state {
    csgdi_nodes nodes;
    csgd_reducer *core;
    bool open; /* the core has its transport */
    csgdi_node_sum sum;
    csgdi_hier_phase phase;
    csgdi_hier_told told;
    csgd_status outcome; /* a leader's, of the core's call, whose sentence the core keeps */
    csgdi_request
        *request; /* [2 * members] what is told, and the result; not a leader: of each one */
};

#endif
