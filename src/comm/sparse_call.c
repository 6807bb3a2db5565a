/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse_call.c: a sparse allreduce as a call of its own: entries in, entries out.
 *
 *     before     rank r has entries (index, value)
 *     agreement  the call is sound on all ranks
 *     exchange   the algorithm, which leaves the sum in memory of our own
 *     after      copied out if it fits, which all ranks find alike
 */

#include <string.h>
#include "base/error.h"
#include "comm/sparse_reducer.h"
#include "wire/header.h"

static csgd_status check(const csgd_sparse_reducer *s, const uint32_t *index, const void *value,
                         size_t k)
{
    const csgdi_compressor *c = &s->core.compressor;

    if (s->core.health != CSGDI_WELL)
        return csgdi_fail(CSGD_E_BROKEN,
                          "the sparse reducer broke in an earlier call: it can only be destroyed");
    if (k > c->max_k)
        return csgdi_fail(CSGD_E_INVAL, "%zu entries, more than max_k=%zu", k, c->max_k);
    if (k > 0 && (index == NULL || value == NULL))
        return csgdi_fail(CSGD_E_INVAL, "the indices or the values are NULL");
    for (size_t i = 0; i < k; i++) {
        if (index[i] >= c->n)
            return csgdi_fail(CSGD_E_INVAL, "index %u at %zu, of a vector of %zu elements",
                              index[i], i, c->n);
        if (i > 0 && index[i] <= index[i - 1])
            return csgdi_fail(CSGD_E_INVAL,
                              "index %u at %zu comes after index %u: each must be larger than "
                              "the one before",
                              index[i], i, index[i - 1]);
    }
    if (k > 0 && !c->kernels->finite(value, k))
        return csgdi_fail(CSGD_E_NONFINITE, "a value is NaN or infinite");
    return CSGD_OK;
}

/* This rank's message; its length. */
static size_t write_message(csgd_sparse_reducer *s, const uint32_t *index, const void *value,
                            size_t k)
{
    csgdi_compressor *c = &s->core.compressor;
    uint8_t *dst = s->core.message;

    if (k > 0) {
        memcpy(c->stream.index, index, k * sizeof *index);
        memcpy(c->stream.value, value, k * c->kernels->size);
    }
    c->stream.k = k;
    c->step = s->core.step;
    return csgdi_message_frame(c, dst,
                               csgdi_sparse_write(c->kernels, c->format, &c->stream,
                                                  dst + CSGDI_HEADER_BYTES));
}

static csgd_status agree(csgd_reducer *r, csgd_status failure, size_t capacity)
{
    csgdi_agreement *a = &r->agreement;

    *a = (csgdi_agreement){.failure = failure,
                           .spec = r->spec,
                           .blocking = true,
                           .gather = r->lengths,
                           .layout = r->gathered,
                           .length = r->call.len};
    memcpy(a->field, r->identity, sizeof a->field);
    a->field[CSGDI_FIELD_CAPACITY] = capacity;
    a->field[CSGDI_FIELD_STEP] = r->step;
    a->field[CSGDI_FIELD_FP_MODE] = csgdi_fp_mode();
    return csgdi_agree(a, &r->transport);
}

/* By an algorithm of reducers.  What goes wrong leaves it in doubt what the ranks have learned. */
static csgd_status reduce(csgd_sparse_reducer *s)
{
    csgd_reducer *r = &s->core;
    csgd_status st = r->algorithm->begin(r);

    if (st == CSGD_OK)
        while ((st = r->algorithm->step(r)) == CSGD_MORE) {
            csgdi_progress(NULL);
            r->transport.ops->idle(&r->transport);
        }
    if (st != CSGD_OK)
        r->health = CSGDI_BROKEN;
    else if (r->algorithm->finish != NULL)
        s->leftover = r->algorithm->finish(r);
    return st;
}

static csgd_status exchange(csgd_sparse_reducer *s)
{
    return csgdi_sparse_gathers(s) ? csgdi_sparse_gather_sum(&s->gather, &s->core, &s->sum)
                                   : reduce(s);
}

csgd_status csgd_sparse_reducer_allreduce(csgd_sparse_reducer *s, const uint32_t *index,
                                          const void *value, size_t k, uint32_t *sum_index,
                                          void *sum_value, size_t capacity, size_t *sum_k)
{
    csgd_reducer *r;
    csgd_status st;

    if (s == NULL) return csgdi_fail(CSGD_E_INVAL, "the sparse reducer is NULL");
    r = &s->core;
    if (r->health == CSGDI_TERMINAL)
        return csgdi_fail(
            CSGD_E_BROKEN,
            "the sparse reducer ended in a transport error: it can only be destroyed");
    st = check(s, index, value, k);
    if (st == CSGD_OK &&
        (sum_k == NULL || (capacity > 0 && (sum_index == NULL || sum_value == NULL))))
        st = csgdi_fail(CSGD_E_INVAL, "a place for the sum is NULL");
    r->call = (csgdi_call){.entries = &s->sum, .blocking = true};
    if (st == CSGD_OK && r->compressor.max_k > 0) r->call.len = write_message(s, index, value, k);
    st = agree(r, st, capacity);
    if (st == CSGD_OK) {
        s->leftover = NULL;
        s->sum.k = 0;
        if (r->compressor.max_k > 0) st = exchange(s);
        r->step++; /* for all ranks, whatever one of them has found */
    }
    if (st == CSGD_E_TRANSPORT) r->health = CSGDI_TERMINAL;
    if (st == CSGD_OK && s->sum.k > capacity)
        st = csgdi_fail(CSGD_E_SPACE, "the sum has %zu entries, and there is room for %zu",
                        s->sum.k, capacity);
    if (st != CSGD_OK) {
        s->leftover = NULL;
        return st;
    }
    if (s->sum.k > 0) {
        memcpy(sum_index, s->sum.index, s->sum.k * sizeof *sum_index);
        memcpy(sum_value, s->sum.value, s->sum.k * r->compressor.kernels->size);
    }
    *sum_k = s->sum.k;
    return CSGD_OK;
}

csgd_status csgd_sparse_reducer_leftover(const csgd_sparse_reducer *s, uint32_t *index, void *value,
                                         size_t capacity, size_t *k)
{
    const csgdi_sparse *left;

    if (s == NULL || k == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the sparse reducer or the place for the count is NULL");
    left = s->leftover;
    *k = left != NULL ? left->k : 0;
    if (*k > capacity)
        return csgdi_fail(CSGD_E_SPACE, "%zu entries are left over, and there is room for %zu", *k,
                          capacity);
    if (*k > 0 && (index == NULL || value == NULL))
        return csgdi_fail(CSGD_E_INVAL, "the place for the indices or the values is NULL");
    if (*k > 0) {
        memcpy(index, left->index, *k * sizeof *index);
        memcpy(value, left->value, *k * s->core.compressor.kernels->size);
    }
    return CSGD_OK;
}
