/* SPDX-License-Identifier: BSD-3-Clause */

/* bruck.c: see bruck.h. */

#include "comm/bruck.h"

#include "base/error.h"

static int rank_at(const csgdi_transport *t, int distance)
{
    return (t->rank + distance + t->n_ranks) % t->n_ranks;
}

/* The first `parts` parts.  What came was in order and had room, but may have said that it was of other
 * parts, or more of one, than it could be: b->out is not for that. */
static csgdi_sparse first_parts(const csgd_reducer *r, csgdi_bruck *b, int parts)
{
    const bool all = parts >= b->distance;
    const size_t count = all ? b->list->k : b->entries(r, parts);
    const size_t most = (size_t)parts * b->most;

    if (b->trouble->found == CSGD_OK && (count > most || count > b->list->k))
        csgdi_trouble_note(b->trouble,
                           csgdi_fail(CSGD_E_CORRUPT,
                                      "%d ranks' parts have %zu of the %zu entries here, and can "
                                      "have %zu: those that came are not what they should be",
                                      parts, count, b->list->k, most),
                           NULL, -1);
    return csgdi_list_from(&r->compressor, b->list, 0, b->trouble->found == CSGD_OK ? count : 0);
}

static csgd_status start_round(csgd_reducer *r, csgdi_bruck *b)
{
    const csgdi_compressor *c = &r->compressor;
    csgdi_transport *t = &r->transport;
    const int d = b->distance, rest = t->n_ranks - d, parts = d < rest ? d : rest;
    csgdi_sparse first;
    size_t bytes;
    csgd_status st;

    if (d >= t->n_ranks) return CSGD_OK;
    first = first_parts(r, b, parts);
    bytes = csgdi_list_write(r, b->trouble, &first, csgdi_list_span(c, &first), b->out);
    st = t->ops->receive_open(t, b->in, b->bound, rank_at(t, d), CSGDI_LIST_TAG, &b->receive);
    if (st != CSGD_OK) return st;
    return t->ops->send_open(t, b->out, bytes, rank_at(t, -d), CSGDI_LIST_TAG, &b->send);
}

csgd_status csgdi_bruck_begin(csgd_reducer *r, csgdi_bruck *b)
{
    b->distance = 1;
    return start_round(r, b);
}

csgd_status csgdi_bruck_step(csgd_reducer *r, csgdi_bruck *b)
{
    csgdi_transport *t = &r->transport;
    const csgdi_span any = {.any = true};

    while (b->distance < t->n_ranks) {
        bool received, sent;
        csgd_status st = t->ops->test(t, &b->receive, &received);

        if (st == CSGD_OK) st = t->ops->test(t, &b->send, &sent);
        if (st != CSGD_OK) return st;
        if (!received || !sent) return CSGD_MORE;
        r->call.moves++;
        csgdi_list_read(r, b->trouble, rank_at(t, b->distance), b->in, b->receive.received, any,
                        b->list->room - b->list->k, b->list);
        b->distance *= 2;
        st = start_round(r, b);
        if (st != CSGD_OK) return st;
    }
    return CSGD_OK;
}
