/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_bits.c: see oracle_bits.h.  Floats are taken apart by arithmetic, never by their bits. */

#include "oracle/oracle_bits.h"

#include <float.h>
#include <math.h>

enum { SUM_BLOCK = 4096, SUM_LANES = 16, SUM_GROUP = 64 };
enum { BLOCK = 1024, TILE = 1024 };
enum { ROUNDING = 4, OWNER = 5 }; /* streams of random words */

/* --- sums of magnitudes --- */

static double term(oracle_part part, double x)
{
    const bool plus = x >= 0;

    return part == ORACLE_ALL || plus == (part == ORACLE_PLUS) ? fabs(x) : 0;
}

/* Lane j is the sum of the lanes j and j + width at twice the width; at sixteen, of four terms of
 * each whole group, which are added in the element type, and then of single ones. */
static double lanes(csgd_type type, oracle_part part, const double *x, size_t n, size_t lane,
                    size_t width)
{
    const size_t groups = n / SUM_GROUP * SUM_GROUP;
    double sum = 0;

    if (width < SUM_LANES)
        return lanes(type, part, x, n, lane, 2 * width) +
               lanes(type, part, x, n, lane + width, 2 * width);
    for (size_t i = lane; i < groups; i += SUM_GROUP) {
        const double left = oracle_round(type, term(part, x[i]) + term(part, x[i + 16]));
        const double right = oracle_round(type, term(part, x[i + 32]) + term(part, x[i + 48]));
        sum += oracle_round(type, left + right);
    }
    for (size_t i = groups + lane; i < n; i += SUM_LANES)
        sum += term(part, x[i]);
    return sum;
}

/* A run of blocks is cut after the largest power of two of them that leaves a rest. */
double oracle_abs_sum(csgd_type type, oracle_part part, const double *x, size_t n)
{
    size_t left = SUM_BLOCK;

    if (n <= SUM_BLOCK) return lanes(type, part, x, n, 0, 1);
    while (2 * left < n)
        left *= 2;
    return oracle_abs_sum(type, part, x, left) + oracle_abs_sum(type, part, x + left, n - left);
}

/* --- one bit --- */

/* The mean magnitude of a class.  Where either sum overflows both means are sums of quotients. */
static double mean(const oracle_settings *set, oracle_part part, const double *x, size_t n)
{
    const double plus = oracle_abs_sum(set->type, ORACLE_PLUS, x, n);
    const double minus = oracle_abs_sum(set->type, ORACLE_MINUS, x, n);
    const double top = set->type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
    double count = 0, quotients = 0;

    for (size_t i = 0; i < n; i++)
        count += (x[i] >= 0) == (part == ORACLE_PLUS);
    if (count == 0) return 0;
    if (isfinite(plus) && isfinite(minus))
        return oracle_round(set->type, (part == ORACLE_PLUS ? plus : minus) / count);
    for (size_t i = 0; i < n; i++)
        quotients += term(part, x[i]) / count;
    return oracle_round(set->type, quotients < top ? quotients : top);
}

void oracle_onebit(const oracle_settings *set, const double *x, double *y)
{
    const size_t block = set->block > 0 ? set->block : BLOCK;

    for (size_t first = 0; first < set->n; first += block) {
        const size_t b = set->n - first < block ? set->n - first : block;
        const double plus = mean(set, ORACLE_PLUS, x + first, b);
        const double minus = mean(set, ORACLE_MINUS, x + first, b);
        for (size_t i = first; i < first + b; i++)
            y[i] = x[i] >= 0 ? plus : -minus;
    }
}

void oracle_majority(const oracle_settings *set, const double *x, double *y)
{
    for (size_t i = 0; i < set->n; i++)
        y[i] = x[i] >= 0 ? 1 : -1;
}

/* --- 16 random bits --- */

/* Word w (c), c = 0 .. 15, of those that a lane of a tile has: w (c + 8) = w (c). */
static uint32_t lane_word(const oracle_settings *set, uint64_t tile, uint64_t lane, unsigned c)
{
    const uint64_t block = 32 * tile + 16 * (c / 4 % 2) + lane;

    return oracle_word(7, set->seed, set->owner ? OWNER : ROUNDING, set->rank, set->step,
                       4 * block + c % 4);
}

/* The three of a sum are w (c), w (c + 1) and w (c + 1 + g): for g = 0 the last two add up to nothing. */
uint32_t oracle_half_word(const oracle_settings *set, uint64_t element)
{
    const uint64_t tile = element / TILE, lane = element % 16;
    const unsigned sum = (unsigned)(element % TILE / 32), g = sum / 8, c = sum % 8;
    uint32_t word = lane_word(set, tile, lane, c);

    if (g > 0) word ^= lane_word(set, tile, lane, c + 1) ^ lane_word(set, tile, lane, c + 1 + g);
    return element % 32 < 16 ? word % 65536 : word / 65536;
}

/* x / step as one of the two integers around it. */
static double draw(const oracle_settings *set, size_t i, double quotient)
{
    return floor(quotient + oracle_half_word(set, set->first + i) / 0x1p16);
}

/* --- powers of two --- */

/* The largest power of two not above m > 0. */
static double power_below(double m)
{
    return exp2(ilogb(m));
}

static double most_of(const double *x, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

static double natural(const oracle_settings *set, size_t i, double m, int top)
{
    const double normal = set->type == CSGD_F32 ? (double)FLT_MIN : DBL_MIN;
    const double largest = set->type == CSGD_F32 ? 0x1p127 : 0x1p1023;
    const double least = ldexp(1, top - 126);
    double below;

    if (m < normal) return 0;
    if (m < least) return draw(set, i, floor(m / least * 0x1p16) / 0x1p16) * least;
    below = power_below(m);
    if (draw(set, i, floor((m / below - 1) * 0x1p16) / 0x1p16) == 1) below *= 2;
    return below < largest ? below : largest;
}

void oracle_natural(const oracle_settings *set, const double *x, double *y)
{
    const size_t block = set->block > 0 ? set->block : BLOCK;

    for (size_t first = 0; first < set->n; first += block) {
        const size_t end = set->n - first < block ? set->n : first + block;
        const double most = most_of(x + first, end - first);
        int top = -126;

        if (most > 0x1p-126) top = ilogb(most) + (power_below(most) < most);
        for (size_t i = first; i < end; i++) {
            const double value = natural(set, i, fabs(x[i]), top);
            y[i] = x[i] < 0 && value > 0 ? -value : value;
        }
    }
}

/* --- 16-bit floats --- */

/* Of the numbers of `digits` binary digits and exponents from `least` on, up to `largest`, one of
 * the two around m: the nearer one, or by the word, for which m is first cut to digits of float. */
static double half(const oracle_settings *set, size_t i, double m, int digits, int least,
                   double largest)
{
    const int exponent = m > 0 && ilogb(m) > least ? ilogb(m) : least;
    const double step = exp2(exponent - digits + 1);
    double quotient = m / step, value;

    if (set->nearest) {
        value = nearbyint(quotient) * step;
    } else {
        quotient = nearbyint(quotient * 0x1p16) / 0x1p16;
        value = draw(set, i, quotient) * step;
    }
    return value < largest ? value : largest;
}

/* A double is rounded to float first, to odd: to zero, and the last digit 1 if any was lost. */
static double odd(double m)
{
    const double step = exp2(m > 0 && ilogb(m) > -126 ? ilogb(m) - 23 : -149);
    const double whole = floor(m / step);

    if (m > (double)FLT_MAX) return (double)FLT_MAX;
    return whole * step == m || fmod(whole, 2) == 1 ? whole * step : (whole + 1) * step;
}

void oracle_bf16(const oracle_settings *set, const double *x, double *y)
{
    for (size_t i = 0; i < set->n; i++)
        y[i] = copysign(half(set, i, odd(fabs(x[i])), 8, -126, 0x1.fep127), x[i]);
}

void oracle_f16(const oracle_settings *set, const double *x, double *y)
{
    const size_t block = set->block > 0 ? set->block : BLOCK;
    const int exponents = set->type == CSGD_F32 ? 128 : 1024;

    for (size_t first = 0; first < set->n; first += block) {
        const size_t end = set->n - first < block ? set->n : first + block;
        const double most = most_of(x + first, end - first);
        int k = most > 0 ? 14 - ilogb(most) : 0;

        if (k < 16 - exponents) k = 16 - exponents;
        if (k > exponents - 2) k = exponents - 2;
        for (size_t i = first; i < end; i++) {
            const double m = odd(ldexp(fabs(x[i]), k));
            y[i] = copysign(ldexp(half(set, i, m, 11, -14, 65504), -k), x[i]);
        }
    }
}
