/* SPDX-License-Identifier: BSD-3-Clause */
/* sgd.h: stochastic gradient descent with heavy-ball momentum and a learning-rate schedule. */
#ifndef TRAIN_MLP_SGD_H
#define TRAIN_MLP_SGD_H

#include <stddef.h>

struct sgd {
    size_t n;
    float *velocity; /* [n] */
    double lr;       /* the peak of the schedule */
    long steps;      /* of the whole run */
};

void sgd_create(struct sgd *sgd, size_t n, double lr, long steps);
void sgd_destroy(struct sgd *sgd);

/* Return the learning rate of a step: a straight line up to lr in the first tenth of the run, and
 * a straight line down to zero in the rest.  The way up is for coarse compressors, which a large
 * first step throws far off. */
double sgd_rate(const struct sgd *sgd, long step);

/* Move the parameters against the gradient, which is the sum over n_ranks ranks.
 *
 *     velocity = 0.9 velocity + gradient / n_ranks
 *     parameters = parameters - rate velocity
 */
void sgd_update(struct sgd *sgd, long step, const float *gradient, int n_ranks, float *parameters);

#endif
