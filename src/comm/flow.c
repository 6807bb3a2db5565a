/* SPDX-License-Identifier: BSD-3-Clause */

/* flow.c: see flow.h. */

#include "comm/flow.h"

#include <string.h>

csgd_status csgdi_flow_create(csgdi_flow *f, csgd_reducer *r)
{
    const size_t p = (size_t)r->transport.n_ranks;

    f->posted = csgdi_arena_zalloc(&r->arena, p, sizeof *f->posted);
    f->came = csgdi_arena_zalloc(&r->arena, p, sizeof *f->came);
    f->window = f->parts < CSGDI_FLOW_RECEIVES ? f->parts : CSGDI_FLOW_RECEIVES;
    f->receive = csgdi_arena_zalloc(&r->arena, p * f->window, sizeof *f->receive);
    return f->posted != NULL && f->came != NULL && f->receive != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

void csgdi_flow_begin(csgdi_flow *f, const csgd_reducer *r)
{
    const size_t p = (size_t)r->transport.n_ranks;

    f->sends = f->sent = 0;
    f->moves = 0;
    memset(f->posted, 0, p * sizeof *f->posted);
    memset(f->came, 0, p * sizeof *f->came);
}

/* Pieces that a rank sends. */
static size_t all_sends(const csgdi_flow *f, const csgd_reducer *r)
{
    return f->parts * (size_t)(r->transport.n_ranks - 1);
}

/* Start sends in order, as far as there is room for them and they are ready. */
static csgd_status give(csgdi_flow *f, csgd_reducer *r)
{
    csgdi_transport *t = &r->transport;
    const size_t all = all_sends(f, r);
    csgd_status st = CSGD_OK;
    bool done = true;

    while (f->sent < f->sends) {
        st = t->ops->test(t, &f->send[f->sent % CSGDI_FLOW_SENDS], &done);
        if (st != CSGD_OK) return st;
        if (!done) break;
        f->sent++;
        f->moves++;
    }
    while (st == CSGD_OK && f->sends < all && f->sends < f->sent + CSGDI_FLOW_SENDS) {
        const size_t round = f->sends % (size_t)(t->n_ranks - 1);
        const int to = (t->rank + 1 + (int)round) % t->n_ranks;
        size_t len = 0;
        const uint8_t *piece = f->out(r, to, f->sends / (size_t)(t->n_ranks - 1), &len);

        if (piece == NULL) break;
        if (len > 0)
            st = t->ops->send(t, piece, len, to, f->tag, &f->send[f->sends % CSGDI_FLOW_SENDS]);
        f->sends++;
    }
    return st;
}

/* Start receives from a rank, and complete those that have come. */
static csgd_status take(csgdi_flow *f, csgd_reducer *r, int from)
{
    csgdi_transport *t = &r->transport;
    csgdi_request *receive = f->receive + (size_t)from * f->window;
    size_t *posted = &f->posted[from], *came = &f->came[from];
    csgd_status st = CSGD_OK;
    bool done = true;

    while (st == CSGD_OK && done) {
        while (st == CSGD_OK && *posted < f->parts && *posted < *came + f->window) {
            size_t len = 0;
            uint8_t *piece = f->in(r, from, *posted, &len);

            if (piece == NULL) break;
            if (len > 0)
                st = t->ops->receive(t, piece, len, from, f->tag, &receive[*posted % f->window]);
            ++*posted;
        }
        if (st != CSGD_OK || *came == *posted) break;
        st = t->ops->test(t, &receive[*came % f->window], &done);
        if (st == CSGD_OK && done) {
            ++*came;
            f->moves++;
        }
    }
    return st;
}

csgd_status csgdi_flow_step(csgdi_flow *f, csgd_reducer *r)
{
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    csgd_status st = CSGD_OK;

    for (int i = 1; i < p && st == CSGD_OK; i++)
        st = take(f, r, (rank + p - i) % p);
    return st == CSGD_OK && p > 1 ? give(f, r) : st;
}

bool csgdi_flow_sent(const csgdi_flow *f, const csgd_reducer *r, int to, size_t part)
{
    const int p = r->transport.n_ranks;
    const size_t round = (size_t)((to + p - r->transport.rank) % p - 1);

    return part * (size_t)(p - 1) + round < f->sent;
}

bool csgdi_flow_came(const csgdi_flow *f, const csgd_reducer *r, size_t part)
{
    for (int from = 0; from < r->transport.n_ranks; from++)
        if (from != r->transport.rank && f->came[from] <= part) return false;
    return true;
}

bool csgdi_flow_ended(const csgdi_flow *f, const csgd_reducer *r)
{
    return f->sent == all_sends(f, r) && csgdi_flow_came(f, r, f->parts - 1);
}
