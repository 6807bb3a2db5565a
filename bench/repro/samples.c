/* SPDX-License-Identifier: BSD-3-Clause */

/* samples.c: see samples.h. */

#include "samples.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "repro.h"

enum { PIXELS = 64, LINE = 1 << 16 };

void samples_free(samples *s)
{
    free(s->row);
    free(s->label);
    *s = (samples){0};
}

/* What a line says; false where it is no line of this format.  row is NULL at first sight, where only
 * the number of features is wanted. */
typedef bool reader(char *line, size_t *features, double *row, int *label);

static bool read_csv(char *line, size_t *features, double *row, int *label)
{
    char *at = line, *end;

    for (size_t j = 0; j <= PIXELS; j++) {
        const double value = strtod(at, &end);

        if (end == at || *end != (j < PIXELS ? ',' : '\n')) return false;
        if (row != NULL && j < PIXELS) row[j] = value / 16;
        if (j == PIXELS) *label = (int)value;
        at = end + 1;
    }
    *features = PIXELS;
    return true;
}

static bool read_libsvm(char *line, size_t *features, double *row, int *label)
{
    char *at = line, *end;
    const size_t room = *features;

    *label = (int)strtol(at, &end, 10);
    if (end == at) return false;
    for (at = end; at[strspn(at, " \t\r\n")] != '\0'; at = end) {
        const long index = strtol(at, &end, 10);
        double value;

        if (end == at || *end != ':' || index < 1) return false;
        at = end + 1;
        value = strtod(at, &end);
        if (end == at) return false;
        if (row != NULL && (size_t)index <= room) row[index - 1] = value;
        if (row == NULL && (size_t)index > *features) *features = (size_t)index;
    }
    return true;
}

/* Count rows and features, then read them. */
static const char *read_file(samples *s, const char *file, reader *read)
{
    char *line = malloc(LINE);
    gzFile from = gzopen(file, "rb");
    size_t n = 0, features = 0;
    bool good = from != NULL && line != NULL;
    int label;

    while (good && gzgets(from, line, LINE) != NULL) {
        good = read(line, &features, NULL, &label);
        n++;
    }
    good = good && n > 0 && features > 0 && gzrewind(from) == 0;
    if (good) {
        s->row = calloc(n * features, sizeof *s->row);
        s->label = calloc(n, sizeof *s->label);
        good = s->row != NULL && s->label != NULL;
    }
    for (size_t i = 0; good && i < n && gzgets(from, line, LINE) != NULL; i++)
        good = read(line, &features, s->row + i * features, &s->label[i]);
    if (from != NULL) gzclose(from);
    free(line);
    s->n = n;
    s->features = features;
    if (!good) samples_free(s);
    return good ? NULL : "the data file cannot be read, or a line of it is not of its format";
}

/* Swap rows at random: the same each time. */
static void shuffle(samples *s)
{
    for (size_t i = s->n; i > 1; i--) {
        const size_t j = (size_t)(repro_uniform(11, i) * (double)i);
        const int label = s->label[j];

        s->label[j] = s->label[i - 1];
        s->label[i - 1] = label;
        for (size_t f = 0; f < s->features; f++) {
            double *a = &s->row[j * s->features + f], *b = &s->row[(i - 1) * s->features + f];
            const double value = *a;

            *a = *b;
            *b = value;
        }
    }
}

const char *samples_digits(samples *s)
{
    const char *sentence;

    *s = (samples){0};
    sentence = read_file(s, REPRO_DIGITS, read_csv);
    if (sentence == NULL) shuffle(s);
    return sentence;
}

const char *samples_libsvm(samples *s, const char *file)
{
    const char *sentence;

    *s = (samples){0};
    sentence = read_file(s, file, read_libsvm);
    if (sentence == NULL) shuffle(s);
    return sentence;
}

const char *samples_products(samples *s)
{
    const size_t f = s->features, all = f + f * (f + 1) / 2;
    double *row = malloc(s->n * all * sizeof *row);

    if (row == NULL) return "no memory for the products of all features";
    for (size_t i = 0; i < s->n; i++) {
        const double *from = s->row + i * f;
        double *to = row + i * all;
        size_t at = f;

        memcpy(to, from, f * sizeof *to);
        for (size_t a = 0; a < f; a++)
            for (size_t b = a; b < f; b++)
                to[at++] = from[a] * from[b];
    }
    free(s->row);
    s->row = row;
    s->features = all;
    return NULL;
}
