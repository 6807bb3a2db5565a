/* SPDX-License-Identifier: BSD-3-Clause */

/* options.c: see options.h. */

#include "options.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const option *find(const option *table, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) return &table[i];
    return NULL;
}

static bool set_number(const option *o, const char *text)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= o->least) || !(value <= o->most)) return false;
    if (o->count == NULL) {
        *o->real = value;
        return true;
    }
    if (value != floor(value)) return false;
    *o->count = (size_t)value;
    return true;
}

static bool set(const option *o, const char *text, char *sentence, size_t cap)
{
    if (o->text != NULL) {
        *o->text = text;
    } else if (o->texts != NULL) {
        if (o->texts->n == OPTION_TEXTS) {
            snprintf(sentence, cap, "--%s may be given %d times at most", o->name, OPTION_TEXTS);
            return false;
        }
        o->texts->item[o->texts->n++] = text;
    } else if (!set_number(o, text)) {
        snprintf(sentence, cap, "--%s is \"%s\", but must be a%s number from %.10g to %.10g",
                 o->name, text, o->count != NULL ? " whole" : "", o->least, o->most);
        return false;
    }
    return true;
}

options_outcome options_read(const option *table, size_t n, int argc, char **argv, char *sentence,
                             size_t cap)
{
    for (int i = 1; i < argc; i++) {
        const char *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : "";
        const size_t len = strcspn(name, "=");
        const option *o = find(table, n, name, len);
        const char *text = name[len] == '=' ? name + len + 1 : NULL;

        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return OPTIONS_HELP;
        if (o == NULL) {
            snprintf(sentence, cap, "there is no option \"%s\"; --help names them all", argv[i]);
            return OPTIONS_WRONG;
        }
        if (text == NULL && i + 1 == argc) {
            snprintf(sentence, cap, "--%s needs a value: %s", o->name, o->value);
            return OPTIONS_WRONG;
        }
        if (text == NULL) text = argv[++i];
        if (!set(o, text, sentence, cap)) return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}

void options_help(const option *table, size_t n, FILE *to)
{
    for (size_t i = 0; i < n; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s %s", table[i].name, table[i].value);
        fprintf(to, "  %-30s %s", left, table[i].help);
        if (table[i].count != NULL) fprintf(to, " (%zu)", *table[i].count);
        if (table[i].text != NULL && *table[i].text != NULL) fprintf(to, " (%s)", *table[i].text);
        fputc('\n', to);
    }
    fprintf(to, "  %-30s this\n", "--help");
}
