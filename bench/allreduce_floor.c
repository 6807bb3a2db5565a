/* SPDX-License-Identifier: BSD-3-Clause */

/* allreduce_floor.c: see allreduce_floor.h. */

#include "allreduce_floor.h"

#include <math.h>
#include <string.h>
#include "compressors/blocks.h"

static const double ln_2 = 0.69314718055994530942;

/* log2 of the number of sets of k out of n. */
static double set_bits(double n, double k)
{
    return (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) / ln_2;
}

/* k entries with values of so many bytes each. */
static double entries_bytes(const csgdi_compressor *c, double k, double value)
{
    return set_bits((double)c->n, k) / 8 + value * k;
}

/* A value of a message: the integer coders have a scale for every 256 of them. */
static double value_bytes(const csgdi_compressor *c)
{
    static const double bytes[] = {8, 4, 2, 2, 1 + 4.0 / 256, 0.5 + 4.0 / 256};

    return bytes[c->format.value];
}

static double message_bytes(const csgdi_compressor *c)
{
    const double size = (double)c->kernels->size;

    switch (c->ops->family) {
    case CSGDI_SELECT:
        return entries_bytes(c, (double)c->stream.k, value_bytes(c));
    case CSGDI_PROJECT:
        return size * (double)c->max_k;
    case CSGDI_QUANTIZE:
        return (double)csgdi_blocks_bytes(c, c->n);
    default:
        return size * (double)c->n;
    }
}

/* The sum of p messages whose supports are random. */
static double union_bytes(const csgdi_compressor *c, double p)
{
    const double n = (double)c->n, k = (double)c->stream.k;

    return entries_bytes(c, n * -expm1(p * log1p(-k / n)), (double)c->kernels->size);
}

double floor_bytes(const csgd_reducer *r)
{
    static const char *const halves[] = {"vendor", "ring",  "rabenseifner",
                                         "sra",    "qring", "linear"};
    const csgdi_compressor *c = &r->compressor;
    const int ranks = r->transport.n_ranks;
    const double p = ranks, m = message_bytes(c), all = (double)c->kernels->size * (double)c->n;

    if (strcmp(r->algorithm->name, "rabenseifner") == 0 && (ranks & (ranks - 1)) != 0)
        return (double)NAN;
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        if (strcmp(r->algorithm->name, halves[i]) == 0) return 2 * m * (p - 1) / p;
    if (strcmp(r->algorithm->name, "split") == 0 && c->stream.k < c->n)
        return (m + union_bytes(c, p)) * (p - 1) / p;
    if (strcmp(r->algorithm->name, "dsar") == 0 && strcmp(r->recode, "none") != 0)
        return (m + (double)csgdi_blocks_bytes(&r->owner.compressor, c->n)) * (p - 1) / p;
    if (strcmp(r->algorithm->name, "dsar") == 0) return (m + all) * (p - 1) / p;
    return strcmp(r->algorithm->name, "allgather") == 0 ? (p - 1) * m : (double)NAN;
}
