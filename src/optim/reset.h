/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_RESET_H
#define CSGDI_RESET_H

/* reset.h: when residuals end, for escaping from saddle points (Avdiukhin, Yaroslavtsev 2021).
 *
 * Before step t, where t' was the step of the last reset: after I steps, or where x has gone further
 * than R since then,
 *
 *     t - t' >= I   or   |x_t - x_t'| > R
 *
 * residuals are flushed: x and v take them exactly, so that nothing is lost; or dropped, for
 * comparison.  A linear map that all ranks share needs no reset.
 */

#include <stdbool.h>
#include "base/alloc.h"
#include "base/spec.h"

typedef struct csgdi_reset {
    uint64_t every; /* I, 0: never */
    double radius;  /* R, 0: any */
    bool drop;
    uint64_t last; /* t' */
    void *from;    /* x_t', where there is a radius */
} csgdi_reset;

extern const csgdi_keys csgdi_reset_keys;

struct csgd_optimizer;

csgd_status csgdi_reset_read(csgdi_reset *r, csgdi_spec *spec);

/* Reset where it is due.  Collective. */
csgd_status csgdi_reset_check(struct csgd_optimizer *o, void *x);

/* x and v take all residuals.  Collective; nothing has changed on error. */
csgd_status csgdi_reset_flush(struct csgd_optimizer *o, void *x);

#endif
