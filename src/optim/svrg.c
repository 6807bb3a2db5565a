/* SPDX-License-Identifier: BSD-3-Clause */

/* svrg.c: gradients corrected by those at a snapshot, where the full gradient is known.
 *
 *     every `refresh` steps   z = x_t, and its full gradient is summed exactly, beside the feedback
 *     always                  rho = 0,  B_i = g_i(x_t) - g_i(z) + gradient of f at z
 *
 * Where all ranks add the gradient of f, of which each knows the whole, what is left out of B_i gets
 * smaller as x approaches the optimum.
 */

#include <string.h>
#include "optim/optimizer.h"

typedef struct svrg {
    void *snapshot; /* z */
    void *mean;     /* gradient of f there */
} svrg;

static const csgdi_key keys[] = {
    {.name = "refresh",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .fallback = "100",
     .help = "steps from one snapshot, with its full gradient, to the next"},
};

static csgd_status svrg_create(csgd_optimizer *o, csgdi_spec *spec)
{
    svrg *self = csgdi_arena_zalloc(&o->arena, 1, sizeof *self);

    o->state = self;
    o->set.refresh = csgdi_spec_count(spec, "refresh");
    if (self == NULL) return CSGD_E_NOMEM;
    self->snapshot = csgdi_optimizer_vector(o);
    self->mean = csgdi_optimizer_vector(o);
    return self->snapshot != NULL && self->mean != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static csgd_status svrg_refresh(csgd_optimizer *o, const void *x)
{
    svrg *self = o->state;
    csgd_status st;

    if (o->t % o->set.refresh != 0) return CSGD_OK;
    st = csgdi_optimizer_full(o, x);
    for (int i = 1; i < o->workers.count && st == CSGD_OK; i++)
        o->vectors->combine(o->n, 1, o->b[0], 1, o->b[i], o->b[0]);
    st = o->workers.plain_sum(o->workers.self, o->b[0], o->n, o->workers.type, st, self->mean);
    if (st != CSGD_OK) return st;
    o->vectors->scale(o->n, 1 / (double)o->workers.n_workers, self->mean, self->mean);
    memcpy(self->snapshot, x, o->n * o->kernels->size);
    return CSGD_OK;
}

static csgd_status svrg_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    const svrg *self = o->state;
    csgd_status st = csgdi_optimizer_differences(o, x, 1, self->snapshot);

    plan->rho = 0;
    if (st != CSGD_OK) return st;
    for (int i = 0; i < o->workers.count; i++)
        o->vectors->combine(o->n, 1, o->b[i], 1, self->mean, o->b[i]);
    csgdi_optimizer_add_noise(o); /* which cancels in differences */
    return CSGD_OK;
}

const csgdi_estimator csgdi_estimator_svrg = {
    .name = "svrg",
    .summary = "gradients less those at a snapshot, of the same sample, plus its full gradient",
    .source = "SVRG, Johnson, Zhang 2013",
    .keys = {keys, sizeof keys / sizeof *keys},
    .wants_full = true,
    .create = svrg_create,
    .refresh = svrg_refresh,
    .increment = svrg_increment,
};
