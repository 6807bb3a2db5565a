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

static double message_bytes(const csgdi_compressor *c)
{
    const double size = (double)c->kernels->size;

    switch (c->ops->family) {
    case CSGDI_SELECT:
        return set_bits((double)c->n, (double)c->stream.k) / 8 + size * (double)c->stream.k;
    case CSGDI_PROJECT:
        return size * (double)c->max_k;
    case CSGDI_QUANTIZE:
        return (double)csgdi_blocks_bytes(c, c->n);
    default:
        return size * (double)c->n;
    }
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
    if (strcmp(r->algorithm->name, "dsar") == 0) return (m + all) * (p - 1) / p;
    return strcmp(r->algorithm->name, "allgather") == 0 ? (p - 1) * m : (double)NAN;
}
