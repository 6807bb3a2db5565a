/* SPDX-License-Identifier: BSD-3-Clause */

/* gtopk.c: a tree of sums of two, of each of which only the k largest entries go on.
 *
 * T is "keep the k entries of largest magnitude, of equal ones those of lowest index".  P = 5:
 *
 *                  rank 0            rank 1   rank 2           rank 3   rank 4
 *     before       q0                q1       q2               q3       q4
 *     distance 1   A = T(q0 + q1)    -        B = T(q2 + q3)   -        q4
 *     distance 2   C = T(A + B)      -        -                -        q4
 *     distance 4   y = T(C + q4)     -        -                -        -
 *     back         y to 4, 2 and 1   y        y to 3           y        y
 *
 * In the round of distance d, rank r with r mod 2d = 0 receives from r + d, where there is such a
 * rank.  The root sends the result back the way that the sums have come.  So P need not be a power of two.
 *
 * What a merge drops stays with the rank that merged, as leftover: the sum that it held, of its own
 * entries and of others'.  A value that was dropped is thus never lost, also where its index comes
 * through in another part of the tree; y is the sum over ranks of what each sent less its leftover.
 * With feedback=none what is dropped is lost, and counted (dropped_entries).
 *
 * Volume: a rank sends at most one piece of k entries up, and as many down as it has received; at
 * most 4 k log2 P words of 32 bits pass through the root, less what the index coder saves.  Latency 2
 * ceil(log2 P) messages.  It wins where messages are short and ranks few, so that latency counts; for
 * many ranks the root is the bottleneck, and oktopk or spardl are better.
 *
 * Memory: 2 pieces of k entries, 7 k entries as lists, and (ceil(log2 P) + 1) k of leftover, twice.
 */

#include "base/error.h"
#include "comm/cost.h"
#include "comm/lists.h"

typedef struct gtopk {
    csgdi_search search;
    csgdi_trouble trouble;
    csgdi_sparse sum, other, both; /* 2 k, k and 2 k entries */
    csgdi_sparse left, left_before, dropped;
    uint8_t *in, *out; /* a piece; going down, `out` is what all get */
    size_t bound, out_bytes;
    csgdi_request receive, send;
    int distance;
    enum { UP, AT_PARENT, DOWN } phase;
} gtopk;

static csgd_status gtopk_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    return csgdi_list_support(c, "gtopk");
}

static size_t rounds(int n_ranks)
{
    size_t count = 0;

    for (int d = 1; d < n_ranks; d *= 2)
        count++;
    return count;
}

static csgd_status gtopk_create(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t k = c->max_k, left = (rounds(r->transport.n_ranks) + 1) * k;
    gtopk *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    csgdi_arena *a = &r->arena;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->bound = csgdi_list_bound(c, k);
    if (self->bound > (size_t)INT32_MAX * 8)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "a piece of %zu entries is more than one message of gtopk can hold", k);
    self->in = csgdi_arena_alloc(a, self->bound, 1);
    self->out = csgdi_arena_alloc(a, self->bound, 1);
    r->message = csgdi_arena_alloc(a, csgdi_message_bound(c), 1);
    return self->in != NULL && self->out != NULL && r->message != NULL &&
                   csgdi_list_create(&self->sum, c, 2 * k, a) &&
                   csgdi_list_create(&self->other, c, k, a) &&
                   csgdi_list_create(&self->both, c, 2 * k, a) &&
                   csgdi_list_create(&self->dropped, c, 2 * k, a) &&
                   csgdi_list_create(&self->left, c, left, a) &&
                   csgdi_list_create(&self->left_before, c, left, a) &&
                   csgdi_search_create(&self->search, c->kernels, 2 * k, k, 0, 1, a)
               ? CSGD_OK
               : CSGD_E_NOMEM;
}

/* Another rank's partial sum has come: add it, keep the largest. */
static void merge(csgd_reducer *r)
{
    gtopk *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const csgdi_span whole = {.count = c->n};

    self->other.k = self->dropped.k = 0;
    csgdi_list_read(r, &self->trouble, r->transport.rank + self->distance, self->in,
                    self->receive.received, whole, c->max_k, &self->other);
    csgdi_list_gather(c, &self->sum, &self->both, &self->other);
    csgdi_list_judge(c, &self->trouble, &self->sum);
    csgdi_list_cut(&self->search, &self->sum, c->max_k, &self->dropped);
    csgdi_list_gather(c, &self->left, &self->left_before, &self->dropped);
}

/* Begin the next round on the way up, or at the top of this rank's way the wait for the result. */
static csgd_status go_up(csgd_reducer *r)
{
    gtopk *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const csgdi_span whole = {.count = r->compressor.n};
    csgd_status st = CSGD_OK;

    for (; self->distance < t->n_ranks; self->distance *= 2) {
        const int to = t->rank - self->distance;

        if (t->rank % (2 * self->distance) != 0) {
            self->phase = AT_PARENT;
            self->out_bytes = csgdi_list_write(r, &self->trouble, &self->sum, whole, self->out);
            st = t->ops->send_open(t, self->out, self->out_bytes, to, CSGDI_LIST_TAG, &self->send);
            if (st != CSGD_OK) return st;
            return t->ops->receive_open(t, self->in, self->bound, to, CSGDI_LIST_TAG,
                                        &self->receive);
        }
        if (t->rank + self->distance < t->n_ranks)
            return t->ops->receive_open(t, self->in, self->bound, t->rank + self->distance,
                                        CSGDI_LIST_TAG, &self->receive);
    }
    self->phase = DOWN; /* the root has the result */
    self->out_bytes = csgdi_list_write(r, &self->trouble, &self->sum, whole, self->out);
    return CSGD_OK;
}

static csgd_status gtopk_begin(csgd_reducer *r)
{
    gtopk *self = r->exchange;

    self->trouble.found = CSGD_OK;
    self->sum.k = self->left.k = 0;
    if (r->compressor.n > 0) csgdi_list_append(&r->compressor, &self->sum, &r->compressor.stream);
    self->phase = UP;
    self->distance = 1;
    return go_up(r);
}

/* The result has come: it goes on to others as it is, or as poison. */
static void take_result(csgd_reducer *r)
{
    gtopk *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const csgdi_span whole = {.count = c->n};

    self->sum.k = 0;
    csgdi_list_read(r, &self->trouble, r->transport.rank - self->distance, self->in,
                    self->receive.received, whole, c->max_k, &self->sum);
    self->out_bytes = csgdi_list_write(r, &self->trouble, &self->sum, whole, self->out);
    self->phase = DOWN;
}

static csgd_status gtopk_step(csgd_reducer *r)
{
    gtopk *self = r->exchange;
    csgdi_transport *t = &r->transport;

    for (;;) {
        bool received, sent;
        csgd_status st = t->ops->test(t, &self->receive, &received);

        if (st == CSGD_OK) st = t->ops->test(t, &self->send, &sent);
        if (st != CSGD_OK) return st;
        if (!received || !sent) return CSGD_MORE;
        r->call.moves++;
        switch (self->phase) {
        case UP:
            merge(r);
            self->distance *= 2;
            st = go_up(r);
            break;
        case AT_PARENT:
            take_result(r);
            break;
        case DOWN:
            do { /* the children from the farthest to the nearest */
                self->distance /= 2;
                if (self->distance == 0) {
                    st = csgdi_trouble_status(&self->trouble);
                    if (st == CSGD_OK && r->compressor.n > 0) st = csgdi_list_result(r, &self->sum);
                    return st;
                }
            } while (t->rank + self->distance >= t->n_ranks);
            st = t->ops->send_open(t, self->out, self->out_bytes, t->rank + self->distance,
                                   CSGDI_LIST_TAG, &self->send);
            break;
        }
        if (st != CSGD_OK) return st;
    }
}

static const csgdi_sparse *gtopk_finish(csgd_reducer *r)
{
    gtopk *self = r->exchange;

    return &self->left;
}

/* Up and down the tree; a merge reads 2 k entries, and writes and cuts them. */
static double gtopk_seconds(const csgdi_cost *c)
{
    return csgdi_cost_rounds(c) *
               (2 * csgdi_cost_message(c, c->k * c->entry) + csgdi_cost_merge(c, 4 * c->k)) +
           csgdi_cost_local(c, 1);
}

const csgdi_algorithm csgdi_gtopk = {
    .name = "gtopk",
    .summary = "sparse: a tree of sums of two that keep their k largest, the rest goes back to the "
               "residual; at most 4 k log2 P words through the root",
    .source = "gTop-k, Shi et al. 2019",
    .drops = true,
    .entries = true,
    .supports = gtopk_supports,
    .seconds = gtopk_seconds,
    .create = gtopk_create,
    .begin = gtopk_begin,
    .step = gtopk_step,
    .finish = gtopk_finish,
};
