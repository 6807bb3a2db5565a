/* SPDX-License-Identifier: BSD-3-Clause */

/* reducer.c: the life of a reducer after its creation, and what can be asked of it. */

#include "comm/hier.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "comm/team.h"

static csgd_status create_team(csgd_team *team, int rank, const csgdi_shape *shape,
                               const char *spec, csgd_reducer **r)
{
    csgdi_transport transport;
    csgd_status st;

    if (r != NULL) *r = NULL;
    st = csgdi_transport_open_team(&transport, team, rank);
    if (st != CSGD_OK) return st;
    if (r == NULL) st = csgdi_fail(CSGD_E_INVAL, "the place for the reducer is NULL");
    return csgdi_reducer_create(&transport, shape, spec, st, r);
}

csgd_status csgd_reducer_create_team(csgd_team *team, int rank, size_t n, const char *spec,
                                     csgd_reducer **r)
{
    return create_team(team, rank, &(csgdi_shape){.n = n}, spec, r);
}

csgd_status csgd_reducer_create_layout_team(csgd_team *team, int rank, const csgd_tensor *tensors,
                                            size_t n_tensors, const char *spec, csgd_reducer **r)
{
    const csgdi_shape shape = {.tensors = tensors, .n_tensors = n_tensors};

    return create_team(team, rank, &shape, spec, r);
}

csgd_status csgd_reducer_destroy(csgd_reducer **r)
{
    csgdi_arena arena;
    bool abandoned;

    if (r == NULL || *r == NULL) return CSGD_OK;
    if ((*r)->busy)
        return csgdi_fail(CSGD_E_BUSY, "an operation on this reducer is in flight: wait for it");
    abandoned = (*r)->health == CSGDI_TERMINAL;
    csgdi_hier_close(*r, abandoned);
    (*r)->transport.ops->close(&(*r)->transport, abandoned);
    arena = (*r)->arena; /* the object itself lives in it */
    csgdi_arena_close(&arena);
    if (!abandoned || !(*r)->transport.ops->keeps_buffers) csgdi_arena_free(&arena);
    *r = NULL;
    return CSGD_OK;
}

/* No residuals, and nothing learnt, for all ranks alike. */
static void forget(csgd_reducer *r, bool holds)
{
    r->health = CSGDI_WELL;
    if (holds) {
        csgdi_feedback_clear(&r->feedback);
        if (r->compressor.ops->clear != NULL) r->compressor.ops->clear(&r->compressor);
        if (r->algorithm->clear != NULL) r->algorithm->clear(r);
        if (r->owner.feedback.ops != NULL) csgdi_feedback_clear(&r->owner.feedback);
        csgdi_adapt_clear(&r->adapt);
    }
    if (r->guard.trips > 0)
        csgdi_guard_fall_back(&r->guard, &r->feedback, &r->owner.feedback);
    else
        r->guard = (csgdi_guard){.on = r->guard.on};
}

csgd_status csgd_reducer_clear(csgd_reducer *r)
{
    csgdi_request request = {0};
    double start = csgdi_clock();
    csgd_status st;
    bool done = false;
    csgd_reducer *core;
    uint64_t *step;

    if (r == NULL) return csgdi_fail(CSGD_E_INVAL, "the reducer is NULL");
    if (r->busy) return csgdi_fail(CSGD_E_BUSY, "an operation on this reducer is in flight");
    if (r->health == CSGDI_TERMINAL)
        return csgdi_fail(
            CSGD_E_TIMEOUT,
            "the reducer ended in a timeout or a transport error: it can only be destroyed");
    if (r->layout.n == 0) return CSGD_OK;

    step = r->agreement.word; /* must outlive a timeout, so not on the stack */
    step[0] = r->step;
    core = csgdi_reducer_core(r);
    step[1] =
        core->guard.trips; /* a rank that did not get to the end of a call may have missed one */
    r->agreement.request = request;
    st = r->transport.ops->max(&r->transport, step, 2, r->timeout <= 0, &r->agreement.request);
    while (st == CSGD_OK && !done) {
        st = r->transport.ops->test(&r->transport, &r->agreement.request, &done);
        if (st != CSGD_OK || done) break;
        if (r->timeout > 0 && csgdi_clock() - start > r->timeout) {
            r->health = CSGDI_TERMINAL;
            return csgdi_fail(CSGD_E_TIMEOUT, "a peer did not arrive within timeout=%g seconds",
                              r->timeout);
        }
        csgdi_progress(NULL);
        r->transport.ops->idle(&r->transport);
    }
    if (st != CSGD_OK) return csgdi_reducer_settle(r, st, true);
    r->step = step[0];
    r->health = CSGDI_WELL;
    core->guard.trips = step[1];
    forget(core, csgdi_reducer_holds(r));
    return CSGD_OK;
}

/* A local setter may not change what an operation in flight was begun with. */
static csgd_status check_idle(const csgd_reducer *r)
{
    if (r == NULL) return csgdi_fail(CSGD_E_INVAL, "the reducer is NULL");
    if (r->busy) return csgdi_fail(CSGD_E_BUSY, "an operation on this reducer is in flight");
    return CSGD_OK;
}

csgd_status csgd_reducer_set_step(csgd_reducer *r, uint64_t step)
{
    const csgd_status st = check_idle(r);

    if (st == CSGD_OK) r->step = step;
    return st;
}

csgd_status csgd_reducer_set_step_size(csgd_reducer *r, double step_size)
{
    csgd_status st = check_idle(r);

    if (st == CSGD_OK)
        st = csgdi_feedback_set_step_size(&csgdi_reducer_core(r)->feedback, step_size);
    if (st != CSGD_OK) return st;
    csgdi_reducer_core(r)->owner.feedback.next_step_size = step_size;
    r->feedback.next_step_size = step_size; /* that ranks agree on */
    return CSGD_OK;
}

csgd_status csgd_reducer_set_rho(csgd_reducer *r, double rho)
{
    csgd_status st = check_idle(r);

    if (st == CSGD_OK) st = csgdi_feedback_set_rho(&csgdi_reducer_core(r)->feedback, rho);
    if (st != CSGD_OK) return st;
    csgdi_reducer_core(r)->owner.feedback.next_rho = rho;
    r->feedback.next_rho = rho;
    return CSGD_OK;
}

csgd_status csgd_reducer_stats(const csgd_reducer *r, csgd_stats *stats, size_t size)
{
    const csgd_reducer *core;
    csgd_stats now;

    if (r == NULL || stats == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the reducer or the place for its counters is NULL");
    if (r->progress != NULL) csgdi_progress_thread_lock(r->progress);
    core = csgdi_reducer_core(r);
    now = r->stats;
    now.sent_bytes = r->transport.sent_bytes;
    now.received_bytes = r->transport.received_bytes;
    now.bytes_by_formula = r->transport.formula_bytes;
    now.residual_norm = csgdi_feedback_norm(&core->feedback);
    if (core->owner.feedback.ops != NULL)
        now.residual_norm = hypot(now.residual_norm, csgdi_feedback_norm(&core->owner.feedback));
    now.total_error = core->feedback.total_error + core->owner.feedback.total_error;
    now.guard_trips = core->guard.trips;
    now.plan_changes = core->adapt.changes;
    now.rule = csgdi_feedback_rule(&core->feedback);
    csgdi_hier_stats(r, &now);
    if (r->progress != NULL) csgdi_progress_thread_unlock(r->progress);
    memcpy(stats, &now, size < sizeof now ? size : sizeof now);
    return CSGD_OK;
}

size_t csgd_reducer_memory_bytes(const csgd_reducer *r)
{
    return r != NULL ? r->arena.bytes + r->transport.memory_bytes + csgdi_hier_bytes(r) : 0;
}

const char *csgd_reducer_explain(const csgd_reducer *r)
{
    const csgd_reducer *core;
    size_t begun;

    if (r == NULL) return "";
    core = csgdi_reducer_core(r);
    if (core->now == NULL) return r->reason;
    if (r->progress != NULL) csgdi_progress_thread_lock(r->progress);
    snprintf(core->now, 2 * CSGDI_REASON, "%s; ", r->reason);
    begun = strlen(core->now);
    csgdi_adapt_explain(&core->adapt, core->algorithm->name, core->exact->name, core->now + begun,
                        2 * CSGDI_REASON - begun);
    if (r->progress != NULL) csgdi_progress_thread_unlock(r->progress);
    return core->now;
}

const char *csgd_reducer_spec(const csgd_reducer *r)
{
    return r != NULL ? r->spec : "";
}

csgd_status csgd_reducer_residual(const csgd_reducer *r, void *e)
{
    const csgd_status st = check_idle(r);
    const csgd_reducer *core;
    size_t size;

    if (st != CSGD_OK) return st;
    if (e == NULL && r->layout.n > 0)
        return csgdi_fail(CSGD_E_INVAL, "the place for the residual is NULL");
    core = csgdi_reducer_core(r);
    size = core->compressor.kernels->size;
    if (!csgdi_reducer_holds(r)) { /* its leader has it */
        if (r->layout.n > 0) memset(e, 0, r->layout.n * size);
        return CSGD_OK;
    }
    if (core->layout.n_exact == 0) {
        csgdi_feedback_residual(&core->feedback, e);
        csgdi_owner_add_residual(core, e);
        return CSGD_OK;
    }
    /* Nothing is in flight, so the packed vector is free to use. */
    memset(core->packed, 0, core->layout.n * size);
    csgdi_feedback_residual(&core->feedback, core->packed);
    csgdi_owner_add_residual(core, core->packed);
    csgdi_layout_place(&core->layout, size, core->packed, e);
    return CSGD_OK;
}
