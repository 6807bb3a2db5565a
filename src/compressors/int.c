/* SPDX-License-Identifier: BSD-3-Clause */

/* int.c: integers of a few bits between the least and the largest element of each block.
 *
 * C(x)_i is a level min + q unit, q = 0 .. 2^bits - 1, unit = (max - min) / (2^bits - 1), one of the
 * two around x_i:
 *
 *     stochastic  drawn so that E C(x) = x (Suresh, Yu, Kumar, McMahan 2017): unbiased, with
 *                 E|C(x) - x|^2 <= b unit^2 / 4 for a block of b elements, no error above unit
 *     nearest     the nearer one, the upper one of two as near (Markov, Ramezani-Kebrya, Alistarh
 *                 2022): biased, no error above unit / 2, at most |x|_inf / (2^bits - 1).  That is
 *                 a contraction of the largest magnitude, so error feedback has a bounded residual;
 *                 the 2-norm of a vector of few large elements may grow.
 *
 * The min of a block is exact, and so is a block of equal elements.  What is decoded is never
 * outside of min .. max.
 *
 * Zero is in general not a level: an element that is always zero gets values, with feedback a
 * residual, as long as its block has both signs.  A block without negative elements that has zeros
 * keeps them.
 *
 * The mean is right up to 2^-17 of unit, for random words have 16 bits, and rounding; nearest takes
 * up to 2^-17 of unit for a tie.  Where max - min is beyond the element type, elements count as at
 * most half of its largest number.  A range too small for a unit is min everywhere.
 *
 * A random word belongs to an element, so codes do not depend on the range they are encoded in.
 *
 * Payload, block after block:  min, unit : element type, unit not below 0, min and the last level
 * finite | code[0..b) : `bits` bits each, q, which stands for min + q unit, product and sum rounded
 * one after the other; low bits first, eight codes in `bits` bytes, unused bits zero.
 */

#include <float.h>
#include <math.h>
#include "base/error.h"
#include "compressors/codes.h"
#include "compressors/keys.h"
#include "compressors/scale.h"

typedef struct rounder {
    unsigned bits, most; /* most: the largest code */
    bool nearest;
} rounder;

static csgd_status int_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    rounder *self = csgdi_arena_alloc(arena, 1, sizeof *self);

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->bits = (unsigned)csgdi_spec_count(spec, "bits");
    self->most = (1u << self->bits) - 1;
    self->nearest = csgdi_rounding_nearest(spec);
    c->biased = self->nearest;
    return csgdi_block_read(c, spec, "block");
}

static csgdi_grid grid_of(const rounder *self, double base, double unit)
{
    return (csgdi_grid){.base = base,
                        .unit = unit,
                        .scale = csgdi_codes_scale(unit),
                        .levels = self->most + 1,
                        .bits = self->bits};
}

/* The levels of a block.  A unit whose last level is rounded to more than max is made smaller. */
static csgdi_grid choose(const csgdi_compressor *c, double min, double max)
{
    const rounder *self = c->state;
    const bool wide = c->kernels->type == CSGD_F64;
    const double top = wide ? DBL_MAX : (double)FLT_MAX;
    double unit;

    if (max - min > top) {
        min = fmax(min, -top / 2);
        max = fmin(max, top / 2);
    }
    unit = csgdi_codes_unit(c, max - min, self->most);
    while (csgdi_codes_level(c, min, unit, (int)self->most) > max)
        unit = wide ? nextafter(unit, 0) : (double)nextafterf((float)unit, 0);
    return grid_of(self, min, unit);
}

static size_t int_block_bytes(const csgdi_compressor *c, size_t b)
{
    const rounder *self = c->state;

    return 2 * c->kernels->size + csgdi_codes_bytes(self->bits, b);
}

/* left: NULL, or where what is left goes. */
static bool encode(const csgdi_compressor *c, const void *x, size_t first, size_t b, uint64_t step,
                   uint8_t *dst, const csgdi_leave *left)
{
    const csgdi_random drawn = csgdi_random_make(c->seed, c->rounding, c->rank, 0, step);
    const csgdi_kernels *k = c->kernels;
    const rounder *self = c->state;
    const csgdi_random *random = self->nearest ? NULL : &drawn;
    const double *range = left != NULL ? left->range : NULL;
    double its[2];
    csgdi_grid grid;

    if (range == NULL && !k->min_max(x, b, its)) return false;
    if (range == NULL) range = its;
    grid = choose(c, range[0], range[1]);
    csgdi_scale_put(c, grid.base, dst);
    csgdi_scale_put(c, grid.unit, dst + k->size);
    if (left == NULL)
        k->quantize(x, b, &grid, random, first, dst + 2 * k->size);
    else
        k->quantize_leave(x, b, &grid, random, first, dst + 2 * k->size, left);
    return true;
}

static bool int_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                       uint64_t step, uint8_t *dst)
{
    return encode(c, x, first, b, step, dst, NULL);
}

static csgd_status int_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const size_t size = c->kernels->size;
    const rounder *self = c->state;
    const double base = csgdi_scale_get(c, src), unit = csgdi_scale_get(c, src + size);

    if (!isfinite(base) || unit < 0 || !isfinite(csgdi_codes_level(c, base, unit, (int)self->most)))
        return csgdi_fail(CSGD_E_CORRUPT, "the least level is %g and the unit %g", base, unit);
    return csgdi_codes_check(src + 2 * size, b, self->bits, self->most + 1);
}

static void int_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                      void *y)
{
    const size_t size = c->kernels->size;
    const csgdi_grid grid =
        grid_of(c->state, csgdi_scale_get(c, src), csgdi_scale_get(c, src + size));

    c->kernels->dequantize(src + 2 * size, b, &grid, mode, y);
}

/* Levels that stand for numbers of one sign only are denser, if anything. */
static csgdi_loss int_loss(const csgdi_compressor *c)
{
    const rounder *self = c->state;

    return (csgdi_loss){CSGDI_LOSS_LEVELS, self->most / 2.0};
}

static const csgdi_key keys[] = {
    CSGDI_KEY_BITS(
        "8", "bits of a code: 2^bits levels from the least element of the block to the largest"),
    CSGDI_KEY_BLOCK("block", "1024",
                    "elements that share one range, a multiple of 8; of 128 is faster"),
    CSGDI_KEY_ROUNDING("to a level at random, unbiased, or to the nearest, for feedback"),
};

const csgdi_compressor_ops csgdi_int = {
    .name = "int",
    .summary = "integers of a few bits between the least and the largest element of a block",
    .source = "Suresh et al. 2017; CGX, Markov et al. 2022",
    .wire_id = 9,
    .family = CSGDI_QUANTIZE,
    .no_zero = true,
    .ranged = true,
    .biased = false,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = int_create,
    .block_bytes = int_block_bytes,
    .encode_block = int_encode,
    .leave_block = encode,
    .check_block = int_check,
    .apply_block = int_apply,
    .loss = int_loss,
};
