/* SPDX-License-Identifier: BSD-3-Clause */

/* list.c: every compressor, one line each, and how a spec finds its own. */

#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "compressors/mask.h"
#include "compressors/plugin.h"
#include "compressors/stream.h"
#include "compressors/threads.h"

static const csgdi_compressor_ops *const list[] = {
    /* exact */ &csgdi_none,
    /* select */ &csgdi_topk,
    &csgdi_blocktopk,
    &csgdi_threshold,
    /* project */ &csgdi_randk,
    &csgdi_powersgd,
    &csgdi_majority,
    /* quantize */ &csgdi_sign,
    &csgdi_onebit,
    &csgdi_qsgd,
    &csgdi_terngrad,
    &csgdi_natural,
    &csgdi_int,
    &csgdi_bf16,
    &csgdi_f16,
};

const csgdi_compressor_ops *csgdi_compressor_list(size_t i)
{
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

/* Ours, then plug-ins. */
static const csgdi_compressor_ops *any(size_t i)
{
    const size_t ours = sizeof list / sizeof *list;

    return i < ours ? list[i] : csgdi_plugin_list(i - ours);
}

static const char *compressor_name(size_t i)
{
    return any(i) != NULL ? any(i)->name : NULL;
}

const csgdi_compressor_ops *csgdi_compressor_find(const char *name)
{
    for (size_t i = 0; any(i) != NULL; i++)
        if (strcmp(any(i)->name, name) == 0) return any(i);
    return NULL;
}

static const char *type_name(size_t i)
{
    static const char *const names[] = {"f32", "f64", "bf16", "f16"};
    return i < 4 ? names[i] : NULL;
}

static const csgdi_key keys[] = {
    {.name = "type",
     .kind = CSGDI_CHOICE,
     .choice = type_name,
     .fallback = "f32",
     .help = "type of the elements: float, double, or one of 16 bits, worked on as float"},
    {.name = "seed",
     .kind = CSGDI_COUNT,
     .fallback = "0",
     .help = "what random choices depend on, with the step"},
    {.name = "threads",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = CSGDI_THREADS_MOST,
     .fallback = "1",
     .help = "threads that work on a call where n is large; the bits are the same, so ranks may "
             "differ"},
};

const csgdi_keys csgdi_compressor_keys = {keys, sizeof keys / sizeof *keys};

const char *csgdi_spec_text(const char *spec)
{
    if (spec == NULL) spec = getenv("CSGD_SPEC");
    return spec == NULL ? "none" : spec;
}

/* Only a plug-in can have a key of ours: it does not know those that later versions add. */
static csgd_status check_own_keys(const csgdi_compressor_ops *ops, const csgdi_keys *groups,
                                  size_t n)
{
    for (size_t g = 0; g < n; g++)
        for (size_t i = 0; i < groups[g].n; i++)
            for (size_t own = 0; own < ops->keys.n; own++)
                if (strcmp(groups[g].key[i].name, ops->keys.key[own].name) == 0)
                    return csgdi_fail(CSGD_E_SPEC,
                                      "the plug-in %s has a key \"%s\", which is the library's own",
                                      ops->name, ops->keys.key[own].name);
    return CSGD_OK;
}

csgd_status csgdi_compressor_parse(const char *text, const csgdi_keys *more, size_t n_more,
                                   csgdi_spec *spec, const csgdi_compressor_ops **ops)
{
    csgdi_keys groups[8];
    size_t n = 0;
    char name[CSGDI_SPEC_NAME];
    csgd_status st = csgdi_spec_name(text, name);

    if (st != CSGD_OK) return st;
    *ops = csgdi_compressor_find(name);
    if (*ops == NULL) {
        const char *nearest = csgdi_nearest(name, compressor_name);
        if (nearest != NULL)
            return csgdi_fail(CSGD_E_SPEC, "there is no compressor \"%s\"; did you mean \"%s\"?",
                              name, nearest);
        return csgdi_fail(CSGD_E_SPEC,
                          "there is no compressor \"%s\"; csgd_spec_help() names them all", name);
    }
    groups[n++] = (*ops)->keys;
    if ((*ops)->family == CSGDI_SELECT) groups[n++] = csgdi_stream_keys;
    if ((*ops)->no_zero) groups[n++] = csgdi_mask_keys;
    groups[n++] = csgdi_compressor_keys;
    if (n_more > 0) memcpy(groups + n, more, n_more * sizeof *more);
    n += n_more;
    st = check_own_keys(*ops, groups + 1, n - 1);
    return st == CSGD_OK ? csgdi_spec_parse(spec, text, groups, n) : st;
}
