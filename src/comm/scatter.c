/* SPDX-License-Identifier: BSD-3-Clause */

/* scatter.c: see scatter.h. */

#include "comm/scatter.h"

#include "base/error.h"
#include "comm/share.h"
#include "wire/header.h"

csgd_status csgdi_scatter_create(csgdi_scatter *s, csgd_reducer *r, size_t longest)
{
    const csgdi_compressor *c = &r->compressor;
    const int p = r->transport.n_ranks;
    const size_t ranks = (size_t)p;

    s->most = csgdi_pieces_bound(c, longest, c->max_k, 1);
    if (s->most / 8 > INT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "a piece of %zu bytes is more than one message holds",
                          s->most);
    s->start = csgdi_arena_alloc(&r->arena, ranks + 1, sizeof *s->start);
    s->len = csgdi_arena_alloc(&r->arena, ranks, sizeof *s->len);
    s->request = csgdi_arena_zalloc(&r->arena, 2 * ranks, sizeof *s->request);
    s->in = csgdi_arena_alloc(&r->arena, ranks, s->most);
    s->out = csgdi_arena_alloc(&r->arena, csgdi_pieces_bound(c, c->n, c->max_k, ranks), 1);
    if (s->start == NULL || s->len == NULL || s->request == NULL || s->in == NULL || s->out == NULL)
        return CSGD_E_NOMEM;
    for (int o = 0; o <= p; o++)
        s->start[o] = csgdi_share(c->n, p, o);
    return CSGD_OK;
}

/* Cut the entries of one range out of the message, beginning at entry *at; indices are counted from
 * the range's beginning while the piece is written. */
static size_t write_piece(const csgdi_scatter *s, csgd_reducer *r, int range, size_t *at,
                          uint8_t *dst)
{
    csgdi_sparse *all = &r->compressor.stream;
    const size_t first = s->start[range], end = s->start[range + 1];
    csgdi_sparse piece = {.n = end - first, .channels = 1, .index = all->index + *at};
    size_t len;

    piece.value = (char *)all->value + *at * r->compressor.kernels->size;
    for (; *at < all->k && all->index[*at] < end; ++*at)
        piece.index[piece.k++] -= (uint32_t)first;
    piece.room = piece.k;
    len = csgdi_piece_write(r, csgdi_piece_format(&r->compressor), &piece, dst);
    for (size_t j = 0; j < piece.k; j++)
        piece.index[j] += (uint32_t)first;
    return len;
}

/* Where the slot of a rank begins. */
static uint8_t *slot(const csgdi_scatter *s, int rank)
{
    return s->in + (size_t)rank * s->most;
}

csgd_status csgdi_scatter_begin(csgdi_scatter *s, csgd_reducer *r)
{
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, rank = t->rank;
    csgd_status st = CSGD_OK;
    uint8_t *piece = s->out;
    size_t at = 0;

    for (int i = 1; i < p && st == CSGD_OK; i++) {
        const int from = (rank + p - i) % p;
        st = t->ops->receive_open(t, slot(s, from), s->most, from, 0, &s->request[from]);
    }
    if (st != CSGD_OK) return st;
    for (int o = 0; o < p; o++) {
        s->len[o] = write_piece(s, r, o, &at, o == rank ? slot(s, rank) : piece);
        if (o != rank) piece += s->len[o];
    }
    piece = s->out;
    for (int o = 0; o < rank; o++)
        piece += s->len[o];
    for (int i = 1; i < p && st == CSGD_OK; i++) { /* all begin with another owner */
        const int to = (rank + i) % p;
        if (to == 0) piece = s->out;
        st = t->ops->send_open(t, piece, s->len[to], to, 0, &s->request[p + to]);
        piece += s->len[to];
    }
    return st;
}

csgd_status csgdi_scatter_step(csgdi_scatter *s, csgd_reducer *r, csgdi_trouble *trouble)
{
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, rank = t->rank;
    const size_t n = s->start[rank + 1] - s->start[rank];
    uint64_t moves = 0;

    for (int i = 0; i < 2 * p; i++) {
        bool done;
        const csgd_status st = t->ops->test(t, &s->request[i], &done);
        if (st != CSGD_OK) return st;
        moves += done;
    }
    r->call.moves = moves;
    if (moves < 2 * (uint64_t)p) return CSGD_MORE;
    for (int from = 0; from < p; from++) {
        const size_t len = from == rank ? s->len[rank] : s->request[from].received;
        const csgd_status st = csgdi_piece_check(r, csgdi_piece_format(&r->compressor),
                                                 slot(s, from), len, n, r->compressor.max_k);
        csgdi_trouble_note(trouble, st, "piece of", from);
    }
    return CSGD_OK;
}

const uint8_t *csgdi_scatter_stream(const csgdi_scatter *s, int rank)
{
    return slot(s, rank) + CSGDI_HEADER_BYTES;
}
