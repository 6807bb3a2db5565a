/* SPDX-License-Identifier: BSD-3-Clause */

/* sidco.c: the limit of topk from exponential distributions fitted to the magnitudes, tail after
 * tail (Abdelmoniem, Elzanaty, Alouini, Canini 2021).
 *
 *     stage 1        mean magnitude mu:           limit = mu ln(1 / r)
 *     later stages   mean mu of those >= limit:   limit = limit + (mu - limit) ln(1 / q)
 *
 * One stage takes r = k/n; of several the first takes r = 1/4, and the others share the rest, each
 * q = (4 k/n)^(1 / (stages - 1)).  The number of stages is one at first; after each five calls it
 * is one more where fewer than 0.8 k entries were found in the mean, and one fewer where more than
 * 1.2 k were, within 1 and ceil(log2(n / k)).  So messages depend on the calls before, those only
 * that found all finite.
 *
 * What reaches the limit is sent, of more than k the k largest.  Means are sums in the order of
 * kernels.h, of pieces in order.  The logarithms are taken of r and q alone.
 */

#include <math.h>
#include "compressors/magnitude.h"
#include "compressors/topk_method.h"

enum { PIECE = 1024, CALLS = 5 };

static const double first_part = 0.25;

/* Sum of the magnitudes that reach the limit, and their number. */
static double tail_sum(const csgdi_kernels *kernels, const void *x, size_t n, uint64_t limit,
                       size_t *count)
{
    uint32_t index[PIECE + CSGDI_LANES];
    double value[PIECE + CSGDI_LANES], sum = 0;

    *count = 0;
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t part = n - i < PIECE ? n - i : PIECE;
        const size_t in = kernels->key_select((const char *)x + i * kernels->size, part, limit, 0,
                                              PIECE, index, value);
        sum += kernels->abs_sum(value, in);
        *count += in;
    }
    return sum;
}

/* After calls that found `found` times k. */
static void judge(csgdi_part *p, double found)
{
    csgdi_history *h = &p->next;
    const double mean = (h->found += found) / CALLS;

    if (++h->calls < CALLS) return;
    if (mean > 1.2 && h->stages > 1) h->stages--;
    if (mean < 0.8 && ldexp((double)p->k, (int)h->stages) < (double)p->n) h->stages++;
    h->calls = 0;
    h->found = 0;
}

/* The limit of all stages; not finite where a sum overflows or x is not. */
static double limit_of(const csgdi_kernels *kernels, const csgdi_part *p, const void *x)
{
    const double part = (double)p->k / (double)p->n;
    const bool single = p->next.stages == 1 || part >= first_part;
    const double mean = csgdi_sum_blocks(kernels, kernels->abs_sum, x, p->n) / (double)p->n;
    double limit = -mean * log(single ? part : first_part);

    for (unsigned stage = 2; !single && stage <= p->next.stages && isfinite(limit); stage++) {
        size_t count;
        const double sum =
            tail_sum(kernels, x, p->n, csgdi_least_key(kernels->type, limit), &count);
        if (count == 0) break;
        limit -= (sum / (double)count - limit) * log(part / first_part) / (p->next.stages - 1);
    }
    return limit;
}

bool csgdi_sidco(const csgdi_compressor *c, csgdi_topk_state *t, csgdi_part *p, const void *x,
                 csgdi_sparse *out)
{
    const csgdi_kernels *kernels = c->kernels;
    const size_t room = out->room - out->k;
    double limit;
    size_t count;

    if (p->k == 0) return true;
    p->next = p->now;
    if (p->next.stages == 0) p->next.stages = 1;
    limit = limit_of(kernels, p, x);
    if (!isfinite(limit) || limit <= 0) /* too large to add, or all 0 */
        return csgdi_largest(&t->search, &p->bracket, x, p->n, (uint32_t)p->first, p->k, out);
    count =
        kernels->key_select(x, p->n, csgdi_least_key(kernels->type, limit), (uint32_t)p->first,
                            room, out->index + out->k, (char *)out->value + out->k * kernels->size);
    judge(p, (double)count / (double)p->k);
    if (count == room)
        return csgdi_largest(&t->search, &p->bracket, x, p->n, (uint32_t)p->first, p->k, out);
    if (count > p->k)
        csgdi_largest_among(&t->search, count, p->k, out);
    else
        out->k += count;
    return true;
}
