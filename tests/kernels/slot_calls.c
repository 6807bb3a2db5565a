/* SPDX-License-Identifier: BSD-3-Clause */

/* slot_calls.c: see slot_calls.h. */

#include <float.h>
#include <math.h>
#include <string.h>
#include "kernels/slot_calls.h"

enum { LIMITS = 6 };

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

static void call_add_pair_finite(call *c)
{
    static const double a[] = {1.9, -1.0 / 3, 1e30, 1e-30}, b[] = {0.9, 2.0 / 3, 1e30, 1};
    const void *g = c->variant % 2 == 1 ? c->out : c->x;
    const void *first = c->variant % 2 == 1 ? c->x : c->e;

    c->result =
        c->k->add_pair_finite(g, a[c->variant / 2], first, b[c->variant / 2], c->e, c->n, c->out);
}

static void call_add_echo_finite(call *c)
{
    static const double r[] = {0.9, 1, 1e30, 0};
    const void *g = c->variant % 2 == 1 ? c->out : c->x;

    c->result = c->k->add_echo_finite(g, r[c->variant / 2], c->x, c->e, c->n, c->out);
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

static void call_sign_encode(call *c)
{
    c->result = bits_of(c->k->sign_encode(c->x, c->n, c->out));
}

/* What is left replaces x in place, or goes elsewhere, by the caches or past them; what comes next is
 * never there but for what is read anyway. */
static csgdi_leave leave_of(call *c, unsigned variant)
{
    if (variant == 0 && c->n > 0) memcpy(c->out, c->x, c->n * c->k->size);
    return (csgdi_leave){.y = c->out,
                         .past = variant == 2,
                         .next = {variant == 1 ? c->x : NULL, variant == 1 ? c->e : NULL,
                                  variant == 1 ? c->x : NULL}};
}

/* The bytes of e are as good bits as any. */
static void call_sign_leave(call *c)
{
    static const double value[][2] = {{-0.1, 0.1}, {3e38, -7}, {0, -0.0}};
    const csgdi_leave left = leave_of(c, c->variant % 3);

    c->k->sign_leave(c->e, c->n, value[c->variant / 3], c->variant % 3 == 0 ? c->out : c->x, &left);
    c->k->stream_end();
}

/* The bytes of x are as good bits as any. */
static void call_sign_apply(call *c)
{
    static const double value[][2] = {{-0.1, 0.1}, {3e38, -7}, {0, -0.0}};
    static const csgdi_mode mode[] = {CSGDI_SET, CSGDI_ADD, CSGDI_SUB};
    const size_t bytes = (c->n + 7) / 8;
    const uint8_t *end = (const uint8_t *)c->x + c->n * c->k->size;

    c->k->sign_apply(end - bytes, c->n, value[c->variant / 3], mode[c->variant % 3], c->out);
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

static uint64_t some_limit(const call *c, unsigned which)
{
    const uint64_t largest = c->k->type == CSGD_F32 ? INT32_MAX : INT64_MAX;
    const uint64_t middle = middle_key(c);
    const uint64_t limits[LIMITS] = {middle,  middle + middle / 64, 0,
                                     largest, largest + 1,          UINT64_MAX};

    return limits[which];
}

/* What is undefined is made the same. */
static void forget(call *c, size_t from, size_t to)
{
    memset(c->index + from, 0, (to - from) * sizeof *c->index);
    memset((char *)c->value + from * c->k->size, 0, (to - from) * c->k->size);
}

static const uint32_t first_index = UINT32_C(0xfffffff0);

static size_t some_room(const call *c)
{
    return (const size_t[]){c->n, c->n / 3, 0}[c->variant / LIMITS];
}

static void call_key_select(call *c)
{
    const size_t room = some_room(c);

    c->result = c->k->key_select(c->x, c->n, some_limit(c, c->variant % LIMITS), first_index, room,
                                 c->index, c->value);
    forget(c, c->result, room + CSGDI_LANES);
}

static void call_key_cut(call *c)
{
    const size_t room = some_room(c);

    memcpy(c->out, c->x, c->n * c->k->size);
    c->result = c->k->key_cut(c->out, c->n, some_limit(c, c->variant % LIMITS), first_index, room,
                              c->index, c->value);
    forget(c, c->result, room + CSGDI_LANES);
}

/* A NaN that was computed is any NaN. */
static void one_nan(call *c, size_t k)
{
    for (size_t j = 0; j < k; j++) {
        float *f = (float *)c->value + j;
        double *d = (double *)c->value + j;
        if (c->k->type == CSGD_F32 && isnan(*f)) *f = NAN;
        if (c->k->type == CSGD_F64 && isnan(*d)) *d = (double)NAN;
    }
}

static void call_add_cut(call *c)
{
    const uint64_t top = c->k->type == CSGD_F32 ? 0x7f800000 : UINT64_C(0x7ff0000000000000);
    const uint64_t some = some_limit(c, c->variant % LIMITS), limit = some < top ? some : top;
    const unsigned form = c->variant / LIMITS;
    const csgdi_terms terms = {.form = (csgdi_form[]){CSGDI_FORM_PLAIN, CSGDI_FORM_SCALED,
                                                      CSGDI_FORM_PAIR, CSGDI_FORM_ECHO}[form],
                               .g = c->x,
                               .d = c->e,
                               .e = c->x,
                               .a = (double[]){7, -1.0 / 3, 1.9, 0.9}[form],
                               .b = 2.0 / 3};
    const size_t room = (const size_t[]){c->n, c->n / 3, 0}[(form + c->variant + c->n) % 3];

    c->result = c->k->add_cut(&terms, c->n, limit, first_index, room, c->index, c->value, c->out);
    c->k->stream_end();
    if (c->result > room) {
        c->result = room + 1;
        forget(c, 0, room + CSGDI_LANES);
        memset(c->out, 0, c->n * c->k->size);
        return;
    }
    forget(c, c->result, room + CSGDI_LANES);
    one_nan(c, c->result);
}

static void call_key_under(call *c)
{
    c->result = c->k->key_under(c->x, c->n, some_limit(c, c->variant), c->value);
    forget(c, c->result, c->n);
}

/* Into other arrays; in place; and a little before it. */
static void call_key_split(call *c)
{
    static uint32_t index[CSGDI_BLOCK], out_index[CSGDI_BLOCK];
    const size_t ties_given[] = {0, 1, 5, c->n};
    const unsigned v = c->variant, how = v / LIMITS;
    const size_t gap = how == 2 ? CSGDI_LANES : 0;
    uint32_t *from = how == 0 ? index : c->index + gap;
    const void *value = c->x;
    size_t ties = ties_given[(v + how) % 4], in;

    for (size_t i = 0; i < c->n; i++)
        from[i] = (uint32_t)i * 7;
    if (how > 0) value = memcpy((char *)c->value + gap * c->k->size, c->x, c->n * c->k->size);
    in = c->k->key_split(from, value, c->n, some_limit(c, v % LIMITS), &ties, c->index, c->value,
                         out_index, c->out);
    forget(c, in, c->n + gap);
    memset((char *)c->out + (c->n - in) * c->k->size, 0, in * c->k->size);
    c->result = in << 32 | ties;
    for (size_t j = 0; j < c->n - in; j++)
        c->result = c->result * 31 + out_index[j];
}

static void call_key_kth(call *c)
{
    const size_t k[] = {1, c->n / 2 + 1, c->n};
    size_t ties = 0;

    if (c->n == 0 || c->n > 600) return; /* slow, and no length above differs from those below */
    c->result = c->k->key_kth(c->x, c->n, k[c->variant], &ties);
    c->result = c->result * 10007 + ties;
}

static void call_stream(call *c)
{
    c->k->stream(c->x, c->n, c->out);
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

/* Of the last elements of x as many as have a way of their own in XXH3. */
static void call_hash(call *c)
{
    static const size_t most[] = {600, 2, 4, 16, 60};
    const size_t n = c->n < most[c->variant] ? c->n : most[c->variant], size = c->k->size;

    c->result = c->k->hash((const char *)c->x + (c->n - n) * size, n * size, 7 * c->variant);
}

/* Ascending indices by the bits of x, with gaps that are mostly short, and one 2^30 long. */
static void some_indices(const call *c, uint32_t *index)
{
    const uint8_t *bytes = c->x;
    uint32_t at = c->variant;

    for (size_t j = 0; j <= c->n; j++) {
        index[j] = at;
        at += 1u + (j < c->n ? (uint32_t)bytes[j] >> c->variant % 8 : 0);
        if (j == c->n / 3) at += UINT32_C(1) << 30;
        if (j % 50 == 49) at += 1000u << c->variant % 5;
    }
}

enum { GAP_BITS = 15 };

static void call_gap_lows(call *c)
{
    static uint32_t index[CSGDI_BLOCK + 1];
    static uint64_t low[CSGDI_BLOCK / 4 + 1];
    const size_t groups = c->n / 4;

    some_indices(c, index);
    low[groups] = 17;
    c->k->gap_lows(index + 1, groups, c->variant % GAP_BITS, low);
    memcpy(c->out, low, 8 * groups);
    c->result = low[groups];
}

static void call_gap_quotients(call *c)
{
    static uint32_t index[CSGDI_BLOCK + 1], bits[CSGDI_BLOCK / 4 + 1];
    static uint64_t unary[CSGDI_BLOCK / 4 + 1];
    const size_t groups = c->n / 4;

    some_indices(c, index);
    unary[groups] = bits[groups] = 17;
    c->k->gap_quotients(index + 1, groups, 4 * c->variant + (unsigned)(c->n % 4), unary, bits);
    memcpy(c->out, unary, 8 * groups);
    memcpy(c->index, bits, 4 * groups);
    c->result = unary[groups] + bits[groups];
}

static void call_random_tiles(call *c)
{
    const csgdi_random random = csgdi_random_make(5, CSGDI_STREAM_SAMPLE, 7, c->variant, 9);
    uint32_t words[128];

    c->k->random_tiles(&random, UINT64_C(0xfffffffe) + 2 * c->variant, words);
    c->result = 0;
    for (size_t i = 0; i < 128; i++)
        c->result = c->result * 31 + words[i];
}

static void call_sign_sums(call *c)
{
    double sum[2];

    c->k->sign_sums(c->x, c->n, sum);
    c->result = bits_of(sum[0]) * 31 + bits_of(sum[1]);
}

static void call_min_max(call *c)
{
    double range[2];

    c->result = c->k->min_max(c->x, c->n, range);
    if (c->result != 0) c->result += bits_of(range[0]) * 31 + bits_of(range[1]);
}

static void call_add_min_max(call *c)
{
    double range[2];

    c->result = c->k->add_min_max(c->x, c->variant == 1 ? c->out : c->e, c->n, c->out, range);
    if (c->result != 0) c->result += bits_of(range[0]) * 31 + bits_of(range[1]);
}

/* At random from before, at and after the beginning of a tile, and where the number of a block needs
 * more than 32 bits; to nearest from two of them. */
enum { ROUNDINGS = 7 };

static uint64_t first_of(unsigned rounding)
{
    static const uint64_t first[ROUNDINGS] = {
        0, 8, 120, UINT64_C(0x1fffffff80), UINT64_C(0x1fffffffe8), 0, 104};
    return first[rounding];
}

static const csgdi_random *random_of(unsigned rounding)
{
    static csgdi_random random;

    random = csgdi_random_make(3, CSGDI_STREAM_ROUNDING, 2, 1, 4);
    return rounding < 5 ? &random : NULL;
}

/* Around zero as far as x goes; above its least, or in its middle, so that most is beyond; and all
 * where unit is nothing. */
static csgdi_grid grid_of(unsigned variant, unsigned bits, double least, double most)
{
    csgdi_grid g = {.bits = bits, .levels = 1u << bits};

    switch (variant % 4) {
    case 0:
        g.levels -= bits > 1;
        g.least = -(int)(g.levels / 2);
        g.unit = fmax(most, -least) / (g.levels / 2);
        break;
    case 1:
        g.base = least;
        g.unit = most / (g.levels - 1) - least / (g.levels - 1);
        break;
    case 2:
        g.levels = 2 + variant % (g.levels - 1);
        g.least = -1;
        g.base = most / 3;
        g.unit = (most / 5 - least / 5) / (g.levels - 1);
        break;
    default:
        g.base = most;
        break;
    }
    g.scale = g.unit > 0 ? fmin(1 / g.unit, DBL_MAX) : 0;
    return g;
}

enum { GRIDS = 4 * 8 };

/* NaN and infinity are never asked for, but must not do harm. */
static void call_quantize(call *c)
{
    const double most = c->k->type == CSGD_F32 ? FLT_MAX : DBL_MAX;
    double range[2] = {-1, most};
    const unsigned bits = 1 + c->variant % 8;

    if (csgdi_kernels_find("ref", c->k->type)->finite(c->x, c->n))
        csgdi_kernels_find("ref", c->k->type)->min_max(c->x, c->n, range);
    const csgdi_grid grid = grid_of(c->variant / 8, bits, range[0], range[1]);
    c->k->quantize(c->x, c->n, &grid, random_of(c->variant / GRIDS), first_of(c->variant / GRIDS),
                   c->out);
}

/* Never asked of what is not finite.  The codes are judged by a number. */
static void call_quantize_leave(call *c)
{
    const csgdi_kernels *ref = csgdi_kernels_find("ref", c->k->type);
    const unsigned bits = 1 + c->variant % 8;
    const csgdi_leave left = leave_of(c, c->variant % 3);
    uint8_t *codes = (uint8_t *)c->value;
    double range[2];

    c->result = 0;
    if (!ref->finite(c->x, c->n)) return;
    ref->min_max(c->x, c->n, range);
    const csgdi_grid grid = grid_of(c->variant / 8, bits, range[0], range[1]);
    c->k->quantize_leave(c->variant % 3 == 0 ? c->out : c->x, c->n, &grid,
                         random_of(c->variant / GRIDS), first_of(c->variant / GRIDS), codes, &left);
    c->k->stream_end();
    for (size_t i = 0; i < (c->n * bits + 7) / 8; i++)
        c->result = c->result * 31 + codes[i];
}

/* The bytes of x are as good codes as any. */
static void call_dequantize(call *c)
{
    static const double most[] = {0.7, 3e38, 1e-45};
    const csgdi_mode mode = (csgdi_mode)(c->variant % 3);
    const unsigned bits = 1 + c->variant / 3 % 8, kind = c->variant / 24;
    const csgdi_grid grid = grid_of(kind, bits, -most[kind % 3], most[kind % 3]);
    const uint8_t *end = (const uint8_t *)c->x + c->n * c->k->size;

    c->k->dequantize(end - (c->n * bits + 7) / 8, c->n, &grid, mode, c->out);
}

static double half_scale(unsigned variant)
{
    static const double scale[] = {1, 0x1p-100, 0x1p20, 0x1p126};
    return scale[variant % 4];
}

static void call_to_half(call *c)
{
    const unsigned v = c->variant;

    c->k->to_half(c->x, c->n, v % 2 == 0 ? CSGDI_BF16 : CSGDI_F16, half_scale(v / 2),
                  random_of(v / 8), first_of(v / 8), c->out);
}

static void call_to_half_leave(call *c)
{
    const csgdi_leave left = leave_of(c, c->variant % 3);
    const unsigned v = c->variant;
    uint8_t *half = (uint8_t *)c->value;

    c->result = 0;
    if (!csgdi_kernels_find("ref", c->k->type)->finite(c->x, c->n)) return;
    c->k->to_half_leave(v % 3 == 0 ? c->out : c->x, c->n, v % 2 == 0 ? CSGDI_BF16 : CSGDI_F16,
                        half_scale(v / 2), random_of(v / 8), first_of(v / 8), half, &left);
    c->k->stream_end();
    for (size_t i = 0; i < 2 * c->n; i++)
        c->result = c->result * 31 + half[i];
}

/* The bytes of x are as good halves as any; at an odd address too. */
static void call_from_half(call *c)
{
    const unsigned v = c->variant;
    const uint8_t *end = (const uint8_t *)c->x + c->n * c->k->size;

    c->k->from_half(end - 2 * c->n - (c->n > 0 ? v / 24 : 0), c->n,
                    v % 2 == 0 ? CSGDI_BF16 : CSGDI_F16, half_scale(v / 2), (csgdi_mode)(v / 8 % 3),
                    c->out);
}

/* Tops from the least that will do to the largest that there is. */
static void call_to_power(call *c)
{
    static const int above[] = {0, 1, 60, 120, 128, 2000};
    const csgdi_kernels *ref = csgdi_kernels_find("ref", c->k->type);
    const int end = c->k->type == CSGD_F32 ? 128 : 1024;
    int top;

    if (!ref->finite(c->x, c->n)) return; /* never asked for */
    frexp(ref->abs_max(c->x, c->n), &top);
    top = (top < -126 ? -126 : top) + above[c->variant % 6];
    c->k->to_power(c->x, c->n, top < end ? top : end, random_of(c->variant / 6),
                   first_of(c->variant / 6), c->out);
}

/* The bytes of x are as good codes as any. */
static void call_from_power(call *c)
{
    static const int top[] = {0, 128, 1, -126, 1024, -1000, 2000};
    const uint8_t *end = (const uint8_t *)c->x + c->n * c->k->size;

    c->k->from_power(end - c->n, c->n, top[c->variant / 3], (csgdi_mode)(c->variant % 3), c->out);
}

const slot slots[] = {
    {"finite", call_finite, 1, NOTHING},
    {"add", call_add, 1, ELEMENTS},
    {"sub", call_sub, 1, ELEMENTS},
    {"add_finite", call_add_finite, 3, ELEMENTS},
    {"add_scaled_finite", call_add_scaled_finite, 12, ELEMENTS},
    {"add_pair_finite", call_add_pair_finite, 8, ELEMENTS},
    {"add_echo_finite", call_add_echo_finite, 8, ELEMENTS},
    {"abs_sum", call_abs_sum, 1, NOTHING},
    {"square_sum", call_square_sum, 1, NOTHING},
    {"sign_pack", call_sign_pack, 1, BITS},
    {"sign_encode", call_sign_encode, 1, BITS},
    {"sign_leave", call_sign_leave, 9, ELEMENTS},
    {"sign_apply", call_sign_apply, 9, ELEMENTS},
    {"key_histogram", call_key_histogram, 6, HISTOGRAM},
    {"key_select", call_key_select, 3 * LIMITS, NOTHING},
    {"key_cut", call_key_cut, 3 * LIMITS, ELEMENTS},
    {"add_cut", call_add_cut, 4 * LIMITS, ELEMENTS},
    {"key_under", call_key_under, LIMITS, NOTHING},
    {"key_split", call_key_split, 3 * LIMITS, ELEMENTS},
    {"key_kth", call_key_kth, 3, NOTHING},
    {"scatter", call_scatter, 3, ELEMENTS},
    {"gather", call_gather, 2, NOTHING},
    {"stream", call_stream, 1, ELEMENTS},
    {"abs_max", call_abs_max, 1, NOTHING},
    {"hash", call_hash, 5, NOTHING},
    {"gap_lows", call_gap_lows, GAP_BITS, HALVES},
    {"gap_quotients", call_gap_quotients, 8, HALVES},
    {"random_tiles", call_random_tiles, 3, NOTHING},
    {"sign_sums", call_sign_sums, 1, NOTHING},
    {"min_max", call_min_max, 1, NOTHING},
    {"add_min_max", call_add_min_max, 2, ELEMENTS},
    {"quantize", call_quantize, GRIDS *ROUNDINGS, BYTES},
    {"quantize_leave", call_quantize_leave, GRIDS *ROUNDINGS, ELEMENTS},
    {"dequantize", call_dequantize, 3 * GRIDS, ELEMENTS},
    {"to_half", call_to_half, 8 * ROUNDINGS, HALVES},
    {"to_half_leave", call_to_half_leave, 8 * ROUNDINGS, ELEMENTS},
    {"from_half", call_from_half, 2 * 24, ELEMENTS},
    {"to_power", call_to_power, 6 * ROUNDINGS, BYTES},
    {"from_power", call_from_power, 3 * 7, ELEMENTS},
    {NULL, NULL, 0, NOTHING},
};
