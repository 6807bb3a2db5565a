/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_ALLREDUCE_LOCAL_H
#define BENCH_ALLREDUCE_LOCAL_H

/* allreduce_local.h: the same allreduce with a network that takes no time.
 *
 * Ranks are threads of this process, as many as the job has, over the library's in-process
 * transport: what is left is the work of the ranks themselves, which share this host's cores and
 * memory as the ranks of a job on one host do.  A message still is one copy in memory.
 *
 * Where ranks run on several hosts the figure is too large, as all their work is done on one.
 */

#include <stddef.h>

enum { GRADIENTS = 2 }; /* vectors of a rank, taken in turn: no two calls see the same */

/* The time of one call over all ranks. */
typedef struct call_time {
    double ms;     /* of the slowest rank */
    double before; /* longest that a rank spent before the agreement: residual, encoding */
} call_time;

typedef struct local local;

/* Fill vector number `turn` of a rank, the same numbers over any transport. */
void local_gradient(int rank, size_t turn, float *x, size_t n);

/* Make the team and its reducers; NULL with a sentence of csgd_error_detail() copied. */
local *local_create(int n_ranks, size_t n, const char *spec, char *sentence, size_t cap);

/* One call on the vectors of that number.  Where it fails the program ends. */
call_time local_call(local *l, size_t turn);

void local_destroy(local **l);

#endif
