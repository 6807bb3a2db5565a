/* SPDX-License-Identifier: BSD-3-Clause */

/* hier.c: two levels: a dense sum inside of each node, messages between the nodes.
 *
 * P = 5 on two nodes, leaders 0 and 3; x_r is the vector of rank r, C the compressor, e the residual:
 *
 *               rank 0              rank 1    rank 2    rank 3           rank 4
 *     before    x_0                 x_1       x_2       x_3              x_4
 *     sum       X = x_0 + x_1 + x_2                     Y = x_3 + x_4
 *     between   C(X + e_0)                              C(Y + e_3)
 *               C + C                                   C + C
 *     tell      C + C               C + C     C + C     C + C            C + C
 *
 * What passes between the leaders is a call of a reducer of theirs, the core (hier.h), with the
 * spec's compressor and feedback and the algorithm `inner`.  So a node counts as one rank: a leader's
 * residual is that of its node, other ranks have none, and every law of the feedback holds with the
 * sums of nodes for vectors.  A node's vectors are added in order of rank.  Where all are on one node
 * nothing passes, so nothing is compressed: the core's calls are exact.
 *
 * Volume: inside of a node of m ranks n (m - 1) / m elements sent by each to be summed (node_sum.h),
 * and n (m - 1) by its leader to tell; between nodes what `inner` says of as many ranks as there are
 * nodes.  Latency: that of inner, one more agreement of the leaders, and messages inside of nodes.
 * Best where the links between nodes are slow against those inside, and a node's ranks share them:
 * they carry one message a node in place of m.  Memory: the core's on a leader; twice m shares of a
 * chunk on every rank.
 *
 * Whatever goes wrong between the leaders they tell their nodes; recv is undefined then on all ranks of
 * the node, and the reducer broken.  Inside of a node elements travel as in
 * algorithm=ring, without a hash.
 */

#include "comm/hier.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "base/error.h"
#include "comm/hier_state.h"

enum { TAG_TOLD = 2, TAG_RESULT = 3 };

static csgd_status hier_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)c;
    (void)t;
    return CSGD_OK;
}

/* The rest is made when there is a core (csgdi_hier_wrap). */
static csgd_status hier_create(csgd_reducer *r)
{
    (void)r;
    return CSGD_OK;
}

static csgd_status hier_begin(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;

    self->phase = CSGDI_HIER_SUM;
    self->outcome = CSGD_OK;
    csgdi_node_sum_begin(&self->sum);
    return CSGD_OK;
}

static uint64_t hash_of(const csgdi_hier_told *told)
{
    return XXH64(told, offsetof(csgdi_hier_told, hash), 0);
}

/* What the leader says to its node: the result always follows, so that who cannot read what was said
 * knows how much to take. */
static csgd_status begin_telling(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;
    csgdi_transport *t = &r->transport;
    const csgd_reducer *core = self->core;
    csgd_status st = CSGD_OK;

    self->phase = CSGDI_HIER_TELL;
    self->told = (csgdi_hier_told){.step = r->step,
                                   .status = (uint64_t)-self->outcome,
                                   .dense_calls = core->stats.dense_calls,
                                   .nonfinite_calls = core->stats.nonfinite_calls,
                                   .guard_trips = core->guard.trips,
                                   .one_step = core->feedback.one_step,
                                   .plan_changes = core->adapt.changes,
                                   .certificate = core->stats.certificate};
    self->told.hash = hash_of(&self->told);
    for (int i = 1; i < self->nodes.members && st == CSGD_OK; i++)
        st = t->ops->send(t, &self->told, sizeof self->told, self->nodes.member[i], TAG_TOLD,
                          &self->request[i]);
    for (int i = 1; i < self->nodes.members && st == CSGD_OK; i++) /* whatever it may be */
        st = t->ops->send(t, r->call.recv, r->compressor.n * r->compressor.kernels->size,
                          self->nodes.member[i], TAG_RESULT,
                          &self->request[self->nodes.members + i]);
    return st;
}

/* The leaders' call, in place, of the sum that is in recv.  One that cannot begin is told like one that
 * fails later. */
static csgd_status begin_between(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;
    csgd_reducer *core = self->core;
    const int op = self->nodes.n == 1 ? CSGDI_OP_EXACT : r->call.op;

    core->step = r->step;
    self->phase = CSGDI_HIER_BETWEEN;
    self->outcome = csgdi_reducer_begin(core, NULL, r->call.recv, core->layout.n,
                                        core->compressor.type, op, r->call.blocking, CSGD_OK);
    if (self->outcome == CSGD_OK) return CSGD_OK;
    snprintf(core->sentence, sizeof core->sentence, "%s", csgd_error_detail());
    return begin_telling(r);
}

static csgd_status begin_listening(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;
    csgdi_transport *t = &r->transport;
    csgd_status st;

    self->phase = CSGDI_HIER_LISTEN;
    st = t->ops->receive(t, &self->told, sizeof self->told, self->nodes.member[0], TAG_TOLD,
                         &self->request[0]);
    if (st != CSGD_OK) return st;
    return t->ops->receive(t, r->call.recv, r->compressor.n * r->compressor.kernels->size,
                           self->nodes.member[0], TAG_RESULT, &self->request[1]);
}

/* What the leader said: its counters, or why there is no result. */
static csgd_status listen(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;
    const csgdi_hier_told *told = &self->told;
    csgd_reducer *core = self->core;
    const csgd_status theirs = (csgd_status) - (int64_t)(told->status & INT32_MAX);

    if (told->step != r->step || told->status > INT32_MAX || told->hash != hash_of(told))
        return csgdi_fail(CSGD_E_CORRUPT,
                          "what rank %d, the leader of this node, said was altered on the way",
                          self->nodes.member[0]);
    if (theirs != CSGD_OK)
        return csgdi_fail(theirs, "rank %d, the leader of this node, met it: %s (%s)",
                          self->nodes.member[0], csgd_status_message(theirs),
                          csgd_status_name(theirs));
    core->stats.dense_calls = told->dense_calls;
    core->stats.nonfinite_calls = told->nonfinite_calls;
    core->stats.certificate = told->certificate;
    core->guard.trips = told->guard_trips;
    core->feedback.one_step = told->one_step != 0;
    core->adapt.changes = told->plan_changes;
    return CSGD_OK;
}

static csgd_status step_between(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;
    csgd_reducer *core = self->core;
    const uint64_t seen = core->call.moves + (uint64_t)core->agreement.round;
    const csgd_status st = csgdi_progress_advance(core);

    if (st == CSGD_MORE) {
        r->call.moves += core->call.moves + (uint64_t)core->agreement.round != seen;
        return st;
    }
    r->call.moves++;
    core->busy = false;
    self->outcome = st;
    return begin_telling(r);
}

static csgd_status test_all(csgd_reducer *r, int count, bool *all)
{
    csgd_status st = CSGD_OK;

    *all = true;
    for (int i = 0; i < count && st == CSGD_OK; i++) {
        bool done;
        st = r->transport.ops->test(&r->transport, &r->hier->request[i], &done);
        *all = *all && done;
    }
    return st;
}

/* One phase as far as it goes: CSGD_OK where it has ended. */
static csgd_status step_phase(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;
    csgd_status st;
    bool all;

    if (self->phase == CSGDI_HIER_SUM) {
        st = csgdi_node_sum_step(&self->sum, r);
        if (st != CSGD_OK) return st;
        return csgdi_nodes_leads(&self->nodes) ? begin_between(r) : begin_listening(r);
    }
    if (self->phase == CSGDI_HIER_BETWEEN) return step_between(r);

    st = test_all(r, 2 * self->nodes.members, &all);
    if (st != CSGD_OK) return st;
    if (!all) return CSGD_MORE;
    r->call.moves++;
    if (self->phase == CSGDI_HIER_LISTEN) {
        self->phase = CSGDI_HIER_DONE;
        return listen(r);
    }
    self->phase = CSGDI_HIER_DONE;
    return self->outcome == CSGD_OK ? CSGD_OK
                                    : csgdi_fail(self->outcome, "%s", self->core->sentence);
}

static csgd_status hier_step(csgd_reducer *r)
{
    csgd_status st = CSGD_OK;

    while (st == CSGD_OK && r->hier->phase != CSGDI_HIER_DONE)
        st = step_phase(r);
    return st;
}

const csgdi_algorithm csgdi_hier = {
    .name = "hier",
    .summary =
        "two levels: a dense sum inside of each node, then messages between one rank a node by "
        "the algorithm `inner`, whose result is told inside",
    .source = "-",
    .dense = true,
    .supports = hier_supports,
    .create = hier_create,
    .begin = hier_begin,
    .step = hier_step,
};
