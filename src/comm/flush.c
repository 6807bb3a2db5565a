/* SPDX-License-Identifier: BSD-3-Clause */

/* flush.c: all that the ranks owe, paid at once: two plain sums over ranks, then empty residuals.
 *
 * Volume: two dense allreduces of n elements; no memory but the caller's.
 */

#include <string.h>
#include "base/error.h"
#include "comm/reducer.h"

/* What this rank owes, its owner's part included, in the caller's order. */
static void owe(const csgd_reducer *whole, bool for_v, void *to)
{
    const csgd_reducer *r = csgdi_reducer_core(whole);
    const csgdi_owner *o = &r->owner;
    const size_t size = r->compressor.kernels->size;
    char *place = r->layout.n_exact > 0 ? r->packed : to; /* nothing is in flight, so it is free */

    memset(place, 0, r->layout.n * size);
    if (!csgdi_reducer_holds(whole)) return; /* a layout has nothing exact there */
    csgdi_feedback_owe(&r->feedback, for_v, place);
    if (o->feedback.ops != NULL) csgdi_feedback_owe(&o->feedback, for_v, place + o->first * size);
    if (r->layout.n_exact > 0) csgdi_layout_place(&r->layout, size, place, to);
}

static csgd_status sum(csgd_reducer *r, void *y, csgd_status failure)
{
    const csgd_status st = csgdi_reducer_begin(r, NULL, y, r->layout.n, r->compressor.kernels->type,
                                               CSGDI_OP_PLAIN, true, failure);

    return st == CSGD_OK ? csgd_reducer_wait(r) : st;
}

csgd_status csgd_reducer_flush(csgd_reducer *r, void *for_x, void *for_v)
{
    csgd_reducer *core;
    csgd_status st = CSGD_OK;

    if (r == NULL) return csgdi_fail(CSGD_E_INVAL, "the reducer is NULL");
    if (r->busy) return csgdi_fail(CSGD_E_BUSY, "an operation on this reducer is in flight");
    if (r->layout.n == 0) return CSGD_OK;
    if (for_x == NULL || for_v == NULL || for_x == for_v) {
        st = csgdi_fail(CSGD_E_INVAL, "the place for what x or v lacks is NULL, or they are one");
    } else {
        owe(r, false, for_x);
        owe(r, true, for_v);
    }
    st = sum(r, for_x, st);
    if (st == CSGD_OK) st = sum(r, for_v, CSGD_OK);
    if (st != CSGD_OK || !csgdi_reducer_holds(r)) return st;
    core = csgdi_reducer_core(r);
    csgdi_feedback_paid(&core->feedback);
    if (core->owner.feedback.ops != NULL) csgdi_feedback_paid(&core->owner.feedback);
    return CSGD_OK;
}
