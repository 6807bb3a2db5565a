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
 * With linf no error is above |x|_inf / s, so from 3 bits on error feedback keeps its residual
 * bounded too.
 *
 * Zero stays zero, and nothing becomes larger than M.  Any M not below |x|_inf will do for the
 * mean: an l2 norm beyond the element type is replaced by its largest number.  "Unbiased" is up to
 * what the 16 bits of a random word cannot tell, at most 2^-17 of a level, and to rounding to the
 * element type, in which a bucket of subnormal numbers may become zeros.
 *
 * A random word belongs to an element, so codes do not depend on the range they are encoded in.
 * Words come in tiles of 128 elements: take buckets that are multiples of it, they are faster.
 *
 * Payload, bucket after bucket:  unit : element type, M / s, not below 0, and s unit finite |
 * code[0..b) : `bits` bits each, q + s for the level q of -s .. s, which stands for 0 + q unit, so
 * for 0 without a sign; low bits first, eight codes in `bits` bytes, unused bits zero.
 */

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/codes.h"
#include "compressors/keys.h"
#include "compressors/scale.h"

typedef struct qsgd {
    unsigned bits, s;
    bool l2;
} qsgd;

static csgd_status qsgd_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    qsgd *self = csgdi_arena_alloc(arena, 1, sizeof *self);

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->bits = (unsigned)csgdi_spec_count(spec, "bits");
    self->s = (1u << (self->bits - 1)) - 1;
    self->l2 = strcmp(csgdi_spec_choice(spec, "norm"), "l2") == 0;
    return csgdi_block_read(c, spec, "bucket");
}

static csgdi_grid grid_of(const qsgd *self, double unit)
{
    return (csgdi_grid){.unit = unit,
                        .scale = csgdi_codes_scale(unit),
                        .least = -(int)self->s,
                        .levels = 2 * self->s + 1,
                        .bits = self->bits};
}

static size_t qsgd_block_bytes(const csgdi_compressor *c, size_t b)
{
    const qsgd *self = c->state;

    return c->kernels->size + csgdi_codes_bytes(self->bits, b);
}

/* left: NULL, or where what is left goes. */
static bool encode(const csgdi_compressor *c, const void *x, size_t first, size_t b, uint64_t step,
                   uint8_t *dst, const csgdi_leave *left)
{
    const csgdi_random random = csgdi_random_make(c->seed, c->rounding, c->rank, 0, step);
    const csgdi_kernels *k = c->kernels;
    const qsgd *self = c->state;
    double most = csgdi_leave_most(k, x, b, left);
    csgdi_grid grid;

    if (!isfinite(most)) return false;
    if (self->l2) most = fmax(csgdi_codes_norm(c, x, b, most), most); /* a root may be rounded */
    grid = grid_of(self, csgdi_codes_unit(c, most, self->s));
    csgdi_scale_put(c, grid.unit, dst);
    if (left == NULL)
        k->quantize(x, b, &grid, &random, first, dst + k->size);
    else
        k->quantize_leave(x, b, &grid, &random, first, dst + k->size, left);
    return true;
}

static bool qsgd_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                        uint64_t step, uint8_t *dst)
{
    return encode(c, x, first, b, step, dst, NULL);
}

static csgd_status qsgd_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const qsgd *self = c->state;
    const double unit = csgdi_scale_get(c, src);

    if (unit < 0 || !isfinite(csgdi_codes_level(c, 0, unit, (int)self->s)))
        return csgdi_fail(CSGD_E_CORRUPT, "the unit is %g", unit);
    return csgdi_codes_check(src + c->kernels->size, b, self->bits, 2 * self->s + 1);
}

static void qsgd_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                       void *y)
{
    const csgdi_grid grid = grid_of(c->state, csgdi_scale_get(c, src));

    c->kernels->dequantize(src + c->kernels->size, b, &grid, mode, y);
}

static csgdi_loss qsgd_loss(const csgdi_compressor *c)
{
    const qsgd *self = c->state;
    const double s = self->s, b = (double)(c->n < c->block ? c->n : c->block);

    if (!self->l2) return (csgdi_loss){CSGDI_LOSS_LEVELS, s};
    return (csgdi_loss){CSGDI_LOSS_NOISE, fmin(b / (s * s), sqrt(b) / s)};
}

static const char *norm_name(size_t i)
{
    static const char *const names[] = {"linf", "l2"};
    return i < 2 ? names[i] : NULL;
}

static const csgdi_key keys[] = {
    CSGDI_KEY_BITS("4", "bits of a code: 2^bits - 1 levels from -M to M, zero among them"),
    CSGDI_KEY_BLOCK("bucket", "512",
                    "elements that share one M, a multiple of 8; of 128 is faster"),
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
    .ranged = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = qsgd_create,
    .block_bytes = qsgd_block_bytes,
    .encode_block = qsgd_encode,
    .leave_block = encode,
    .check_block = qsgd_check,
    .apply_block = qsgd_apply,
    .loss = qsgd_loss,
};
