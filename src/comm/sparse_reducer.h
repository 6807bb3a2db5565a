/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPARSE_REDUCER_H
#define CSGDI_SPARSE_REDUCER_H

/* sparse_reducer.h: the object behind csgd_sparse_reducer_allreduce(), for its shells. */

#include <csgd/reducer.h>
#include "comm/agree.h"
#include "wire/sparse_sum.h"

struct csgd_sparse_reducer {
    csgdi_arena arena;
    csgdi_transport transport;
    const csgdi_kernels *kernels;
    csgdi_sparse_format format;
    size_t n, max_k;
    size_t bound; /* of a message */
    uint8_t *all; /* n_ranks slots of that size; this rank's message is written in its own */
    size_t *len;  /* lengths, then offsets */
    uint64_t *lengths;
    size_t *gathered;  /* of the agreement, as csgdi_agreement wants them */
    csgdi_sparse mine; /* of max_k entries */
    csgdi_sparse sum;  /* of all that there can be */
    csgdi_sparse_part *part;
    csgdi_sparse_adder adder;
    csgdi_agreement agreement;
    csgdi_request request;
    uint64_t step;
    bool lost; /* the transport has failed */
    uint64_t identity[CSGDI_FIELDS];
    char spec[CSGDI_AGREE_TEXT];
};

/* As csgdi_reducer_create(). */
csgd_status csgdi_sparse_reducer_create(csgdi_transport *transport, size_t n, size_t max_k,
                                        const char *spec, csgd_status failure,
                                        csgd_sparse_reducer **s);

#endif
