/* SPDX-License-Identifier: BSD-3-Clause */

/* momentum.c: an average over the gradients of earlier steps.
 *
 *     heavy ball   v = mu v + g                        rho = mu          B_i = g_i
 *     Nesterov     the same, and x -= lr (g + mu v)    rho = mu          B_i = g_i
 *     average      v = (1 - alpha) v + alpha g         rho = 1 - alpha   B_i = alpha g_i
 *
 * In the first step v = g in all three, so rho = 0 there and the average's alpha 1.
 */

#include "base/error.h"
#include "optim/optimizer.h"

#include <string.h>

static const char *const yes_no[] = {"no", "yes", NULL};

static const csgdi_key keys[] = {
    {.name = "momentum",
     .kind = CSGDI_REAL,
     .max = 1,
     .help = "mu of v = mu v + g; 0.9 unless alpha is given"},
    {.name = "nesterov",
     .kind = CSGDI_CHOICE,
     .words = yes_no,
     .help = "whether x moves by g + mu v in place of v; no unless given"},
    {.name = "alpha",
     .kind = CSGDI_REAL,
     .above_min = true,
     .max = 1,
     .help = "v = (1 - alpha) v + alpha g in place of mu v + g"},
};

static csgd_status momentum_create(csgd_optimizer *o, csgdi_spec *spec)
{
    csgdi_settings *set = &o->set;

    if (csgdi_spec_set(spec, "alpha")) {
        if (csgdi_spec_set(spec, "momentum") || csgdi_spec_set(spec, "nesterov"))
            return csgdi_fail(CSGD_E_SPEC, "alpha= averages gradients, momentum= and nesterov= sum "
                                           "them: only one of the two can be had");
        set->alpha = csgdi_spec_real(spec, "alpha");
        return CSGD_OK;
    }
    set->momentum = csgdi_spec_set(spec, "momentum") ? csgdi_spec_real(spec, "momentum") : 0.9;
    if (!csgdi_spec_set(spec, "nesterov")) csgdi_spec_choose(spec, "nesterov", "no");
    set->nesterov = strcmp(csgdi_spec_choice(spec, "nesterov"), "yes") == 0;
    return CSGD_OK;
}

static csgd_status momentum_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    const csgdi_settings *set = &o->set;

    plan->rho = o->t == 0 ? 0 : set->alpha > 0 ? 1 - set->alpha : set->momentum;
    if (set->alpha > 0 && o->t > 0) plan->weight = set->alpha;
    return csgdi_optimizer_gradients(o, x);
}

static void momentum_update(csgd_optimizer *o, const csgdi_plan *plan, const void *y, void *x)
{
    const double p = o->workers.n_workers;

    if (o->set.nesterov)
        o->vectors->descend_ahead(o->n, plan->rho, o->set.momentum, p, y, plan->lr, o->weight_decay,
                                  o->v, x);
    else
        o->vectors->descend(o->n, plan->rho, p, y, plan->lr, o->weight_decay, o->v, NULL, x);
}

/* Of Nesterov's g + mu v the path lacks also mu times what v does, for constant lr. */
static void momentum_flushed(csgd_optimizer *o, const void *for_x, const void *for_v, void *x)
{
    const double p = o->workers.n_workers, lr = o->counters.lr;

    o->vectors->combine(o->n, 1, x, -lr / p, for_x, x);
    if (o->set.nesterov) o->vectors->combine(o->n, 1, x, -lr * o->set.momentum / p, for_v, x);
    o->vectors->combine(o->n, 1, o->v, 1 / p, for_v, o->v);
}

const csgdi_estimator csgdi_estimator_momentum = {
    .name = "momentum",
    .summary = "v = mu v + g (heavy ball, Nesterov), or an average of gradients",
    .source = "Polyak 1964; Nesterov 1983; Sutskever et al. 2013",
    .keys = {keys, sizeof keys / sizeof *keys},
    .clips = true,
    .create = momentum_create,
    .increment = momentum_increment,
    .update = momentum_update,
    .flushed = momentum_flushed,
};
