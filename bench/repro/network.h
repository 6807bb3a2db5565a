/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_NETWORK_H
#define REPRO_NETWORK_H

/* network.h: a small network that learns the digits, as an oracle of gradients. */

#include <csgd/status.h>
#include <stddef.h>
#include <stdint.h>
#include "samples.h"

enum { NETWORK_IN = 64, NETWORK_HIDDEN = 100, NETWORK_OUT = 10, NETWORK_BATCH = 32 };

/* All parameters stand in one vector: weights [in][hidden], biases [hidden], weights [hidden][out],
 * biases [out].  Four fifths of the rows are trained on, dealt out to the workers. */
typedef struct network {
    samples s;
    size_t n; /* parameters */
    size_t train;
    int n_workers;
} network;

/* NULL, or a sentence.  To be destroyed in both cases. */
const char *network_create(network *net, int n_workers);
void network_destroy(network *net);

/* Weights at random, biases zero. */
void network_start(const network *net, uint64_t seed, double *x);

/* The gradient of a worker's mini-batch: csgd_oracle's, with the network as self. */
csgd_status network_gradient(void *net, int worker, uint64_t sample, const void *x, void *g);

/* Percent of the held-out rows that are recognised, and the mean loss of those trained on. */
void network_judge(const network *net, const double *x, double *accuracy, double *loss);

#endif
