/* SPDX-License-Identifier: BSD-3-Clause */

/* call.c: one allreduce, phase after phase; the idea is in reducer.h.
 *
 *     csgdi_reducer_begin    checks, feedback, compression; starts the agreement
 *     step_agreement         decides: nothing to do, refused by all, exact, or the algorithm
 *     step_exchange          the algorithm; then commit
 */

#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "comm/reducer.h"
#include "wire/header.h"

/* Let r->exchange be the state of the dense algorithm that calls fall back to, or again that of the
 * reducer's own. */
static void change_exchange(csgd_reducer *r, bool exact)
{
    void *before = r->exchange;

    if (r->call.exchanged == exact) return;
    r->exchange = r->exact_exchange;
    r->exact_exchange = before;
    r->call.exchanged = exact;
}

csgd_status csgdi_reducer_settle(csgd_reducer *r, csgd_status st, bool in_doubt)
{
    change_exchange(r, false);
    r->compressor.n = r->layout.n_compressed; /* no window any more */
    if (st == CSGD_OK) {
        r->stats.calls++;
        return st;
    }
    r->stats.failed_calls++;
    if (in_doubt && r->health == CSGDI_WELL) r->health = CSGDI_BROKEN;
    /* Requests may still be under way, and ranks may have lost step with each other. */
    if (st == CSGD_E_TIMEOUT || st == CSGD_E_TRANSPORT) r->health = CSGDI_TERMINAL;
    return st;
}

/* Seconds since the last call of this function in this call. */
static double lap(csgd_reducer *r)
{
    const double now = csgdi_clock(), seconds = now - r->call.since;

    r->call.since = now;
    return seconds;
}

static csgdi_feedback *owner_feedback(csgd_reducer *r)
{
    return r->owner.feedback.ops != NULL ? &r->owner.feedback : NULL;
}

/* What this rank's residuals come to, as the others shall know it. */
static uint64_t norm_bits(csgd_reducer *r)
{
    const double norm =
        csgdi_guard_norm(&r->feedback, owner_feedback(r), (double)r->transport.n_ranks);
    uint64_t bits;

    memcpy(&bits, &norm, sizeof bits);
    return bits;
}

/* A call is committed, which travelled exactly or by messages: what all ranks know of the residuals
 * before it, and what they do about them. */
static void watch(csgd_reducer *r, bool exact, double ratio, double step_size)
{
    double norm;

    memcpy(&norm, &r->agreement.flags, sizeof norm);
    r->stats.certificate = csgdi_guard_certificate(step_size, norm, r->transport.n_ranks);
    csgdi_guard_see(&r->guard, norm, r->feedback.next_rho, ratio);
    if (exact && csgdi_guard_paid(&r->guard))
        csgdi_guard_fall_back(&r->guard, &r->feedback, owner_feedback(r));
}

/* Of the messages of all ranks. */
static double mean_length(const csgd_reducer *r)
{
    uint64_t sum = 0;

    for (int i = 0; i < r->transport.n_ranks; i++)
        sum += csgdi_agreed_length(r->lengths, (size_t)i);
    return (double)sum / r->transport.n_ranks;
}

/* All has arrived: residual, counters, the user's buffer. */
static csgd_status commit(csgd_reducer *r)
{
    csgdi_call *call = &r->call;
    const csgdi_sparse *leftover = NULL;
    const double ratio = csgdi_feedback_ratio(&r->feedback);
    const double step_size = r->feedback.step_size; /* that the residuals before are for */
    double seconds;

    if (call->algorithm->finish != NULL) leftover = call->algorithm->finish(r);
    if (leftover != NULL) r->stats.dropped_entries += leftover->k;

    if (!call->algorithm->dense) {
        csgdi_feedback_commit(&r->feedback, r->message, call->m == NULL, leftover);
        csgdi_feedback_result(&r->feedback, call->recv);
        if (!call->algorithm->projects) csgdi_message_delivered(&r->compressor);
        if (r->compressor.steered) csgdi_message_told(&r->compressor, mean_length(r));
        r->stats.message_bytes += call->len;
        r->stats.clipped_messages += r->compressor.clipped - call->clipped_before;
    } else if (call->x == call->m) {
        if (call->exact) csgdi_owner_commit_exact(r, r->feedback.m);
        csgdi_feedback_commit_exact(&r->feedback);
        csgdi_feedback_result(&r->feedback, call->recv);
    } /* else send itself travelled: no residual changes */
    if (r->packed != NULL && r->window == 0)
        csgdi_layout_unpack(&r->layout, &r->compressor, r->packed, call->user_recv);
    if (!(r->agreement.flags & CSGDI_FLAG_NONFINITE)) watch(r, call->exact, ratio, step_size);
    if (call->exact) r->stats.dense_calls++;
    if (r->agreement.flags & CSGDI_FLAG_NONFINITE) r->stats.nonfinite_calls++;
    r->step++;
    seconds = lap(r);
    r->stats.exchange_seconds += seconds;
    if (call->follows) csgdi_adapt_made(&r->adapt, call->planned, call->seconds + seconds);
    return csgdi_reducer_settle(r, CSGD_OK, false);
}

/* The mean over ranks of what was seen in vectors that were sent exactly. */
static csgd_status step_learning(csgd_reducer *r)
{
    bool done;
    const csgd_status st = r->transport.ops->test(&r->transport, &r->agreement.request, &done);

    if (st != CSGD_OK) return csgdi_reducer_settle(r, st, true);
    if (!done) return CSGD_MORE;
    r->compressor.ops->learn(&r->compressor, r->number[0] / r->transport.n_ranks);
    return commit(r);
}

/* All of the vector has arrived. */
static csgd_status end_exchange(csgd_reducer *r)
{
    csgdi_call *call = &r->call;
    csgd_status st;

    if (!r->compressor.learns || !call->exact || call->x != call->m) return commit(r);
    r->number[0] = call->observed;
    r->agreement.request = (csgdi_request){0};
    st = r->transport.ops->sum(&r->transport, r->number, r->number, 1, CSGD_F64, call->blocking,
                               &r->agreement.request);
    if (st != CSGD_OK) return csgdi_reducer_settle(r, st, true);
    call->step = step_learning;
    return step_learning(r);
}

/* The tensors that travel exactly, at the end of the packed vector, where there are any. */
static csgd_status step_tail(csgd_reducer *r)
{
    const csgd_status st = csgdi_vendor.step(r);

    if (st == CSGD_MORE) return CSGD_MORE;
    return st == CSGD_OK ? end_exchange(r) : csgdi_reducer_settle(r, st, true);
}

/* Begin the algorithm. */
static csgd_status begin_exchange(csgd_reducer *r)
{
    const csgd_status st = r->call.algorithm->begin(r);

    if (st == CSGD_OK) return st;
    if (st != CSGD_E_CORRUPT) r->health = CSGDI_TERMINAL; /* half of it may be under way */
    return csgdi_reducer_settle(r, st, true);
}

static csgd_status step_exchange(csgd_reducer *r)
{
    csgd_status st = r->call.algorithm->step(r);
    char *tail;

    while (st == CSGD_OK && r->window > 0 && csgdi_window_next(r)) {
        st = begin_exchange(r);
        if (st != CSGD_OK) return st;
        st = r->call.algorithm->step(r);
    }
    if (st == CSGD_MORE) return CSGD_MORE;
    /* Not finite is what all ranks found in the same sums, before anything was changed. */
    if (st != CSGD_OK)
        return csgdi_reducer_settle(r, st, st != CSGD_E_NONFINITE || !r->call.algorithm->projects);
    if (r->layout.n_exact == 0) return end_exchange(r);

    tail = r->packed + r->layout.n_compressed * r->compressor.kernels->size;
    csgdi_vendor_sum(r, tail, tail, r->layout.n_exact, r->compressor.kernels->type);
    r->call.step = step_tail;
    return step_tail(r);
}

/* A plain sum: no step, and nothing to commit. */
static csgd_status step_plain(csgd_reducer *r)
{
    const csgd_status st = csgdi_vendor.step(r);

    if (st == CSGD_OK) r->stats.exchange_seconds += lap(r);
    return st == CSGD_MORE || st == CSGD_OK ? st : csgdi_reducer_settle(r, st, true);
}

static csgd_status step_agreement(csgd_reducer *r)
{
    csgdi_call *call = &r->call;
    csgd_status st = csgdi_agree_step(&r->agreement, &r->transport);

    if (st == CSGD_MORE) return CSGD_MORE;
    r->stats.agree_seconds += lap(r);
    if (st != CSGD_OK) return csgdi_reducer_settle(r, st, st == CSGD_E_TRANSPORT);

    /* From here on all ranks hold the same n, type and op, and do the same. */
    if (call->n == 0) return csgdi_reducer_settle(r, CSGD_OK, false);
    if (call->op == CSGDI_OP_PLAIN) {
        csgdi_vendor_sum(r, call->send, call->recv, (size_t)call->n, call->type);
        call->step = step_plain;
        return step_plain(r);
    }
    if (call->n != r->layout.n)
        st = csgdi_fail(CSGD_E_INVAL, "all ranks passed count %llu to a reducer of %zu elements",
                        (unsigned long long)call->n, r->layout.n);
    else if (call->type != r->compressor.type)
        st = csgdi_fail(CSGD_E_INVAL, "all ranks passed a datatype that is not the reducer's type");
    else if (call->op == CSGDI_OP_OTHER)
        st = csgdi_fail(CSGD_E_INVAL, "all ranks passed an operation that is not a sum");
    if (st != CSGD_OK) return csgdi_reducer_settle(r, st, false);

    csgdi_adapt_told(&r->adapt, r->agreement.seconds);
    if (r->agreement.flags & CSGDI_FLAG_NONFINITE) {
        call->exact = true;
        call->follows = false;
        call->x = call->send;
        call->m = NULL; /* without feedback it is send, and nothing is to be learnt of that */
    }
    call->algorithm = call->exact ? r->exact : r->algorithm;
    change_exchange(r, call->exact && r->exact != &csgdi_vendor);
    st = begin_exchange(r);
    if (st != CSGD_OK) return st;
    call->step = step_exchange;
    return step_exchange(r);
}

static bool overlap(const void *a, const void *b, size_t bytes)
{
    const uintptr_t p = (uintptr_t)a, q = (uintptr_t)b;

    return p < q ? q - p < bytes : p - q < bytes;
}

static csgd_status check(const csgd_reducer *r, const csgdi_call *call)
{
    if (r->health != CSGDI_WELL)
        return csgdi_fail(CSGD_E_BROKEN, "the reducer broke in an earlier call: clear it first");
    if (call->op == CSGDI_OP_PLAIN) return CSGD_OK;
    if (call->n != r->layout.n || call->n == 0) return CSGD_OK; /* the agreement's matter */
    if (call->recv == NULL) return csgdi_fail(CSGD_E_INVAL, "the receive buffer is NULL");
    if (call->send != call->recv &&
        overlap(call->send, call->recv, r->layout.n * csgd_type_size(r->compressor.type)))
        return csgdi_fail(CSGD_E_INVAL, "send and receive buffers overlap");
    return csgdi_feedback_ready(&r->feedback);
}

/* Feedback and compression: all that this rank does before it meets the others.  Returns flags for
 * the agreement. */
static uint64_t prepare(csgd_reducer *r)
{
    csgdi_call *call = &r->call;
    const csgdi_kernels *k = r->compressor.kernels;
    bool finite = true;

    if (r->packed != NULL) { /* the result is made in place there, the user's buffer waits */
        if (r->window > 0)
            csgdi_window_first(r);
        else
            csgdi_layout_pack(&r->layout, &r->compressor, call->send, r->packed);
        finite = k->finite(r->packed + r->layout.n_compressed * k->size, r->layout.n_exact);
        call->send = call->recv = r->packed;
    }
    call->exact = r->compressor.ops->family != CSGDI_EXACT &&
                  (r->step < r->dense_steps || call->op == CSGDI_OP_EXACT || r->guard.exact > 0);
    call->follows = r->adapt.on && !call->exact;
    if (call->follows) {
        call->planned = csgdi_adapt_next(&r->adapt);
        call->exact = call->planned.plan == CSGDI_PLAN_DENSE;
    }
    call->clipped_before = r->compressor.clipped;
    r->compressor.step = r->step;
    if (!call->exact && !r->algorithm->dense && !r->algorithm->projects)
        return csgdi_feedback_write(&r->feedback, call->send, r->message, &call->len) && finite
                   ? 0
                   : CSGDI_FLAG_NONFINITE;

    if (!csgdi_feedback_prepare(&r->feedback, call->send, &call->m) || !finite)
        return CSGDI_FLAG_NONFINITE;
    call->x = call->m;
    if (call->exact && r->compressor.learns)
        call->observed = r->compressor.ops->observe(&r->compressor, call->m);
    call->len = csgdi_message_bound(&r->compressor);
    if (call->exact && !csgdi_owner_add_exact(r, r->feedback.m)) return CSGDI_FLAG_NONFINITE;
    return 0;
}

csgd_status csgdi_reducer_begin(csgd_reducer *r, const void *send, void *recv, uint64_t n,
                                csgd_type type, int op, bool blocking, csgd_status failure)
{
    csgdi_call *call = &r->call;
    csgdi_agreement *a = &r->agreement;
    csgd_status st;

    if (r->busy) return csgdi_fail(CSGD_E_BUSY, "an operation on this reducer is in flight");
    if (r->health == CSGDI_TERMINAL)
        return csgdi_fail(
            CSGD_E_BROKEN,
            "the reducer ended in a timeout or a transport error: it can only be destroyed");
    if (r->layout.n == 0) { /* no traffic, so no agreement either */
        if (failure == CSGD_OK && n != 0)
            failure = csgdi_fail(CSGD_E_INVAL, "count is %llu, the reducer's vector has 0 elements",
                                 (unsigned long long)n);
        return csgdi_reducer_settle(r, failure, false);
    }
    r->busy = true;
    *call = (csgdi_call){.send = send != NULL ? send : recv,
                         .recv = recv,
                         .user_send = send != NULL ? send : recv,
                         .user_recv = recv,
                         .n = n,
                         .type = type,
                         .op = op,
                         .blocking = blocking && r->timeout <= 0,
                         .step = step_agreement,
                         .outcome = CSGD_MORE};
    call->since = call->polled = csgdi_clock();

    *a = (csgdi_agreement){.failure = failure != CSGD_OK ? failure : check(r, call),
                           .spec = r->spec,
                           .blocking = call->blocking,
                           .gather = r->lengths,
                           .layout = r->gathered,
                           .timed = r->adapt.on,
                           .seconds = r->adapt.untold ? r->adapt.seconds : 0};
    if (a->failure == CSGD_OK && n == r->layout.n && type == r->compressor.type &&
        (op == CSGDI_OP_SUM || op == CSGDI_OP_EXACT))
        a->flags = prepare(r) | norm_bits(r);
    if (a->failure == CSGD_OK) a->failure = csgdi_compressor_fault(&r->compressor);
    a->length = call->len;
    memcpy(a->field, r->identity, sizeof a->field);
    a->field[CSGDI_FIELD_N] = n;
    a->field[CSGDI_FIELD_TYPE] = type;
    a->field[CSGDI_FIELD_OP] = (uint64_t)op;
    a->field[CSGDI_FIELD_STEP] = r->step;
    a->field[CSGDI_FIELD_START] = !call->blocking;
    memcpy(&a->field[CSGDI_FIELD_SCALE], &r->feedback.next_step_size, sizeof(double));
    memcpy(&a->field[CSGDI_FIELD_RHO], &r->feedback.next_rho, sizeof(double));
    a->field[CSGDI_FIELD_FP_MODE] = csgdi_fp_mode();
    a->field[CSGDI_FIELD_PLAN] = call->planned.plan;
    call->seconds = lap(r);
    r->stats.encode_seconds += call->seconds;
    if (r->ready != NULL) r->ready(r->ready_object);

    st = csgdi_agree_begin(a, &r->transport);
    if (st == CSGD_OK) return CSGD_OK;
    r->busy = false;
    return csgdi_reducer_settle(r, st, true);
}
