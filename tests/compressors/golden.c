/* SPDX-License-Identifier: BSD-3-Clause */

/* golden.c: see golden.h.  The payloads can be followed by hand; the random words, what a float or
 * an integer of 16, 8 or 4 bits makes of a value, and all hashes were made by another
 * implementation. */

#include "compressors/golden.h"

#include <stddef.h>

const double golden_x[10] = {1, -2, 0.5, 0, -0.25, 3, -3, 8, 0.125, -1};

const golden_good *const golden_good_messages[] = {golden_select, golden_codes, golden_whole,
                                                   golden_empty, NULL};
const golden_bad *const golden_bad_messages[] = {golden_bad_header, golden_bad_stream,
                                                 golden_bad_codes, NULL};
