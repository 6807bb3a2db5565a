/* SPDX-License-Identifier: BSD-3-Clause */

/* traits.c: compressors and rules as optimizers see them. */

#include "optim/traits.h"

#include <math.h>
#include <string.h>
#include "base/error.h"

unsigned csgdi_workers_traits(const csgdi_feedback *f)
{
    const csgdi_family family = f->compressor->ops->family;
    unsigned traits = 0;

    if (family != CSGDI_EXACT) traits |= CSGD_WORKERS_LOSSY;
    if (family == CSGDI_SELECT || family == CSGDI_PROJECT) traits |= CSGD_WORKERS_SPARSE;
    if (strcmp(f->ops->name, "dgc") == 0) traits |= CSGD_WORKERS_MOMENTUM;
    return traits;
}

csgd_status csgdi_workers_check_rho(const csgdi_feedback *f, bool first, double rho)
{
    const double rounding = 1e-12; /* 1 - alpha, beside what was written */

    if (f->set.rho_by_step || !f->set.has_rho || first || fabs(f->set.rho - rho) <= rounding)
        return CSGD_OK;
    return csgdi_fail(CSGD_E_INVAL,
                      "feedback=%s has rho=%g, and the optimizer rho=%g now: say rho=step",
                      f->ops->name, f->set.rho, rho);
}
