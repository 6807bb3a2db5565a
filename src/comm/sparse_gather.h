/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPARSE_GATHER_H
#define CSGDI_SPARSE_GATHER_H

/* sparse_gather.h: sums of entries by gathering the messages of all ranks.
 *
 *     agreement  the call is sound on all ranks, and how long each message is
 *     gather     all ranks have all messages: a header and the stream of wire/sparse.h
 *     sum        merged in rank order (wire/sparse_sum.h)
 *
 * Volume: (P - 1) messages sent by each rank; latency: that of two gathers.  Memory: P messages.
 */

#include "comm/reducer.h"
#include "wire/sparse_sum.h"

typedef struct csgdi_sparse_gather {
    size_t bound; /* of a message */
    uint8_t *all; /* n_ranks slots of that size; this rank's message is written in its own */
    size_t *len;  /* lengths, then offsets */
    csgdi_sparse_part *part;
    csgdi_sparse_adder adder;
    csgdi_request request;
} csgdi_sparse_gather;

/* Allocate from r->arena, with r->message and what the agreement gathers lengths in. */
csgd_status csgdi_sparse_gather_create(csgdi_sparse_gather *g, csgd_reducer *r);

/* After an agreement that gathered lengths: exchange messages and add them.  A message that is not sound is
 * CSGD_E_CORRUPT or _VERSION here alone, and leaves nobody waiting. */
csgd_status csgdi_sparse_gather_sum(csgdi_sparse_gather *g, csgd_reducer *r, csgdi_sparse *sum);

#endif
