/* SPDX-License-Identifier: BSD-3-Clause */

/* oktopk_balance.c: what ranks have selected goes to where each has as much; see oktopk.c. */

#include "base/error.h"
#include "comm/oktopk.h"
#include "comm/share.h"

/* Part of what rank `from` has selected that rank `to` is to hold: its first entry, and how many. */
static size_t overlap(const csgdi_oktopk_state *self, int p, int from, int to, size_t *first)
{
    const size_t all = self->first[p];
    const size_t a = csgdi_share(all, p, to), b = csgdi_share(all, p, to + 1);
    const size_t low = self->first[from] > a ? self->first[from] : a;
    const size_t high = self->first[from + 1] < b ? self->first[from + 1] : b;

    *first = low - self->first[from];
    return high > low ? high - low : 0;
}

/* Go on to the next rank that this one gets something from, or to the allgather. */
static csgd_status next_source(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    csgdi_transport *t = &r->transport;

    for (; self->next < t->n_ranks; self->next++) {
        size_t first, count = overlap(self, t->n_ranks, self->next, t->rank, &first);

        if (count == 0) continue;
        if (self->next != t->rank)
            return t->ops->receive_open(t, self->in[0], self->bound, self->next, CSGDI_LIST_TAG,
                                        &self->receive[0]);
        {
            const csgdi_sparse own = csgdi_list_from(c, &self->sums, first, count);
            csgdi_list_append(c, &self->result, &own);
        }
    }
    return CSGD_OK;
}

csgd_status csgdi_oktopk_balance_begin(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks;
    size_t bytes = 0;
    csgd_status st = CSGD_OK;

    self->result.k = 0;
    for (int to = 0; to < p && st == CSGD_OK; to++) {
        size_t first, count = overlap(self, p, t->rank, to, &first), len;
        csgdi_sparse part = csgdi_list_from(c, &self->sums, first, count);

        if (count == 0 || to == t->rank) continue;
        len = csgdi_list_write(r, &self->trouble, &part, csgdi_list_span(c, &part),
                               self->out + bytes);
        st = t->ops->send_open(t, self->out + bytes, len, to, CSGDI_LIST_TAG, &self->send[to]);
        bytes += len;
    }
    self->next = 0;
    return st == CSGD_OK ? next_source(r) : st;
}

/* Sends are waited for once all that this rank gets is here. */
csgd_status csgdi_oktopk_balance_step(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const csgdi_span any = {.any = true};
    csgd_status st;
    bool done;

    while (self->next < t->n_ranks) {
        size_t first, before = self->result.k, count;

        st = t->ops->test(t, &self->receive[0], &done);
        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
        r->call.moves++;
        count = overlap(self, t->n_ranks, self->next, t->rank, &first);
        csgdi_list_read(r, &self->trouble, self->next, self->in[0], self->receive[0].received, any,
                        count, &self->result);
        if (self->trouble.found == CSGD_OK && self->result.k - before != count)
            csgdi_trouble_note(&self->trouble,
                               csgdi_fail(CSGD_E_CORRUPT, "it has %zu entries, not %zu",
                                          self->result.k - before, count),
                               "piece of", self->next);
        self->next++;
        st = next_source(r);
        if (st != CSGD_OK) return st;
    }
    for (int to = 0; to < t->n_ranks; to++) {
        st = t->ops->test(t, &self->send[to], &done);
        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
    }
    return CSGD_OK;
}
