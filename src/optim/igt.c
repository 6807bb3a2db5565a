/* SPDX-License-Identifier: BSD-3-Clause */

/* igt.c: an average of gradients, each taken ahead of x, so that it speaks of the present x.
 *
 *     v_t = (1 - alpha) v_{t-1} + alpha g(x_t + (1 - alpha) / alpha (x_t - x_{t-1}))
 *
 *     rho = 1 - alpha,  B_i = alpha g_i(there)
 *
 * and v = g(x) in the first step.
 */

#include "optim/optimizer.h"

static const csgdi_key keys[] = {
    {.name = "alpha",
     .kind = CSGDI_REAL,
     .above_min = true,
     .max = 1,
     .fallback = "0.1",
     .help =
         "weight of a new gradient, which is taken at x + (1 - alpha) / alpha times the last move"},
};

static csgd_status igt_create(csgd_optimizer *o, csgdi_spec *spec)
{
    o->set.alpha = csgdi_spec_real(spec, "alpha");
    return CSGD_OK;
}

static csgd_status igt_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    const double alpha = o->set.alpha, ahead = (1 - alpha) / alpha;

    plan->rho = 0;
    if (o->t == 0) return csgdi_optimizer_gradients(o, x);
    plan->rho = 1 - alpha;
    plan->weight = alpha;
    o->vectors->combine(o->n, 1 + ahead, x, -ahead, o->before, o->second);
    return csgdi_optimizer_gradients(o, o->second);
}

const csgdi_estimator csgdi_estimator_igt = {
    .name = "igt",
    .summary = "implicit gradient transport: gradients taken ahead of x, averaged",
    .source = "IGT, Arnold et al. 2019",
    .keys = {keys, sizeof keys / sizeof *keys},
    .clips = true,
    .wants_before = true,
    .create = igt_create,
    .increment = igt_increment,
};
