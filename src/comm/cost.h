/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_COST_H
#define CSGDI_COST_H

/* cost.h: what a collective is predicted to take, from what was measured.
 *
 * The model is the usual one: a message of b bytes arrives after alpha + b beta; work on elements has
 * a rate each.  Every algorithm gives its own formula (csgdi_algorithm.seconds), next to the volume
 * that its file states; here is what they have in common.  A prediction decides nothing but speed,
 * so it may use libm.
 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum { CSGDI_RATES_DENSE = 4 }; /* dense algorithms that are measured, at the most */

/* Seconds; of the slowest rank each. */
typedef struct csgdi_rates {
    double alpha;                       /* of a message, whatever its length */
    double beta;                        /* of a byte */
    double add;                         /* of b += a, an element */
    double encode;                      /* of making a message, an element */
    double decode;                      /* of adding a message, an element of the vector */
    double dense[CSGDI_RATES_DENSE][2]; /* of the i-th dense algorithm: at once, and an element */
    double messages; /* what calls took, over what their algorithm's formula says; 0: unknown */
} csgdi_rates;

enum { CSGDI_RATES_NUMBERS = 6 + 2 * CSGDI_RATES_DENSE };

typedef struct csgdi_cost {
    const csgdi_rates *rates;
    double p, n;
    double size;    /* bytes of an element as it is worked on */
    double message; /* bytes of a rank's message */
    double k;       /* entries of it; of a projection, values; 0 for dense codes */
    double entry;   /* bytes of an entry whose value is not rounded */
} csgdi_cost;

/* Entries of the sum of so many messages, supports being random. */
static inline double csgdi_cost_union(const csgdi_cost *c, double messages)
{
    return c->n * -expm1(messages * log1p(-fmin(c->k / c->n, 1 - 1e-12)));
}

/* One message of so many bytes. */
static inline double csgdi_cost_message(const csgdi_cost *c, double bytes)
{
    return c->rates->alpha + bytes * c->rates->beta;
}

/* Making this rank's message, and adding so many of them to a vector. */
static inline double csgdi_cost_local(const csgdi_cost *c, double messages)
{
    return c->n * (c->rates->encode + messages * c->rates->decode);
}

/* Adding so many entries to others, one by one: some ten times slower than element after element. */
static inline double csgdi_cost_merge(const csgdi_cost *c, double entries)
{
    return 10 * entries * c->rates->add;
}

/* Rounds of doubling. */
static inline double csgdi_cost_rounds(const csgdi_cost *c)
{
    return ceil(log2(c->p));
}

#endif
