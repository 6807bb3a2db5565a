/* SPDX-License-Identifier: BSD-3-Clause */

/* sign.c: one bit per element and one mean magnitude per block.
 *
 * C(x)_i = a or -a by the sign of x_i (plus for 0 and -0), where a is the mean of |x| over the
 * block, the last block's over what it has.  Biased, and a contraction in each block:
 * |x - C(x)|^2 = (1 - |x|_1^2 / (b |x|_2^2)) |x|_2^2 with b elements, so use it with error feedback
 * (Karimireddy, Rebjock, Stich, Jaggi 2019).  The L1 mean is what makes it one; a root mean square
 * would enlarge sparse vectors.
 *
 * One bit cannot say zero: an element that is always zero gets a residual while its block is not
 * all zero.  A block of zeros stays zero.  With mask=yes zeros stay zero anywhere (mask.h); the mean
 * is over all b elements all the same.
 *
 * Payload, block after block:  a : element type, finite, not below 0 | bit[0..b) : ceil(b / 8)
 * bytes, bit i of the block is bit i % 8 of byte i / 8, 1 for a and 0 for -a, unused bits zero.
 */

#include <float.h>
#include <math.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/keys.h"
#include "compressors/scale.h"

static csgd_status sign_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    (void)arena;
    return csgdi_block_read(c, spec, "block");
}

static size_t sign_block_bytes(const csgdi_compressor *c, size_t b)
{
    return c->kernels->size + (b + 7) / 8;
}

/* The mean magnitude of b finite elements whose sum overflowed: of quotients, added in order, which at
 * most rounding can lift above the top. */
static double mean_of_large(const csgdi_compressor *c, const void *x, size_t b)
{
    const bool wide = c->kernels->type == CSGD_F64;
    double mean = 0;

    for (size_t i = 0; i < b; i++)
        mean += fabs(wide ? ((const double *)x)[i] : (double)((const float *)x)[i]) / (double)b;
    return fmin(mean, wide ? DBL_MAX : (double)FLT_MAX);
}

static bool sign_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                        uint64_t step, uint8_t *dst)
{
    const csgdi_kernels *k = c->kernels;
    uint8_t *bits = dst + k->size;
    double mean;

    (void)first;
    (void)step;
    if (b <= CSGDI_BLOCK) {
        mean = k->sign_encode(x, b, bits) / (double)b;
    } else {
        mean = csgdi_sum_blocks(k, k->abs_sum, x, b) / (double)b;
        k->sign_pack(x, b, bits);
    }
    if (!isfinite(mean)) {
        if (!k->finite(x, b)) return false;
        mean = mean_of_large(c, x, b);
    }
    csgdi_scale_put(c, mean, dst);
    return true;
}

static bool sign_leave(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                       uint64_t step, uint8_t *dst, const csgdi_leave *left)
{
    double value[2];

    if (!sign_encode(c, x, first, b, step, dst)) return false;
    value[1] = csgdi_scale_get(c, dst);
    value[0] = -value[1];
    c->kernels->sign_leave(dst + c->kernels->size, b, value, x, left);
    return true;
}

static csgd_status sign_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const double scale = csgdi_scale_get(c, src);

    if (!isfinite(scale) || scale < 0) return csgdi_fail(CSGD_E_CORRUPT, "the scale is %g", scale);
    if (b % 8 != 0 && src[c->kernels->size + b / 8] >> b % 8 != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the last bits of the codes stand for no element");
    return CSGD_OK;
}

static void sign_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                       void *y)
{
    const double scale = csgdi_scale_get(c, src), value[2] = {-scale, scale};

    c->kernels->sign_apply(src + c->kernels->size, b, value, mode, y);
}

static csgdi_loss sign_loss(const csgdi_compressor *c)
{
    (void)c;
    return (csgdi_loss){CSGDI_LOSS_SIGN, 0};
}

static const csgdi_key keys[] = {
    CSGDI_KEY_BLOCK("block", "1024", "elements that share one scale, a multiple of 8"),
};

const csgdi_compressor_ops csgdi_sign = {
    .name = "sign",
    .summary = "one bit per element, scaled by the mean magnitude of its block",
    .source = "Karimireddy et al. 2019",
    .wire_id = 3,
    .family = CSGDI_QUANTIZE,
    .biased = true,
    .no_zero = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = sign_create,
    .block_bytes = sign_block_bytes,
    .encode_block = sign_encode,
    .leave_block = sign_leave,
    .check_block = sign_check,
    .apply_block = sign_apply,
    .loss = sign_loss,
};
