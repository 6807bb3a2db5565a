/* SPDX-License-Identifier: BSD-3-Clause */

/* sampled.c: the limit of topk from a sample, and no search of the whole vector (Lin, Han, Mao,
 * Wang, Dally 2018).
 *
 * One element in `stride` is looked at, a hundredth of all but at least 2 n / k: the limit is that
 * of the same part of the sample.  With the entries that reach it,
 *
 *     more than 1.3 k     the k largest of them are sent, which are those of the vector too
 *     k to 1.3 k          the first k of them, in order of index: none is larger than needed
 *     fewer than 0.8 k    the limit is lowered by a fifth, at most ten times
 *
 * so what is sent is above all that is not, but for the second case.  The sample begins at random:
 * word 0 of the stream SAMPLE, as a part of the stride.  The stride is 1 modulo 32,
 * so that it goes through all columns of a matrix whose rows are a power of two.
 */

#include <string.h>
#include "compressors/magnitude.h"
#include "compressors/topk_method.h"

enum { STEP = 32, TRIES = 10 };

static size_t stride_of(size_t n, size_t k)
{
    const size_t hundredth = n / 100, least = 2 * (n / k + 1);
    const size_t wanted = hundredth > least ? hundredth : least;

    return n / wanted / STEP * STEP + 1;
}

size_t csgdi_sampled_room(size_t n, size_t k)
{
    const size_t stride = n > 0 ? stride_of(n, k) : 1;

    return stride > 1 ? n / stride + 1 : 0;
}

/* Take every stride-th element into the band. */
static size_t sample(const csgdi_compressor *c, csgdi_topk_state *t, const csgdi_part *p,
                     const void *x, size_t stride)
{
    const csgdi_random random =
        csgdi_random_make(c->seed, CSGDI_STREAM_SAMPLE, c->rank, 0, c->step);
    const size_t size = c->kernels->size;
    size_t count = 0;
    uint32_t w[4];

    csgdi_random_block(&random, 0, w);
    for (size_t i = (size_t)((uint64_t)w[0] * stride >> 32); i < p->n; i += stride)
        memcpy(t->search.band + size * count++, (const char *)x + size * i, size);
    return count;
}

bool csgdi_sampled(const csgdi_compressor *c, csgdi_topk_state *t, csgdi_part *p, const void *x,
                   csgdi_sparse *out)
{
    const csgdi_kernels *kernels = c->kernels;
    const size_t stride = p->k > 0 ? stride_of(p->n, p->k) : 1, room = out->room - out->k;
    char *value = (char *)out->value + out->k * kernels->size;
    size_t count = 0, looked, ties;
    uint64_t limit, due;

    if (stride == 1)
        return csgdi_largest(&t->search, &p->bracket, x, p->n, (uint32_t)p->first, p->k, out);
    looked = sample(c, t, p, x, stride);
    due = (p->k * (uint64_t)looked + p->n - 1) / p->n; /* rounded up; 32 bits times 32 */
    limit = csgdi_kth_key(&t->search, t->search.band, looked, (size_t)due, &ties);
    for (int tries = 0; tries <= TRIES && 10 * count < 8 * p->k; tries++) {
        if (tries > 0)
            limit = csgdi_least_key(kernels->type, csgdi_key_value(kernels->type, limit) * 0.8);
        if (limit >= csgdi_infinity_key(kernels->type)) return false; /* the sample has it */
        count = kernels->key_select(x, p->n, limit, (uint32_t)p->first, room, out->index + out->k,
                                    value);
        if (!kernels->finite(value, count)) return false;
    }
    if (count == room)
        return csgdi_largest(&t->search, &p->bracket, x, p->n, (uint32_t)p->first, p->k, out);
    if (10 * count > 13 * p->k)
        csgdi_largest_among(&t->search, count, p->k, out);
    else
        out->k += count < p->k ? count : p->k;
    return true;
}
