/* SPDX-License-Identifier: BSD-3-Clause */

/* majority.c: signSGD with majority vote, in sums that any allreduce can make.
 *
 * Each rank votes on the sign of each element, and the result is the sign that more ranks saw
 * (Bernstein, Wang, Azizzadenesheli, Anandkumar 2018).  With P ranks, of which v_i see x_i >= 0,
 *
 *     y_i = P  where 2 v_i >= P, a tie among them, else -P
 *
 * so divided by the number of ranks, as a sum of gradients is, it is the vote itself: the step size
 * alone says how far to go.  A message alone has P = 1 and stands for 1 and -1.
 *
 * Votes are counters of w = ceil(log2(P + 1)) bits, as many of them in a value as its integers are
 * exact: L = floor(24 / w) of a float, floor(53 / w) of a double.  No counter overflows and no sum
 * is rounded, so the order of addition does not matter.  At 8 ranks a float holds 6 elements, at 64
 * ranks 3.
 *
 * What is conserved: nothing.  A vote has no size, so there is no residual to keep, and error
 * feedback is refused.
 *
 * Payload: value[0..ceil(n / L)) : element type, an integer from 0 to 2^(w L) - 1; element i of a
 * value is its bits [w i, w i + w), at most P, fields of no element zero.
 */

#include <string.h>
#include "base/error.h"
#include "compressors/compressor.h"

enum { VALUES = 64 }; /* at a time; a multiple of 8, so that their votes take whole bytes */
enum { MOST = 53 };   /* counters of a value */

typedef struct majority {
    unsigned bits;  /* of a counter */
    size_t lanes;   /* counters of a value */
    uint64_t limit; /* no value reaches it */
} majority;

static csgd_status majority_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const unsigned digits = c->kernels->type == CSGD_F64 ? 53 : 24;
    majority *self = csgdi_arena_alloc(arena, 1, sizeof *self);

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    if (csgdi_spec_has(spec, "feedback") && csgdi_spec_given(spec, "feedback") &&
        strcmp(csgdi_spec_choice(spec, "feedback"), "none") != 0)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "majority sends votes, which have no size that a residual could be taken "
                          "of, so feedback=%s has no meaning; use feedback=none, or sign",
                          csgdi_spec_choice(spec, "feedback"));
    self->bits = 0;
    while (c->n_ranks >> self->bits != 0)
        self->bits++;
    if (self->bits > digits)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "majority: the votes of %u ranks take %u bits, and the type has %u",
                          c->n_ranks, self->bits, digits);
    self->lanes = digits / self->bits;
    self->limit = (uint64_t)1 << self->bits * self->lanes;
    c->max_k = c->n / self->lanes + (c->n % self->lanes != 0);
    return CSGD_OK;
}

static void put(const csgdi_compressor *c, uint64_t integer, size_t j, void *values)
{
    if (c->kernels->type == CSGD_F64)
        ((double *)values)[j] = (double)integer;
    else
        ((float *)values)[j] = (float)integer;
}

/* The integer that value j is, or limit where it is none in range: no conversion is undefined. */
static uint64_t get(const csgdi_compressor *c, const uint8_t *src, size_t j)
{
    const majority *self = c->state;
    double wide;
    float narrow;

    if (c->kernels->type == CSGD_F64) {
        memcpy(&wide, src + j * sizeof wide, sizeof wide);
    } else {
        memcpy(&narrow, src + j * sizeof narrow, sizeof narrow);
        wide = (double)narrow;
    }
    if (!(wide >= 0 && wide < (double)self->limit)) return self->limit;
    return (double)(uint64_t)wide == wide ? (uint64_t)wide : self->limit;
}

/* Counters of value j that stand for elements. */
static size_t lanes_of(const csgdi_compressor *c, size_t j)
{
    const majority *self = c->state;
    const size_t left = c->n - j * self->lanes;

    return left < self->lanes ? left : self->lanes;
}

static bool majority_project(csgdi_compressor *c, const void *x, uint64_t step, unsigned round,
                             void *sums, void *values)
{
    const majority *self = c->state;
    const size_t chunk = VALUES * self->lanes;
    uint8_t votes[VALUES * MOST / 8];
    bool finite = true;

    (void)step;
    (void)round;
    (void)sums;
    for (size_t i = 0; i < c->n; i += chunk) {
        const char *from = (const char *)x + i * c->kernels->size;
        const size_t part = c->n - i < chunk ? c->n - i : chunk, first = i / self->lanes;

        finite = c->kernels->finite(from, part) && finite;
        c->kernels->sign_pack(from, part, votes);
        for (size_t at = 0; at < part; at += self->lanes) {
            const size_t j = first + at / self->lanes, lanes = lanes_of(c, j);
            uint64_t integer = 0;
            for (size_t l = 0; l < lanes; l++)
                integer |= (uint64_t)(votes[(at + l) / 8] >> (at + l) % 8 & 1) << l * self->bits;
            put(c, integer, j, values);
        }
    }
    return finite;
}

static csgd_status majority_check(const csgdi_compressor *c, const uint8_t *src)
{
    const majority *self = c->state;

    for (size_t j = 0; j < c->max_k; j++) {
        uint64_t integer = get(c, src, j);

        if (integer == self->limit)
            return csgdi_fail(CSGD_E_CORRUPT, "value %zu of majority is no integer below 2^%zu", j,
                              self->bits * self->lanes);
        for (size_t l = 0; l < lanes_of(c, j); l++, integer >>= self->bits) {
            const unsigned count = (unsigned)(integer & (((uint64_t)1 << self->bits) - 1));
            if (count > c->n_ranks)
                return csgdi_fail(CSGD_E_CORRUPT, "an element of majority has %u votes of %u ranks",
                                  count, c->n_ranks);
        }
        if (integer != 0)
            return csgdi_fail(CSGD_E_CORRUPT, "the last votes of majority are for no element");
    }
    return CSGD_OK;
}

static void majority_apply(const csgdi_compressor *c, const uint8_t *src, uint64_t step,
                           csgdi_mode mode, void *y)
{
    const majority *self = c->state;
    const size_t chunk = VALUES * self->lanes;
    const double value[2] = {-(double)c->n_ranks, (double)c->n_ranks};

    (void)step;
    for (size_t i = 0; i < c->n; i += chunk) {
        const size_t part = c->n - i < chunk ? c->n - i : chunk, first = i / self->lanes;
        uint8_t won[VALUES * MOST / 8] = {0};

        for (size_t at = 0; at < part; at += self->lanes) {
            const size_t j = first + at / self->lanes, lanes = lanes_of(c, j);
            uint64_t integer = get(c, src, j);
            for (size_t l = 0; l < lanes; l++, integer >>= self->bits) {
                const uint64_t count = integer & (((uint64_t)1 << self->bits) - 1);
                won[(at + l) / 8] |= (uint8_t)((2 * count >= c->n_ranks) << (at + l) % 8);
            }
        }
        c->kernels->sign_apply(won, part, value, mode, (char *)y + i * c->kernels->size);
    }
}

const csgdi_compressor_ops csgdi_majority = {
    .name = "majority",
    .summary = "the sign that most ranks see, by votes counted in a plain sum",
    .source = "Bernstein et al. 2018",
    .wire_id = 11,
    .family = CSGDI_PROJECT,
    .biased = false, /* it is, but no feedback could make up for it */
    .only_sums = true,
    .create = majority_create,
    .rounds = 1,
    .project = majority_project,
    .apply = majority_apply,
    .check = majority_check,
};
