/* SPDX-License-Identifier: BSD-3-Clause */

/* stability.c: see stability.h. */

#include "feedback/stability.h"

#include "base/error.h"

enum { ENOUGH_LEVELS = 7 };

static csgdi_loss loss_of(const csgdi_compressor *c)
{
    return c->n > 0 && c->ops->loss != NULL ? c->ops->loss(c) : (csgdi_loss){CSGDI_LOSS_UNKNOWN, 0};
}

csgd_status csgdi_stability_one_step(const csgdi_feedback *f)
{
    const csgdi_compressor *c = f->compressor;
    const csgdi_loss loss = loss_of(c);

    if (f->set.force || loss.kind != CSGDI_LOSS_NOISE || loss.size < 1) return CSGD_OK;
    return csgdi_fail(
        CSGD_E_UNSUPPORTED,
        "feedback=%s needs omega < 1, and that of %s is %.3g so: its residual would grow "
        "without end; use feedback=none, more bits, or force=yes",
        f->ops->name, c->ops->name, loss.size);
}

csgd_status csgdi_stability_two_steps(const csgdi_feedback *f)
{
    const csgdi_compressor *c = f->compressor;
    const char *name = c->ops->name;
    const csgdi_loss loss = loss_of(c);
    const double rho = f->set.rho_by_step ? 1 : f->set.rho; /* which may come to that */
    double bound;

    if (f->set.force || c->n == 0) return CSGD_OK;
    switch (loss.kind) {
    case CSGDI_LOSS_SIGN:
        return CSGD_OK;
    case CSGDI_LOSS_NOISE:
        bound = 1 / ((1 + rho) * (1 + rho) + rho * rho);
        if (loss.size < bound) return CSGD_OK;
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=ecx at rho %g needs omega < %.3g, and that of %s is %.3g so: its "
            "residual would grow without end; use more bits, feedback=ef, or force=yes",
            rho, bound, name, loss.size);
    case CSGDI_LOSS_LEVELS:
        if (loss.size >= ENOUGH_LEVELS) return CSGD_OK;
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=ecx needs %d levels on a side, as of 4 bits, and %s has %.3g: its "
            "residual may grow without end; use more bits, feedback=ef, or force=yes",
            ENOUGH_LEVELS, name, loss.size);
    case CSGDI_LOSS_LARGEST:
        if (loss.size >= 0.5 || rho <= 0.5) return CSGD_OK;
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=ecx at rho %g needs half of the entries, and %s sends %.3g of "
            "them: its residual would grow without end; use feedback=ecx2, which is for "
            "that, or force=yes",
            rho, name, loss.size);
    case CSGDI_LOSS_RANDOM:
        bound = rho <= 0.5 ? 0 : 1 - 1 / (rho * (1 + 2 * rho));
        if (loss.size > bound) return CSGD_OK;
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=ecx at rho %g needs more than %.3g of the entries, and %s sends "
            "%.3g of them: its residual would grow without end; use feedback=ecx2, which "
            "is for that, or force=yes",
            rho, bound, name, loss.size);
    case CSGDI_LOSS_SMALL:
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=ecx with %s comes to send half of all entries, as each leaves an "
            "echo that must be sent too; use feedback=ecx2, or force=yes",
            name);
    case CSGDI_LOSS_UNKNOWN:
        break;
    }
    return csgdi_fail(
        CSGD_E_UNSUPPORTED,
        "feedback=ecx needs omega < 1 / ((1 + rho)^2 + rho^2), and nothing is known of "
        "that of %s; use feedback=ef, or force=yes",
        name);
}
