/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ERROR_H
#define CSGDI_ERROR_H

/* error.h: how our own files report a failure.
 *
 * A function that fails sets the sentence of this thread and returns the status in one line:
 *
 *     if (k > n) return csgdi_fail(CSGD_E_SPEC, "k=%zu is more than the %zu elements", k, n);
 *
 * The sentence is for the user: it has the numbers, both sides of a contradiction, and where it
 * can the way out.  It begins with a small letter unless with a name, and has no full stop.
 */

#include <stdarg.h>
#include <csgd/status.h>

/* Set this thread's sentence (cut at 511 characters) and return status. */
csgd_status csgdi_fail(csgd_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a list of arguments. */
csgd_status csgdi_fail_list(csgd_status status, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Put "context: " before the sentence that is there, and return status. */
csgd_status csgdi_fail_in(csgd_status status, const char *context);

#endif
