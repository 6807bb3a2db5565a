/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPARSE_REDUCER_H
#define CSGDI_SPARSE_REDUCER_H

/* sparse_reducer.h: the object behind csgd_sparse_reducer_allreduce(), for its shells.
 *
 * Inside it is a reducer without a vector: `core` has a compressor that selects nothing, as the caller has,
 * whose stream is what the caller brings, and the algorithms of reducers leave their sum as entries.
 * algorithm=allgather alone has its own exchange (sparse_gather.h), which gathers all messages in one
 * operation of the transport.
 *
 *     sparse_reducer.c    spec, choice of the algorithm, life
 *     sparse_call.c       a call
 */

#include "comm/reducer.h"
#include "comm/sparse_gather.h"

struct csgd_sparse_reducer {
    csgd_reducer core;            /* its arena has all memory */
    csgdi_sparse_gather gather;   /* of algorithm=allgather */
    csgdi_sparse sum;             /* of all entries that there can be */
    const csgdi_sparse *leftover; /* of the last call; NULL: nothing */
};

/* As csgdi_reducer_create(). */
csgd_status csgdi_sparse_reducer_create(csgdi_transport *transport, size_t n, size_t max_k,
                                        const char *spec, csgd_status failure,
                                        csgd_sparse_reducer **s);

/* Whether it gathers all messages. */
static inline bool csgdi_sparse_gathers(const csgd_sparse_reducer *s)
{
    return s->core.algorithm == &csgdi_allgather;
}

#endif
