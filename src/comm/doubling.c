/* SPDX-License-Identifier: BSD-3-Clause */

/* doubling.c: recursive doubling of sparse vectors: whole sums to one partner after the other.
 *
 * P = 6, where "0-3" is the sum of the messages of ranks 0 to 3:
 *
 *     rank        0     1     2     3     4     5
 *     before      0     1     2     3     4     5
 *     fold        0-1   -     2-3   -     4     5       1 sends to 0, 3 to 2
 *     mask 1      0-3   -     0-3   -     4-5   4-5     0 with 2, 4 with 5
 *     mask 2      all   -     all   -     all   all     0 with 4, 2 with 5
 *     unfold      all   all   all   all   all   all     0 sends to 1, 2 to 3
 *
 * With Q the largest power of two up to P, 2 (P - Q) ranks fold in pairs, which leaves Q; they then
 * exchange with number ^ mask, and add what both had.  Partners add the same two vectors, so both
 * hold the same bits; an element is summed as the tree above says.  A rank's own message travels as
 * it was written, sums in the element type; a sum travels as elements once its stream is not
 * shorter, and is a dense vector, in recv, from then on, if there is one.
 *
 * Volume: log2 P sums of growing support sent by each rank, between k log2 P entries, where all
 * supports are equal, and k (P - 1), where none overlap; latency log2 P, and 2 more for the folded.
 * Best where latency decides, and where supports overlap.  Memory: 2 min(k P, n) entries, and as
 * many twice as bytes.
 */

#include <string.h>
#include "base/error.h"
#include "comm/lists.h"
#include "comm/zero.h"
#include "wire/header.h"
#include "wire/sparse_sum.h"

typedef struct doubling {
    int folded;  /* pairs that fold */
    int rounds;  /* of doubling; round 0 folds, round rounds + 1 unfolds */
    int number;  /* of this rank among those that double; -1: its partner's */
    size_t room; /* most entries of a sum */
    size_t most; /* most bytes of a piece */
    csgdi_sparse sum[2];
    csgdi_sparse mine; /* what was summed so far: the message's entries, or one of `sum` */
    size_t sums;       /* how many additions it is from the message */
    bool dense;        /* what was summed so far is in recv */
    uint8_t *out, *in;
    csgdi_sparse_adder adder;
    csgdi_sparse_part *part; /* two */
    csgdi_request send, receive;
    int round;
    bool begun;    /* the round */
    size_t zeroed; /* bytes of recv, until there is something in it */
    csgdi_trouble trouble;
} doubling;

static csgd_status doubling_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (c->ops->family == CSGDI_SELECT) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "algorithm=doubling adds sparse vectors, which %s does not make; "
                      "use algorithm=allgather",
                      c->ops->name);
}

static csgd_status create_sum(csgd_reducer *r, size_t room, csgdi_sparse *sum)
{
    const csgdi_compressor *c = &r->compressor;

    *sum = (csgdi_sparse){.n = c->n, .room = room, .channels = 1};
    sum->index = csgdi_arena_alloc(&r->arena, room, sizeof *sum->index);
    if (sum->index == NULL) return CSGD_E_NOMEM;
    sum->value = csgdi_arena_alloc(&r->arena, room, c->kernels->size);
    return sum->value != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static csgd_status doubling_create(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    doubling *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    const size_t all = csgdi_size_mul(c->max_k, (size_t)p);
    csgd_status st;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    while (p >> (self->rounds + 1) > 0)
        self->rounds++;
    self->folded = p - (1 << self->rounds);
    if (rank < 2 * self->folded)
        self->number = rank % 2 == 0 ? rank / 2 : -1;
    else
        self->number = rank - self->folded;
    self->room = all < c->n ? all : c->n;
    self->most = csgdi_pieces_bound(c, c->n, self->room, 1);
    if (self->most < csgdi_message_bound(c)) self->most = csgdi_message_bound(c);
    if (self->most / 8 > INT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "a sum of %zu bytes is more than one message holds",
                          self->most);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(c), 1);
    self->out = csgdi_arena_alloc(&r->arena, self->most, 1);
    self->in = csgdi_arena_alloc(&r->arena, self->most, 1);
    self->part = csgdi_arena_alloc(&r->arena, 2, sizeof *self->part);
    if (r->message == NULL || self->out == NULL || self->in == NULL || self->part == NULL)
        return CSGD_E_NOMEM;
    self->adder.kernels = c->kernels; /* two parts are merged without a window */
    st = create_sum(r, self->room, &self->sum[0]);
    return st == CSGD_OK ? create_sum(r, self->room, &self->sum[1]) : st;
}

/* The rank with a number. */
static int rank_of(const doubling *self, int number)
{
    return number < self->folded ? 2 * number : number + self->folded;
}

/* Whom this rank sends to and receives from in a round; -1: nobody. */
static void partners(const csgd_reducer *r, int *to, int *from)
{
    const doubling *self = r->exchange;
    const int rank = r->transport.rank, pair = rank % 2 == 0 ? rank + 1 : rank - 1;
    const bool folds = rank<2 * self->folded, ends = self->round> self->rounds;

    *to = *from = -1;
    if (self->round == 0 || ends) {
        if (folds && (rank % 2 == 1) != ends) *to = pair;
        if (folds && (rank % 2 == 0) != ends) *from = pair;
    } else if (self->number >= 0) {
        *to = *from = rank_of(self, self->number ^ (1 << (self->round - 1)));
    }
}

/* Write what this rank has: the message, a sum, or that something is wrong. */
static size_t write_out(csgd_reducer *r, const uint8_t **src)
{
    doubling *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const size_t dense = csgdi_piece_dense_bytes(c, c->n);
    size_t len;

    *src = self->out;
    if (self->trouble.found != CSGD_OK)
        return csgdi_piece_write_poison(r, self->trouble.found, self->out);
    if (self->sums == 0) {
        *src = r->message;
        return r->call.len;
    }
    if (self->dense) return csgdi_piece_write_dense(r, r->call.recv, c->n, self->out);
    len = csgdi_piece_write(r, csgdi_sum_format(c), &self->mine, self->out);
    if (len < dense || r->call.recv == NULL) return len;
    csgdi_sparse_apply(c->kernels, self->out + CSGDI_HEADER_BYTES, c->n, 0, CSGDI_SET,
                       r->call.recv);
    self->dense = true;
    return csgdi_piece_write_dense(r, r->call.recv, c->n, self->out);
}

static csgd_status begin_round(csgd_reducer *r)
{
    doubling *self = r->exchange;
    csgdi_transport *t = &r->transport;
    csgd_status st = CSGD_OK;
    int to, from;

    partners(r, &to, &from);
    self->begun = true;
    if (from >= 0) st = t->ops->receive_open(t, self->in, self->most, from, 0, &self->receive);
    if (st == CSGD_OK && to >= 0) {
        const uint8_t *src;
        const size_t len = write_out(r, &src);
        st = t->ops->send_open(t, src, len, to, 0, &self->send);
    }
    return st;
}

/* Whether a rank still sends its own message in this round. */
static bool sends_message(const doubling *self, int rank)
{
    return self->round == 0 || (self->round == 1 && rank >= 2 * self->folded);
}

/* Add a piece that passed its check to what this rank has. */
static void add_piece(csgd_reducer *r, int from, bool dense)
{
    doubling *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const csgdi_kernels *k = c->kernels;
    const uint8_t *payload = self->in + CSGDI_HEADER_BYTES;
    csgdi_sparse *sum = &self->sum[self->sums % 2];
    const int first = from < r->transport.rank ? 1 : 0; /* whose part this rank's own is */

    if (dense && self->dense) {
        k->add(payload, c->n, r->call.recv);
    } else if (dense) {
        memcpy(r->call.recv, payload, c->n * k->size);
        k->scatter(self->mine.index, self->mine.value, self->mine.k, CSGDI_ADD, r->call.recv);
    } else if (self->dense) {
        csgdi_sparse_apply(k, payload, c->n, 0, CSGDI_ADD, r->call.recv);
    } else {
        csgdi_sparse_entries(&self->part[first], self->mine.index, self->mine.value, self->mine.k);
        csgdi_sparse_stream(&self->part[1 - first], k, payload, c->n);
        if (!csgdi_sparse_sum(&self->adder, self->part, 2, sum)) {
            csgdi_fail(CSGD_E_CORRUPT, "sums have more entries than all ranks can have sent");
            csgdi_trouble_note(&self->trouble, CSGD_E_CORRUPT, NULL, -1);
            return;
        }
        self->mine = *sum;
    }
    self->dense = self->dense || dense;
    self->sums++;
}

/* A round's messages are complete: judge and add what came. */
static void end_round(csgd_reducer *r)
{
    doubling *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const bool last = self->round > self->rounds;
    bool dense = false;
    csgd_status st;
    int to, from;

    partners(r, &to, &from);
    if (from < 0) return;
    if (sends_message(self, from))
        st = csgdi_piece_check(r, c->format, self->in, self->receive.received, c->n, c->max_k);
    else
        st = csgdi_piece_check_sum(r, self->in, self->receive.received, c->n, self->room,
                                   r->call.recv != NULL ? &dense : NULL);
    csgdi_trouble_note(&self->trouble, st, "piece of", from);
    if (self->trouble.found != CSGD_OK) return;
    if (last && r->call.recv == NULL) {
        r->call.entries->k = 0;
        (void)csgdi_list_take(c, self->in + CSGDI_HEADER_BYTES, c->n, 0, r->call.entries);
    } else if (last && dense) {
        memcpy(r->call.recv, self->in + CSGDI_HEADER_BYTES, c->n * c->kernels->size);
    } else if (last) {
        csgdi_sparse_apply(c->kernels, self->in + CSGDI_HEADER_BYTES, c->n, 0, CSGDI_SET,
                           r->call.recv);
    } else {
        add_piece(r, from, dense);
    }
}

static csgd_status doubling_begin(csgd_reducer *r)
{
    doubling *self = r->exchange;

    self->mine = r->compressor.stream;
    self->sums = 0;
    self->dense = self->begun = false;
    self->trouble.found = CSGD_OK;
    self->round = 0;
    self->zeroed = 0;
    return CSGD_OK;
}

/* What this rank summed is the result, where no partner gave it. */
static void place(csgd_reducer *r)
{
    doubling *self = r->exchange;
    const csgdi_kernels *k = r->compressor.kernels;

    if (self->dense || self->number < 0) return;
    if (r->call.recv == NULL) {
        csgdi_trouble_note(&self->trouble, csgdi_list_result(r, &self->mine), NULL, -1);
        return;
    }
    csgdi_zero(r, &self->zeroed, true);
    k->scatter(self->mine.index, self->mine.value, self->mine.k, CSGDI_ADD, r->call.recv);
}

static csgd_status doubling_step(csgd_reducer *r)
{
    doubling *self = r->exchange;
    csgdi_transport *t = &r->transport;

    for (; self->round <= self->rounds + 1; self->round++) {
        bool sent, received;
        csgd_status st = self->begun ? CSGD_OK : begin_round(r);

        if (st == CSGD_OK) st = t->ops->test(t, &self->receive, &received);
        if (st == CSGD_OK) st = t->ops->test(t, &self->send, &sent);
        if (st != CSGD_OK) return st;
        if (!sent || !received) {
            if (!self->dense) csgdi_zero(r, &self->zeroed, false);
            return CSGD_MORE;
        }
        end_round(r);
        self->begun = false;
        r->call.moves++;
    }
    if (self->trouble.found == CSGD_OK) place(r);
    return csgdi_trouble_status(&self->trouble);
}

/* Round by round the sum that is sent grows, to all elements at the most. */
static double doubling_seconds(const csgdi_cost *c)
{
    const double folds = c->p > exp2(floor(log2(c->p))) ? 2 : 0;
    double seconds = csgdi_cost_local(c, 1), bytes = 0;

    for (double ranks = 1; ranks < c->p; ranks *= 2) {
        const double entries = csgdi_cost_union(c, ranks);

        bytes = ranks == 1 ? c->message : fmin(entries * c->entry, c->n * c->size);
        seconds += csgdi_cost_message(c, bytes) + csgdi_cost_merge(c, 2 * entries);
    }
    return seconds + folds * csgdi_cost_message(c, bytes) / 2;
}

const csgdi_algorithm csgdi_doubling = {
    .name = "doubling",
    .summary = "sparse recursive doubling: log2 P times the sum so far to one partner, k log2 P to "
               "k (P - 1) entries sent by each rank",
    .source = "SparCML, Renggli et al. 2019",
    .entries = true,
    .supports = doubling_supports,
    .seconds = doubling_seconds,
    .create = doubling_create,
    .begin = doubling_begin,
    .step = doubling_step,
};
