/* SPDX-License-Identifier: BSD-3-Clause */

/* frozen_adam.c: Adam whose second moment is measured exactly at first and then stays.
 *
 *     steps before `freeze`   AdamW of gradients that travel exactly (adam.c)
 *     from there on           m = mean over workers of m_i as delivered
 *                             x -= lr (m / (1 - beta1^t) / (sqrt(V) + eps) + weight_decay x)
 *
 * with V as it was at the last exact step, corrected for its beginning at 0.  What is compressed is a
 * momentum, because it is smoother than gradients:
 *
 *     dense codes             m_i = beta1 m + (1 - beta1) g_i     of the last m that all have
 *     sparse and projections  m_i = beta1 m_i + (1 - beta1) g_i   local, m itself at the first such step
 *
 * as of a sparse m only few elements would remember anything.  Feedback is told rho = 0: it keeps what
 * is lost of m, not of a gradient.
 *
 * (1-bit Adam, Tang et al. 2021; the local form as in DGC, Lin et al. 2018.)
 */

#include <string.h>
#include "base/error.h"
#include "optim/adam.h"

typedef struct frozen_adam {
    csgdi_moments moments;
    void **m,
        **next; /* local momentum of every worker of this process, and the one to be; or NULL */
} frozen_adam;

static const csgdi_key keys[] = {
    CSGDI_ADAM_KEYS,
    {.name = "freeze",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .help = "steps of exact Adam, after which V stays; 15 % of `steps` unless given"},
};

static csgd_status create_local(csgd_optimizer *o, frozen_adam *self)
{
    const size_t count = (size_t)o->workers.count;

    self->m = csgdi_arena_alloc(&o->arena, count, sizeof *self->m);
    self->next = csgdi_arena_alloc(&o->arena, count, sizeof *self->next);
    if (self->m == NULL || self->next == NULL) return CSGD_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        self->m[i] = csgdi_optimizer_vector(o);
        self->next[i] = csgdi_optimizer_vector(o);
        if (self->m[i] == NULL || self->next[i] == NULL) return CSGD_E_NOMEM;
    }
    return CSGD_OK;
}

static csgd_status frozen_adam_create(csgd_optimizer *o, csgdi_spec *spec)
{
    frozen_adam *self = csgdi_arena_zalloc(&o->arena, 1, sizeof *self);
    csgd_status st;

    o->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    if (csgdi_spec_set(spec, "freeze")) {
        o->set.freeze = csgdi_spec_count(spec, "freeze");
    } else {
        if (o->schedule.steps == 0)
            return csgdi_fail(CSGD_E_SPEC, "frozen_adam needs freeze=, or steps= of which to take "
                                           "15 %%");
        o->set.freeze = o->schedule.steps / 20 * 3 + o->schedule.steps % 20 * 3 / 20;
        if (o->set.freeze == 0) o->set.freeze = 1;
    }
    st = csgdi_moments_create(o, spec, &self->moments);
    if (st != CSGD_OK || !(o->workers.traits & CSGD_WORKERS_SPARSE)) return st;
    return create_local(o, self);
}

static csgd_status frozen_adam_increment(csgd_optimizer *o, const void *x, csgdi_plan *plan)
{
    plan->rho = 0;
    plan->exact = o->t < o->set.freeze;
    return csgdi_optimizer_gradients(o, x);
}

static void frozen_adam_finish(csgd_optimizer *o, const csgdi_plan *plan)
{
    const frozen_adam *self = o->state;
    const double beta = o->set.beta1, weight = (1 - beta) * plan->weight;

    for (int i = 0; i < o->workers.count; i++) {
        o->send[i] = o->b[i];
        if (plan->exact) {
            o->vectors->scale(o->n, plan->weight, o->b[i], o->b[i]);
        } else if (self->m == NULL) {
            o->vectors->combine(o->n, beta, o->v, weight, o->b[i], o->b[i]);
        } else {
            o->vectors->combine(o->n, beta, o->t == o->set.freeze ? o->v : self->m[i], weight,
                                o->b[i], self->next[i]);
            o->send[i] = self->next[i];
        }
    }
}

static void frozen_adam_update(csgd_optimizer *o, const csgdi_plan *plan, const void *y, void *x)
{
    frozen_adam *self = o->state;
    csgdi_moments *m = &self->moments;

    if (plan->exact) {
        csgdi_moments_step(o, m, plan, y, x);
        if (o->t + 1 < o->set.freeze) return;
        m->frozen = true;
        o->vectors->scale(o->n, 1 / (1 - m->power2), m->second, m->second);
        return;
    }
    m->power1 *= o->set.beta1;
    o->vectors->scale(o->n, 1 / (double)o->workers.n_workers, y, o->v);
    o->vectors->precondition(o->n, plan->lr, 1 - m->power1, 1, o->set.eps, o->weight_decay, o->v,
                             m->second, x);
    for (int i = 0; self->m != NULL && i < o->workers.count; i++) {
        void *const old = self->m[i];

        self->m[i] = self->next[i];
        self->next[i] = old;
    }
}

static void frozen_adam_flushed(csgd_optimizer *o, const void *for_x, const void *for_v, void *x)
{
    const frozen_adam *self = o->state;

    if (!self->moments.frozen) return; /* nothing was lost so far */
    /* v is the last result; for_v may be the scratch of what follows. */
    o->vectors->combine(o->n, 1, o->v, 1 / (double)o->workers.n_workers, for_v, o->v);
    csgdi_moments_flushed(o, &self->moments, for_x, x);
}

const csgdi_estimator csgdi_estimator_frozen_adam = {
    .name = "frozen_adam",
    .summary = "exact AdamW for `freeze` steps, then compressed momentum over the V of that time",
    .source = "1-bit Adam, Tang et al. 2021",
    .keys = {keys, sizeof keys / sizeof *keys},
    .clips = true,
    .create = frozen_adam_create,
    .increment = frozen_adam_increment,
    .finish = frozen_adam_finish,
    .update = frozen_adam_update,
    .flushed = frozen_adam_flushed,
};
