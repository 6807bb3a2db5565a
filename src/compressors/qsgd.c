/* SPDX-License-Identifier: BSD-3-Clause */

/* qsgd.c: round at random to one of 2 s + 1 levels of each bucket.
 *
 * With M the norm of the bucket, B elements, and s = 2^(bits - 1) - 1, C(x)_i is one of the two
 * multiples of M / s around x_i, drawn so that E C(x) = x (Alistarh, Grubic, Li, Tomioka, Vojnovic
 * 2017).  Unbiased, with
 *
 *     linf    M = |x|_inf: E|C(x) - x|^2 <= B |x|_inf^2 / (4 s^2)
 *     l2      M = |x|_2:   E|C(x) - x|^2 <= min(B / s^2, sqrt(B) / s) |x|_2^2
 *
 * for each bucket.  linf uses all levels; l2 is the published one, whose codes are mostly zero.
 *
 * Zero stays zero.  Any M not below |x|_inf will do for the mean: an l2 norm beyond the element
 * type is replaced by its largest number.  "Unbiased" is up to the 32 bits of a random word, which
 * take at most M / (s 2^32) from the mean of |C(x)_i|, and rounding to the element type.
 *
 * A random word belongs to an element, so codes do not depend on the range they are encoded in.
 *
 * Payload, bucket after bucket:  M : element type | code[0..b) : `bits` bits each, q + s for the
 * level q of -s .. s, low bits first, eight codes in `bits` bytes, unused bits zero.
 */

#include <float.h>
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/scale.h"

typedef struct qsgd {
    unsigned bits;
    bool l2;
} qsgd;

static csgd_status qsgd_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    qsgd *self = csgdi_arena_alloc(arena, 1, sizeof *self);

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->bits = (unsigned)csgdi_spec_count(spec, "bits");
    self->l2 = strcmp(csgdi_spec_choice(spec, "norm"), "l2") == 0;
    c->block = (size_t)csgdi_spec_count(spec, "bucket");
    if (c->block % 8 != 0)
        return csgdi_fail(CSGD_E_SPEC, "qsgd: bucket=%zu is not a multiple of 8", c->block);
    return CSGD_OK;
}

/* Of `count` codes. */
static size_t bytes_of(unsigned bits, size_t count)
{
    return count / 8 * bits + (count % 8 * bits + 7) / 8;
}

static size_t qsgd_block_bytes(const csgdi_compressor *c, size_t b)
{
    const qsgd *self = c->state;

    return c->kernels->size + bytes_of(self->bits, b);
}

/* The 2-norm of b finite elements, the largest of them `most` > 0.  Squares of doubles may leave
 * the range of double: then those of quotients are added, in order. */
static double norm2(const csgdi_kernels *k, const void *x, size_t b, double most)
{
    const double sum = csgdi_sum_blocks(k, k->square_sum, x, b);
    const double *wide = x;
    double squares = 0;

    if (sum >= 0x1p-900 && sum <= DBL_MAX) return sqrt(sum);
    for (size_t i = 0; i < b; i++)
        squares += wide[i] / most * (wide[i] / most);
    return most * sqrt(squares);
}

/* M of b finite elements, as it is sent: finite, in the element type, and not below any of them,
 * where rounding downwards would take a root. */
static double scale_of(const csgdi_compressor *c, const void *x, size_t b)
{
    const qsgd *self = c->state;
    const double most = c->kernels->abs_max(x, b);
    double norm;

    if (!self->l2 || most == 0) return most;
    norm = norm2(c->kernels, x, b, most);
    if (c->kernels->type == CSGD_F32)
        norm = norm < (double)FLT_MAX ? (double)(float)norm : (double)FLT_MAX;
    return fmax(fmin(norm, DBL_MAX), most);
}

static bool qsgd_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                        uint64_t step, uint8_t *dst)
{
    const csgdi_random random = csgdi_random_make(c->seed, c->rounding, c->rank, 0, step);
    const csgdi_kernels *k = c->kernels;
    const qsgd *self = c->state;
    const double scale = scale_of(c, x, b);

    if (!k->finite(x, b)) return false;
    csgdi_scale_put(c, scale, dst);
    k->quantize(x, b, scale, self->bits, &random, first, dst + k->size);
    return true;
}

/* Whether one of eight codes is 2^bits - 1, the only one that is no level: a field of all ones.
 * Taking one from every field of the complement borrows just from a field of zeros. */
static bool has_no_level(uint64_t group, unsigned bits)
{
    const uint64_t all = ~(uint64_t)0 >> (64 - 8 * bits);
    const uint64_t ones = all / (((uint64_t)1 << bits) - 1);
    const uint64_t rest = ~group & all;

    return ((rest - ones) & ~rest & ones << (bits - 1)) != 0;
}

static csgd_status check_codes(const uint8_t *src, size_t count, unsigned bits)
{
    for (size_t i = 0; i < count; i += 8) {
        const size_t end = count - i < 8 ? count - i : 8;
        uint64_t group = 0;

        memcpy(&group, src + i / 8 * bits, bytes_of(bits, end));
        if (has_no_level(group, bits))
            return csgdi_fail(CSGD_E_CORRUPT, "a code of %u bits is %u, which is no level", bits,
                              (1u << bits) - 1);
        if (end < 8 && group >> end * bits != 0)
            return csgdi_fail(CSGD_E_CORRUPT, "the last bits of the codes stand for no element");
    }
    return CSGD_OK;
}

static csgd_status qsgd_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const qsgd *self = c->state;
    const double scale = csgdi_scale_get(c, src);

    if (!isfinite(scale) || scale < 0) return csgdi_fail(CSGD_E_CORRUPT, "the scale is %g", scale);
    return check_codes(src + c->kernels->size, b, self->bits);
}

static void qsgd_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                       void *y)
{
    const csgdi_kernels *k = c->kernels;
    const qsgd *self = c->state;

    k->dequantize(src + k->size, b, csgdi_scale_get(c, src), self->bits, mode, y);
}

static const char *norm_name(size_t i)
{
    static const char *const names[] = {"linf", "l2"};
    return i < 2 ? names[i] : NULL;
}

static const csgdi_key keys[] = {
    {.name = "bits",
     .kind = CSGDI_COUNT,
     .min = 2,
     .max = 8,
     .fallback = "4",
     .help = "bits of a code: 2^bits - 1 levels from -M to M, zero among them"},
    {.name = "bucket",
     .kind = CSGDI_COUNT,
     .min = 8,
     .max = 1 << 30,
     .fallback = "512",
     .help = "elements that share one M, a multiple of 8"},
    {.name = "norm",
     .kind = CSGDI_CHOICE,
     .choice = norm_name,
     .fallback = "linf",
     .help = "M: largest magnitude of the bucket, or its 2-norm as published, for sparser codes"},
};

const csgdi_compressor_ops csgdi_qsgd = {
    .name = "qsgd",
    .summary = "a few bits per element, rounded at random to levels of its bucket: unbiased",
    .source = "Alistarh et al. 2017",
    .wire_id = 6,
    .family = CSGDI_QUANTIZE,
    .biased = false,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = qsgd_create,
    .block_bytes = qsgd_block_bytes,
    .encode_block = qsgd_encode,
    .check_block = qsgd_check,
    .apply_block = qsgd_apply,
};
