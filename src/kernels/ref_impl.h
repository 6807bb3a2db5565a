/* SPDX-License-Identifier: BSD-3-Clause */

/* ref_impl.h: the reference kernels, a template over the element type.
 *
 * The includer defines
 *
 *     REF_TYPE   the element type, float or double
 *     REF_BITS   the unsigned integer of its size
 *     REF_INF    the key of infinity: exponent bits all ones
 *     REF_DIGITS bits of its mantissa, without the hidden one
 *     REF_ID     its csgd_type
 *     REF(name)  csgdi_ref_f32_name or csgdi_ref_f64_name
 *     REF_TABLE  the name of the table
 *
 * This is the specification in C: each loop says what its slot means and nothing else.  Loops that
 * carry no order are left in a form that compilers vectorise; nothing is unrolled by hand.
 */

#include <math.h>
#include <string.h>
#include "base/bytes.h"
#include "kernels/ref.h"
#include "kernels/hash.h"

/* The key of an element: its bits without the sign. */
static inline REF_BITS key_of(REF_TYPE x)
{
    REF_BITS bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & ((REF_BITS)-1 >> 1);
}

/* --- whole vectors ---
 * No early way out of the loops: almost every vector is finite, and without one they vectorise. */

bool REF(finite)(const void *x, size_t n)
{
    const REF_TYPE *a = x;
    REF_BITS bad = 0;

    for (size_t i = 0; i < n; i++)
        bad |= key_of(a[i]) >= REF_INF;
    return bad == 0;
}

void REF(add)(const void *x, size_t n, void *y)
{
    const REF_TYPE *a = x;
    REF_TYPE *b = y;

    for (size_t i = 0; i < n; i++)
        b[i] = b[i] + a[i];
}

void REF(sub)(const void *x, size_t n, void *y)
{
    const REF_TYPE *a = x;
    REF_TYPE *b = y;

    for (size_t i = 0; i < n; i++)
        b[i] = b[i] - a[i];
}

bool REF(add_finite)(const void *g, const void *e, size_t n, void *m)
{
    const REF_TYPE *a = g, *b = e;
    REF_TYPE *sum = m;
    REF_BITS bad = 0;

    for (size_t i = 0; i < n; i++) {
        const REF_TYPE s = a[i] + b[i];
        sum[i] = s;
        bad |= key_of(s) >= REF_INF;
    }
    return bad == 0;
}

bool REF(add_scaled_finite)(const void *g, double r, const void *e, size_t n, void *m)
{
    const REF_TYPE *a = g, *b = e;
    REF_TYPE *sum = m;
    REF_BITS bad = 0;

    for (size_t i = 0; i < n; i++) {
        const REF_TYPE s = a[i] + (REF_TYPE)(r * (double)b[i]);
        sum[i] = s;
        bad |= key_of(s) >= REF_INF;
    }
    return bad == 0;
}

bool REF(add_pair_finite)(const void *g, double a, const void *d, double b, const void *e, size_t n,
                          void *m)
{
    const REF_TYPE *x = g, *first = d, *second = e;
    REF_TYPE *sum = m;
    REF_BITS bad = 0;

    for (size_t i = 0; i < n; i++) {
        const REF_TYPE taken = (REF_TYPE)(b * (double)second[i]);
        const REF_TYPE pair = (REF_TYPE)(a * (double)first[i]) - taken;
        const REF_TYPE s = x[i] + pair;
        sum[i] = s;
        bad |= key_of(s) >= REF_INF;
    }
    return bad == 0;
}

bool REF(add_echo_finite)(const void *g, double r, const void *d, const void *e, size_t n, void *m)
{
    const REF_TYPE *x = g, *first = d, *second = e, by = (REF_TYPE)r;
    REF_TYPE *sum = m;
    REF_BITS bad = 0;

    for (size_t i = 0; i < n; i++) {
        const REF_TYPE s = x[i] + (first[i] + by * (first[i] - second[i]));
        sum[i] = s;
        bad |= key_of(s) >= REF_INF;
    }
    return bad == 0;
}

/* --- one block ---
 * Rows of sixteen, so that lane j of the row is the partial sum j. */

static inline REF_TYPE magnitude(REF_TYPE x)
{
    return (REF_TYPE)fabs((double)x);
}

static inline REF_TYPE if_plus(REF_TYPE x)
{
    return x >= 0 ? magnitude(x) : 0;
}

static inline REF_TYPE if_minus(REF_TYPE x)
{
    return x >= 0 ? 0 : magnitude(x);
}

static inline double sum_of(const REF_TYPE *a, size_t n, REF_TYPE (*term)(REF_TYPE x))
{
    double s[CSGDI_LANES] = {0};
    size_t i = 0;

    for (; n - i >= 64; i += 64)
        for (size_t j = i; j < i + CSGDI_LANES; j++)
            s[j - i] +=
                (double)((term(a[j]) + term(a[j + 16])) + (term(a[j + 32]) + term(a[j + 48])));
    for (; i < n; i++)
        s[i % CSGDI_LANES] += (double)term(a[i]);
    return csgdi_lanes_total(s);
}

double REF(abs_sum)(const void *x, size_t n)
{
    return sum_of(x, n, magnitude);
}

void REF(sign_sums)(const void *x, size_t n, double sum[2])
{
    sum[0] = sum_of(x, n, if_plus);
    sum[1] = sum_of(x, n, if_minus);
}

double REF(square_sum)(const void *x, size_t n)
{
    const REF_TYPE *a = x;
    double s[CSGDI_LANES] = {0};
    size_t i = 0;

    for (; n - i >= CSGDI_LANES; i += CSGDI_LANES)
        for (size_t j = 0; j < CSGDI_LANES; j++)
            s[j] += (double)a[i + j] * (double)a[i + j];
    for (size_t j = 0; i + j < n; j++)
        s[j] += (double)a[i + j] * (double)a[i + j];
    return csgdi_lanes_total(s);
}

/* --- sign --- */

void REF(sign_pack)(const void *x, size_t n, uint8_t *bits)
{
    const REF_TYPE *a = x;

    for (size_t i = 0; i < n; i += 8) {
        const size_t end = n - i < 8 ? n - i : 8;
        unsigned byte = 0;
        for (size_t j = 0; j < end; j++)
            byte |= (unsigned)(a[i + j] >= 0) << j;
        bits[i / 8] = (uint8_t)byte;
    }
}

void REF(sign_apply)(const uint8_t *bits, size_t n, const double value[2], csgdi_mode mode, void *y)
{
    REF_TYPE *b = y;
    const REF_TYPE by_bit[2] = {(REF_TYPE)value[0], (REF_TYPE)value[1]};

    switch (mode) {
    case CSGDI_SET:
        for (size_t i = 0; i < n; i++)
            b[i] = by_bit[bits[i / 8] >> i % 8 & 1];
        break;
    case CSGDI_ADD:
        for (size_t i = 0; i < n; i++)
            b[i] = b[i] + by_bit[bits[i / 8] >> i % 8 & 1];
        break;
    case CSGDI_SUB:
        for (size_t i = 0; i < n; i++)
            b[i] = b[i] - by_bit[bits[i / 8] >> i % 8 & 1];
        break;
    }
}

double REF(sign_encode)(const void *x, size_t n, uint8_t *bits)
{
    REF(sign_pack)(x, n, bits);
    return REF(abs_sum)(x, n);
}

static inline void begin_leave(const void *x, size_t n, const csgdi_leave *left)
{
    if (n > 0 && left->y != x) memcpy(left->y, x, n * sizeof(REF_TYPE));
}

void REF(sign_leave)(const uint8_t *bits, size_t n, const double value[2], const void *x,
                     const csgdi_leave *left)
{
    begin_leave(x, n, left);
    REF(sign_apply)(bits, n, value, CSGDI_SUB, left->y);
}

#include "kernels/ref_select.h"

void REF(stream)(const void *x, size_t n, void *y)
{
    if (n > 0) memcpy(y, x, n * sizeof(REF_TYPE));
}

void REF(stream_end)(void)
{
}

uint64_t REF(hash)(const void *bytes, size_t len, uint64_t seed)
{
    return csgdi_library_hash(bytes, len, seed);
}

void REF(hash_begin)(csgdi_hash *hash)
{
    hash_begin(hash);
}

void REF(hash_more)(csgdi_hash *hash, const void *bytes, size_t len)
{
    hash_more(hash, bytes, len);
}

uint64_t REF(hash_end)(const csgdi_hash *hash)
{
    return hash_end(hash);
}

#include "kernels/ref_codes.h"
#include "kernels/ref_gaps.h"

const csgdi_kernels REF_TABLE = {
    .isa = "ref",
    .type = REF_ID,
    .size = sizeof(REF_TYPE),
    .finite = REF(finite),
    .add = REF(add),
    .sub = REF(sub),
    .add_finite = REF(add_finite),
    .add_scaled_finite = REF(add_scaled_finite),
    .add_pair_finite = REF(add_pair_finite),
    .add_echo_finite = REF(add_echo_finite),
    .square_sum = REF(square_sum),
    .abs_sum = REF(abs_sum),
    .sign_sums = REF(sign_sums),
    .sign_pack = REF(sign_pack),
    .sign_apply = REF(sign_apply),
    .sign_encode = REF(sign_encode),
    .sign_leave = REF(sign_leave),
    .key_histogram = REF(key_histogram),
    .key_select = REF(key_select),
    .key_cut = REF(key_cut),
    .add_cut = REF(add_cut),
    .key_under = REF(key_under),
    .key_split = REF(key_split),
    .key_kth = REF(key_kth),
    .scatter = REF(scatter),
    .gather = REF(gather),
    .stream = REF(stream),
    .stream_end = REF(stream_end),
    .hash = REF(hash),
    .hash_begin = REF(hash_begin),
    .hash_more = REF(hash_more),
    .hash_end = REF(hash_end),
    .gap_lows = REF(gap_lows),
    .gap_quotients = REF(gap_quotients),
    .random_tiles = REF(random_tiles),
    .abs_max = REF(abs_max),
    .min_max = REF(min_max),
    .add_min_max = REF(add_min_max),
    .quantize = REF(quantize),
    .quantize_leave = REF(quantize_leave),
    .dequantize = REF(dequantize),
    .to_half = REF(to_half),
    .to_half_leave = REF(to_half_leave),
    .from_half = REF(from_half),
    .to_power = REF(to_power),
    .from_power = REF(from_power),
};
