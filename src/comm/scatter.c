/* SPDX-License-Identifier: BSD-3-Clause */

/* scatter.c: see scatter.h. */

#include "comm/scatter.h"

#include <string.h>
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
    s->judged = csgdi_arena_alloc(&r->arena, ranks, sizeof *s->judged);
    s->request = csgdi_arena_zalloc(&r->arena, 2 * ranks, sizeof *s->request);
    s->in = csgdi_arena_alloc(&r->arena, ranks, s->most);
    s->out = csgdi_arena_alloc(&r->arena, csgdi_pieces_bound(c, c->n, c->max_k, ranks), 1);
    if (s->start == NULL || s->judged == NULL || s->request == NULL || s->in == NULL ||
        s->out == NULL)
        return CSGD_E_NOMEM;
    for (int o = 0; o <= p; o++)
        s->start[o] = csgdi_share(c->n, p, o);
    return CSGD_OK;
}

/* The first entry of the message whose index is not below a limit. */
static size_t entry_at(const csgdi_sparse *all, size_t limit)
{
    size_t low = 0, high = all->k;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (all->index[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Cut the entries of one range out of the message; indices are counted from the range's beginning
 * while the piece is written. */
static size_t write_piece(const csgdi_scatter *s, csgd_reducer *r, int range, uint8_t *dst)
{
    csgdi_sparse *all = &r->compressor.stream;
    const size_t first = s->start[range], end = s->start[range + 1], at = entry_at(all, first);
    csgdi_sparse piece = {.n = end - first, .channels = 1, .index = all->index + at};
    size_t len;

    piece.value = (char *)all->value + at * r->compressor.kernels->size;
    piece.k = piece.room = entry_at(all, end) - at;
    for (size_t j = 0; j < piece.k; j++)
        piece.index[j] -= (uint32_t)first;
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

    memset(s->judged, 0, (size_t)p * sizeof *s->judged);
    for (int i = 1; i < p && st == CSGD_OK; i++) {
        const int from = (rank + p - i) % p;
        st = t->ops->receive_open(t, slot(s, from), s->most, from, 0, &s->request[from]);
    }
    for (int i = 1; i < p && st == CSGD_OK; i++) { /* all begin with another owner */
        const int to = (rank + i) % p;
        const size_t len = write_piece(s, r, to, piece);
        st = t->ops->send_open(t, piece, len, to, 0, &s->request[p + to]);
        piece += len;
    }
    if (st == CSGD_OK) s->own = write_piece(s, r, rank, slot(s, rank));
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
        csgd_status st = t->ops->test(t, &s->request[i], &done);
        if (st != CSGD_OK) return st;
        moves += done;
        if (!done || i >= p || s->judged[i]) continue;
        s->judged[i] = true; /* while others are on their way */
        st = csgdi_piece_check(r, csgdi_piece_format(&r->compressor), slot(s, i),
                               i == rank ? s->own : s->request[i].received, n, r->compressor.max_k);
        csgdi_trouble_note(trouble, st, "piece of", i);
    }
    r->call.moves = moves;
    return moves < 2 * (uint64_t)p ? CSGD_MORE : CSGD_OK;
}

const uint8_t *csgdi_scatter_stream(const csgdi_scatter *s, int rank)
{
    return slot(s, rank) + CSGDI_HEADER_BYTES;
}
