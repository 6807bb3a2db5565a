/* SPDX-License-Identifier: BSD-3-Clause */

/* spec_help.c: the help, printed from the tables that the parser reads. */

#include <stdarg.h>
#include <stdio.h>
#include "base/error.h"
#include "comm/reducer.h"

/* Text that is written as far as there is room and measured as a whole. */
typedef struct page {
    csgd_help_format format;
    char *dst;
    size_t cap, len;
} page;

static void put(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(page *p, const char *format, ...)
{
    const size_t at = p->len < p->cap ? p->len : p->cap;
    va_list args;
    int written;

    va_start(args, format);
    written = vsnprintf(at < p->cap ? p->dst + at : NULL, p->cap - at, format, args);
    va_end(args);
    if (written > 0) p->len += (size_t)written;
}

/* A cell of a Markdown table: a bar would end it. */
static void put_cell(page *p, const char *text)
{
    for (; *text != '\0'; text++)
        put(p, *text == '|' ? "\\%c" : "%c", *text);
}

static void put_title(page *p, const char *name, const char *summary, const char *source)
{
    if (p->format == CSGD_HELP_TEXT) {
        put(p, "\n%s\n    %s\n", name, summary);
        if (source[0] != '-') put(p, "    (%s)\n", source);
    } else {
        put(p, "| **%s** | | | ", name);
        put_cell(p, summary);
        put(p, " | %s |\n", source);
    }
}

static void put_keys(page *p, csgdi_keys keys)
{
    for (size_t i = 0; i < keys.n; i++) {
        const csgdi_key *key = &keys.key[i];
        char range[256];

        csgdi_key_range(key, range, sizeof range);
        if (p->format == CSGD_HELP_TEXT) {
            put(p, "    %-12s %s\n", key->name, key->help);
            put(p, "    %-12s %s", "", range);
            if (key->fallback != NULL) put(p, "; default %s", key->fallback);
            put(p, "\n");
        } else {
            put(p, "| `%s=` | ", key->name);
            put_cell(p, range);
            put(p, " | %s | ", key->fallback != NULL ? key->fallback : "");
            put_cell(p, key->help);
            put(p, " | |\n");
        }
    }
}

static void put_heading(page *p, const char *heading)
{
    if (p->format == CSGD_HELP_TEXT)
        put(p, "%s%s:\n", p->len > 0 ? "\n" : "", heading);
    else
        put(p,
            "%s**%s**\n\n| name or key | range | default | meaning | source |\n"
            "|---|---|---|---|---|\n",
            p->len > 0 ? "\n" : "", heading);
}

csgd_status csgd_spec_help(csgd_help_format format, char *dst, size_t cap, size_t *len)
{
    page p = {.format = format, .dst = dst, .cap = cap};

    if (len == NULL || (dst == NULL && cap > 0))
        return csgdi_fail(CSGD_E_INVAL, "the place for the text or for its length is NULL");
    if (format != CSGD_HELP_TEXT && format != CSGD_HELP_MARKDOWN)
        return csgdi_fail(CSGD_E_INVAL, "there is no help format %d", (int)format);

    put_heading(&p, "Compressors, the first word of a spec, each with the keys of its own");
    for (size_t i = 0; csgdi_compressor_list(i) != NULL; i++) {
        const csgdi_compressor_ops *ops = csgdi_compressor_list(i);
        put_title(&p, ops->name, ops->summary, ops->source);
        put_keys(&p, ops->keys);
    }
    put_heading(&p, "Keys of every compressor");
    put_keys(&p, csgdi_compressor_keys);
    put_heading(&p, "feedback=");
    put_keys(&p, csgdi_feedback_keys);
    for (size_t i = 0; csgdi_feedback_list(i) != NULL; i++)
        put_title(&p, csgdi_feedback_list(i)->name, csgdi_feedback_list(i)->summary,
                  csgdi_feedback_list(i)->source);
    put_heading(&p, "algorithm= and the other keys of a reducer");
    put_keys(&p, csgdi_reducer_keys);
    put_keys(&p, csgdi_layout_keys);
    for (size_t i = 0; csgdi_algorithm_list(i) != NULL; i++)
        put_title(&p, csgdi_algorithm_list(i)->name, csgdi_algorithm_list(i)->summary,
                  csgdi_algorithm_list(i)->source);

    *len = p.len;
    if (p.len >= cap)
        return csgdi_fail(CSGD_E_SPACE, "the help takes %zu bytes, not %zu", p.len + 1, cap);
    return CSGD_OK;
}
