/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_DROP_SUMS_H
#define CSGD_DROP_SUMS_H

/* drop_sums.h: the cases of reduce_parts.h whose algorithm drops entries on the way. */

#include "comm/reduce_parts.h"
#include "oracle/oracle_drop.h"

/* Whether a case is one of them. */
bool drop_sums_of(const reduce_case *c);

/* The oracle of its algorithm, for oracle_drop_destroy(). */
oracle_drop *drop_sums_create(const reduce_case *c, size_t n_ranks);

/* After a step of the compressor's oracle: the sum becomes the algorithm's, what is dropped goes back to the
 * residuals, and bytes[rank] is what each rank sends beside the agreement. */
void drop_sums_step(const reduce_case *c, oracle *o, oracle_drop *d, uint64_t step,
                    uint64_t *bytes);

#endif
