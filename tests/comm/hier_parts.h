/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_HIER_PARTS_H
#define CSGD_HIER_PARTS_H

/* hier_parts.h: what algorithm=hier says of itself, step by step, over any transport.
 *
 * Beside the reducer of all ranks the ranks that lead have one of their own, over another way to each
 * other, with the algorithm that is said to be between nodes: the twin.  They add their nodes' vectors
 * themselves, in order of rank, and let the twin sum those.  After every step
 *
 *   - the result is the twin's, bit for bit, on every rank; where all are on one node, what the twin makes
 *     of a sum that it sends exactly;
 *   - the residual is the twin's on a rank that leads, and zeros on others, and so is what is owed;
 *   - between nodes the bytes that the twin sends are sent, and inside what the files of hier say;
 *   - for feedback=ef, the sum of results and residuals is that of the vectors.
 */

#include "support/ranks.h"

typedef struct hier_case {
    const char *compressor; /* name and keys but those below */
    const char *inner;
    size_t n;
    bool f64;
} hier_case;

/* Cases of every kind of message, each with a rule of feedback; the last one has no compressor. */
extern const hier_case hier_cases[];

typedef struct hier_job {
    const hier_case *c;
    const int *node; /* of each rank: the lowest rank that it shares it with */
    int n_nodes;
    int in_a_row; /* what the spec says of nodes, 0: nothing */
    int steps;
    bool started; /* by start and test instead of allreduce */
    /* Collective over ranks that lead: the twin of one, which is number `place` of them. */
    csgd_status (*twin)(const struct hier_job *job, int place, size_t n, const char *spec,
                        csgd_reducer **r);
    void *object;
} hier_job;

/* arg: a hier_job. */
void hier_part(ranks *all, int rank, void *arg);

#endif
