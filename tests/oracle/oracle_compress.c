/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_compress.c: every compressor, from its formula.  Where the library is clever this is plain:
 * selection sorts, sums follow the definition of their order by recursion, random words are made
 * one at a time, and every value is a double. */

#include "oracle/oracle.h"
#include "oracle/oracle_bits.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "oracle/oracle_codes.h"

/* The order of sums is part of the format: blocks of so many elements, so many strided sums. */
enum { SUM_BLOCK = 4096, SUM_LANES = 16 };
enum { SIGN_BLOCK = 1024 };
enum { MASK = 1, SAMPLE = 3 }; /* streams of random words */

/* --- sums in the order that the format lays down --- */

typedef double term(double x);

static double square(double x)
{
    return x * x;
}

/* Strided sum `lane` of sixteen over one block, and the tree over them: at width w, lane j is the
 * sum of lanes j and j + w at width 2 w. */
static double lanes(term *of, const double *x, size_t n, size_t lane, size_t width)
{
    double sum = 0;

    if (width < SUM_LANES)
        return lanes(of, x, n, lane, 2 * width) + lanes(of, x, n, lane + width, 2 * width);
    for (size_t i = lane; i < n; i += SUM_LANES)
        sum += of(x[i]);
    return sum;
}

/* A run of blocks is cut after the largest power of two of them that leaves a rest. */
static double sum_of(term *of, const double *x, size_t n)
{
    size_t left = SUM_BLOCK;

    if (n <= SUM_BLOCK) return lanes(of, x, n, 0, 1);
    while (2 * left < n)
        left *= 2;
    return sum_of(of, x, left) + sum_of(of, x + left, n - left);
}

/* The mean magnitude.  Only what is near the top can overflow the sum: then the quotients are
 * added, in order of the elements, and what rounding lifts above the top is put back. */
static double abs_mean(csgd_type type, const double *x, size_t n)
{
    const double top = type == CSGD_F32 ? (double)FLT_MAX : DBL_MAX;
    const double sum = oracle_abs_sum(type, ORACLE_ALL, x, n);
    double mean = 0;

    if (isfinite(sum)) return sum / (double)n;
    for (size_t i = 0; i < n; i++)
        mean += fabs(x[i]) / (double)n;
    return mean < top ? mean : top;
}

/* --- selection --- */

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

/* Mark the k largest, of those that reach lambda. */
static void largest(size_t n, size_t k, double lambda, const double *x, bool *chosen)
{
    entry *entries = calloc(n + 1, sizeof *entries);

    if (entries == NULL) abort();
    for (size_t i = 0; i < n; i++)
        entries[i] = (entry){fabs(x[i]), i};
    qsort(entries, n, sizeof *entries, by_magnitude_then_index);
    for (size_t j = 0; j < k && j < n && entries[j].magnitude >= lambda; j++)
        chosen[entries[j].index] = true;
    free(entries);
}

static void topk(const oracle_settings *set, const double *x, bool *chosen)
{
    largest(set->n, set->k, 0, x, chosen);
}

/* floor(ratio b) of each block, at least one; set->k says it of a whole one. */
static void blocktopk(const oracle_settings *set, const double *x, bool *chosen)
{
    for (size_t first = 0; first < set->n; first += set->block) {
        const size_t rest = set->n - first, b = rest < set->block ? rest : set->block;
        const size_t k = (size_t)((double)set->k / (double)set->block * (double)b + 1e-9);
        largest(b, k > 0 ? k : 1, 0, x + first, chosen + first);
    }
}

static void threshold(const oracle_settings *set, const double *x, bool *chosen)
{
    const size_t eighth = set->n >= 8 ? set->n / 8 : 1;

    largest(set->n, set->k > 0 ? set->k : eighth, set->lambda, x, chosen);
}

/* What the entries that `select` marks are sent as, and zeros. */
static void sparse(const oracle_settings *set,
                   void (*select)(const oracle_settings *set, const double *x, bool *chosen),
                   const double *x, double *y)
{
    bool *chosen = calloc(set->n + 1, sizeof *chosen);
    double *value = calloc(set->n + 1, sizeof *value);
    size_t k = 0;

    if (chosen == NULL || value == NULL) abort();
    select(set, x, chosen);
    for (size_t i = 0; i < set->n; i++)
        if (chosen[i]) value[k++] = x[i];
    if (set->value > 0) oracle_values(set->value, value, k);
    k = 0;
    for (size_t i = 0; i < set->n; i++)
        y[i] = chosen[i] ? value[k++] : 0;
    if (set->chosen != NULL && set->n > 0) memcpy(set->chosen, chosen, set->n * sizeof *chosen);
    free(chosen);
    free(value);
}

/* floor(r size / 2^64) by long multiplication, from r's lowest bit: a half at each, rounded down. */
static uint64_t part_of(uint64_t r, uint64_t size)
{
    uint64_t product = 0;

    for (int bit = 0; bit < 64; bit++)
        product = (product + (r >> bit & 1) * size) / 2;
    return product;
}

static void randk(const oracle_settings *set, const double *x, double *y)
{
    for (size_t i = 0; i < set->n; i++)
        y[i] = 0;
    for (uint64_t j = 0; j < set->k && j < set->n; j++) {
        const uint64_t start = j * set->n / set->k, end = (j + 1) * set->n / set->k;
        const unsigned stream = set->own ? SAMPLE : MASK;
        const uint32_t rank = set->own ? set->rank : 0;
        const uint64_t low = oracle_word(10, set->seed, stream, rank, set->step, 2 * j);
        const uint64_t high = oracle_word(10, set->seed, stream, rank, set->step, 2 * j + 1);
        const uint64_t i = start + part_of(low + (high << 32), end - start);
        y[i] = set->scaled ? oracle_round(set->type, x[i] * (double)(end - start)) : x[i];
    }
}

/* --- quantizers --- */

static void sign(const oracle_settings *set, const double *x, double *y)
{
    const size_t block = set->block > 0 ? set->block : SIGN_BLOCK;

    for (size_t first = 0; first < set->n; first += block) {
        const size_t end = set->n - first < block ? set->n : first + block;
        const double scale = oracle_round(set->type, abs_mean(set->type, x + first, end - first));
        for (size_t i = first; i < end; i++)
            y[i] = x[i] < 0 ? -scale : scale;
    }
}

/* Where the squares of doubles leave the normal range, those of quotients by the largest are added,
 * in order. */
double oracle_norm(const double *x, size_t n)
{
    const double squares = sum_of(square, x, n);
    double most = 0, sum = 0;

    for (size_t i = 0; i < n; i++)
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    if (most == 0) return 0;
    for (size_t i = 0; i < n; i++)
        sum += square(x[i] / most);
    return squares < 0x1p-900 || isinf(squares) ? most * sqrt(sum) : sqrt(squares);
}

static void none(const oracle_settings *set, const double *x, double *y)
{
    for (size_t i = 0; i < set->n; i++)
        y[i] = x[i];
}

static const struct {
    const char *name;
    void (*compress)(const oracle_settings *set, const double *x, double *y);
    void (*select)(const oracle_settings *set, const double *x, bool *chosen);
} compressors[] = {
    {"none", none, NULL},
    {"topk", NULL, topk},
    {"blocktopk", NULL, blocktopk},
    {"randk", randk, NULL},
    {"threshold", NULL, threshold},
    {"sign", sign, NULL},
    {"qsgd", oracle_qsgd, NULL},
    {"terngrad", oracle_terngrad, NULL},
    {"int", oracle_int, NULL},
    {"onebit", oracle_onebit, NULL},
    {"majority", oracle_majority, NULL},
    {"natural", oracle_natural, NULL},
    {"bf16", oracle_bf16, NULL},
    {"f16", oracle_f16, NULL},
};

void oracle_compress(const char *compressor, const oracle_settings *settings, const double *x,
                     double *y)
{
    for (size_t i = 0; i < sizeof compressors / sizeof *compressors; i++)
        if (strcmp(compressors[i].name, compressor) == 0) {
            if (compressors[i].select != NULL)
                sparse(settings, compressors[i].select, x, y);
            else
                compressors[i].compress(settings, x, y);
            for (size_t j = 0; j < settings->n && settings->masked; j++)
                if (x[j] == 0) y[j] = 0;
            return;
        }
    fprintf(stderr, "oracle: no compressor \"%s\"\n", compressor);
    abort();
}
