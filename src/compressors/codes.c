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
    judge j = {.bits = bits, .levels = levels};

    for (unsigned at = 0; at + 2 * bits <= 64; at += 2 * bits) {
        j.fields |= (((uint64_t)1 << bits) - 1) << at;
        j.add |= (uint64_t)((1u << bits) - levels) << at;
        j.carry |= (uint64_t)1 << (at + bits);
    }
    return j;
}

static bool has_no_level(const judge *j, uint64_t word)
{
    const uint64_t even = word & j->fields, odd = word >> j->bits & j->fields;

    return (((even + j->add) | (odd + j->add)) & j->carry) != 0;
}

static csgd_status fail_code(const judge *j, uint64_t word)
{
    const unsigned mask = (1u << j->bits) - 1;

    while ((word & mask) < j->levels)
        word >>= j->bits;
    return csgdi_fail(CSGD_E_CORRUPT, "a code of %u bits is %u, which is no level", j->bits,
                      (unsigned)(word & mask));
}

csgd_status csgdi_codes_check(const uint8_t *src, size_t count, unsigned bits, unsigned levels)
{
    const judge j = judge_make(bits, levels);
    const size_t bytes = csgdi_codes_bytes(bits, count), step = 8 / bits * bits;
    const unsigned unused = (unsigned)(8 * bytes - count * bits);
    uint64_t word;
    size_t at = 0;

    if (unused > 0 && src[bytes - 1] >> (8 - unused) != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the last bits of the codes stand for no element");
    if (levels == 1u << bits) return CSGD_OK;       /* whatever they are */
    for (; bytes - at >= sizeof word; at += step) { /* what is behind a step is judged again */
        word = csgdi_load64(src + at);
        if (has_no_level(&j, word)) return fail_code(&j, word);
    }
    for (; at < bytes; at += step) { /* the rest, and zeros, which are a level */
        const size_t rest = bytes - at < step ? bytes - at : step;
        word = 0;
        memcpy(&word, src + at, rest);
        if (has_no_level(&j, word)) return fail_code(&j, word);
    }
    return CSGD_OK;
}
