/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle.c: see oracle.h.  Where the library is clever this is plain: selection sorts, sums follow
 * the definition of their order by recursion, and every value is a double. */

#include "oracle/oracle.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The order of sums is part of the format: blocks of so many elements, so many strided sums. */
enum { SUM_BLOCK = 4096, SUM_LANES = 16, SIGN_BLOCK = 1024 };

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);

    if (memory == NULL) {
        fputs("oracle: out of memory\n", stderr);
        abort();
    }
    return memory;
}

double oracle_round(csgd_type type, double value)
{
    return type == CSGD_F32 ? (double)(float)value : value;
}

void oracle_store(csgd_type type, const double *from, size_t n, void *to)
{
    float *narrow = to;
    double *wide = to;

    for (size_t i = 0; i < n; i++)
        if (type == CSGD_F32)
            narrow[i] = (float)from[i];
        else
            wide[i] = from[i];
}

void oracle_load(csgd_type type, const void *from, size_t n, double *to)
{
    const float *narrow = from;
    const double *wide = from;

    for (size_t i = 0; i < n; i++)
        to[i] = type == CSGD_F32 ? (double)narrow[i] : wide[i];
}

/* --- sums in the order that the format lays down --- */

/* Strided sum `lane` of sixteen over one block, and the tree over them: at width w, lane j is the
 * sum of lanes j and j + w at width 2 w. */
static double lanes(const double *x, size_t n, size_t lane, size_t width)
{
    double sum = 0;

    if (width < SUM_LANES)
        return lanes(x, n, lane, 2 * width) + lanes(x, n, lane + width, 2 * width);
    for (size_t i = lane; i < n; i += SUM_LANES)
        sum += fabs(x[i]);
    return sum;
}

/* A run of blocks is cut after the largest power of two of them that leaves a rest. */
static double abs_sum(const double *x, size_t n)
{
    size_t left = SUM_BLOCK;

    if (n <= SUM_BLOCK) return lanes(x, n, 0, 1);
    while (2 * left < n)
        left *= 2;
    return abs_sum(x, left) + abs_sum(x + left, n - left);
}

/* The mean magnitude.  Only doubles near the top can overflow the sum: then the quotients are
 * added, in order of the elements, and what rounding lifts above the top is put back. */
static double abs_mean(const double *x, size_t n)
{
    const double sum = abs_sum(x, n);
    double mean = 0;

    if (isfinite(sum)) return sum / (double)n;
    for (size_t i = 0; i < n; i++)
        mean += fabs(x[i]) / (double)n;
    return isfinite(mean) ? mean : DBL_MAX;
}

/* --- compressors --- */

typedef struct entry {
    double magnitude;
    size_t index;
} entry;

static int by_magnitude_then_index(const void *left, const void *right)
{
    const entry *a = left, *b = right;

    if (a->magnitude != b->magnitude) return a->magnitude > b->magnitude ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void topk(const oracle_settings *set, const double *x, double *y)
{
    entry *entries = take(set->n, sizeof *entries);

    for (size_t i = 0; i < set->n; i++) {
        entries[i] = (entry){fabs(x[i]), i};
        y[i] = 0;
    }
    qsort(entries, set->n, sizeof *entries, by_magnitude_then_index);
    for (size_t j = 0; j < set->k && j < set->n; j++)
        y[entries[j].index] = x[entries[j].index];
    free(entries);
}

static void sign(const oracle_settings *set, const double *x, double *y)
{
    const size_t block = set->block > 0 ? set->block : SIGN_BLOCK;

    for (size_t first = 0; first < set->n; first += block) {
        const size_t end = set->n - first < block ? set->n : first + block;
        const double scale = oracle_round(set->type, abs_mean(x + first, end - first));
        for (size_t i = first; i < end; i++)
            y[i] = x[i] < 0 ? -scale : scale;
    }
}

void oracle_compress(const char *compressor, const oracle_settings *settings, const double *x,
                     double *y)
{
    if (strcmp(compressor, "topk") == 0) {
        topk(settings, x, y);
    } else if (strcmp(compressor, "sign") == 0) {
        sign(settings, x, y);
    } else if (strcmp(compressor, "none") == 0) {
        for (size_t i = 0; i < settings->n; i++)
            y[i] = x[i];
    } else {
        fprintf(stderr, "oracle: no compressor \"%s\"\n", compressor);
        abort();
    }
}

/* --- ranks --- */

oracle *oracle_create(const char *compressor, const oracle_settings *settings, int n_ranks)
{
    oracle *o = take(1, sizeof *o);

    o->compressor = compressor;
    o->set = *settings;
    o->n_ranks = n_ranks;
    o->sent = take((size_t)n_ranks, sizeof *o->sent);
    o->residual = take((size_t)n_ranks, sizeof *o->residual);
    o->sum = take(settings->n, sizeof *o->sum);
    for (int r = 0; r < n_ranks; r++) {
        o->sent[r] = take(settings->n, sizeof **o->sent);
        o->residual[r] = take(settings->n, sizeof **o->residual);
    }
    return o;
}

void oracle_destroy(oracle *o)
{
    if (o == NULL) return;
    for (int r = 0; r < o->n_ranks; r++) {
        free(o->sent[r]);
        free(o->residual[r]);
    }
    free(o->sent);
    free(o->residual);
    free(o->sum);
    free(o);
}

/* Feedback of one rank: m = g + e, send C(m), e = m - C(m), each operation rounded. */
static void step_of_rank(oracle *o, const double *g, double *sent, double *residual)
{
    const csgd_type type = o->set.type;
    double *m = take(o->set.n, sizeof *m);

    for (size_t i = 0; i < o->set.n; i++)
        m[i] = o->set.feedback ? oracle_round(type, g[i] + residual[i]) : g[i];
    oracle_compress(o->compressor, &o->set, m, sent);
    for (size_t i = 0; i < o->set.n && o->set.feedback; i++)
        residual[i] = oracle_round(type, m[i] - sent[i]);
    free(m);
}

void oracle_step(oracle *o, double *const *gradients)
{
    for (int r = 0; r < o->n_ranks; r++)
        step_of_rank(o, gradients[r], o->sent[r], o->residual[r]);
    for (size_t i = 0; i < o->set.n; i++) {
        o->sum[i] = o->sent[0][i];
        for (int r = 1; r < o->n_ranks; r++)
            o->sum[i] = oracle_round(o->set.type, o->sum[i] + o->sent[r][i]);
    }
}

/* --- gradients --- */

/* The output function of SplitMix64 (Steele, Lea, Flood 2014): any input bit moves every output
 * bit, which is all that is asked of it here. */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* Of eight elements, one is zero (never -0, which a sum may turn to 0), two are multiples of 1/4
 * and so tie with others of either sign, and five have twenty random bits at one of 24 scales. */
void oracle_gradient(int rank, uint64_t step, csgd_type type, size_t n, double *g)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = mix(mix(mix((uint64_t)rank) ^ step) ^ i);
        const uint64_t kind = bits % 8;
        double value = 0;

        if (kind == 1 || kind == 2)
            value = (double)(bits >> 8 & 7) / 4;
        else if (kind > 2)
            value = ldexp((double)(bits >> 8 & 0xfffff), (int)(bits >> 32 & 31) % 24 - 36);
        g[i] = oracle_round(type, (bits >> 63) != 0 && value > 0 ? -value : value);
    }
}
