/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_LAYOUT_PART_H
#define CSGD_LAYOUT_PART_H

/* layout_part.h: a vector of tensors gives what its parts would give one by one. */

#include "support/ranks.h"

/* How this transport makes the reducer of a layout. */
typedef csgd_status (*layout_create)(ranks *all, int rank, const csgd_tensor *tensors,
                                     size_t n_tensors, const char *spec, csgd_reducer **r);

/* arg: a layout_create, by address. */
void layout_part(ranks *all, int rank, void *arg);

#endif
