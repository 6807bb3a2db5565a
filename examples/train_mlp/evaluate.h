/* SPDX-License-Identifier: BSD-3-Clause */
/* evaluate.h: how good the network is on a whole set of samples. */
#ifndef TRAIN_MLP_EVALUATE_H
#define TRAIN_MLP_EVALUATE_H

#include "dataset.h"
#include "mlp.h"

struct score {
    double loss;     /* mean cross-entropy */
    double accuracy; /* share recognised, in percent */
};

/* Evaluate all of a set, each rank a part of it.  Collective; all ranks get the same score. */
struct score evaluate(struct mlp *net, const float *parameters, const struct dataset *data,
                      const struct samples *set);

#endif
