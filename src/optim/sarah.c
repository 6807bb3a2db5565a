/* SPDX-License-Identifier: BSD-3-Clause */

/* sarah.c: a full gradient now and then, and in between the differences that x's moves make.
 *
 *     every `refresh` steps   v = gradient of f at x_t     rho = 0   B_i = P n_i / N times its own
 *     else                    v += g(x_t) - g(x_{t-1})     rho = 1   B_i = g_i(x_t) - g_i(x_{t-1})
 *
 * A full gradient travels exactly, with what feedback has kept, whose history ends there.
 */

#include "optim/optimizer.h"

static const csgdi_key keys[] = {
    {.name = "refresh",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .fallback = "100",
     .help = "steps from one full gradient to the next"},
};

static csgd_status sarah_create(csgd_optimizer *o, csgdi_spec *spec)
{
    o->set.refresh = csgdi_spec_count(spec, "refresh");
    return CSGD_OK;
}

static csgd_status sarah_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    csgd_status st;

    plan->exact = o->t % o->set.refresh == 0;
    plan->rho = plan->exact ? 0 : 1;
    if (!plan->exact) return csgdi_optimizer_differences(o, x, 1, o->before);
    st = csgdi_optimizer_full(o, x);
    if (st == CSGD_OK) csgdi_optimizer_add_noise(o); /* which cancels in differences */
    return st;
}

const csgdi_estimator csgdi_estimator_sarah = {
    .name = "sarah",
    .summary =
        "SPIDER: a full gradient every `refresh` steps, differences of one sample in between",
    .source = "SARAH, Nguyen et al. 2017; SPIDER, Fang et al. 2018",
    .keys = {keys, sizeof keys / sizeof *keys},
    .wants_before = true,
    .wants_full = true,
    .create = sarah_create,
    .increment = sarah_increment,
};
