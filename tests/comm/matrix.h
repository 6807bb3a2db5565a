/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_TEST_MATRIX_H
#define CSGD_TEST_MATRIX_H

/* matrix.h: every compressor with every rule of feedback over every algorithm, on one number of ranks.
 *
 * The lists are the library's own, so what is added to them is in the product by itself.  Of each
 * combination, some steps, and then
 *
 *     all ranks hold the same bits, step after step
 *     a second reducer gives them again
 *     for `none`, the sum; for feedback=ef, sum of results + residuals = sum of all gradients
 *
 * or it is refused at creation, by all ranks alike.  reduce_parts.h compares with the oracle, bit for
 * bit, what it has cases for; here nothing is left out.
 */

#include <csgd/reducer.h>
#include "comm/transport.h"

/* How a rank makes a reducer: a team's, or MPI's. */
typedef csgd_status (*matrix_create)(void *object, int rank, size_t n, const char *spec,
                                     csgd_reducer **r);

/* Run all combinations whose line "P=RANKS SPEC" has the words of filter in it (NULL: all).  Every
 * rank calls it; t is a transport of theirs, for the comparisons.  Rank 0 prints a line for each.
 * Returns how many failed, the same on all ranks. */
int matrix_run(csgdi_transport *t, matrix_create create, void *object, const char *filter);

#endif
