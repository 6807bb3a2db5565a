/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ENTRIES_H
#define CSGDI_ENTRIES_H

/* entries.h: how many entries a compressor keeps, told by one of two keys. */

#include "compressors/compressor.h"

/* The beginning of a table of keys. */
#define CSGDI_ENTRIES_RATIO                                                                   \
    {                                                                                         \
        .name = "ratio", .kind = CSGDI_REAL, .min = 0, .above_min = true, .max = 1,           \
        .fallback = "0.01", .help = "part of the entries to keep, rounded down, at least one" \
    }
#define CSGDI_ENTRIES_KEYS                                               \
    CSGDI_ENTRIES_RATIO,                                                 \
    {                                                                    \
        .name = "k", .kind = CSGDI_COUNT, .min = 1, .max = 4294967295.0, \
        .help = "how many entries to keep, in place of ratio"            \
    }

/* c->max_k from the spec: for each segment at least 1 and at most its length, but 0 where that is 0.
 * CSGD_E_SPEC where both keys are given, or k is more than n. */
csgd_status csgdi_entries_read(csgdi_compressor *c, csgdi_spec *spec);

/* How many of them belong to one segment, once c->max_k is known. */
size_t csgdi_entries_of(const csgdi_compressor *c, const csgdi_spec *spec, size_t segment);

/* What a selection of the largest leaves out. */
csgdi_loss csgdi_entries_loss(const csgdi_compressor *c);

/* ratio n, rounded down, at least 1 and at most n. */
size_t csgdi_entries_part(double ratio, size_t n);

#endif
