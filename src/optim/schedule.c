/* SPDX-License-Identifier: BSD-3-Clause */

/* schedule.c: learning rates by multiplication, division, square root and our own cosine. */

#include "optim/schedule.h"

#include <math.h>
#include <string.h>

#include "base/elementary.h"
#include "base/error.h"

static const char *const shapes[] = {"constant", "cosine", "step", "sqrt", NULL};

static const csgdi_key keys[] = {
    {.name = "lr",
     .kind = CSGDI_REAL,
     .above_min = true,
     .max = 1e30,
     .fallback = "0.01",
     .help = "learning rate, which schedule and warm-up multiply"},
    {.name = "schedule",
     .kind = CSGDI_CHOICE,
     .words = shapes,
     .fallback = "constant",
     .help = "how it goes on: lr; half a cosine down to 0 at `steps`; times `decay` each "
             "`decay_every` steps; lr / sqrt(1 + t / decay_every)"},
    {.name = "warmup",
     .kind = CSGDI_COUNT,
     .max = 9007199254740992.0,
     .fallback = "0",
     .help = "steps of a straight line up to lr, before the schedule begins"},
    {.name = "steps",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .help = "steps of the whole run, for schedule=cosine and the default of `freeze`"},
    {.name = "decay",
     .kind = CSGDI_REAL,
     .above_min = true,
     .max = 1,
     .fallback = "0.1",
     .help = "schedule=step: what the rate is multiplied with"},
    {.name = "decay_every",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .help = "steps from one decay to the next; schedule=sqrt: 1 unless given"},
};

const csgdi_keys csgdi_schedule_keys = {keys, sizeof keys / sizeof *keys};

/* A key that the schedule does not use is a mistake where it was given. */
static csgd_status unused(csgdi_spec *spec, const char *key)
{
    if (csgdi_spec_given(spec, key))
        return csgdi_fail(CSGD_E_SPEC, "schedule=%s has no use for the key \"%s\"",
                          csgdi_spec_choice(spec, "schedule"), key);
    csgdi_spec_drop(spec, key);
    return CSGD_OK;
}

csgd_status csgdi_schedule_read(csgdi_schedule *s, csgdi_spec *spec)
{
    const char *name = csgdi_spec_choice(spec, "schedule");
    csgd_status st = CSGD_OK;

    *s = (csgdi_schedule){.lr = csgdi_spec_real(spec, "lr"),
                          .warmup = csgdi_spec_count(spec, "warmup"),
                          .decay = csgdi_spec_real(spec, "decay"),
                          .decay_every = 1};
    while (strcmp(shapes[s->shape], name) != 0)
        s->shape++;
    if (csgdi_spec_set(spec, "steps")) s->steps = csgdi_spec_count(spec, "steps");
    if (csgdi_spec_set(spec, "decay_every")) s->decay_every = csgdi_spec_count(spec, "decay_every");
    if (s->shape == CSGDI_COSINE && s->steps == 0)
        return csgdi_fail(CSGD_E_SPEC, "schedule=cosine needs steps=, those of the whole run");
    if (s->shape == CSGDI_COSINE && s->steps <= s->warmup)
        return csgdi_fail(CSGD_E_SPEC, "warmup=%llu leaves nothing of steps=%llu",
                          (unsigned long long)s->warmup, (unsigned long long)s->steps);
    if (s->shape == CSGDI_STEP && !csgdi_spec_set(spec, "decay_every"))
        return csgdi_fail(CSGD_E_SPEC, "schedule=step needs decay_every=");
    if (s->shape != CSGDI_STEP) st = unused(spec, "decay");
    if (st == CSGD_OK && s->shape != CSGDI_STEP && s->shape != CSGDI_SQRT)
        st = unused(spec, "decay_every");
    return st;
}

/* base^count, by squaring: fixed multiplications. */
static double power(double base, uint64_t count)
{
    double product = 1;

    for (; count > 0; count /= 2, base *= base)
        if (count % 2 != 0) product *= base;
    return product;
}

double csgdi_schedule_rate(const csgdi_schedule *s, uint64_t t)
{
    const double least = 0x1p-1000; /* where decay would end at 0 */
    double rate = s->lr;

    if (t < s->warmup) return s->lr * (double)(t + 1) / (double)s->warmup;
    t -= s->warmup;
    switch (s->shape) {
    case CSGDI_CONSTANT:
        break;
    case CSGDI_COSINE: {
        const uint64_t all = s->steps - s->warmup;

        if (t >= all) t = all - 1;
        rate *= (1 + csgdi_cos_pi((double)t / (double)all)) / 2;
        break;
    }
    case CSGDI_STEP:
        rate *= power(s->decay, t / s->decay_every);
        break;
    case CSGDI_SQRT:
        rate /= sqrt(1 + (double)t / (double)s->decay_every);
        break;
    }
    return rate > least ? rate : least;
}
