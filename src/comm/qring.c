/* SPDX-License-Identifier: BSD-3-Clause */

/* qring.c: dense codes on a ring: each hop adds its own codes and encodes the sum again.
 *
 * The vector is cut into P ranges of whole blocks.  In step s of the first half rank r sends range
 * r - s to its right neighbour; what comes from the left, range r - s - 1, it decodes, adds to what
 * its own message says there, and encodes again.  P = 3, where C is a rank's own encoding and
 * C(01) one of a sum of ranks 0 and 1; columns are ranges:
 *
 *              rank 0              rank 1              rank 2
 *     start    C0 C0 C0            C1 C1 C1            C2 C2 C2
 *     s = 0    C0 C0 C(20)         C(01) C1 C1         C2 C(12) C2
 *     s = 1    C0 C(120) C(20)     C(01) C1 C(201)     C(012) C(12) C2
 *
 * P - 1 more steps pass the codes of the whole sums around, which all ranks decode alike.
 *
 * What an encoding leaves out stays with the rank that made it: it is the leftover, added to the
 * residual of its own message, so with feedback nothing is lost on the way.  Without, the error
 * grows with P, as each range is encoded P times.
 *
 * Volume: with m bytes of codes, 2 m (P - 1) / P sent by each rank, as sra; latency 2 (P - 1)
 * messages, all to one neighbour: best where only neighbours have fast links.  Memory: codes of P
 * ranges, and one vector of n / P elements.
 *
 * A rank that finds a piece corrupt, or a sum that is not finite, sends poison from then on.
 */

#include <string.h>
#include "base/error.h"
#include "comm/piece.h"
#include "comm/ranges.h"
#include "compressors/blocks.h"
#include "wire/header.h"

typedef struct qring {
    uint8_t *pieces; /* of all ranges: received, made of them, and at last those of the sums */
    size_t *offset;  /* [P + 1] in pieces */
    size_t *len;     /* [P] of what stands there: a piece, or poison */
    void *sum;       /* of one range */
    int at;          /* steps started */
    csgdi_request send, receive;
    csgdi_trouble trouble;
} qring;

static csgd_status qring_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (c->ops->family == CSGDI_QUANTIZE || c->ops->family == CSGDI_EXACT) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "algorithm=qring splits dense codes, which %s does not make; "
                      "use algorithm=allgather",
                      c->ops->name);
}

static csgd_status qring_create(csgd_reducer *r)
{
    const int p = r->transport.n_ranks;
    qring *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    if (r->feedback.ops->result != NULL || r->feedback.ops->keeps_m)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "algorithm=qring takes back what its hops leave out, which feedback=%s "
                          "does not know how to keep; use algorithm=sra",
                          r->feedback.ops->name);
    self->offset = csgdi_arena_alloc(&r->arena, (size_t)p + 1, sizeof *self->offset);
    self->len = csgdi_arena_alloc(&r->arena, (size_t)p, sizeof *self->len);
    if (self->offset == NULL || self->len == NULL) return CSGD_E_NOMEM;
    self->offset[0] = 0;
    for (int o = 0; o < p; o++)
        self->offset[o + 1] = self->offset[o] + csgdi_range_bytes(r, o);
    if (self->offset[1] / 8 > INT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "codes of %zu bytes are more than one message holds",
                          self->offset[1]);
    self->pieces = csgdi_arena_alloc(&r->arena, self->offset[p], 1);
    self->sum = csgdi_arena_alloc(&r->arena, csgdi_range_length(r, 0), r->compressor.kernels->size);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(&r->compressor), 1);
    return self->pieces != NULL && self->sum != NULL && r->message != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* The range that this rank sends in a step; the one it receives is one before. */
static int range_sent(const csgd_reducer *r, int step)
{
    const int p = r->transport.n_ranks;

    return (r->transport.rank + 2 * p - step) % p;
}

static csgd_status begin_step(csgd_reducer *r)
{
    qring *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, out = range_sent(r, self->at), in = range_sent(r, self->at + 1);
    const size_t room = self->offset[in + 1] - self->offset[in];
    csgd_status st = CSGD_OK;

    if (room > 0)
        st = t->ops->receive_open(t, self->pieces + self->offset[in], room, (t->rank + p - 1) % p,
                                  0, &self->receive);
    if (st == CSGD_OK && self->offset[out + 1] > self->offset[out])
        st = t->ops->send_open(t, self->pieces + self->offset[out], self->len[out],
                               (t->rank + 1) % p, 0, &self->send);
    return st;
}

static csgd_status qring_begin(csgd_reducer *r)
{
    qring *self = r->exchange;
    const int first = range_sent(r, 0);

    self->at = 0;
    self->trouble.found = CSGD_OK;
    self->len[first] = self->offset[first + 1] - self->offset[first];
    if (r->transport.n_ranks == 1 || r->compressor.n == 0) return CSGD_OK;
    if (self->len[first] > 0)
        csgdi_part_cut(r, csgdi_range_part(r, first, 0, 1), self->pieces + self->offset[first]);
    return begin_step(r);
}

/* What the sum was before it was encoded, less what that says: this rank's to keep. */
static void keep(csgd_reducer *r, const csgdi_compressor *c, size_t first, const uint8_t *codes)
{
    qring *self = r->exchange;
    char *residual = r->feedback.m; /* of the message, not yet committed */

    if (residual == NULL) return;
    csgdi_blocks_apply(c, codes, c->n, CSGDI_SUB, self->sum);
    c->kernels->add(self->sum, c->n, residual + first * c->kernels->size);
}

/* Add this rank's own codes to the piece that has come, which becomes that of the sum. */
static void add(csgd_reducer *r, int range)
{
    qring *self = r->exchange;
    csgdi_compressor c = csgdi_range_view(r, range);
    const size_t first = csgdi_range_start(r, range);
    uint8_t *piece = self->pieces + self->offset[range];
    size_t len;

    csgdi_blocks_apply(&c, piece + CSGDI_HEADER_BYTES, c.n, CSGDI_SET, self->sum);
    csgdi_blocks_apply(&c, r->message + CSGDI_HEADER_BYTES + csgdi_blocks_bytes(&c, first), c.n,
                       CSGDI_ADD, self->sum);
    c.first = first;
    c.rounding = CSGDI_STREAM_OWNER;
    c.step = r->step;
    if (csgdi_message_write(&c, self->sum, piece, &len)) {
        keep(r, &c, first, piece + CSGDI_HEADER_BYTES);
        return;
    }
    if (csgdi_compressor_fault(&c) == CSGD_OK) {
        csgdi_fail(CSGD_E_NONFINITE,
                   "the sum of finite vectors is not finite: it overflows the element type");
        csgdi_trouble_note(&self->trouble, CSGD_E_NONFINITE, NULL, -1);
    } else {
        csgdi_trouble_note(&self->trouble, CSGD_E_PLUGIN, NULL, -1);
    }
}

/* A step's messages are complete. */
static void end_step(csgd_reducer *r)
{
    qring *self = r->exchange;
    const int range = range_sent(r, self->at + 1), p = r->transport.n_ranks;
    const csgdi_compressor c = csgdi_range_view(r, range);
    uint8_t *piece = self->pieces + self->offset[range];

    if (c.n == 0) return;
    self->len[range] = self->receive.received;
    csgdi_trouble_note(&self->trouble, csgdi_piece_check_codes(r, &c, piece, self->len[range]),
                       "piece of", (r->transport.rank + p - 1) % p);
    if (self->trouble.found == CSGD_OK && self->at < p - 1) add(r, range);
    if (self->trouble.found != CSGD_OK)
        self->len[range] = csgdi_piece_write_poison(r, self->trouble.found, piece);
}

/* Decode the sums; alone, this rank's message is the sum. */
static void decode(csgd_reducer *r)
{
    const qring *self = r->exchange;
    const int p = r->transport.n_ranks;

    if (p == 1) csgdi_message_apply(&r->compressor, r->message, CSGDI_SET, r->call.recv);
    for (int o = 0; o < p && p > 1; o++) {
        const csgdi_compressor c = csgdi_range_view(r, o);

        if (c.n > 0)
            csgdi_blocks_apply(&c, self->pieces + self->offset[o] + CSGDI_HEADER_BYTES, c.n,
                               CSGDI_SET,
                               (char *)r->call.recv + csgdi_range_start(r, o) * c.kernels->size);
    }
}

static csgd_status qring_step(csgd_reducer *r)
{
    qring *self = r->exchange;
    csgdi_transport *t = &r->transport;

    while (self->at < 2 * (t->n_ranks - 1)) {
        bool sent, received;
        csgd_status st = t->ops->test(t, &self->receive, &received);

        if (st == CSGD_OK) st = t->ops->test(t, &self->send, &sent);
        if (st != CSGD_OK) return st;
        if (!sent || !received) return CSGD_MORE;
        end_step(r);
        r->call.moves++;
        if (++self->at < 2 * (t->n_ranks - 1)) st = begin_step(r);
        if (st != CSGD_OK) return st;
    }
    if (self->trouble.found == CSGD_OK) decode(r);
    return csgdi_trouble_status(&self->trouble);
}

const csgdi_algorithm csgdi_qring = {
    .name = "qring",
    .summary =
        "dense codes on a ring, encoded again at each hop, which keeps what that leaves out; "
        "2 m (P-1)/P bytes sent by each rank for m bytes of codes",
    .source = "CGX, Markov et al. 2022",
    .supports = qring_supports,
    .create = qring_create,
    .begin = qring_begin,
    .step = qring_step,
};
