/* SPDX-License-Identifier: BSD-3-Clause */

/* tuning.c: a text file of what was measured, so that the next run need not.
 *
 * A line for each number of ranks, length and spec:
 *
 *     csgd-tuning 2 RANKS N NUMBER... SPEC
 *
 * with the numbers of csgdi_rates in order, in seconds but for the last.  Lines of version 1 have one less,
 * which counts as unknown.  Other lines are left alone, and of several that fit the last one counts; to
 * measure anew, delete the line.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/c_locale.h"
#include "comm/choose.h"

static const char magic[] = "csgd-tuning ";

enum { LINE = 2048 };

_Static_assert(sizeof(csgdi_rates) == CSGDI_RATES_NUMBERS * sizeof(double),
               "rates are nothing but numbers");

/* Whether a line fits; then its rates. */
static bool read_line(const char *line, int n_ranks, size_t n, const char *text, csgdi_rates *rates)
{
    double number[CSGDI_RATES_NUMBERS] = {0};
    long version;
    char *end;

    if (strncmp(line, magic, sizeof magic - 1) != 0) return false;
    line += sizeof magic - 1;
    version = strtol(line, &end, 10);
    if ((version != 1 && version != 2) || end == line) return false;
    line = end;
    if (strtol(line, &end, 10) != n_ranks || end == line) return false;
    line = end;
    if (strtoull(line, &end, 10) != n || end == line) return false;
    for (size_t i = 0; i < CSGDI_RATES_NUMBERS - (version == 1 ? 1 : 0); i++) {
        line = end;
        number[i] = strtod(line, &end);
        if (end == line || !(number[i] >= 0) || !(number[i] <= 1e9)) return false;
    }
    if (*end != ' ' || strlen(end + 1) != strlen(text) + 1 ||
        strncmp(end + 1, text, strlen(text)) != 0)
        return false;
    memcpy(rates, number, sizeof number);
    return true;
}

bool csgdi_tuning_find(const char *file, int n_ranks, size_t n, const char *text,
                       csgdi_rates *rates)
{
    const csgdi_c_locale locale = csgdi_c_locale_enter();
    FILE *from = fopen(file, "r");
    char line[LINE];
    bool found = false;

    while (from != NULL && fgets(line, sizeof line, from) != NULL)
        found = read_line(line, n_ranks, n, text, rates) || found;
    if (from != NULL) fclose(from);
    csgdi_c_locale_leave(locale);
    return found;
}

void csgdi_tuning_keep(const char *file, int n_ranks, size_t n, const char *text,
                       const csgdi_rates *rates)
{
    const csgdi_c_locale locale = csgdi_c_locale_enter();
    FILE *to = fopen(file, "a");
    double number[CSGDI_RATES_NUMBERS];

    memcpy(number, rates, sizeof number);
    if (to != NULL) {
        fprintf(to, "%s2 %d %zu", magic, n_ranks, n);
        for (size_t i = 0; i < CSGDI_RATES_NUMBERS; i++)
            fprintf(to, " %.9g", number[i]);
        fprintf(to, " %s\n", text);
        fclose(to);
    }
    csgdi_c_locale_leave(locale);
}
