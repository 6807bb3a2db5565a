/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_GOLDEN_H
#define CSGD_GOLDEN_H

/* golden.h: messages as they are, frozen, in golden_*.c.  Bytes are hex digits, in fours. */

#include <stddef.h>
#include <csgd/status.h>

/* The vector that the good messages are of, or its first n elements. */
extern const double golden_x[10];

/* What it is written as at step 0x0102030405060708, and what that is read as. */
typedef struct golden_good {
    const char *spec;
    size_t n;
    const char *hex;
    double y[10];
} golden_good;

/* What must be refused.  From the magic on each has one fault only: the rest is right, the hash
 * too. */
typedef struct golden_bad {
    const char *what;
    const char *spec;
    size_t n;
    csgd_status status;
    const char *words;
    const char *hex;
} golden_bad;

extern const golden_good golden_select[], golden_codes[], golden_whole[], golden_empty[];
extern const golden_bad golden_bad_header[], golden_bad_stream[], golden_bad_codes[];

/* All of them, NULL after the last; each ends with an entry that has no spec. */
extern const golden_good *const golden_good_messages[];
extern const golden_bad *const golden_bad_messages[];

#endif
