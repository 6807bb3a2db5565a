/* SPDX-License-Identifier: BSD-3-Clause */

/* budget.c: see budget.h. */

#include "compressors/budget.h"

#include <math.h>
#include "wire/header.h"

static const double fastest = 8, most_change = 3, early_most = 10, early_part = 0.05;

void csgdi_budget_restart(csgdi_budget *b, const csgdi_compressor *c)
{
    const double done = c->step < b->steps ? (double)c->step / (double)b->steps : 1;

    b->spent = b->total * done;
    b->silent = 0;
}

/* Bytes of a message of k entries, at most. */
static double message_bytes(const csgdi_compressor *c, size_t k)
{
    return (double)(CSGDI_HEADER_BYTES +
                    csgdi_sparse_bound(c->kernels, c->format, c->n, k, c->channels));
}

/* Bytes beside headers for each of the steps from one on. */
static double due_from(const csgdi_budget *b, const csgdi_compressor *c, double step)
{
    return (b->total - b->spent) / ((double)b->steps - step) - message_bytes(c, 0);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Bytes for the message of c->step, where those to come need no more than their headers. */
static double room(const csgdi_budget *b, const csgdi_compressor *c)
{
    const double least = message_bytes(c, 0), step = (double)c->step;
    const double all = b->total - b->spent - ((double)b->steps - step - 1) * least;

    if (step >= early_part * (double)b->steps) return all;
    return smaller(all, least + early_most * due_from(b, c, step));
}

size_t csgdi_budget_entries(const csgdi_budget *b, const csgdi_compressor *c)
{
    size_t low = 0, high = c->max_k;
    double bytes;

    if (c->step >= b->steps) return c->max_k; /* the run was to be over */
    bytes = room(b, c);
    while (low < high) {
        const size_t k = high - (high - low) / 2;

        if (message_bytes(c, k) <= bytes)
            low = k;
        else
            high = k - 1;
    }
    return low;
}

bool csgdi_budget_ends(const csgdi_budget *b, const csgdi_compressor *c)
{
    return c->step + 1 == b->steps;
}

double csgdi_budget_next(csgdi_budget *b, const csgdi_compressor *c, double bytes, double lambda)
{
    const double done = (double)c->step + 1, before = due_from(b, c, done - 1);
    const double least = message_bytes(c, 0);
    double due, change, next;

    b->spent += bytes;
    if (bytes <= least && b->silent == done - 1) b->silent = done;
    if (done >= (double)b->steps) return lambda;
    due = due_from(b, c, done);
    if (due <= 0 || before <= 0) return lambda; /* nothing can be sent any more */
    change = (bytes - least) / due - 1;
    change = smaller(change / larger(done - b->silent, fastest), most_change);
    next = change >= 0 ? lambda * (1 + change) : lambda / (1 - change);
    next *= sqrt(before / due);
    return next > 0 && next < 1e300 ? next : lambda;
}
