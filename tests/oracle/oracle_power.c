/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_power.c: one step of subspace iteration, element by element.  The order of each sum is part
 * of the format, and here it follows its definition by recursion or by a plain loop. */

#include "oracle/oracle_power.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { MASK = 1, BLOCK = 1024, SUM_LANES = 16 };

static double times(csgd_type type, double a, double b)
{
    return oracle_round(type, a * b);
}

static double plus(csgd_type type, double a, double b)
{
    return oracle_round(type, a + b);
}

/* Element i, j of the matrix, 0 where there is none. */
static double entry(const power *w, const double *m, size_t i, size_t j)
{
    return j < w->cols && i * w->cols + j < w->n ? m[i * w->cols + j] : 0;
}

power power_make(csgd_type type, uint64_t seed, size_t n, size_t cols, size_t rank, size_t q_first)
{
    power w = {.type = type, .n = n, .seed = seed, .q_first = q_first};

    w.rows = cols > 0 ? n / cols : (size_t)floor(sqrt((double)n));
    w.cols = cols > 0 ? cols : (size_t)ceil((double)n / (double)w.rows);
    w.rank = rank;
    if (w.rows < w.rank) w.rank = w.rows;
    if (w.cols < w.rank) w.rank = w.cols;
    w.p = calloc(w.rows * w.rank + 1, sizeof *w.p);
    w.q = calloc(w.cols * w.rank + 1, sizeof *w.q);
    w.next = calloc(w.cols * w.rank + 1, sizeof *w.next);
    if (w.p == NULL || w.q == NULL || w.next == NULL) abort();
    power_deliver(&w);
    return w;
}

void power_free(power *w)
{
    free(w->p);
    free(w->q);
    free(w->next);
}

/* --- P = M Q --- */

/* At width w, strided sum l is that of l and l + w at width 2 w, down to the single ones. */
static double strided(const power *w, const double *m, size_t i, size_t k, size_t from, size_t lane,
                      size_t width)
{
    const size_t lanes = w->type == CSGD_F32 ? 16 : 8;
    double sum = 0;

    if (width < lanes)
        return plus(w->type, strided(w, m, i, k, from, lane, 2 * width),
                    strided(w, m, i, k, from, lane + width, 2 * width));
    for (size_t j = from + lane; j < from + BLOCK; j += lanes)
        if (j < w->cols)
            sum = plus(w->type, sum, times(w->type, entry(w, m, i, j), w->q[k * w->cols + j]));
    return sum;
}

void power_first(power *w, const double *m)
{
    for (size_t k = 0; k < w->rank; k++)
        for (size_t i = 0; i < w->rows; i++) {
            double sum = strided(w, m, i, k, 0, 0, 1);
            for (size_t from = BLOCK; from < w->cols; from += BLOCK)
                sum = plus(w->type, sum, strided(w, m, i, k, from, 0, 1));
            w->p[k * w->rows + i] = sum;
        }
}

/* --- Gram-Schmidt --- */

static double dot(const double *a, const double *b, size_t n, size_t lane, size_t width)
{
    double sum = 0;

    if (width < SUM_LANES)
        return dot(a, b, n, lane, 2 * width) + dot(a, b, n, lane + width, 2 * width);
    for (size_t i = lane; i < n; i += SUM_LANES)
        sum += a[i] * b[i];
    return sum;
}

static void orthonormalise(power *w)
{
    const double eps = w->type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;

    for (size_t k = 0; k < w->rank; k++) {
        double *v = w->p + k * w->rows, before, after, most = 0;
        int exponent;

        for (size_t i = 0; i < w->rows; i++)
            most = fabs(v[i]) > most ? fabs(v[i]) : most;
        frexp(most, &exponent);
        for (size_t i = 0; i < w->rows; i++)
            v[i] = ldexp(v[i], -exponent);
        before = dot(v, v, w->rows, 0, 1);
        for (int turn = 0; turn < 2; turn++)
            for (size_t j = 0; j < k; j++) {
                const double *u = w->p + j * w->rows, along = dot(v, u, w->rows, 0, 1);
                for (size_t i = 0; i < w->rows; i++)
                    v[i] -= along * u[i];
            }
        after = dot(v, v, w->rows, 0, 1);
        for (size_t i = 0; i < w->rows; i++)
            v[i] = after > eps * eps * before ? oracle_round(w->type, v[i] / sqrt(after)) : 0;
    }
}

/* --- Q = M^T P --- */

void power_second(power *w, const double *m)
{
    orthonormalise(w);
    for (size_t k = 0; k < w->rank; k++)
        for (size_t j = 0; j < w->cols; j++) {
            double sum = 0;
            for (size_t i = 0; i < w->rows; i += 4) {
                double term[4];
                for (size_t r = 0; r < 4; r++)
                    term[r] = i + r < w->rows
                                  ? times(w->type, entry(w, m, i + r, j), w->p[k * w->rows + i + r])
                                  : 0;
                sum = plus(w->type, sum,
                           plus(w->type, plus(w->type, term[0], term[1]),
                                plus(w->type, term[2], term[3])));
            }
            w->next[k * w->cols + j] = sum;
        }
}

void power_expand(const power *w, double *y)
{
    for (size_t at = 0; at < w->n; at++) {
        y[at] = 0;
        for (size_t k = 0; k < w->rank; k++)
            y[at] = plus(w->type, y[at],
                         times(w->type, w->p[k * w->rows + at / w->cols],
                               w->next[k * w->cols + at % w->cols]));
    }
}

/* --- the next start --- */

/* By a power of two to between a half and all of 1 / (4 c), c the power of two at or below cols. */
void power_deliver(power *w)
{
    double limit = 0.25;

    for (size_t c = 2; c <= w->cols; c *= 2)
        limit /= 2;
    for (size_t k = 0; k < w->rank; k++) {
        double *q = w->q + k * w->cols, most = 0, factor = 1;

        for (size_t j = 0; j < w->cols; j++) {
            q[j] = w->next[k * w->cols + j];
            most = fabs(q[j]) > most ? fabs(q[j]) : most;
        }
        for (size_t j = 0; most == 0 && j < w->cols; j++) {
            const uint32_t word =
                oracle_word(10, w->seed, MASK, 0, 0, w->q_first + k * w->cols + j);
            q[j] = oracle_round(w->type, ldexp(2.0 * word + 1, -32) - 1);
        }
        for (size_t j = 0; j < w->cols; j++)
            most = fabs(q[j]) > most ? fabs(q[j]) : most;
        while (most * factor >= limit)
            factor /= 2;
        while (most * factor < limit / 2)
            factor *= 2;
        for (size_t j = 0; j < w->cols; j++)
            q[j] *= factor;
    }
}
