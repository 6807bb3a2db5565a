/* SPDX-License-Identifier: BSD-3-Clause */

/* gradients.c: what the oracle is asked for. */

#include "base/error.h"
#include "optim/optimizer.h"

/* Whoever wrote the oracle knows why; the sentence says where. */
static csgd_status failed(const csgd_optimizer *o, csgd_status st, const char *what, int worker)
{
    if (st > CSGD_OK) st = CSGD_E_INVAL;
    return csgdi_fail(st, "the oracle's %s failed for worker %d at step %llu: %s", what, worker,
                      (unsigned long long)o->t, csgd_status_name(st));
}

static csgd_status ask(csgd_optimizer *o, int i, const void *x, void *g)
{
    const int worker = o->workers.first + i;
    const csgd_status st = o->oracle.gradient(o->oracle.self, worker, o->t, x, g);

    o->counters.gradients++;
    if (st != CSGD_OK) return failed(o, st, "gradient", worker);
    if (o->noise > 0) o->vectors->combine(o->n, 1, g, 1, o->xi, g);
    return CSGD_OK;
}

csgd_status csgdi_optimizer_gradients(csgd_optimizer *o, const void *x)
{
    csgd_status st = CSGD_OK;

    for (int i = 0; i < o->workers.count && st == CSGD_OK; i++)
        st = ask(o, i, x, o->b[i]);
    return st;
}

csgd_status csgdi_optimizer_differences(csgd_optimizer *o, const void *x, double c,
                                        const void *other)
{
    for (int i = 0; i < o->workers.count; i++) {
        csgd_status st = ask(o, i, x, o->b[i]);

        if (st == CSGD_OK && c != 0) st = ask(o, i, other, o->second);
        if (st != CSGD_OK) return st;
        if (c != 0) o->vectors->combine(o->n, 1, o->b[i], -c, o->second, o->b[i]);
    }
    return CSGD_OK;
}

csgd_status csgdi_optimizer_full(csgd_optimizer *o, const void *x)
{
    for (int i = 0; i < o->workers.count; i++) {
        const int worker = o->workers.first + i;
        double share = 0;
        const csgd_status st = o->oracle.full_gradient(o->oracle.self, worker, x, o->b[i], &share);

        o->counters.full_gradients++;
        if (st != CSGD_OK) return failed(o, st, "full_gradient", worker);
        if (!(share >= 0 && share <= 1))
            return csgdi_fail(CSGD_E_INVAL,
                              "the oracle's full_gradient says that worker %d has %g of all "
                              "samples, which is not in [0, 1]",
                              worker, share);
        o->vectors->scale(o->n, share * o->workers.n_workers, o->b[i], o->b[i]);
    }
    return CSGD_OK;
}

void csgdi_optimizer_add_noise(csgd_optimizer *o)
{
    if (o->noise > 0)
        for (int i = 0; i < o->workers.count; i++)
            o->vectors->combine(o->n, 1, o->b[i], 1, o->xi, o->b[i]);
}
