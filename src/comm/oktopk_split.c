/* SPDX-License-Identifier: BSD-3-Clause */

/* oktopk_split.c: each rank's entries to the owners of regions, and their sums; see oktopk.c. */

#include "comm/oktopk.h"

/* Add the two lists on top of the stack. */
static void add_top(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const size_t a = self->level[self->levels - 2], b = self->level[self->levels - 1];
    const csgdi_sparse below = csgdi_list_from(c, &self->sums, a, b - a);
    const csgdi_sparse top = csgdi_list_from(c, &self->sums, b, self->sums.k - b);

    csgdi_list_add(c, &below, &top, &self->scratch);
    self->sums.k = a;
    csgdi_list_append(c, &self->sums, &self->scratch);
    self->levels--;
}

/* Another list is on the stack: add lists of as many pieces. */
static void add_piece(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;

    for (size_t count = ++self->pieces; count % 2 == 0; count /= 2)
        add_top(r);
}

static csgd_status post(csgd_reducer *r, int i)
{
    csgdi_oktopk_state *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, to = (t->rank + i) % p, from = (t->rank + p - i) % p;
    csgd_status st;

    if (i >= p) return CSGD_OK;
    st = t->ops->receive_open(t, self->in[i % CSGDI_OKTOPK_WINDOW], self->bound, from,
                              CSGDI_LIST_TAG, &self->receive[i % CSGDI_OKTOPK_WINDOW]);
    if (st != CSGD_OK) return st;
    return t->ops->send_open(t, self->out + self->at[to], self->len[to], to, CSGDI_LIST_TAG,
                             &self->send[to]);
}

/* Cut this rank's entries to what regions may get, and write the pieces. */
csgd_status csgdi_oktopk_split_begin(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const int p = r->transport.n_ranks;
    csgdi_sparse rest = self->mine;
    size_t bytes = 0;
    csgd_status st = CSGD_OK;

    self->pieces = self->levels = self->sums.k = 0;
    for (int o = 0; o < p; o++) {
        const csgdi_span region = {.base = self->cuts.at[o],
                                   .count = self->cuts.at[o + 1] - self->cuts.at[o],
                                   .here = self->cuts.at[o]};
        const size_t count = csgdi_list_below(&rest, self->cuts.at[o + 1]);
        csgdi_sparse part = csgdi_list_from(c, &rest, 0, count);

        csgdi_list_cut(&self->search, &part, self->cuts.allowed[o], &self->left);
        self->at[o] = bytes;
        if (o == r->transport.rank) {
            self->level[self->levels++] = 0;
            csgdi_list_append(c, &self->sums, &part);
            self->pieces++;
        } else {
            self->len[o] = csgdi_list_write(r, &self->trouble, &part, region, self->out + bytes);
            bytes += self->len[o];
        }
        rest = csgdi_list_from(c, &rest, count, rest.k - count);
    }
    self->next = 1;
    for (int i = 1; i <= CSGDI_OKTOPK_WINDOW && st == CSGD_OK; i++)
        st = post(r, i);
    return st;
}

csgd_status csgdi_oktopk_split_step(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, rank = t->rank;
    const csgdi_span region = {.base = self->cuts.at[rank],
                               .count = self->cuts.at[rank + 1] - self->cuts.at[rank],
                               .here = self->cuts.at[rank]};

    for (; self->next < p; self->next++) {
        const int slot = self->next % CSGDI_OKTOPK_WINDOW, from = (rank + p - self->next) % p;
        const size_t left = self->sums.room - self->sums.k;
        bool received, sent;
        csgd_status st = t->ops->test(t, &self->receive[slot], &received);

        if (st == CSGD_OK) st = t->ops->test(t, &self->send[(rank + self->next) % p], &sent);
        if (st != CSGD_OK) return st;
        if (!received || !sent) return CSGD_MORE;
        r->call.moves++;
        self->level[self->levels++] = self->sums.k;
        csgdi_list_read(r, &self->trouble, from, self->in[slot], self->receive[slot].received,
                        region, left < r->compressor.max_k ? left : r->compressor.max_k,
                        &self->sums);
        add_piece(r);
        st = post(r, self->next + CSGDI_OKTOPK_WINDOW);
        if (st != CSGD_OK) return st;
    }
    while (self->levels > 1)
        add_top(r);
    csgdi_list_judge(&r->compressor, &self->trouble, &self->sums);
    return CSGD_OK;
}
