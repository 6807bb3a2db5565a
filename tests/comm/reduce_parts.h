/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_REDUCE_PARTS_H
#define CSGD_REDUCE_PARTS_H

/* reduce_parts.h: what must hold for every reducer, step by step, over any transport.
 *
 * Some steps of each case, and after each of them
 *   - the result against the oracle: bit for bit where the algorithm adds in rank order, else
 *     within the rounding of P additions;
 *   - the residual against the oracle's, bit for bit;
 *   - conservation: sum of results + all ranks' residuals = sum of all gradients;
 *   - the bytes sent against the algorithm's formula;
 *   - that all ranks hold the same bits, by a MAX and MIN over a second, exact reducer.
 */

#include "support/ranks.h"

typedef struct reduce_case {
    const char *compressor; /* as the oracle knows it */
    const char *keys;       /* the rest of the spec, for the settings below */
    csgd_type type;
    size_t n;
    bool feedback;
    const char *algorithm;
    int steps;
    bool started; /* by start and test instead of allreduce */
} reduce_case;

/* Each ends with one that has no compressor: those of every algorithm but what only sparse messages
 * can do; these, short, and with some longer ones; some of vectors that go in many segments; and those
 * of the sparse algorithms that drop on the way. */
extern const reduce_case reduce_cases[], sparse_cases[], sparse_cases_more[], long_cases[];
extern const reduce_case drop_cases[];

/* Run every case of a list on a team of n_ranks, or on MPI_COMM_WORLD by the function given.  The oracle runs
 * first, once for all ranks; nothing but the library itself passes between them. */
void reduce_run(const reduce_case *cases, int n_ranks,
                void (*run)(int n_ranks, void (*part)(ranks *all, int rank, void *arg), void *arg));

#endif
