/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TRAITS_H
#define CSGDI_TRAITS_H

/* traits.h: what an optimizer must know of a compressor and the rule of feedback around it. */

#include <string.h>
#include <csgd/optimizer.h>
#include "feedback/feedback.h"

static inline unsigned csgdi_workers_traits(const csgdi_feedback *f)
{
    const csgdi_family family = f->compressor->ops->family;
    unsigned traits = 0;

    if (family != CSGDI_EXACT) traits |= CSGD_WORKERS_LOSSY;
    if (family == CSGDI_SELECT || family == CSGDI_PROJECT) traits |= CSGD_WORKERS_SPARSE;
    if (strcmp(f->ops->name, "dgc") == 0) traits |= CSGD_WORKERS_MOMENTUM;
    return traits;
}

#endif
