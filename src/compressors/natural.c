/* SPDX-License-Identifier: BSD-3-Clause */

/* natural.c: natural compression: round at random to one of the two powers of two around.
 *
 * C(x)_i = sign(x_i) 2^e or sign(x_i) 2^(e + 1) with |x_i| = (1 + p) 2^e, the upper one with chance
 * p, so that E C(x) = x.  Unbiased, E|C(x) - x|^2 <= omega |x|^2 with omega = 1/8, taken where
 * p = 1/3 (Horvath, Ho, Horvath, Sahu, Canini, Richtarik 2019).
 *
 * One byte holds a sign and seven bits of exponent below the block's own, 2^top.  Zero stays zero.
 * What is below the least power, 2^(top - 126), becomes that or 0: no omega there, but the mean.
 *
 * "Unbiased" is up to the 16 bits of a random word, which take at most 2^-16 of the distance of the
 * two from the mean, and but for the ends of the element type: a magnitude above its largest power
 * of two becomes that, and subnormal numbers become 0.
 *
 * Payload, block after block:  top : i16, -126 <= top <= 128 (1024 of doubles), the least with
 * |x_i| <= 2^top for all i, -126 where there is none | code[0..b) : u8, 0 for 0, else 128 s + c,
 * c >= 1, for (-1)^s 2^(top - 127 + c), not beyond the element type, and (-1)^s 0 where that is
 * below its normal numbers.
 */

#include <math.h>
#include "base/bytes.h"
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/keys.h"

enum { LEAST = -126 };

static csgd_status natural_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    (void)arena;
    return csgdi_block_read(c, spec, "block");
}

static size_t natural_block_bytes(const csgdi_compressor *c, size_t b)
{
    (void)c;
    return sizeof(int16_t) + b;
}

/* The least exponent of a power of two that most does not exceed. */
static int top_of(double most)
{
    int exponent;
    const double fraction = frexp(most, &exponent); /* in [1/2, 1), or 0 */

    if (fraction == 0.5) exponent--;
    return fraction > 0 && exponent > LEAST ? exponent : LEAST;
}

static bool natural_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                           uint64_t step, uint8_t *dst)
{
    const csgdi_random random = csgdi_random_make(c->seed, c->rounding, c->rank, 0, step);
    const double most = c->kernels->abs_max(x, b);
    int top;

    if (!isfinite(most)) return false;
    top = top_of(most);
    csgdi_store16(dst, (uint16_t)top);
    c->kernels->to_power(x, b, top, &random, first, dst + sizeof(int16_t));
    return true;
}

/* What passes decodes to finite numbers. */
static csgd_status natural_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const int largest = c->kernels->type == CSGD_F64 ? 1023 : 127; /* exponent of a power */
    const int top = (int16_t)csgdi_load16(src);
    const uint8_t *codes = src + sizeof(int16_t);
    bool negative_zero = false, beyond = false;

    if (top < LEAST || top > largest + 1)
        return csgdi_fail(CSGD_E_CORRUPT, "the exponent of the block is %d", top);
    for (size_t i = 0; i < b; i++) {
        negative_zero |= codes[i] == 128;
        beyond |= codes[i] % 128 == 127 && top > largest;
    }
    if (negative_zero) return csgdi_fail(CSGD_E_CORRUPT, "a code is 128, which is no number");
    if (beyond) return csgdi_fail(CSGD_E_CORRUPT, "a code stands for 2^%d", top);
    return CSGD_OK;
}

static void natural_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                          void *y)
{
    c->kernels->from_power(src + sizeof(int16_t), b, (int16_t)csgdi_load16(src), mode, y);
}

static csgdi_loss natural_loss(const csgdi_compressor *c)
{
    (void)c;
    return (csgdi_loss){CSGDI_LOSS_NOISE, 0.125}; /* Horvath et al. 2019, theorem 4 */
}

static const csgdi_key keys[] = {
    CSGDI_KEY_BLOCK("block", "1024", "elements that share one exponent, a multiple of 8"),
};

const csgdi_compressor_ops csgdi_natural = {
    .name = "natural",
    .summary = "one byte per element, rounded at random to a power of two: unbiased",
    .source = "Horvath et al. 2019",
    .wire_id = 12,
    .family = CSGDI_QUANTIZE,
    .biased = false,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = natural_create,
    .block_bytes = natural_block_bytes,
    .encode_block = natural_encode,
    .check_block = natural_check,
    .apply_block = natural_apply,
    .loss = natural_loss,
};
