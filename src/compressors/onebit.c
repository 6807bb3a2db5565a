/* SPDX-License-Identifier: BSD-3-Clause */

/* onebit.c: one bit per element and two means per block.
 *
 * C(x)_i is the mean of the elements >= 0 of its block, or the mean of those below, by the sign of
 * x_i (plus for 0 and -0); 0 stands for the mean of an empty class (Seide, Fu, Droppo, Li, Yu 2014,
 * whose blocks are the columns of a matrix).  Biased, and a contraction in each block, never worse
 * than sign: the error is the variance within the classes,
 *
 *     |x - C(x)|^2 = |x|_2^2 - b+ m+^2 - b- m-^2
 *
 * with b+ elements of mean m+ and b- of mean m-, so use it with error feedback.
 *
 * One bit cannot say zero; with mask=yes zeros stay zero (mask.h), and count in the means all the
 * same.
 *
 * Payload, block after block:  m-, m+ : element type, finite, m- not above 0 and m+ not below |
 * bit[0..b) : ceil(b / 8) bytes, bit i of the block is bit i % 8 of byte i / 8, 1 for m+, unused
 * bits zero.
 */

#include <float.h>
#include <math.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/keys.h"
#include "compressors/scale.h"

static csgd_status onebit_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    (void)arena;
    return csgdi_block_read(c, spec, "block");
}

static size_t onebit_block_bytes(const csgdi_compressor *c, size_t b)
{
    return 2 * c->kernels->size + (b + 7) / 8;
}

static size_t count_ones(const uint8_t *bits, size_t bytes)
{
    size_t ones = 0;

    for (size_t i = 0; i < bytes; i++)
        ones += (size_t)__builtin_popcount(bits[i]);
    return ones;
}

/* The means of b finite elements where a sum overflowed: of quotients, added in order, which at
 * most rounding can lift above the top. */
static void means_of_large(const csgdi_compressor *c, const void *x, size_t b,
                           const size_t count[2], double mean[2])
{
    const bool wide = c->kernels->type == CSGD_F64;
    const double top = wide ? DBL_MAX : (double)FLT_MAX;

    mean[0] = mean[1] = 0;
    for (size_t i = 0; i < b; i++) {
        const double v = wide ? ((const double *)x)[i] : (double)((const float *)x)[i];
        mean[v >= 0] += fabs(v) / (double)count[v >= 0];
    }
    mean[0] = fmin(mean[0], top);
    mean[1] = fmin(mean[1], top);
}

static bool onebit_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                          uint64_t step, uint8_t *dst)
{
    const csgdi_kernels *k = c->kernels;
    uint8_t *bits = dst + 2 * k->size;
    double sum[2], mean[2];
    size_t count[2]; /* by bit */

    (void)first;
    (void)step;
    k->sign_sums(x, b, sum);
    k->sign_pack(x, b, bits);
    count[1] = count_ones(bits, (b + 7) / 8);
    count[0] = b - count[1];
    if (isfinite(sum[0]) && isfinite(sum[1])) {
        mean[0] = count[0] > 0 ? sum[1] / (double)count[0] : 0;
        mean[1] = count[1] > 0 ? sum[0] / (double)count[1] : 0;
    } else {
        if (!k->finite(x, b)) return false;
        means_of_large(c, x, b, count, mean);
    }
    csgdi_scale_put(c, count[0] > 0 ? -mean[0] : 0, dst);
    csgdi_scale_put(c, mean[1], dst + k->size);
    return true;
}

static csgd_status onebit_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const size_t size = c->kernels->size;
    const double minus = csgdi_scale_get(c, src), plus = csgdi_scale_get(c, src + size);

    if (!isfinite(minus) || minus > 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the mean of negative elements is %g", minus);
    if (!isfinite(plus) || plus < 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the mean of the other elements is %g", plus);
    if (b % 8 != 0 && src[2 * size + b / 8] >> b % 8 != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the last bits of the codes stand for no element");
    return CSGD_OK;
}

static void onebit_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                         void *y)
{
    const size_t size = c->kernels->size;
    const double value[2] = {csgdi_scale_get(c, src), csgdi_scale_get(c, src + size)};

    c->kernels->sign_apply(src + 2 * size, b, value, mode, y);
}

static csgdi_loss onebit_loss(const csgdi_compressor *c)
{
    (void)c;
    return (csgdi_loss){CSGDI_LOSS_SIGN, 0};
}

static const csgdi_key keys[] = {
    {.name = "block",
     .kind = CSGDI_COUNT,
     .min = 8,
     .max = CSGDI_BLOCK,
     .fallback = "1024",
     .help = "elements that share two means, a multiple of 8"},
};

const csgdi_compressor_ops csgdi_onebit = {
    .name = "onebit",
    .summary =
        "one bit per element, for the mean of the negative or of the other ones of its block",
    .source = "Seide et al. 2014",
    .wire_id = 10,
    .family = CSGDI_QUANTIZE,
    .biased = true,
    .no_zero = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = onebit_create,
    .block_bytes = onebit_block_bytes,
    .encode_block = onebit_encode,
    .check_block = onebit_check,
    .apply_block = onebit_apply,
    .loss = onebit_loss,
};
