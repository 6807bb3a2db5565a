/* SPDX-License-Identifier: BSD-3-Clause */

/* sgd.c: v = mean over workers of the gradient.
 *
 *     rho = 0,  B_i = g_i
 */

#include "optim/optimizer.h"

static csgd_status sgd_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    plan->rho = 0;
    return csgdi_optimizer_gradients(o, x);
}

const csgdi_estimator csgdi_estimator_sgd = {
    .name = "sgd",
    .summary = "the gradient as it is",
    .source = "Robbins, Monro 1951",
    .clips = true,
    .increment = sgd_increment,
};
