/* SPDX-License-Identifier: BSD-3-Clause */
/* exchange.h: sum a gradient over all ranks, by libcsgd or by plain MPI_Allreduce.
 *
 * The only part of the program that knows libcsgd: this is what a training program gains by it,
 * and what it costs to put in.
 */
#ifndef TRAIN_MLP_EXCHANGE_H
#define TRAIN_MLP_EXCHANGE_H

#include <stddef.h>
#include <csgd/mpi.h>

struct exchange {
    size_t n;
    csgd_reducer *reducer; /* NULL for plain MPI */
    double plain_bytes;    /* sent by plain MPI so far, by formula */
};

/* Prepare sums of n floats.  Collective.
 *
 * spec: see csgd/spec.h, or "mpi".  One that libcsgd refuses ends the program on all ranks, with
 * its sentence and exit code 2.
 */
void exchange_create(struct exchange *exchange, const char *spec, size_t n);
void exchange_destroy(struct exchange *exchange);

/* Replace the gradient, n floats, by its sum over all ranks.  Collective. */
void exchange_sum(struct exchange *exchange, float *gradient);

/* Return the bytes that this rank has sent so far.  Local. */
double exchange_bytes(const struct exchange *exchange);

#endif
