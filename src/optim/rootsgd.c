/* SPDX-License-Identifier: BSD-3-Clause */

/* rootsgd.c: STORM whose average is over all steps so far.
 *
 *     rho = 1 - 1 / (t + 1),  B_i = g_i(x_t) - rho g_i(x_{t-1}),  t = 0, 1, 2, ...
 */

#include "optim/optimizer.h"

static csgd_status rootsgd_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    plan->rho = 1 - 1 / (double)(o->t + 1);
    return csgdi_optimizer_differences(o, x, plan->rho, o->before);
}

const csgdi_estimator csgdi_estimator_rootsgd = {
    .name = "rootsgd",
    .summary = "recursive one-over-t: STORM with alpha = 1, 1/2, 1/3, ...",
    .source = "ROOT-SGD, Li, Mou, Wainwright, Jordan 2022",
    .wants_before = true,
    .increment = rootsgd_increment,
};
