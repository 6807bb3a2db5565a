/* SPDX-License-Identifier: BSD-3-Clause */

/* reducer.c: the life of a reducer, and what can be asked of it. */

#include "comm/reducer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "base/c_locale.h"
#include "base/clock.h"
#include "base/error.h"
#include "comm/team.h"
#include "compressors/elements.h"
#include "wire/header.h"

/* The algorithm that the spec names, or the best one; *dense where that is to compress nothing. */
static const csgdi_algorithm *pick(csgd_reducer *r, csgdi_spec *spec, const csgdi_rates *rates,
                                   bool *dense)
{
    const bool may = strcmp(csgdi_spec_choice(spec, "plan"), "auto") == 0 &&
                     /* Which sums of the vectors do not do, or for which they take too much. */
                     !r->feedback.set.filters && !r->compressor.steered;
    const bool drop = strcmp(csgdi_spec_choice(spec, "drop"), "yes") == 0;
    csgdi_choice choice;

    *dense = false;
    if (strcmp(csgdi_spec_choice(spec, "algorithm"), "auto") != 0) {
        snprintf(r->reason, sizeof r->reason, "%s, as the spec says",
                 csgdi_spec_choice(spec, "algorithm"));
        return csgdi_algorithm_find(csgdi_spec_choice(spec, "algorithm"));
    }
    csgdi_choose(&r->compressor, &r->transport, rates, drop, may, &choice);
    memcpy(r->reason, choice.reason, sizeof r->reason);
    csgdi_spec_choose(spec, "algorithm", choice.algorithm->name);
    *dense = choice.dense;
    return choice.algorithm;
}

static csgd_status choose_algorithm(csgd_reducer *r, csgdi_spec *spec, const csgdi_rates *rates,
                                    bool *dense)
{
    const csgdi_compressor *c = &r->compressor;
    csgd_status st;

    r->algorithm = pick(r, spec, rates, dense);
    csgdi_spec_drop(spec, "plan"); /* it has been followed */
    csgdi_spec_drop(spec, "drop");
    if (*dense) return CSGD_OK;
    if (r->algorithm->dense && c->ops->family != CSGDI_EXACT)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "algorithm=%s sums vectors and %s makes messages; "
                          "use algorithm=allgather, or none in place of %s",
                          r->algorithm->name, c->ops->name, c->ops->name);
    if (c->channels > 1 && !r->algorithm->pairs)
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=%s sends two values for each entry, which algorithm=%s does not "
            "sum; use algorithm=allgather",
            r->feedback.ops->name, r->algorithm->name);
    if (c->steered && !r->algorithm->lengths)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "budget= is steered by the lengths of all messages, which algorithm=%s "
                          "does not gather; use algorithm=allgather",
                          r->algorithm->name);
    if (r->algorithm->supports != NULL) {
        st = r->algorithm->supports(c, &r->transport);
        if (st != CSGD_OK) return st;
    }
    if (r->algorithm != &csgdi_oktopk) csgdi_spec_drop(spec, "tau");
    csgdi_window_choose(r);
    st = r->algorithm->create(r);
    r->compressor.n = r->layout.n_compressed;
    if (st != CSGD_OK || r->algorithm == &csgdi_vendor) return st;
    return csgdi_vendor.create(r); /* for what travels exactly */
}

/* Everything local: parse, allocate, complete the spec. */
static csgd_status build(csgd_reducer *r, const csgdi_shape *shape, const csgdi_compressor_ops *ops,
                         csgdi_spec *spec, const csgdi_rates *rates, bool *dense)
{
    csgdi_layout *l = &r->layout;
    csgd_status st = csgdi_layout_init(l, shape, spec, ops->family == CSGDI_EXACT, &r->arena);

    if (st != CSGD_OK) return st;
    st = csgdi_compressor_init(&r->compressor, ops, spec, l->n_compressed, l->segment,
                               l->segment_cols, l->n_segments, (unsigned)r->transport.n_ranks,
                               &r->arena);
    if (st != CSGD_OK) return st;
    r->compressor.rank = (uint32_t)r->transport.rank;
    st = csgdi_feedback_init(&r->feedback, &r->compressor, spec, &r->arena);
    if (st != CSGD_OK) return st;
    r->guard.on = r->feedback.set.guard;
    r->dense_steps = csgdi_spec_count(spec, "dense_steps");
    r->timeout = csgdi_spec_real(spec, "timeout");
    r->tau = csgdi_spec_count(spec, "tau");
    st = choose_algorithm(r, spec, rates, dense);
    if (st != CSGD_OK || *dense) return st;
    if (l->n_exact > 0 || csgdi_elements_narrow(r->compressor.type)) {
        const size_t window = r->window > 0 && r->window < l->n ? r->window : l->n;
        r->packed = csgdi_arena_alloc(&r->arena, window, r->compressor.kernels->size);
        if (r->packed == NULL) return CSGD_E_NOMEM;
    }
    if (strcmp(csgdi_spec_choice(spec, "progress"), "thread") == 0) {
        st = csgdi_progress_thread_create(r);
        if (st != CSGD_OK) return st;
    }
    csgdi_spec_drop(spec, "progress"); /* a matter of this rank */
    return csgdi_spec_format(spec, r->spec, sizeof r->spec);
}

void csgdi_reducer_unmake(csgd_reducer **r)
{
    csgdi_arena arena;

    if (*r == NULL) return;
    arena = (*r)->arena; /* the object itself lives in it */
    *r = NULL;
    csgdi_arena_free(&arena);
}

/* The reducer that sends vectors as they are, in place of one that would have compressed them. */
static csgd_status make_dense(const csgdi_transport *transport, const csgdi_shape *shape,
                              const csgd_reducer *instead, const csgdi_spec *spec, csgd_reducer **r)
{
    char text[CSGDI_SPEC_MAX];
    const csgdi_c_locale locale = csgdi_c_locale_enter();
    csgd_status st;

    snprintf(text, sizeof text, "none algorithm=%s type=%s timeout=%.17g progress=%s",
             csgdi_spec_choice(spec, "algorithm"), csgdi_spec_choice(spec, "type"),
             csgdi_spec_real(spec, "timeout"), csgdi_spec_choice(spec, "progress"));
    csgdi_c_locale_leave(locale);
    st = csgdi_reducer_make(transport, shape, text, NULL, r);
    if (st == CSGD_OK) memcpy((*r)->reason, instead->reason, sizeof instead->reason);
    return st;
}

csgd_status csgdi_reducer_make(const csgdi_transport *transport, const csgdi_shape *shape,
                               const char *text, const csgdi_rates *rates, csgd_reducer **r)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;
    csgdi_arena arena = {0};
    csgd_reducer *self;
    csgdi_spec spec;
    bool dense = false;
    csgd_status st = csgdi_compressor_parse(text, keys, 3, &spec, &ops);

    *r = NULL;
    if (st != CSGD_OK) return st;
    self = csgdi_arena_zalloc(&arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->arena = arena;
    self->transport = *transport; /* to look at; it moves here once all ranks have agreed */
    st = build(self, shape, ops, &spec, rates, &dense);
    if (st == CSGD_OK && dense) st = make_dense(transport, shape, self, &spec, r);
    if (st != CSGD_OK || dense) {
        csgdi_reducer_unmake(&self);
        return st;
    }
    self->identity[CSGDI_FIELD_N] = self->layout.n;
    self->identity[CSGDI_FIELD_LAYOUT] = self->layout.hash;
    self->identity[CSGDI_FIELD_TYPE] = self->compressor.type;
    self->identity[CSGDI_FIELD_SEED] = self->compressor.seed;
    self->identity[CSGDI_FIELD_WIRE] = CSGDI_WIRE_VERSION;
    self->identity[CSGDI_FIELD_FP_MODE] = csgdi_fp_mode();
    self->identity[CSGDI_FIELD_SPEC] = XXH64(self->spec, strlen(self->spec), 0);
    *r = self;
    return CSGD_OK;
}

/* Whether this rank would have the choice measured: a spec that reads, algorithm=auto, and a vector
 * for which it matters. */
static bool wants_measures(const csgdi_shape *shape, const char *text, csgd_status failure,
                           size_t *n)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;
    csgdi_spec spec;

    *n = shape->n;
    for (size_t i = 0; shape->tensors != NULL && i < shape->n_tensors; i++)
        *n = csgdi_size_add(*n, csgdi_size_mul(shape->tensors[i].rows, shape->tensors[i].cols));
    return failure == CSGD_OK && *n >= CSGDI_MEASURED && *n != SIZE_MAX &&
           csgdi_compressor_parse(text, keys, 3, &spec, &ops) == CSGD_OK &&
           strcmp(csgdi_spec_choice(&spec, "algorithm"), "auto") == 0;
}

csgd_status csgdi_reducer_create(csgdi_transport *transport, const csgdi_shape *shape,
                                 const char *spec, csgd_status failure, csgd_reducer **r)
{
    csgdi_agreement a = {.failure = failure, .blocking = true};
    const char *text = csgdi_spec_text(spec);
    csgd_reducer *self = NULL;
    csgdi_rates rates;
    csgd_status st;
    bool found = false;
    size_t n;

    wants_measures(shape, text, failure, &n);
    st =
        csgdi_measure(transport, text, n, wants_measures(shape, text, failure, &n), &rates, &found);
    if (st != CSGD_OK) {
        transport->ops->close(transport, false);
        return st;
    }
    if (a.failure == CSGD_OK)
        a.failure = csgdi_reducer_make(transport, shape, text, found ? &rates : NULL, &self);
    if (self != NULL) {
        memcpy(a.field, self->identity, sizeof a.field);
        a.spec = self->spec;
    }
    st = csgdi_agree(&a, transport);
    if (st != CSGD_OK) {
        csgdi_reducer_unmake(&self);
        transport->ops->close(transport, false);
        return st;
    }
    self->transport = *transport;
    *r = self;
    return CSGD_OK;
}

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
    (*r)->transport.ops->close(&(*r)->transport, abandoned);
    arena = (*r)->arena; /* the object itself lives in it */
    csgdi_arena_close(&arena);
    if (!abandoned || !(*r)->transport.ops->keeps_buffers) csgdi_arena_free(&arena);
    *r = NULL;
    return CSGD_OK;
}

csgd_status csgd_reducer_clear(csgd_reducer *r)
{
    csgdi_request request = {0};
    double start = csgdi_clock();
    csgd_status st;
    bool done = false;
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
    step[1] = r->guard.trips; /* a rank that did not get to the end of a call may have missed one */
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
    r->guard.trips = step[1];
    r->health = CSGDI_WELL;
    csgdi_feedback_clear(&r->feedback);
    if (r->compressor.ops->clear != NULL) r->compressor.ops->clear(&r->compressor);
    if (r->algorithm->clear != NULL) r->algorithm->clear(r);
    if (r->owner.feedback.ops != NULL) csgdi_feedback_clear(&r->owner.feedback);
    if (r->guard.trips > 0)
        csgdi_guard_fall_back(&r->guard, &r->feedback, &r->owner.feedback);
    else
        r->guard = (csgdi_guard){.on = r->guard.on};
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

    if (st == CSGD_OK) st = csgdi_feedback_set_step_size(&r->feedback, step_size);
    if (st == CSGD_OK) r->owner.feedback.next_step_size = step_size;
    return st;
}

csgd_status csgd_reducer_set_rho(csgd_reducer *r, double rho)
{
    csgd_status st = check_idle(r);

    if (st == CSGD_OK) st = csgdi_feedback_set_rho(&r->feedback, rho);
    if (st == CSGD_OK) r->owner.feedback.next_rho = rho;
    return st;
}

csgd_status csgd_reducer_stats(const csgd_reducer *r, csgd_stats *stats, size_t size)
{
    csgd_stats now;

    if (r == NULL || stats == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the reducer or the place for its counters is NULL");
    if (r->progress != NULL) csgdi_progress_thread_lock(r->progress);
    now = r->stats;
    now.sent_bytes = r->transport.sent_bytes;
    now.received_bytes = r->transport.received_bytes;
    now.bytes_by_formula = r->transport.formula_bytes;
    now.residual_norm = csgdi_feedback_norm(&r->feedback);
    if (r->owner.feedback.ops != NULL)
        now.residual_norm = hypot(now.residual_norm, csgdi_feedback_norm(&r->owner.feedback));
    now.total_error = r->feedback.total_error + r->owner.feedback.total_error;
    now.certificate = csgdi_guard_certificate(&r->feedback, r->agreed_norm, r->transport.n_ranks);
    now.guard_trips = r->guard.trips;
    now.rule = csgdi_feedback_rule(&r->feedback);
    if (r->progress != NULL) csgdi_progress_thread_unlock(r->progress);
    memcpy(stats, &now, size < sizeof now ? size : sizeof now);
    return CSGD_OK;
}

size_t csgd_reducer_memory_bytes(const csgd_reducer *r)
{
    return r != NULL ? r->arena.bytes + r->transport.memory_bytes : 0;
}

const char *csgd_reducer_explain(const csgd_reducer *r)
{
    return r != NULL ? r->reason : "";
}

const char *csgd_reducer_spec(const csgd_reducer *r)
{
    return r != NULL ? r->spec : "";
}

csgd_status csgd_reducer_residual(const csgd_reducer *r, void *e)
{
    const csgd_status st = check_idle(r);

    if (st != CSGD_OK) return st;
    if (e == NULL && r->layout.n > 0)
        return csgdi_fail(CSGD_E_INVAL, "the place for the residual is NULL");
    if (r->layout.n_exact == 0) {
        csgdi_feedback_residual(&r->feedback, e);
        csgdi_owner_add_residual(r, e);
        return CSGD_OK;
    }
    /* Nothing is in flight, so the packed vector is free to use. */
    memset(r->packed, 0, r->layout.n * r->compressor.kernels->size);
    csgdi_feedback_residual(&r->feedback, r->packed);
    csgdi_owner_add_residual(r, r->packed);
    csgdi_layout_place(&r->layout, r->compressor.kernels->size, r->packed, e);
    return CSGD_OK;
}
