/* SPDX-License-Identifier: BSD-3-Clause */

/* storm.c: recursive momentum: the gradient at two points, of the same sample.
 *
 *     v_t = g(x_t; s_t) + (1 - alpha) (v_{t-1} - g(x_{t-1}; s_t))
 *
 *     rho = 1 - alpha,  B_i = g_i(x_t) - (1 - alpha) g_i(x_{t-1})
 *
 * and v = g in the first step.
 */

#include "optim/optimizer.h"

static const csgdi_key keys[] = {
    {.name = "alpha",
     .kind = CSGDI_REAL,
     .above_min = true,
     .max = 1,
     .fallback = "0.1",
     .help = "weight of a new gradient"},
};

static csgd_status storm_create(csgd_optimizer *o, csgdi_spec *spec)
{
    o->set.alpha = csgdi_spec_real(spec, "alpha");
    return CSGD_OK;
}

static csgd_status storm_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    plan->rho = o->t == 0 ? 0 : 1 - o->set.alpha;
    return csgdi_optimizer_differences(o, x, plan->rho, o->before);
}

const csgdi_estimator csgdi_estimator_storm = {
    .name = "storm",
    .summary = "recursive momentum: the same sample at this x and at the last one",
    .source = "STORM, Cutkosky, Orabona 2019",
    .keys = {keys, sizeof keys / sizeof *keys},
    .wants_before = true,
    .create = storm_create,
    .increment = storm_increment,
};
