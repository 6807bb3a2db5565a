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

#include <stdbool.h>
#include <stddef.h>

enum { GRADIENTS = 2 }; /* vectors of a rank, taken in turn: no two calls see the same */

typedef struct local local;

/* Fill vector number `turn` of a rank, the same numbers over any transport. */
void local_gradient(int rank, size_t turn, float *x, size_t n);

/* Make the team and its reducers; NULL with a sentence of csgd_error_detail() copied. */
local *local_create(int n_ranks, size_t n, const char *spec, char *sentence, size_t cap);

/* Milliseconds of one call on the vectors of that number, of the slowest rank; collective: from when
 * the last rank has made its message.  Where it fails the program ends. */
double local_call(local *l, size_t turn, bool collective);

void local_destroy(local **l);

#endif
