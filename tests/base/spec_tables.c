/* SPDX-License-Identifier: BSD-3-Clause */
/* spec_tables.c: keys for the tests of specs, one of every sort. */

#include "base/spec_tables.h"
#include <math.h>
#include "support/test.h"

static const char *type(size_t i)
{
    static const char *const words[] = {"f32", "f64"};
    return i < TEST_COUNT(words) ? words[i] : NULL;
}

const char *spec_tables_feedback(size_t i)
{
    static const char *const words[] = {"none", "ef", "ef21"};
    return i < TEST_COUNT(words) ? words[i] : NULL;
}

static const char *const by_itself[] = {"step", "auto", NULL};
static const csgdi_key own[] = {
    {.name = "ratio", .kind = CSGDI_REAL, .min = 0, .max = 1, .above_min = true, .help = "kept"},
    {.name = "k", .kind = CSGDI_COUNT, .min = 1, .help = "kept"},
    {.name = "block", .kind = CSGDI_COUNT, .min = 8, .max = 65536, .fallback = "512"},
    {.name = "decay", .kind = CSGDI_REAL, .min = -1, .max = 1, .fallback = "0.5"},
    {.name = "scale", .kind = CSGDI_REAL, .min = 0, .max = HUGE_VAL},
    {.name = "rho", .kind = CSGDI_EITHER, .min = 0, .max = 1, .words = by_itself},
};
static const csgdi_key common[] = {
    {.name = "type", .kind = CSGDI_CHOICE, .choice = type, .fallback = "f32"},
    {.name = "feedback", .kind = CSGDI_CHOICE, .choice = spec_tables_feedback},
    {.name = "seed", .kind = CSGDI_COUNT, .fallback = "0"},
};
static const csgdi_keys groups[] = {{own, TEST_COUNT(own)}, {common, TEST_COUNT(common)}};

csgd_status spec_tables_parse(csgdi_spec *s, const char *text)
{
    return csgdi_spec_parse(s, text, groups, TEST_COUNT(groups));
}
