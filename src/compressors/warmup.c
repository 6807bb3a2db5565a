/* SPDX-License-Identifier: BSD-3-Clause */

/* warmup.c: see warmup.h. */

#include "compressors/warmup.h"

#include "compressors/entries.h"

static double power(double x, unsigned exponent)
{
    double product = 1;

    while (exponent-- > 0)
        product *= x;
    return product;
}

/* The largest double whose power is not above x in (0, 1], by bisection: libm's pow may differ from one
 * machine to the next, and how much room a message has may not. */
static double root(double x, unsigned exponent)
{
    double low = 0, high = 1;

    if (x >= 1) return 1;
    for (double middle = 0.5; middle > low && middle < high; middle = low + (high - low) / 2) {
        if (power(middle, exponent) <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}

csgd_status csgdi_warmup_read(csgdi_compressor *c, csgdi_spec *spec, double ratio,
                              csgdi_arena *arena)
{
    csgdi_warmup *self;
    double step;

    c->takes_warmup = true;
    if (!csgdi_spec_has(spec, "warmup") || !csgdi_spec_set(spec, "warmup")) return CSGD_OK;
    if (!csgdi_spec_set(spec, "stages")) csgdi_spec_choose(spec, "stages", "4");
    self = csgdi_arena_alloc(arena, 1, sizeof *self);
    c->warmup = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->steps = csgdi_spec_count(spec, "warmup");
    self->stages = (unsigned)csgdi_spec_count(spec, "stages");
    step = root(ratio, self->stages + 1);
    for (unsigned i = 0; i < self->stages; i++)
        self->ratio[i] = power(step, i + 1);
    return CSGD_OK;
}

static size_t at_least(double ratio, size_t n, size_t k)
{
    const size_t entries = csgdi_entries_part(ratio, n);

    return entries > k ? entries : k;
}

size_t csgdi_warmup_entries(const csgdi_compressor *c, size_t n, size_t k)
{
    const csgdi_warmup *w = c->warmup;

    if (w == NULL || c->step >= w->steps) return k;
    return at_least(w->ratio[c->step * w->stages / w->steps], n, k);
}

size_t csgdi_warmup_most(const csgdi_compressor *c, size_t n, size_t k)
{
    return c->warmup != NULL ? at_least(c->warmup->ratio[0], n, k) : k;
}
