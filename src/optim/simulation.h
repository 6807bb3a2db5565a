/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SIMULATION_H
#define CSGDI_SIMULATION_H

/* simulation.h: P workers in one process, one after the other, without messages between them.
 *
 * What algorithms of comm/ do to numbers, without what they do to bytes:
 *
 *     vendor      y = m_0 + m_1 + ...
 *     allgather   y = C(m_0) + C(m_1) + ...
 *     sra         that, then each of P ranges of y is compressed by its owner
 *     server      that, then all of y is compressed by one owner
 *     linear      the short vectors are added, and y is expanded from their sum
 *
 * always in order of the workers, so that the bits are those of a team (server has no counterpart).
 */

#include <csgd/optimizer.h>
#include "feedback/guard.h"

typedef enum csgdi_passes {
    CSGDI_PASS_VENDOR,
    CSGDI_PASS_ALLGATHER,
    CSGDI_PASS_SRA,
    CSGDI_PASS_SERVER,
    CSGDI_PASS_LINEAR
} csgdi_passes;

/* A compressor, the memory around it, and its message: of a worker, or of the owner of a range. */
typedef struct csgdi_actor {
    csgdi_compressor compressor;
    csgdi_feedback feedback;
    size_t first;  /* element where the range begins */
    const void *m; /* what is to be delivered, where the message is not made of it at once */
    uint8_t *message;
    size_t len;
} csgdi_actor;

struct csgd_simulation {
    csgdi_arena arena;
    size_t n;
    int n_workers, n_owners;
    csgdi_passes passes;
    csgdi_actor *worker, *owner;
    void *scratch; /* n elements, or all values of a projection */
    void *values;  /* linear: sums of the values */
    csgdi_guard guard;
    uint64_t step, dense_steps;
    csgd_stats stats;
    char spec[2 * CSGDI_SPEC_MAX];
};

/* One sum, as of csgd_workers. */
csgd_status csgdi_simulation_sum(csgd_simulation *s, const void *const *vector, bool exact,
                                 void *result);

#endif
