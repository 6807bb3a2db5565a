/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TEAM_H
#define CSGDI_TEAM_H

/* team.h: virtual ranks as threads of one process, their transport, and the faults that tests
 * order from it.
 *
 * Ranks meet in one structure under one lock.  Nothing is buffered: a send waits as an entry in
 * a list until its receive comes, then whoever of the two holds the lock copies the bytes.  A
 * collective waits until all ranks have entered it; the last one does the work for all, adding in
 * rank order.  So a message is one copy, no memory is allocated, and no byte is lost on the way
 * unless a fault says so.
 *
 * What team.c and transport_inproc.c share is in team_state.h.
 */

#include <csgd/reducer.h>
#include "comm/transport.h"

/* Open the next transport of a rank.  Ranks that open in the same order meet: the i-th transport
 * of each.  Local, cannot fail but for CSGD_E_INVAL. */
csgd_status csgdi_transport_open_team(csgdi_transport *t, csgd_team *team, int rank);

/* Say on which node each rank is, any numbers, for transports to be told of.  All are on one else, as
 * they are.  Before a transport is opened. */
void csgdi_team_nodes(csgd_team *team, const int *node);

typedef enum csgdi_fault_kind {
    CSGDI_FAULT_NONE,
    CSGDI_FAULT_DELAY,   /* sends and entries to collectives take effect only after 1 to `value`
                            tests by their rank, a different number for each, drawn from value */
    CSGDI_FAULT_CORRUPT, /* flip bit `value` % (8 * len) of what the rank sends or gives to gather,
                            as seen by every receiver but itself, once `after` is used up; waits
                            for a message that has bytes and another receiver */
    CSGDI_FAULT_DROP,    /* one such message never arrives: its operation never completes, nor do
                            later ones between the two ranks with that tag, as order is kept */
    CSGDI_FAULT_STOP     /* operations that the rank starts from then on never take effect */
} csgdi_fault_kind;

typedef struct csgdi_fault {
    csgdi_fault_kind kind;
    int rank;
    uint64_t after; /* operations (sends and gathers) of that rank, from the order on, that are
                       let through before */
    uint64_t value;
} csgdi_fault;

/* Order a fault in place of the rank's last; NONE ends it.  DELAY and STOP hold until then,
 * CORRUPT and DROP happen once.  Any thread, at any time. */
void csgdi_team_fault(csgd_team *team, csgdi_fault fault);

#endif
