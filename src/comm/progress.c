/* SPDX-License-Identifier: BSD-3-Clause */

/* progress.c: who moves operations forward.
 *
 * An operation has rounds: agreement, then exchanges.  A rank that waits for reducer A must go on
 * with its part of B as well, or a peer that waits for B first would never see it, and the two
 * would wait for each other.  So test and wait advance every operation that their thread has
 * started, and keep the outcome of those that end for the test or wait that asks.  With progress=thread
 * an operation that was started is in the hands of a thread of its own (progress_thread.c).
 */

#include <stdio.h>
#include "base/clock.h"
#include "base/error.h"
#include "comm/reducer.h"

/* Started by this thread and not collected yet. */
static _Thread_local csgd_reducer *in_flight;

static void enlist(csgd_reducer *r)
{
    r->starter = &in_flight;
    r->next = in_flight;
    in_flight = r;
}

static void delist(csgd_reducer *r)
{
    csgd_reducer **at = &in_flight;

    while (*at != NULL && *at != r)
        at = &(*at)->next;
    if (*at == r) *at = r->next;
    r->starter = NULL;
}

/* Time in which the program did other things than to test says nothing about the peers. */
static const double longest_gap = 0.1;

/* Whether the user's patience is over: nothing has moved for so long. */
static bool out_of_time(csgd_reducer *r)
{
    csgdi_call *call = &r->call;
    const double now = csgdi_clock(), gap = now - call->polled;
    const uint64_t moves = call->moves + (uint64_t)r->agreement.round;
    const bool moved = moves != call->moves_seen;

    call->polled = now;
    call->moves_seen = moves;
    call->waited = moved ? 0 : call->waited + (gap < longest_gap ? gap : longest_gap);
    return call->waited >= r->timeout;
}

csgd_status csgdi_progress_advance(csgd_reducer *r)
{
    csgdi_call *call = &r->call;
    csgd_status st;

    if (call->outcome != CSGD_MORE) return call->outcome;
    st = call->step(r);
    if (st == CSGD_MORE && r->timeout > 0 && out_of_time(r))
        st = csgdi_reducer_settle(r,
                                  csgdi_fail(CSGD_E_TIMEOUT,
                                             "a peer did not arrive within timeout=%g seconds",
                                             r->timeout),
                                  true);
    call->outcome = st;
    if (st < CSGD_OK) snprintf(r->sentence, sizeof r->sentence, "%s", csgd_error_detail());
    return st;
}

void csgdi_progress(const csgd_reducer *but)
{
    char sentence[512];

    if (in_flight == NULL || (in_flight == but && but->next == NULL)) return;
    /* What goes wrong there is told to who asks for it; this call's own sentence stays. */
    snprintf(sentence, sizeof sentence, "%s", csgd_error_detail());
    for (csgd_reducer *r = in_flight; r != NULL; r = r->next)
        if (r != but) (void)csgdi_progress_advance(r);
    (void)csgdi_fail(CSGD_OK, "%s", sentence);
}

csgd_status csgd_reducer_test(csgd_reducer *r)
{
    if (r == NULL) return csgdi_fail(CSGD_E_INVAL, "the reducer is NULL");
    if (!r->busy) return CSGD_OK;
    if (r->starter != NULL && r->starter != (void *)&in_flight)
        return csgdi_fail(CSGD_E_INVAL,
                          "another thread started this operation and must wait for it");

    csgdi_progress(r);
    if (r->call.threaded ? csgdi_progress_thread_works(r->progress)
                         : csgdi_progress_advance(r) == CSGD_MORE)
        return CSGD_MORE;

    if (r->starter != NULL) delist(r);
    r->busy = false;
    if (r->call.outcome == CSGD_OK) return CSGD_OK;
    return csgdi_fail(r->call.outcome, "%s", r->sentence);
}

/* How long to sleep, where the thread of one operation works and others are this thread's. */
static const double between_tests = 1e-4;

csgd_status csgd_reducer_wait(csgd_reducer *r)
{
    csgd_status st;

    while ((st = csgd_reducer_test(r)) == CSGD_MORE) {
        if (r->call.threaded)
            csgdi_progress_thread_wait(r->progress, in_flight != NULL ? between_tests : 0);
        else
            r->transport.ops->idle(&r->transport);
    }
    return st;
}

csgd_status csgdi_reducer_start(csgd_reducer *r, const void *send, void *recv, uint64_t n,
                                csgd_type type, int op, csgd_status failure)
{
    const csgd_status st = csgdi_reducer_begin(r, send, recv, n, type, op, false, failure);

    if (st != CSGD_OK || !r->busy) return st;
    if (r->progress != NULL)
        csgdi_progress_thread_take(r->progress);
    else
        enlist(r);
    return st;
}

csgd_status csgd_reducer_start(csgd_reducer *r, const void *send, void *recv, size_t n)
{
    if (r == NULL) return csgdi_fail(CSGD_E_INVAL, "the reducer is NULL");
    return csgdi_reducer_start(r, send, recv, n, r->compressor.type, CSGDI_OP_SUM, CSGD_OK);
}

csgd_status csgd_reducer_allreduce(csgd_reducer *r, const void *send, void *recv, size_t n)
{
    csgd_status st;

    if (r == NULL) return csgdi_fail(CSGD_E_INVAL, "the reducer is NULL");
    st = csgdi_reducer_begin(r, send, recv, n, r->compressor.type, CSGDI_OP_SUM, true, CSGD_OK);
    return st == CSGD_OK ? csgd_reducer_wait(r) : st;
}
