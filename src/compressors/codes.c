/* SPDX-License-Identifier: BSD-3-Clause */

/* codes.c: see codes.h. */

#include "compressors/codes.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include "base/bytes.h"
#include "base/error.h"

size_t csgdi_codes_bytes(unsigned bits, size_t count)
{
    return count / 8 * bits + (count % 8 * bits + 7) / 8;
}

/* --- levels --- */

double csgdi_codes_level(const csgdi_compressor *c, double base, double unit, int q)
{
    if (c->kernels->type == CSGD_F64) return base + unit * q;
    return (double)((float)base + (float)unit * (float)q);
}

double csgdi_codes_unit(const csgdi_compressor *c, double most, unsigned s)
{
    const bool wide = c->kernels->type == CSGD_F64;
    double unit;

    most = fmin(most, wide ? DBL_MAX : (double)FLT_MAX);
    unit = wide ? most / s : (double)(float)(most / s);
    if (csgdi_codes_level(c, 0, unit, (int)s) <= most) return unit;
    return wide ? nextafter(unit, 0) : (double)nextafterf((float)unit, 0);
}

double csgdi_codes_scale(double unit)
{
    return unit > 0 ? fmin(1 / unit, DBL_MAX) : 0;
}

/* Squares of doubles may leave the range of double: then those of quotients are added, in order. */
double csgdi_codes_norm(const csgdi_compressor *c, const void *x, size_t b, double most)
{
    const double sum = csgdi_sum_blocks(c->kernels, c->kernels->square_sum, x, b);
    const double *wide = x;
    double squares = 0;

    if (most == 0 || (sum >= 0x1p-900 && sum <= DBL_MAX)) return sqrt(sum);
    for (size_t i = 0; i < b; i++)
        squares += wide[i] / most * (wide[i] / most);
    return most * sqrt(squares);
}

/* --- judgement: as many codes at once as whole groups of eight fill a word --- */

/* A code is too large if it carries into the next field with 2^bits - levels added.  Every other
 * field is cleared to make room for that, so there are two rounds. */
typedef struct judge {
    unsigned bits, levels;
    uint64_t fields; /* every other field, all ones */
    uint64_t add;    /* 2^bits - levels in each of them */
    uint64_t carry;  /* the bit above each of them */
} judge;

static judge judge_make(unsigned bits, unsigned levels)
{
    const unsigned pair = 2 * bits, used = 64 / pair * pair;
    const uint64_t ones = ~(uint64_t)0 >> (64 - used);
    const uint64_t lowest = ones / (((uint64_t)1 << pair) - 1); /* the first bit of every pair */

    return (judge){.bits = bits,
                   .levels = levels,
                   .fields = lowest * ((1u << bits) - 1),
                   .add = lowest * ((1u << bits) - levels),
                   .carry = lowest << bits};
}

/* Not 0 where a code is none. */
static inline uint64_t over(const judge *j, uint64_t word)
{
    const uint64_t even = word & j->fields, odd = word >> j->bits & j->fields;

    return ((even + j->add) | (odd + j->add)) & j->carry;
}

/* Of `count` words, step bytes apart.  No early way out: almost all codes are levels, and words
 * without gaps are judged several at once. */
static bool any_over(judge j, const uint8_t *src, size_t step, size_t count)
{
    uint64_t bad = 0;

    if (step == sizeof bad)
        for (size_t i = 0; i < count; i++)
            bad |= over(&j, csgdi_load64(src + sizeof bad * i));
    else
        for (size_t i = 0; i < count; i++)
            bad |= over(&j, csgdi_load64(src + step * i));
    return bad != 0;
}

/* The first code that is none, and is there. */
static csgd_status fail_code(const judge *j, const uint8_t *src, size_t bytes)
{
    const unsigned mask = (1u << j->bits) - 1;

    for (size_t at = 0;; at += j->bits) {
        uint64_t group = 0;

        memcpy(&group, src + at, bytes - at < j->bits ? bytes - at : j->bits);
        for (unsigned i = 0; i < 8; i++, group >>= j->bits)
            if ((group & mask) >= j->levels)
                return csgdi_fail(CSGD_E_CORRUPT, "a code of %u bits is %u, which is no level",
                                  j->bits, (unsigned)(group & mask));
    }
}

csgd_status csgdi_codes_check(const uint8_t *src, size_t count, unsigned bits, unsigned levels)
{
    const size_t bytes = csgdi_codes_bytes(bits, count), step = 8 / bits * bits;
    const size_t words = bytes < 8 ? 0 : (bytes - 8) / step + 1;
    const unsigned unused = (unsigned)(8 * bytes - count * bits);
    uint8_t rest[16] = {0}; /* zeros, which are a level, behind the last codes */
    judge j;

    if (unused > 0 && src[bytes - 1] >> (8 - unused) != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the last bits of the codes stand for no element");
    if (levels == 1u << bits) return CSGD_OK; /* whatever they are */
    j = judge_make(bits, levels);
    if (any_over(j, src, step, words)) return fail_code(&j, src, bytes);
    memcpy(rest, src + step * words, bytes - step * words);
    return over(&j, csgdi_load64(rest)) == 0 ? CSGD_OK : fail_code(&j, rest, sizeof rest);
}
