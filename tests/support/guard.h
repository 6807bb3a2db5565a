/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_GUARD_H
#define CSGD_GUARD_H

/* guard.h: memory between two pages that nobody may touch, so that a read or write one byte too
 * far ends the test.
 *
 *     no access | first ........ last | no access
 *
 * Put what must not be overrun against last, what must not be underrun at first.
 */

#include <stddef.h>

typedef struct guard {
    unsigned char *first; /* of size bytes, a multiple of the page size */
    unsigned char *last;  /* one past them */
} guard;

/* At least this many bytes; the test fails where there is no memory. */
guard guard_open(size_t bytes);

/* Give the memory back. */
void guard_close(guard *g);

#endif
