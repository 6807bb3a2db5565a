/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ERROR_PARTS_H
#define CSGD_ERROR_PARTS_H

/* error_parts.h: one rank does something wrong, and what every rank must then see, over any
 * transport: who gets which error with which words, that nothing has changed, that nobody waits,
 * and that the next call works. */

#include "support/ranks.h"

/* What creation refuses: on one rank, and on all. */
void error_creation(ranks *all, int rank, void *arg);

/* What a call refuses. */
void error_calls(ranks *all, int rank, void *arg);

/* Two operations in flight, which ranks complete in different orders. */
void error_orders(ranks *all, int rank, void *arg);

/* NaN and infinity on one rank. */
void error_nonfinite(ranks *all, int rank, void *arg);

/* A rank that skips a call, seen by the steps it passes. */
void error_steps(ranks *all, int rank, void *arg);

#endif
