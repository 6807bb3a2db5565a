/* SPDX-License-Identifier: BSD-3-Clause */

/* report.c: lines, files and numbers of an experiment; see repro.h. */

#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "base/philox.h"

static bool say(repro *r, const char *quantity, const char *value, const char *reference, bool pass)
{
    if (!r->silent)
        printf("repro,%s,%s,%s,%s,%s\n", r->name, quantity, value, reference,
               pass ? "pass" : "FAIL");
    r->lines++;
    r->failed += !pass;
    return pass;
}

static bool say_number(repro *r, const char *quantity, double value, const char *reference,
                       bool pass)
{
    char text[32];

    snprintf(text, sizeof text, "%.6g", value);
    return say(r, quantity, text, reference, pass);
}

bool repro_at_most(repro *r, const char *quantity, double value, double limit)
{
    char reference[48];

    snprintf(reference, sizeof reference, "at most %.6g", limit);
    return say_number(r, quantity, value, reference, value <= limit);
}

bool repro_at_least(repro *r, const char *quantity, double value, double limit)
{
    char reference[48];

    snprintf(reference, sizeof reference, "at least %.6g", limit);
    return say_number(r, quantity, value, reference, value >= limit);
}

bool repro_between(repro *r, const char *quantity, double value, double low, double high)
{
    char reference[64];

    snprintf(reference, sizeof reference, "%.6g to %.6g", low, high);
    return say_number(r, quantity, value, reference, value >= low && value <= high);
}

bool repro_equal(repro *r, const char *quantity, const char *value, const char *reference)
{
    return say(r, quantity, value, reference, strcmp(value, reference) == 0);
}

void repro_report(repro *r, const char *quantity, double value)
{
    say_number(r, quantity, value, "reported", true);
}

bool repro_brief(const repro *r)
{
    return r->brief;
}

const char *repro_path(repro *r, const char *ending)
{
    if (r->silent) return "/dev/null";
    snprintf(r->path, sizeof r->path, "%s/%s.%s", r->out, r->name, ending);
    return r->path;
}

void repro_csv(repro *r, const char *columns)
{
    if (r->silent) return;
    r->csv = fopen(repro_path(r, "csv"), "w");
    if (r->csv == NULL)
        fprintf(stderr, "repro: cannot write %s: %s\n", r->path, strerror(errno));
    else
        fprintf(r->csv, "%s\n", columns);
}

void repro_row(repro *r, const char *format, ...)
{
    va_list arguments;

    if (r->csv == NULL) return;
    va_start(arguments, format);
    vfprintf(r->csv, format, arguments);
    va_end(arguments);
    fputc('\n', r->csv);
}

/* 53 random bits and one half, so neither 0 nor 1. */
static double uniform(uint64_t seed, uint64_t block, unsigned half)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), 0, 0x7265u};
    uint32_t word[4];

    csgdi_philox(key, counter, word);
    return ldexp((double)((uint64_t)word[2 * half] << 21 | word[2 * half + 1] >> 11) + 0.5, -53);
}

double repro_uniform(uint64_t seed, uint64_t i)
{
    return uniform(seed, i / 2, i % 2);
}

double repro_normal(uint64_t seed, uint64_t i)
{
    const double pi = 3.14159265358979323846;
    const double radius = sqrt(-2 * log(uniform(seed, i / 2, 0)));
    const double angle = 2 * pi * uniform(seed, i / 2, 1);

    return radius * (i % 2 == 0 ? cos(angle) : sin(angle));
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double repro_median(double *value, size_t n)
{
    qsort(value, n, sizeof *value, compare);
    return n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}
