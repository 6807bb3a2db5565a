/* SPDX-License-Identifier: BSD-3-Clause */

/* guard.c: see guard.h. */

#include "feedback/guard.h"

#include <math.h>

static const double limit = 4;

double csgdi_guard_norm(const csgdi_feedback *f, const csgdi_feedback *owner, double owners)
{
    return sqrt(f->size + (owner != NULL ? owners * owner->size : 0));
}

static bool is_above(double mean, double other)
{
    return other > 0 && mean > limit * other;
}

/* A window is full. */
static void judge(csgdi_guard *g, double rho)
{
    const double mean = g->sum / CSGDI_GUARD_WINDOW;
    const double begun = (double)(g->steps - CSGDI_GUARD_WINDOW);

    g->sum = 0;
    g->seen = 0;
    if (is_above(mean, g->before) || is_above(mean, g->least)) {
        g->trips++;
        g->exact = CSGDI_GUARD_EXACT;
        return;
    }
    g->before = mean;
    if (begun * (1 - rho) < 4) return;
    if (g->least == 0 || mean < g->least) g->least = mean;
}

void csgdi_guard_see(csgdi_guard *g, double norm, double rho, double ratio)
{
    if (!g->on || g->exact > 0) return;
    if (norm == 0) { /* all were paid, and begin anew */
        g->seen = 0;
        g->steps = 0;
        g->sum = g->before = g->least = 0;
        return;
    }
    if (ratio > 1) {
        g->sum *= ratio;
        g->before *= ratio;
        g->least *= ratio;
    }
    g->sum += norm;
    g->steps++;
    if (++g->seen == CSGDI_GUARD_WINDOW) judge(g, rho);
}

bool csgdi_guard_paid(csgdi_guard *g)
{
    return g->exact > 0 && --g->exact == 0;
}

void csgdi_guard_fall_back(csgdi_guard *g, csgdi_feedback *f, csgdi_feedback *owner)
{
    g->on = false;
    g->exact = 0;
    f->one_step = true;
    if (owner != NULL) owner->one_step = true;
}

/* No rank has more than a and b with a^2 + P b^2 = norm^2, all owners' together less than sqrt(P) b, and
 * a + b / sqrt(P) is largest where b = a / P^(3/2). */
double csgdi_guard_certificate(double step_size, double norm, int n_ranks)
{
    const double p = n_ranks, gamma = step_size > 0 ? step_size : 1;

    return gamma * norm * sqrt(1 + 1 / (p * p));
}
