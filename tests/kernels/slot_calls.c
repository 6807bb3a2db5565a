/* SPDX-License-Identifier: BSD-3-Clause */

/* slot_calls.c: see slot_calls.h. */

#include <math.h>
#include <string.h>
#include "kernels/slot_calls.h"

static uint64_t bits_of(double sum)
{
    uint64_t bits;

    if (isnan(sum)) return UINT64_MAX; /* one NaN is as good as another */
    memcpy(&bits, &sum, sizeof bits);
    return bits;
}

static void call_finite(call *c)
{
    c->result = c->k->finite(c->x, c->n);
}

static void call_add(call *c)
{
    c->k->add(c->x, c->n, c->out);
}

static void call_sub(call *c)
{
    c->k->sub(c->x, c->n, c->out);
}

static void call_add_finite(call *c)
{
    /* m is another vector, or e, or g */
    const void *g = c->variant == 2 ? c->out : c->x;
    const void *e = c->variant == 1 ? c->out : c->e;

    c->result = c->k->add_finite(g, e, c->n, c->out);
}

static void call_add_scaled_finite(call *c)
{
    static const double r[] = {0.9, -1.0 / 3, 1e30, 1e-30};
    const void *g = c->variant % 3 == 2 ? c->out : c->x;
    const void *e = c->variant % 3 == 1 ? c->out : c->e;

    c->result = c->k->add_scaled_finite(g, r[c->variant / 3], e, c->n, c->out);
}

static void call_abs_sum(call *c)
{
    c->result = bits_of(c->k->abs_sum(c->x, c->n));
}

static void call_square_sum(call *c)
{
    c->result = bits_of(c->k->square_sum(c->x, c->n));
}

static void call_sign_pack(call *c)
{
    c->k->sign_pack(c->x, c->n, c->out);
}

/* The bytes of x are as good bits as any. */
static void call_sign_apply(call *c)
{
    static const double scale[] = {0.1, -3e38, 0};
    static const csgdi_mode mode[] = {CSGDI_SET, CSGDI_ADD, CSGDI_SUB};
    const size_t bytes = (c->n + 7) / 8;
    const uint8_t *end = (const uint8_t *)c->x + c->n * c->k->size;

    c->k->sign_apply(end - bytes, c->n, scale[c->variant / 3], mode[c->variant % 3], c->out);
}

static uint64_t middle_key(const call *c)
{
    uint32_t low = 0;
    uint64_t bits = 0;

    if (c->n == 0) return 0;
    if (c->k->type == CSGD_F32) {
        memcpy(&low, (const float *)c->x + c->n / 2, sizeof low);
        return low & INT32_MAX;
    }
    memcpy(&bits, (const double *)c->x + c->n / 2, sizeof bits);
    return bits & INT64_MAX;
}

/* The rounds of a radix sort: variants 0 to 3; no bits at all; a prefix that no float has. */
static void call_key_histogram(call *c)
{
    const unsigned top = 8 * (unsigned)c->k->size - 1;
    const unsigned bits = c->variant == 4 ? 0 : 5;
    const unsigned shift = c->variant < 4 ? top - 5 * (c->variant + 1) : 4;
    const uint64_t none = c->variant == 5 ? UINT64_C(1) << 40 : 0;

    c->k->key_histogram(c->x, c->n, shift, bits, middle_key(c) >> (shift + bits) | none, c->out);
}

static void call_key_select(call *c)
{
    const uint64_t largest = c->k->type == CSGD_F32 ? INT32_MAX : INT64_MAX;
    const uint64_t middle = middle_key(c);
    const uint64_t limits[] = {middle, middle + middle / 64, 0, largest, UINT64_MAX};
    const size_t ties_given[] = {0, 1, 5, c->n};
    const size_t rooms[] = {c->n, c->n / 3, 0};
    const unsigned v = c->variant;
    size_t ties = ties_given[v / 5 % 4];

    c->result = c->k->key_select(c->x, c->n, limits[v % 5], &ties, UINT32_C(0xfffffff0),
                                 rooms[v / 20], c->index, c->value);
    c->result = c->result << 32 | ties;
}

static void call_scatter(call *c)
{
    for (size_t j = 0; j < c->n; j++)
        c->index[j] = (uint32_t)(j * 7 % (c->n / 2 + 1));
    c->k->scatter(c->index, c->x, c->n, (csgdi_mode)c->variant, c->out);
}

static void call_gather(call *c)
{
    double factor[CSGDI_BLOCK];

    for (size_t j = 0; j < c->n; j++) {
        c->index[j] = (uint32_t)(j * 7 % (c->n / 2 + 1));
        factor[j] = (double)(j % 100) / 3;
    }
    c->k->gather(c->index, c->variant == 0 ? NULL : factor, c->n, c->x, c->value);
}

static void call_abs_max(call *c)
{
    c->result = bits_of(c->k->abs_max(c->x, c->n));
}

const slot slots[] = {
    {"finite", call_finite, 1, NOTHING},
    {"add", call_add, 1, ELEMENTS},
    {"sub", call_sub, 1, ELEMENTS},
    {"add_finite", call_add_finite, 3, ELEMENTS},
    {"add_scaled_finite", call_add_scaled_finite, 12, ELEMENTS},
    {"abs_sum", call_abs_sum, 1, NOTHING},
    {"square_sum", call_square_sum, 1, NOTHING},
    {"sign_pack", call_sign_pack, 1, BITS},
    {"sign_apply", call_sign_apply, 9, ELEMENTS},
    {"key_histogram", call_key_histogram, 6, HISTOGRAM},
    {"key_select", call_key_select, 60, NOTHING},
    {"scatter", call_scatter, 3, ELEMENTS},
    {"gather", call_gather, 2, NOTHING},
    {"abs_max", call_abs_max, 1, NOTHING},
    {NULL, NULL, 0, NOTHING},
};
