/* SPDX-License-Identifier: BSD-3-Clause */

/* spread.c: see spread.h. */

#include "comm/spread.h"

#include "base/bytes.h"
#include "base/error.h"
#include "wire/header.h"

enum { POISON_BYTES = CSGDI_HEADER_BYTES + 8 };

csgd_status csgdi_spread_create(csgdi_spread *s, csgd_reducer *r, size_t room)
{
    s->room = csgdi_round8(room);
    if (s->room / 8 > INT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "sums of %zu bytes are more than one message holds",
                          s->room);
    s->pool = csgdi_arena_alloc(&r->arena, s->room, 1);
    s->poison = csgdi_arena_alloc(&r->arena, POISON_BYTES, 1);
    return s->pool != NULL && s->poison != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

void csgdi_spread_begin(csgdi_spread *s, size_t len)
{
    s->len = len;
    s->have = 1;
    s->begun = false;
}

const uint8_t *csgdi_spread_next(const csgdi_spread *s, size_t *at, size_t *len)
{
    const uint8_t *piece = s->pool + *at;
    const size_t left = s->len - *at;
    const uint64_t payload = left >= CSGDI_HEADER_BYTES ? csgdi_header_payload(piece) : 0;

    if (left < CSGDI_HEADER_BYTES || payload > left - CSGDI_HEADER_BYTES) {
        csgdi_fail(CSGD_E_CORRUPT, "%zu bytes of pieces end in the middle of one", s->len);
        return NULL;
    }
    *len = CSGDI_HEADER_BYTES + (size_t)payload;
    *at += *len;
    return piece;
}

/* Bytes of the first `count` pieces; 0 if they cannot be told apart. */
static size_t bytes_of(const csgdi_spread *s, int count)
{
    size_t at = 0, len;

    for (int i = 0; i < count; i++)
        if (csgdi_spread_next(s, &at, &len) == NULL || len % 8 != 0) return 0;
    return at;
}

static csgd_status begin_step(csgdi_spread *s, csgd_reducer *r)
{
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, to = (t->rank + p - s->have) % p, from = (t->rank + s->have) % p;
    const uint8_t *src = s->pool;
    size_t len = s->have <= p - s->have ? s->len : bytes_of(s, p - s->have);
    csgd_status st;

    if (len == 0) {
        src = s->poison;
        len = csgdi_piece_write_poison(r, CSGD_E_CORRUPT, s->poison);
    }
    s->begun = true;
    st = t->ops->receive_open(t, s->pool + s->len, s->room - s->len, from, 1, &s->receive);
    return st == CSGD_OK ? t->ops->send_open(t, src, len, to, 1, &s->send) : st;
}

csgd_status csgdi_spread_step(csgdi_spread *s, csgd_reducer *r)
{
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks;

    while (s->have < p) {
        bool sent, received;
        csgd_status st = s->begun ? CSGD_OK : begin_step(s, r);

        if (st == CSGD_OK) st = t->ops->test(t, &s->receive, &received);
        if (st == CSGD_OK) st = t->ops->test(t, &s->send, &sent);
        if (st != CSGD_OK) return st;
        if (!sent || !received) return CSGD_MORE;
        s->len += s->receive.received;
        s->have += s->have <= p - s->have ? s->have : p - s->have;
        s->begun = false;
        r->call.moves++;
    }
    return CSGD_OK;
}
