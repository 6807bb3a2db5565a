/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_codes.c: quantizers on evenly spaced levels.  A code is never packed here: an element goes
 * to its level and from there to its value at once. */

#include "oracle/oracle_codes.h"

#include <float.h>
#include <math.h>

enum { QSGD_BUCKET = 512, QSGD_BITS = 4, TERNGRAD_BLOCK = 1024, INT_BLOCK = 1024, INT_BITS = 8 };

typedef struct levels {
    double base, unit;
    double least, most; /* numbers of the first and the last level */
    bool nearest;
} levels;

static double top(const oracle_settings *set)
{
    return set->type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
}

/* The next number of the type towards zero. */
static double below(const oracle_settings *set, double v)
{
    return set->type == CSGD_F32 ? (double)nextafterf((float)v, 0) : nextafter(v, 0);
}

static double value(const oracle_settings *set, const levels *l, double q)
{
    return oracle_round(set->type, l->base + oracle_round(set->type, l->unit * q));
}

/* A unit for s levels up to most: the quotient, or one less where that leads beyond. */
static double unit_of(const oracle_settings *set, double most, double s)
{
    const double limit = most < top(set) ? most : top(set);
    const double unit = oracle_round(set->type, limit / s);

    return oracle_round(set->type, unit * s) > limit ? below(set, unit) : unit;
}

/* The place of x among the levels, in units. */
static double place(const oracle_settings *set, const levels *l, double x)
{
    const double inverse = l->unit > 0 ? 1 / l->unit : 0;
    const double scale = isinf(inverse) ? DBL_MAX : inverse;
    double v;

    if (scale > top(set) && isinf(oracle_round(set->type, scale)))
        v = (x - l->base) * scale;
    else
        v = oracle_round(set->type,
                         oracle_round(set->type, x - l->base) * oracle_round(set->type, scale));
    return v < l->least ? l->least : v > l->most ? l->most : v;
}

/* floor(v + word / 2^16) with v in 2^-16, the nearest of them. */
static void quantize(const oracle_settings *set, const levels *l, size_t first, size_t end,
                     const double *x, double *y)
{
    for (size_t i = first; i < end; i++) {
        const double word = l->nearest ? 32768 : oracle_half_word(set, set->first + i);
        const double v = nearbyint(place(set, l, x[i]) * 65536);
        y[i] = value(set, l, floor((v + word) / 65536));
    }
}

static double largest(const double *x, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    return most;
}

void oracle_qsgd(const oracle_settings *set, const double *x, double *y)
{
    const size_t bucket = set->block > 0 ? set->block : QSGD_BUCKET;
    const double s = pow(2, (set->bits > 0 ? set->bits : QSGD_BITS) - 1.0) - 1;

    for (size_t first = 0; first < set->n; first += bucket) {
        const size_t end = set->n - first < bucket ? set->n : first + bucket;
        const double most = largest(x + first, end - first);
        const double two = set->l2 ? oracle_norm(x + first, end - first) : 0;
        const levels l = {.unit = unit_of(set, two > most ? two : most, s), .least = -s, .most = s};
        quantize(set, &l, first, end, x, y);
    }
}

void oracle_terngrad(const oracle_settings *set, const double *x, double *y)
{
    const size_t block = set->block > 0 ? set->block : TERNGRAD_BLOCK;

    for (size_t first = 0; first < set->n; first += block) {
        const size_t end = set->n - first < block ? set->n : first + block;
        const double sigma = oracle_norm(x + first, end - first) / sqrt((double)(end - first));
        double most = largest(x + first, end - first);
        levels l = {.least = -1, .most = 1};

        if (set->clip > 0 && set->clip * sigma < most) most = set->clip * sigma;
        l.unit = unit_of(set, most, 1);
        quantize(set, &l, first, end, x, y);
    }
}

void oracle_int(const oracle_settings *set, const double *x, double *y)
{
    const size_t block = set->block > 0 ? set->block : INT_BLOCK;
    const double half = top(set) / 2;

    for (size_t first = 0; first < set->n; first += block) {
        const size_t end = set->n - first < block ? set->n : first + block;
        double least = x[first], most = x[first];
        levels l = {.most = pow(2, set->bits > 0 ? set->bits : INT_BITS) - 1,
                    .nearest = set->nearest};

        for (size_t i = first; i < end; i++) {
            least = x[i] < least ? x[i] : least;
            most = x[i] > most ? x[i] : most;
        }
        if (most - least > top(set)) { /* then one of them at least is beyond half */
            least = least < -half ? -half : least;
            most = most > half ? half : most;
        }
        l.base = least == 0 ? 0 : least; /* of either sign */
        l.unit = unit_of(set, most - least, l.most);
        while (value(set, &l, l.most) > most)
            l.unit = below(set, l.unit);
        quantize(set, &l, first, end, x, y);
    }
}
