/* SPDX-License-Identifier: BSD-3-Clause */

/* oktopk_cuts.c: see oktopk.h. */

#include <string.h>
#include "comm/oktopk.h"
#include "comm/share.h"

bool csgdi_cuts_create(csgdi_cuts *cuts, const csgd_reducer *r, csgdi_arena *arena)
{
    const size_t p = (size_t)r->transport.n_ranks;

    cuts->at = csgdi_arena_zalloc(arena, p + 1, sizeof *cuts->at);
    cuts->low = csgdi_arena_zalloc(arena, 3 * p, sizeof *cuts->low);
    cuts->number = csgdi_arena_zalloc(arena, p, sizeof *cuts->number);
    if (cuts->at == NULL || cuts->low == NULL || cuts->number == NULL) return false;
    cuts->high = cuts->low + p;
    cuts->allowed = cuts->high + p;
    return true;
}

/* Number 0 is how many entries there are, so that the first round tells the targets too. */
static csgd_status start_round(csgd_reducer *r, csgdi_cuts *cuts)
{
    const csgdi_sparse *stream = &r->compressor.stream;
    csgdi_transport *t = &r->transport;
    const size_t p = (size_t)t->n_ranks;

    cuts->number[0] = (double)stream->k;
    for (size_t j = 1; j < p; j++)
        cuts->number[j] =
            (double)csgdi_list_below(stream, cuts->low[j] + (cuts->high[j] - cuts->low[j]) / 2);
    return t->ops->sum(t, cuts->number, cuts->number, p, CSGD_F64, r->call.blocking,
                       &cuts->request);
}

/* The regions are known: what this rank may send to each. */
static void settle(csgd_reducer *r, csgdi_cuts *cuts)
{
    const csgdi_sparse *stream = &r->compressor.stream;
    const size_t p = (size_t)r->transport.n_ranks, k = r->compressor.max_k;
    size_t before = 0;

    cuts->at[0] = 0;
    cuts->at[p] = r->compressor.n;
    for (size_t o = 0; o < p; o++) {
        const size_t end = csgdi_list_below(stream, cuts->at[o + 1]), had = end - before;
        cuts->allowed[o] = k / p + (k % p != 0) + had + had / 2;
        before = end;
    }
}

csgd_status csgdi_cuts_begin(csgd_reducer *r, csgdi_cuts *cuts, bool *found)
{
    const size_t p = (size_t)r->transport.n_ranks;

    *found = p == 1;
    if (*found) {
        settle(r, cuts);
        return CSGD_OK;
    }
    for (size_t j = 1; j < p; j++) {
        cuts->low[j] = 0;
        cuts->high[j] = r->compressor.n;
    }
    return start_round(r, cuts);
}

csgd_status csgdi_cuts_step(csgd_reducer *r, csgdi_cuts *cuts, bool *empty)
{
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks;

    for (;;) {
        bool done, more = false;
        csgd_status st = t->ops->test(t, &cuts->request, &done);

        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
        r->call.moves++;
        if (!csgdi_counts_check(cuts->number, (size_t)p, (double)p * (double)r->compressor.max_k))
            return csgdi_counts_altered();
        *empty = cuts->number[0] <= 0;
        for (int j = 1; j < p; j++) {
            const size_t middle = cuts->low[j] + (cuts->high[j] - cuts->low[j]) / 2;

            if (*empty)
                cuts->low[j] = csgdi_share(r->compressor.n, p, j);
            else if (cuts->low[j] == cuts->high[j])
                continue;
            else if (cuts->number[j] >= (double)csgdi_share((size_t)cuts->number[0], p, j))
                cuts->high[j] = middle;
            else
                cuts->low[j] = middle + 1;
            more = more || (!*empty && cuts->low[j] < cuts->high[j]);
            cuts->at[j] = cuts->low[j];
        }
        if (!more) break;
        st = start_round(r, cuts);
        if (st != CSGD_OK) return st;
    }
    settle(r, cuts);
    return CSGD_OK;
}
