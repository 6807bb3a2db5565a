/* SPDX-License-Identifier: BSD-3-Clause */

/* adam.c: AdamW over gradients that arrive as they are.
 *
 *     m = beta1 m + (1 - beta1) g,  V = beta2 V + (1 - beta2) g^2,  t = 1, 2, ...
 *     x -= lr (m / (1 - beta1^t) / (sqrt(V / (1 - beta2^t)) + eps) + weight_decay x)
 *
 * A lossy gradient is not an estimate of g element by element, so that V measures the compressor:
 * where it is sparse, V of what is seldom sent is small, and that gets the largest steps.  So this is
 * refused over lossy workers unless forced; frozen_adam.c is what to take.
 */

#include "base/error.h"
#include "optim/adam.h"

static const csgdi_key keys[] = {
    CSGDI_ADAM_KEYS,
    {.name = "force",
     .kind = CSGDI_COUNT,
     .max = 1,
     .fallback = "0",
     .help = "1: over lossy gradients too, which trains worse"},
};

csgd_status csgdi_moments_create(csgd_optimizer *o, csgdi_spec *spec, csgdi_moments *m)
{
    o->set.beta1 = csgdi_spec_real(spec, "beta1");
    o->set.beta2 = csgdi_spec_real(spec, "beta2");
    o->set.eps = csgdi_spec_real(spec, "eps");
    *m = (csgdi_moments){.second = csgdi_optimizer_zeros(o), .power1 = 1, .power2 = 1};
    return m->second != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

void csgdi_moments_step(csgd_optimizer *o, csgdi_moments *m, const csgdi_plan *plan, const void *y,
                        void *x)
{
    const csgdi_settings *set = &o->set;

    m->power1 *= set->beta1;
    m->power2 *= set->beta2;
    o->vectors->scale(o->n, 1 / (double)o->workers.n_workers, y, o->second);
    o->vectors->average(o->n, set->beta1, o->second, o->v);
    o->vectors->average_squares(o->n, set->beta2, o->second, m->second);
    o->vectors->precondition(o->n, plan->lr, 1 - m->power1, 1 - m->power2, set->eps,
                             o->weight_decay, o->v, m->second, x);
}

void csgdi_moments_flushed(csgd_optimizer *o, const csgdi_moments *m, const void *for_x, void *x)
{
    o->vectors->scale(o->n, 1 / (double)o->workers.n_workers, for_x, o->second);
    o->vectors->precondition(o->n, o->counters.lr, 1 - m->power1, m->frozen ? 1 : 1 - m->power2,
                             o->set.eps, 0, o->second, m->second, x);
}

static csgd_status adam_create(csgd_optimizer *o, csgdi_spec *spec)
{
    csgdi_moments *m = csgdi_arena_alloc(&o->arena, 1, sizeof *m);

    o->state = m;
    if (m == NULL) return CSGD_E_NOMEM;
    if (o->workers.traits & CSGD_WORKERS_LOSSY && csgdi_spec_count(spec, "force") == 0)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "adam measures its second moment by gradients that are compressed here, "
                          "and trains badly: use frozen_adam, or adam force=1");
    return csgdi_moments_create(o, spec, m);
}

static csgd_status adam_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    plan->rho = 0;
    return csgdi_optimizer_gradients(o, x);
}

static void adam_update(csgd_optimizer *o, const csgdi_plan *plan, const void *y, void *x)
{
    csgdi_moments_step(o, o->state, plan, y, x);
}

static void adam_flushed(csgd_optimizer *o, const void *for_x, const void *for_v, void *x)
{
    const csgdi_moments *m = o->state;

    (void)for_v;
    if (m->power1 < 1) csgdi_moments_flushed(o, m, for_x, x);
}

const csgdi_estimator csgdi_estimator_adam = {
    .name = "adam",
    .summary = "AdamW, for workers that lose nothing",
    .source = "Kingma, Ba 2015; Loshchilov, Hutter 2019",
    .keys = {keys, sizeof keys / sizeof *keys},
    .clips = true,
    .create = adam_create,
    .increment = adam_increment,
    .update = adam_update,
    .flushed = adam_flushed,
};
