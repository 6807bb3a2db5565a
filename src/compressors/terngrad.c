/* SPDX-License-Identifier: BSD-3-Clause */

/* terngrad.c: minus, zero or plus one scale, by chance.
 *
 * C(x)_i = M sgn(x_i) with the chance |x_i| / M, else 0 (Wen, Xu, Yan, Wu, Wang, Chen, Li 2017).
 * M is the largest magnitude of the block, or clip sigma where that is smaller, and elements beyond
 * M count as M or -M.  sigma is the root mean square of the block: the standard deviation of a
 * gradient whose mean is zero, as the paper takes it to be.
 *
 * With x' the clipped vector, of b elements, E C(x) = x' and E|C(x)|^2 = M |x'|_1, hence
 *
 *     clip=0    unbiased: E|C(x) - x|^2 = omega |x|_2^2, omega = |x|_inf |x|_1 / |x|_2^2 - 1, at
 *               most (sqrt(b) - 1) / 2
 *     clip > 0  E|C(x)|^2 <= clip |x|_2^2; what is clipped is lost
 *
 * The default clips as published.  No feedback by default, also as published: an element may be off
 * by M, so with error feedback residuals would feed on themselves; use more levels for that (qsgd).
 *
 * Zero stays zero.  "By chance" is with words of 16 bits, so the mean is right up to M / 2^17 and
 * rounding.  A word belongs to an element, so codes do not depend on the range they are encoded in.
 *
 * Payload, block after block:  M : element type, finite, not below 0 | code[0..b) : 2 bits each, 0
 * for -M, 1 for zero, 2 for M, zero without a sign; low bits first, four codes in a byte, unused
 * bits zero.
 */

#include <math.h>
#include "base/error.h"
#include "compressors/codes.h"
#include "compressors/keys.h"
#include "compressors/scale.h"

enum { BITS = 2, LEVELS = 3 };

typedef struct terngrad {
    double clip; /* 0: none */
} terngrad;

static csgd_status terngrad_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    terngrad *self = csgdi_arena_alloc(arena, 1, sizeof *self);

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->clip = csgdi_spec_real(spec, "clip");
    return csgdi_block_read(c, spec, "block");
}

static csgdi_grid grid_of(double m)
{
    return (csgdi_grid){
        .unit = m, .scale = csgdi_codes_scale(m), .least = -1, .levels = LEVELS, .bits = BITS};
}

static size_t terngrad_block_bytes(const csgdi_compressor *c, size_t b)
{
    return c->kernels->size + csgdi_codes_bytes(BITS, b);
}

static bool terngrad_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                            uint64_t step, uint8_t *dst)
{
    const csgdi_random random = csgdi_random_make(c->seed, c->rounding, c->rank, 0, step);
    const terngrad *self = c->state;
    double m = c->kernels->abs_max(x, b);
    csgdi_grid grid;

    if (!isfinite(m)) return false;
    if (self->clip > 0) m = fmin(self->clip * (csgdi_codes_norm(c, x, b, m) / sqrt((double)b)), m);
    grid = grid_of(csgdi_codes_unit(c, m, 1));
    csgdi_scale_put(c, grid.unit, dst);
    c->kernels->quantize(x, b, &grid, &random, first, dst + c->kernels->size);
    return true;
}

static csgd_status terngrad_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const double m = csgdi_scale_get(c, src);

    if (!isfinite(m) || m < 0) return csgdi_fail(CSGD_E_CORRUPT, "the scale is %g", m);
    return csgdi_codes_check(src + c->kernels->size, b, BITS, LEVELS);
}

static void terngrad_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                           void *y)
{
    const csgdi_grid grid = grid_of(csgdi_scale_get(c, src));

    c->kernels->dequantize(src + c->kernels->size, b, &grid, mode, y);
}

static csgdi_loss terngrad_loss(const csgdi_compressor *c)
{
    (void)c;
    return (csgdi_loss){CSGDI_LOSS_LEVELS, 1};
}

static const csgdi_key keys[] = {
    CSGDI_KEY_BLOCK("block", "1024",
                    "elements that share one scale, a multiple of 8; of 128 is faster"),
    {.name = "clip",
     .kind = CSGDI_REAL,
     .min = 0,
     .max = HUGE_VAL,
     .fallback = "2.5",
     .help = "limit elements to this many standard deviations of their block; 0: do not, unbiased"},
};

const csgdi_compressor_ops csgdi_terngrad = {
    .name = "terngrad",
    .summary = "minus, zero or plus one scale, by chance: two bits per element",
    .source = "Wen et al. 2017",
    .wire_id = 8,
    .family = CSGDI_QUANTIZE,
    .biased = false,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = terngrad_create,
    .block_bytes = terngrad_block_bytes,
    .encode_block = terngrad_encode,
    .check_block = terngrad_check,
    .apply_block = terngrad_apply,
    .loss = terngrad_loss,
};
