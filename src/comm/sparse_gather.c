/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse_gather.c: see sparse_gather.h. */

#include "comm/sparse_gather.h"

#include <stdio.h>
#include "base/error.h"
#include "wire/header.h"

static uint8_t *slot(const csgdi_sparse_gather *g, int rank)
{
    return g->all + (size_t)rank * g->bound;
}

csgd_status csgdi_sparse_gather_create(csgdi_sparse_gather *g, csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t p = (size_t)r->transport.n_ranks;
    csgdi_arena *a = &r->arena;

    g->bound = csgdi_message_bound(c);
    g->all = csgdi_arena_alloc(a, p, g->bound);
    g->len = csgdi_arena_alloc(a, p, 2 * sizeof *g->len);
    g->part = csgdi_arena_alloc(a, p, sizeof *g->part);
    r->lengths = csgdi_arena_alloc(a, p, CSGDI_AGREE_WORDS * sizeof *r->lengths);
    r->gathered = csgdi_arena_alloc(a, p, 2 * sizeof *r->gathered);
    if (g->all == NULL || g->len == NULL || g->part == NULL || r->lengths == NULL ||
        r->gathered == NULL)
        return CSGD_E_NOMEM;
    r->message = slot(g, r->transport.rank);
    return csgdi_sparse_adder_create(&g->adder, c->kernels, c->n, c->max_k, a);
}

/* Start the gather, and wait for it. */
static csgd_status exchange(csgdi_sparse_gather *g, csgd_reducer *r)
{
    csgdi_transport *t = &r->transport;
    const size_t p = (size_t)t->n_ranks;
    bool done = false;
    csgd_status st;

    for (size_t i = 0; i < p; i++) {
        const uint64_t len = csgdi_agreed_length(r->lengths, i);
        if (len > g->bound || len % 8 != 0)
            return csgdi_fail(CSGD_E_CORRUPT, "rank %zu announced a message of %llu bytes", i,
                              (unsigned long long)len);
        g->len[i] = (size_t)len;
        g->len[p + i] = i * g->bound;
    }
    st = t->ops->gather(t, r->message, g->all, g->len, g->len + p, true, &g->request);
    while (st == CSGD_OK) {
        st = t->ops->test(t, &g->request, &done);
        if (st != CSGD_OK || done) break;
        csgdi_progress(NULL);
        t->ops->idle(t);
    }
    return st;
}

static csgd_status judge(const csgdi_sparse_gather *g, const csgd_reducer *r, int rank)
{
    const csgdi_compressor *c = &r->compressor;
    csgdi_header h = {0};
    const csgd_status st = csgdi_header_read(slot(g, rank), g->len[rank], &h);

    if (st != CSGD_OK) return st;
    if (h.compressor != c->ops->wire_id || h.type != c->type || h.n != c->n || h.step != r->step)
        return csgdi_fail(CSGD_E_CORRUPT, "it is of another kind of call, length or step");
    return csgdi_sparse_check(c->kernels, c->format, slot(g, rank) + CSGDI_HEADER_BYTES,
                              g->len[rank] - CSGDI_HEADER_BYTES, c->n, c->max_k, 1);
}

csgd_status csgdi_sparse_gather_sum(csgdi_sparse_gather *g, csgd_reducer *r, csgdi_sparse *sum)
{
    const int p = r->transport.n_ranks;
    csgd_status st = exchange(g, r);

    if (st != CSGD_OK) return st;
    for (int rank = 0; rank < p; rank++) {
        char whose[32];

        st = judge(g, r, rank);
        if (st != CSGD_OK) {
            snprintf(whose, sizeof whose, "message of rank %d", rank);
            return csgdi_fail_in(st, whose);
        }
        csgdi_sparse_stream(&g->part[rank], r->compressor.kernels,
                            slot(g, rank) + CSGDI_HEADER_BYTES, r->compressor.n);
    }
    if (csgdi_sparse_sum(&g->adder, g->part, (size_t)p, sum)) return CSGD_OK;
    return csgdi_fail(CSGD_E_CORRUPT, "the messages have more entries than they can");
}
