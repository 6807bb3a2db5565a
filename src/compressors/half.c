/* SPDX-License-Identifier: BSD-3-Clause */

/* half.c: 16-bit floats: bf16 (bfloat16) and f16 (binary16).
 *
 *     rounding=stochastic   one of the two halves around x_i, drawn so that E C(x) = x.  Unbiased,
 *                           E|C(x) - x|^2 <= omega |x|^2, omega = 2^-16 for bf16 and 2^-22 for f16
 *     rounding=nearest      the nearer one, ties to even: biased, a contraction with 1 - delta =
 *                           2^-16 and 2^-22; error feedback is the default
 *
 * bf16 has the exponents of float and takes values as they are.  f16 has five bits of exponent, so
 * each block is multiplied by a power of two that brings its largest magnitude into [2^14, 2^15).
 *
 * Nothing finite becomes infinite: what is beyond the largest half becomes that.  For bf16 that is
 * (2 - 2^-7) 2^127, for f16 the last 2^-11 of the element type's range.
 *
 * Below the normal halves steps no longer shrink: in bf16 they are 2^-133, in f16 at most 2^-38 of
 * the block's largest, or 2^-1046 of doubles where that is more.  There the constants do not hold,
 * but the mean does, as everywhere up to the 16 bits of a random word: they take at most 2^-16 of a
 * step from it, among those small steps of f16, and of a double, which has more bits than a float.
 * Zero stays zero, with its sign.
 *
 * Payload of bf16:  half[0..n) : u16, finite.
 * Payload of f16, block after block:  k : i16, from -112 to 126, of doubles from -1008 to 1022, of
 * which values were multiplied by 2^k, 0 where all are zero | half[0..b) : u16, finite.  What is
 * decoded is rounded to the element type.
 */

#include <math.h>
#include <string.h>
#include "base/bytes.h"
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/keys.h"

enum { BF16_BLOCK = 1024 }; /* by which ranges are cut */

typedef struct half {
    csgdi_half format;
    bool nearest;
} half;

static csgd_status create(csgdi_compressor *c, const csgdi_spec *spec, csgdi_half format,
                          csgdi_arena *arena)
{
    half *self = csgdi_arena_alloc(arena, 1, sizeof *self);

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->format = format;
    self->nearest = csgdi_rounding_nearest(spec);
    c->biased = self->nearest;
    return CSGD_OK;
}

/* --- halves --- */

static const uint16_t infinity[] = {0x7f80, 0x7c00}; /* by format */

/* Write them, the largest finite one in place of infinity, which only nearest makes.  left: NULL, or
 * where what is left goes. */
static void encode(const csgdi_compressor *c, const void *x, size_t first, size_t b, uint64_t step,
                   double scale, bool may_overflow, uint8_t *dst, const csgdi_leave *left)
{
    const csgdi_random drawn = csgdi_random_make(c->seed, c->rounding, c->rank, 0, step);
    const half *self = c->state;
    const csgdi_random *random = self->nearest ? NULL : &drawn;

    if (left != NULL && !may_overflow) {
        c->kernels->to_half_leave(x, b, self->format, scale, random, first, dst, left);
        return;
    }
    c->kernels->to_half(x, b, self->format, scale, random, first, dst);
    for (size_t i = 0; may_overflow && i < b; i++) {
        const uint16_t h = csgdi_load16(dst + 2 * i);
        if ((h & INT16_MAX) == infinity[self->format])
            csgdi_store16(dst + 2 * i, (uint16_t)(h - 1));
    }
    if (left == NULL) return;
    if (left->y != x) memcpy(left->y, x, b * c->kernels->size);
    c->kernels->from_half(dst, b, self->format, scale, CSGDI_SUB, left->y);
}

static csgd_status check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const half *self = c->state;
    bool bad = false;

    for (size_t i = 0; i < b; i++)
        bad |= (csgdi_load16(src + 2 * i) & INT16_MAX) >= infinity[self->format];
    return bad ? csgdi_fail(CSGD_E_CORRUPT, "a half is NaN or infinite") : CSGD_OK;
}

/* --- bf16 --- */

static csgd_status bf16_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    c->block = BF16_BLOCK;
    return create(c, spec, CSGDI_BF16, arena);
}

static size_t bf16_block_bytes(const csgdi_compressor *c, size_t b)
{
    (void)c;
    return 2 * b;
}

static bool bf16_leave(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                       uint64_t step, uint8_t *dst, const csgdi_leave *left)
{
    const double most = csgdi_leave_most(c->kernels, x, b, left);

    if (!isfinite(most)) return false;
    encode(c, x, first, b, step, 1, most > 0x1.fep127, dst, left);
    return true;
}

static bool bf16_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                        uint64_t step, uint8_t *dst)
{
    return bf16_leave(c, x, first, b, step, dst, NULL);
}

static void bf16_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                       void *y)
{
    c->kernels->from_half(src, b, CSGDI_BF16, 1, mode, y);
}

/* Of bf16, drawn at random: a part of 2^-8 of x at most, half of that apart; the others' is less. */
static csgdi_loss half_loss(const csgdi_compressor *c)
{
    (void)c;
    return (csgdi_loss){CSGDI_LOSS_NOISE, 0x1p-16};
}

/* --- f16 --- */

static csgd_status f16_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const csgd_status st = csgdi_block_read(c, spec, "block");

    return st == CSGD_OK ? create(c, spec, CSGDI_F16, arena) : st;
}

static size_t f16_block_bytes(const csgdi_compressor *c, size_t b)
{
    (void)c;
    return sizeof(int16_t) + 2 * b;
}

/* The exponents of 2^k that are in use.  At the lower end the largest half is still finite when it
 * is decoded; at the upper one 2^-k is a normal number. */
static void limits(const csgdi_compressor *c, int *least, int *most)
{
    const int exponents = c->kernels->type == CSGD_F64 ? 1024 : 128;

    *least = 16 - exponents;
    *most = exponents - 2;
}

static int scale_of(const csgdi_compressor *c, double most)
{
    int least, largest, exponent;

    if (most == 0) return 0;
    limits(c, &least, &largest);
    frexp(most, &exponent); /* most < 2^exponent */
    exponent = 15 - exponent;
    return exponent < least ? least : exponent > largest ? largest : exponent;
}

static bool f16_leave(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                      uint64_t step, uint8_t *dst, const csgdi_leave *left)
{
    const double most = csgdi_leave_most(c->kernels, x, b, left);
    int k;

    if (!isfinite(most)) return false;
    k = scale_of(c, most);
    csgdi_store16(dst, (uint16_t)k);
    encode(c, x, first, b, step, ldexp(1, k), ldexp(most, k) > 65504, dst + sizeof(int16_t), left);
    return true;
}

static bool f16_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                       uint64_t step, uint8_t *dst)
{
    return f16_leave(c, x, first, b, step, dst, NULL);
}

static csgd_status f16_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const int k = (int16_t)csgdi_load16(src);
    int least, most;

    limits(c, &least, &most);
    if (k < least || k > most)
        return csgdi_fail(CSGD_E_CORRUPT, "the exponent of the scale is %d", k);
    return check(c, src + sizeof(int16_t), b);
}

static void f16_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                      void *y)
{
    const double scale = ldexp(1, (int16_t)csgdi_load16(src));

    c->kernels->from_half(src + sizeof(int16_t), b, CSGDI_F16, scale, mode, y);
}

/* --- tables --- */

static const csgdi_key keys[] = {
    CSGDI_KEY_ROUNDING("at random, so that the mean is right; or to the nearest, for feedback"),
    CSGDI_KEY_BLOCK("block", "1024", "elements that share one scale, a multiple of 8"),
};

const csgdi_compressor_ops csgdi_bf16 = {
    .name = "bf16",
    .summary = "16 bits per element: bfloat16, the upper half of a float, rounded at random",
    .source = "-",
    .wire_id = 13,
    .family = CSGDI_QUANTIZE,
    .biased = false,
    .ranged = true,
    .keys = {keys, 1},
    .create = bf16_create,
    .block_bytes = bf16_block_bytes,
    .encode_block = bf16_encode,
    .leave_block = bf16_leave,
    .check_block = check,
    .apply_block = bf16_apply,
    .loss = half_loss,
};

const csgdi_compressor_ops csgdi_f16 = {
    .name = "f16",
    .summary = "16 bits per element: binary16 on the scale of its block, rounded at random",
    .source = "-",
    .wire_id = 14,
    .family = CSGDI_QUANTIZE,
    .biased = false,
    .ranged = true,
    .keys = {keys, 2},
    .create = f16_create,
    .block_bytes = f16_block_bytes,
    .encode_block = f16_encode,
    .leave_block = f16_leave,
    .check_block = f16_check,
    .apply_block = f16_apply,
    .loss = half_loss,
};
