/* SPDX-License-Identifier: BSD-3-Clause */

/* spec_help.c: the help, printed from the tables that the parser reads. */

#include "base/error.h"
#include "base/text.h"
#include "comm/reducer.h"
#include "compressors/mask.h"
#include "compressors/plugin.h"
#include "compressors/stream.h"

typedef struct page {
    csgd_help_format format;
    csgdi_text text;
} page;

/* A cell of a Markdown table: a bar would end it. */
static void put_cell(page *p, const char *text)
{
    for (; *text != '\0'; text++)
        csgdi_text_put(&p->text, *text == '|' ? "\\%c" : "%c", *text);
}

static void put_title(page *p, const char *name, const char *summary, const char *source)
{
    if (p->format == CSGD_HELP_TEXT) {
        csgdi_text_put(&p->text, "\n%s\n    %s\n", name, summary);
        if (source[0] != '-') csgdi_text_put(&p->text, "    (%s)\n", source);
    } else {
        csgdi_text_put(&p->text, "| **%s** | | | ", name);
        put_cell(p, summary);
        csgdi_text_put(&p->text, " | %s |\n", source);
    }
}

static void put_keys(page *p, csgdi_keys keys)
{
    for (size_t i = 0; i < keys.n; i++) {
        const csgdi_key *key = &keys.key[i];
        char range[256];

        csgdi_key_range(key, range, sizeof range);
        if (p->format == CSGD_HELP_TEXT) {
            csgdi_text_put(&p->text, "    %-12s %s\n", key->name, key->help);
            csgdi_text_put(&p->text, "    %-12s %s", "", range);
            if (key->fallback != NULL) csgdi_text_put(&p->text, "; default %s", key->fallback);
            csgdi_text_put(&p->text, "\n");
        } else {
            csgdi_text_put(&p->text, "| `%s=` | ", key->name);
            put_cell(p, range);
            csgdi_text_put(&p->text, " | %s | ", key->fallback != NULL ? key->fallback : "");
            put_cell(p, key->help);
            csgdi_text_put(&p->text, " | |\n");
        }
    }
}

static void put_compressor(page *p, const csgdi_compressor_ops *ops)
{
    put_title(p, ops->name, ops->summary, ops->source);
    put_keys(p, ops->keys);
    if (ops->no_zero) put_keys(p, csgdi_mask_keys);
}

static void put_heading(page *p, const char *heading)
{
    if (p->format == CSGD_HELP_TEXT)
        csgdi_text_put(&p->text, "%s%s:\n", p->text.len > 0 ? "\n" : "", heading);
    else
        csgdi_text_put(&p->text,
                       "%s**%s**\n\n| name or key | range | default | meaning | source |\n"
                       "|---|---|---|---|---|\n",
                       p->text.len > 0 ? "\n" : "", heading);
}

csgd_status csgd_spec_help(csgd_help_format format, char *dst, size_t cap, size_t *len)
{
    page p = {.format = format, .text = {dst, cap, 0}};

    if (len == NULL || (dst == NULL && cap > 0))
        return csgdi_fail(CSGD_E_INVAL, "the place for the text or for its length is NULL");
    if (format != CSGD_HELP_TEXT && format != CSGD_HELP_MARKDOWN)
        return csgdi_fail(CSGD_E_INVAL, "there is no help format %d", (int)format);

    put_heading(&p, "Compressors, the first word of a spec, each with the keys of its own");
    for (size_t i = 0; csgdi_compressor_list(i) != NULL; i++)
        put_compressor(&p, csgdi_compressor_list(i));
    for (size_t i = 0; csgdi_plugin_list(i) != NULL; i++)
        put_compressor(&p, csgdi_plugin_list(i));
    put_heading(&p, "Keys of the compressors that select entries, and send indices with values");
    put_keys(&p, csgdi_stream_keys);
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

    *len = p.text.len;
    if (p.text.len >= cap)
        return csgdi_fail(CSGD_E_SPACE, "the help takes %zu bytes, not %zu", p.text.len + 1, cap);
    return CSGD_OK;
}
