/* SPDX-License-Identifier: BSD-3-Clause */

/* oktopk_ranking.c: see oktopk.h. */

#include <string.h>
#include "comm/oktopk.h"

enum { DIGIT = 8, BINS = 1 << DIGIT };

static csgd_status start_round(csgd_reducer *r, csgdi_ranking *search, const csgdi_sparse *sums)
{
    const csgdi_kernels *kernels = r->compressor.kernels;
    csgdi_transport *t = &r->transport;
    const unsigned bits = search->shift < DIGIT ? search->shift : DIGIT;

    search->shift -= bits;
    memset(search->counts, 0, sizeof search->counts);
    kernels->key_histogram(sums->value, sums->k, search->shift, bits, search->prefix,
                           search->counts);
    for (size_t b = 0; b < BINS; b++)
        search->number[b] = (double)search->counts[b];
    return t->ops->sum(t, search->number, search->number, BINS, CSGD_F64, r->call.blocking,
                       &search->request);
}

csgd_status csgdi_ranking_begin(csgd_reducer *r, csgdi_ranking *search, const csgdi_sparse *sums)
{
    search->prefix = 0;
    search->shift = (unsigned)(8 * r->compressor.kernels->size - 1);
    search->wanted = r->compressor.max_k;
    return start_round(r, search, sums);
}

csgd_status csgdi_ranking_step(csgd_reducer *r, csgdi_ranking *search, const csgdi_sparse *sums)
{
    csgdi_transport *t = &r->transport;
    const unsigned whole = (unsigned)(8 * r->compressor.kernels->size - 1);

    for (;;) {
        const bool first = search->shift + DIGIT == whole;
        unsigned bits = DIGIT, bin;
        double all = 0;
        bool done;
        csgd_status st = t->ops->test(t, &search->request, &done);

        if (st != CSGD_OK) return st;
        if (!done) return CSGD_MORE;
        r->call.moves++;
        for (size_t b = 0; b < BINS; b++)
            all += search->number[b];
        if (!csgdi_counts_check(search->number, BINS, 1e15) ||
            (!first && all < (double)search->wanted))
            return csgdi_counts_altered();
        if (first && all <= (double)search->wanted) {
            search->wanted = 0;
            return CSGD_OK;
        }
        if (search->shift == 0) bits = whole % DIGIT;
        bin = 1u << bits;
        while (search->number[--bin] < (double)search->wanted)
            search->wanted -= (size_t)search->number[bin];
        search->prefix = search->prefix << bits | bin;
        if (search->shift == 0) return CSGD_OK;
        st = start_round(r, search, sums);
        if (st != CSGD_OK) return st;
    }
}
