/* SPDX-License-Identifier: BSD-3-Clause */

/* optimizer.c: the public object: one step, and what can be asked of it. */

#include "optim/optimizer.h"

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "optim/noise.h"

void csgd_optimizer_destroy(csgd_optimizer **opt)
{
    csgdi_arena arena;

    if (opt == NULL || *opt == NULL) return;
    arena = (*opt)->arena; /* the object itself lives in it */
    *opt = NULL;
    csgdi_arena_free(&arena);
}

/* The estimator's increments from gradients, scaled. */
static void finish(csgd_optimizer *o, const csgdi_plan *plan)
{
    if (o->estimator->finish != NULL) {
        o->estimator->finish(o, plan);
        return;
    }
    for (int i = 0; i < o->workers.count && plan->weight != 1; i++)
        o->vectors->scale(o->n, plan->weight, o->b[i], o->b[i]);
}

/* Rho and step size, to the feedback. */
static csgd_status tell(csgd_optimizer *o, const csgdi_plan *plan)
{
    const csgd_status st = o->workers.set_rho(o->workers.self, plan->rho);

    if (st != CSGD_OK || !o->rescale) return st;
    return o->workers.set_step_size(o->workers.self, plan->lr);
}

/* Everything before the sum.  st: how this process fares, which the others are still to be told; an
 * error that is returned they know. */
static csgd_status prepare(csgd_optimizer *o, void *x, csgdi_plan *plan, csgd_status *st)
{
    const csgdi_estimator *e = o->estimator;
    csgd_status known = csgdi_reset_check(o, x);

    if (known == CSGD_OK && e->refresh != NULL) known = e->refresh(o, x);
    if (known != CSGD_OK) return known;

    if (o->noise > 0)
        csgdi_noise_fill(o->workers.type, o->seed, o->t, o->noise / sqrt((double)o->n), o->n,
                         o->xi);
    *st = e->increment(o, x, plan);
    if (o->clip > 0) {
        known = csgdi_optimizer_clip(o, *st, &plan->clipped);
        if (known != CSGD_OK) return known;
        plan->weight *= plan->clipped;
    }
    if (*st == CSGD_OK) finish(o, plan);
    known = tell(o, plan); /* also where this process failed: ranks agree on what they were told */
    if (*st == CSGD_OK) *st = known;
    return CSGD_OK;
}

csgd_status csgd_optimizer_step(csgd_optimizer *o, void *x)
{
    csgdi_plan plan = {.weight = 1, .clipped = 1};
    csgd_status st, failure = CSGD_OK;
    void *y;

    if (o == NULL || x == NULL) return csgdi_fail(CSGD_E_INVAL, "the optimizer or x is NULL");
    plan.lr = csgdi_schedule_rate(&o->schedule, o->t);
    st = prepare(o, x, &plan, &failure);
    if (st != CSGD_OK) return st;
    y = o->b[0];
    st = o->workers.sum(o->workers.self, o->send, plan.exact, failure, y);
    if (st != CSGD_OK) return st;

    if (o->estimator->update != NULL)
        o->estimator->update(o, &plan, y, x);
    else
        o->vectors->descend(o->n, plan.rho, o->workers.n_workers, y, plan.lr, o->weight_decay, o->v,
                            o->before, x);
    o->t++;
    o->counters.steps++;
    o->counters.exact_steps += plan.exact;
    o->counters.clipped_steps += plan.clipped < 1;
    o->counters.clip_factor = plan.clipped;
    o->counters.lr = plan.lr;
    o->counters.rho = plan.rho;
    return CSGD_OK;
}

csgd_status csgd_optimizer_flush(csgd_optimizer *o, void *x)
{
    if (o == NULL || x == NULL) return csgdi_fail(CSGD_E_INVAL, "the optimizer or x is NULL");
    return csgdi_reset_flush(o, x);
}

csgd_status csgd_optimizer_set_lr(csgd_optimizer *o, double lr)
{
    if (o == NULL) return csgdi_fail(CSGD_E_INVAL, "the optimizer is NULL");
    if (!(lr > 0) || !isfinite(lr))
        return csgdi_fail(CSGD_E_INVAL, "a learning rate of %g is not above 0 and finite", lr);
    o->schedule.lr = lr;
    return CSGD_OK;
}

csgd_status csgd_optimizer_v(const csgd_optimizer *o, void *v)
{
    if (o == NULL || v == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the optimizer or the place for v is NULL");
    memcpy(v, o->v, o->n * o->kernels->size);
    return CSGD_OK;
}

csgd_status csgd_optimizer_stats(const csgd_optimizer *o, csgd_optimizer_counters *counters,
                                 size_t size)
{
    if (o == NULL || counters == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the optimizer or the place for its counters is NULL");
    memcpy(counters, &o->counters, size < sizeof o->counters ? size : sizeof o->counters);
    return CSGD_OK;
}

size_t csgd_optimizer_memory_bytes(const csgd_optimizer *o)
{
    return o != NULL ? o->arena.bytes : 0;
}

const char *csgd_optimizer_spec(const csgd_optimizer *o)
{
    return o != NULL ? o->spec : "";
}
