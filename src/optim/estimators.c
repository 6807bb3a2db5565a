/* SPDX-License-Identifier: BSD-3-Clause */

/* estimators.c: every estimator, one line each, the keys of all, and the help. */

#include <string.h>
#include "base/error.h"
#include "base/text.h"
#include "optim/optimizer.h"

static const csgdi_estimator *const list[] = {
    &csgdi_estimator_sgd,     &csgdi_estimator_momentum, &csgdi_estimator_storm,
    &csgdi_estimator_rootsgd, &csgdi_estimator_igt,      &csgdi_estimator_svrg,
    &csgdi_estimator_sarah,   &csgdi_estimator_adam,     &csgdi_estimator_frozen_adam,
};

const csgdi_estimator *csgdi_estimator_list(size_t i)
{
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

static const char *estimator_name(size_t i)
{
    return csgdi_estimator_list(i) != NULL ? list[i]->name : NULL;
}

static const char *const yes_no[] = {"no", "yes", NULL};

static const csgdi_key keys[] = {
    {.name = "weight_decay",
     .kind = CSGDI_REAL,
     .max = 1e30,
     .fallback = "0",
     .help = "x -= lr weight_decay x besides, after the sum: it never enters a residual"},
    {.name = "clip",
     .kind = CSGDI_REAL,
     .max = 1e30,
     .fallback = "0",
     .help = "before compression all gradients are scaled by min(1, clip / sqrt(mean over workers "
             "of |g|^2)); 0: not.  For estimators of plain gradients"},
    {.name = "rescale",
     .kind = CSGDI_CHOICE,
     .words = yes_no,
     .fallback = "yes",
     .help =
         "whether residuals are told of changes of the learning rate (csgd_reducer_set_step_size)"},
    {.name = "noise",
     .kind = CSGDI_REAL,
     .max = 1e30,
     .fallback = "0",
     .help =
         "radius r of normal noise of variance r^2 / n an element, added to every gradient, the "
         "same on all workers: to escape from saddle points"},
    {.name = "seed", .kind = CSGDI_COUNT, .fallback = "0", .help = "of the noise"},
};

const csgdi_keys csgdi_optimizer_keys = {keys, sizeof keys / sizeof *keys};

csgd_status csgdi_estimator_parse(const char *text, csgdi_spec *spec, const csgdi_estimator **e)
{
    csgdi_keys groups[4] = {{0}, csgdi_schedule_keys, csgdi_optimizer_keys, csgdi_reset_keys};
    char name[CSGDI_SPEC_NAME];
    const char *nearest;
    csgd_status st;

    if (text == NULL) return csgdi_fail(CSGD_E_INVAL, "the spec is NULL");
    st = csgdi_spec_name(text, name);
    if (st != CSGD_OK) return st;
    for (size_t i = 0; csgdi_estimator_list(i) != NULL; i++) {
        if (strcmp(list[i]->name, name) != 0) continue;
        *e = list[i];
        groups[0] = list[i]->keys;
        return csgdi_spec_parse(spec, text, groups, sizeof groups / sizeof *groups);
    }
    nearest = csgdi_nearest(name, estimator_name);
    if (nearest != NULL)
        return csgdi_fail(CSGD_E_SPEC, "there is no optimizer \"%s\"; did you mean \"%s\"?", name,
                          nearest);
    return csgdi_fail(CSGD_E_SPEC,
                      "there is no optimizer \"%s\"; csgd_optimizer_help() prints them all", name);
}

/* ---- the help ----------------------------------------------------------------------------- */

static void put_cell(csgdi_text *text, const char *cell)
{
    for (; *cell != '\0'; cell++)
        csgdi_text_put(text, *cell == '|' ? "\\%c" : "%c", *cell);
}

static void put_keys(csgdi_text *text, csgd_help_format format, csgdi_keys group)
{
    for (size_t i = 0; i < group.n; i++) {
        const csgdi_key *key = &group.key[i];
        char range[256];

        csgdi_key_range(key, range, sizeof range);
        if (format == CSGD_HELP_TEXT) {
            csgdi_text_put(text, "    %-12s %s\n    %-12s %s", key->name, key->help, "", range);
            if (key->fallback != NULL) csgdi_text_put(text, "; default %s", key->fallback);
            csgdi_text_put(text, "\n");
        } else {
            csgdi_text_put(text, "| `%s=` | ", key->name);
            put_cell(text, range);
            csgdi_text_put(text, " | %s | ", key->fallback != NULL ? key->fallback : "");
            put_cell(text, key->help);
            csgdi_text_put(text, " | |\n");
        }
    }
}

csgd_status csgd_optimizer_help(csgd_help_format format, char *dst, size_t cap, size_t *len)
{
    const bool table = format == CSGD_HELP_MARKDOWN;
    csgdi_text text = {dst, cap, 0};

    if (len == NULL || (dst == NULL && cap > 0))
        return csgdi_fail(CSGD_E_INVAL, "the place for the text or for its length is NULL");
    if (format != CSGD_HELP_TEXT && format != CSGD_HELP_MARKDOWN)
        return csgdi_fail(CSGD_E_INVAL, "there is no help format %d", (int)format);
    if (table)
        csgdi_text_put(&text, "| name or key | range | default | meaning | source |\n"
                              "|---|---|---|---|---|\n");
    for (size_t i = 0; csgdi_estimator_list(i) != NULL; i++) {
        csgdi_text_put(&text, table ? "| **%s** | | | %s | %s |\n" : "%s\n    %s\n    (%s)\n",
                       list[i]->name, list[i]->summary, list[i]->source);
        put_keys(&text, format, list[i]->keys);
        if (!table) csgdi_text_put(&text, "\n");
    }
    csgdi_text_put(&text, table ? "| **every optimizer** | | | | |\n" : "every optimizer\n");
    put_keys(&text, format, csgdi_schedule_keys);
    put_keys(&text, format, csgdi_optimizer_keys);
    put_keys(&text, format, csgdi_reset_keys);

    *len = text.len;
    if (text.len >= cap)
        return csgdi_fail(CSGD_E_SPACE, "the help takes %zu bytes, not %zu", text.len + 1, cap);
    return CSGD_OK;
}
