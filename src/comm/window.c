/* SPDX-License-Identifier: BSD-3-Clause */

/* window.c: a vector of 16-bit elements, summed a window at a time.
 *
 * Sums are made of floats, but nothing needs all of them at once where a dense algorithm sums the
 * vector itself: it is run again and again, on as many elements as there are floats.
 *
 *     the caller's    [ w0 | w1 | w2 | w3 ]     16 bits each
 *                        widen |  ^ round
 *     r->packed               [ w1 ]            floats; the algorithm's whole vector, of
 *                                               compressor.n elements, while it runs
 *
 * All ranks divide alike.  In place is as good as not: a window is read before it is written.
 */

#include "comm/reducer.h"
#include "compressors/elements.h"

/* Large enough that latency does not count, small enough that a window stays in a cache. */
enum { ELEMENTS = 1 << 21 };

void csgdi_window_choose(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;

    if (!csgdi_elements_narrow(c->type) || c->ops->family != CSGDI_EXACT || !r->algorithm->dense ||
        r->algorithm == &csgdi_hier) /* whose core needs all of them */
        return;
    r->window = ELEMENTS;
    if (r->compressor.n > r->window) r->compressor.n = r->window;
}

/* Widen the window that begins at call.first. */
static void load(csgd_reducer *r)
{
    const csgdi_call *call = &r->call;
    const size_t left = r->layout.n - call->first;

    r->compressor.n = left < r->window ? left : r->window;
    csgdi_elements_widen(&r->compressor, (const char *)call->user_send + 2 * call->first,
                         r->compressor.n, r->packed);
}

void csgdi_window_first(csgd_reducer *r)
{
    r->call.first = 0;
    load(r);
}

bool csgdi_window_next(csgd_reducer *r)
{
    csgdi_call *call = &r->call;

    csgdi_elements_narrow_to(&r->compressor, r->packed, r->compressor.n,
                             (char *)call->user_recv + 2 * call->first);
    call->first += r->compressor.n;
    if (call->first == r->layout.n) return false;
    load(r);
    return true;
}
