/* SPDX-License-Identifier: BSD-3-Clause */

/* reset.c: flush or drop the residuals, on time. */

#include "optim/reset.h"

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "optim/optimizer.h"

static const char *const kinds[] = {"flush", "drop", NULL};

static const csgdi_key keys[] = {
    {.name = "reset_every",
     .kind = CSGDI_COUNT,
     .max = 9007199254740992.0,
     .fallback = "0",
     .help = "steps after which residuals are reset; 0: never"},
    {.name = "reset_radius",
     .kind = CSGDI_REAL,
     .max = 1e30,
     .fallback = "0",
     .help = "they are reset also where x has gone so far since the last time; 0: any distance"},
    {.name = "reset",
     .kind = CSGDI_CHOICE,
     .words = kinds,
     .help = "flush: x and v take them exactly (default); drop: they are lost"},
};

const csgdi_keys csgdi_reset_keys = {keys, sizeof keys / sizeof *keys};

csgd_status csgdi_reset_read(csgdi_reset *r, csgdi_spec *spec)
{
    *r = (csgdi_reset){.every = csgdi_spec_count(spec, "reset_every"),
                       .radius = csgdi_spec_real(spec, "reset_radius")};
    if (r->every == 0 && r->radius == 0) {
        if (csgdi_spec_set(spec, "reset"))
            return csgdi_fail(CSGD_E_SPEC, "reset= says how, but neither reset_every= nor "
                                           "reset_radius= says when");
        return CSGD_OK;
    }
    if (!csgdi_spec_set(spec, "reset")) csgdi_spec_choose(spec, "reset", "flush");
    r->drop = strcmp(csgdi_spec_choice(spec, "reset"), "drop") == 0;
    return CSGD_OK;
}

csgd_status csgdi_reset_flush(csgd_optimizer *o, void *x)
{
    void *for_x = o->b[0], *for_v = o->second;
    const double p = o->workers.n_workers;
    csgd_status st = o->workers.flush(o->workers.self, for_x, for_v);

    if (st != CSGD_OK) return st;
    if (o->estimator->flushed != NULL) {
        o->estimator->flushed(o, for_x, for_v, x);
        return CSGD_OK;
    }
    o->vectors->combine(o->n, 1, x, -o->counters.lr / p, for_x, x);
    o->vectors->combine(o->n, 1, o->v, 1 / p, for_v, o->v);
    return CSGD_OK;
}

/* |x - from|, the same on all ranks. */
static double distance(csgd_optimizer *o, const void *x)
{
    o->vectors->combine(o->n, 1, x, -1, o->reset.from, o->second);
    return sqrt(csgdi_sum_blocks(o->kernels, o->kernels->square_sum, o->second, o->n));
}

static bool is_due(csgd_optimizer *o, const void *x)
{
    const csgdi_reset *r = &o->reset;

    if (r->every > 0 && o->t - r->last >= r->every) return true;
    return r->radius > 0 && distance(o, x) > r->radius;
}

csgd_status csgdi_reset_check(csgd_optimizer *o, void *x)
{
    csgdi_reset *r = &o->reset;
    const size_t bytes = o->n * o->kernels->size;
    csgd_status st;

    if (r->every == 0 && r->radius == 0) return CSGD_OK;
    if (o->t == 0) {
        if (r->from != NULL) memcpy(r->from, x, bytes);
        return CSGD_OK;
    }
    if (!is_due(o, x)) return CSGD_OK;
    st = r->drop ? o->workers.clear(o->workers.self) : csgdi_reset_flush(o, x);
    if (st != CSGD_OK) return st;
    r->last = o->t;
    if (r->from != NULL) memcpy(r->from, x, bytes);
    o->counters.resets++;
    return CSGD_OK;
}
