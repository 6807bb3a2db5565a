/* SPDX-License-Identifier: BSD-3-Clause */

/* error.c: status names and messages from one table, and this thread's sentence. */

#include "base/error.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/c_locale.h"

enum { DETAIL_MAX = 512 }; /* csgd/status.h promises 511 characters */

static _Thread_local char detail[DETAIL_MAX];

static const struct {
    csgd_status status;
    const char *name, *message;
} table[] = {
    {CSGD_OK, "CSGD_OK", "success"},
    {CSGD_MORE, "CSGD_MORE", "still in flight"},
    {CSGD_E_INVAL, "CSGD_E_INVAL", "invalid argument"},
    {CSGD_E_SPEC, "CSGD_E_SPEC", "invalid spec"},
    {CSGD_E_UNSUPPORTED, "CSGD_E_UNSUPPORTED", "not possible in this combination or size"},
    {CSGD_E_SPACE, "CSGD_E_SPACE", "output buffer too small"},
    {CSGD_E_BUSY, "CSGD_E_BUSY", "an operation is still in flight"},
    {CSGD_E_STATE, "CSGD_E_STATE", "MPI not initialised or already finalised"},
    {CSGD_E_NOMEM, "CSGD_E_NOMEM", "out of memory"},
    {CSGD_E_NONFINITE, "CSGD_E_NONFINITE", "NaN or infinity in the input"},
    {CSGD_E_PLUGIN, "CSGD_E_PLUGIN", "a plug-in broke a rule of its interface"},
    {CSGD_E_CORRUPT, "CSGD_E_CORRUPT", "corrupt message"},
    {CSGD_E_VERSION, "CSGD_E_VERSION", "message of an incompatible version"},
    {CSGD_E_MISMATCH, "CSGD_E_MISMATCH", "ranks disagree"},
    {CSGD_E_PEER, "CSGD_E_PEER", "another rank failed"},
    {CSGD_E_TRANSPORT, "CSGD_E_TRANSPORT", "transport error"},
    {CSGD_E_TIMEOUT, "CSGD_E_TIMEOUT", "a peer did not arrive in time"},
    {CSGD_E_BROKEN, "CSGD_E_BROKEN", "broken by an earlier failure"},
};

/* The row of a status, one past the last for a value that is none. */
static size_t row(csgd_status status)
{
    size_t i = 0;
    while (i < sizeof table / sizeof *table && table[i].status != status)
        i++;
    return i;
}

const char *csgd_status_name(csgd_status status)
{
    const size_t i = row(status);
    return i < sizeof table / sizeof *table ? table[i].name : "CSGD_E_UNKNOWN";
}

const char *csgd_status_message(csgd_status status)
{
    const size_t i = row(status);
    return i < sizeof table / sizeof *table ? table[i].message : "unknown status";
}

const char *csgd_error_detail(void)
{
    return detail;
}

/* Make `sentence`, which is another buffer, this thread's, without the newlines that a foreign
 * library's text may end in. */
static void set_detail(const char *sentence)
{
    size_t len = strlen(sentence);
    while (len > 0 && sentence[len - 1] == '\n')
        len--;
    memcpy(detail, sentence, len);
    detail[len] = '\0';
}

csgd_status csgdi_fail_list(csgd_status status, const char *format, va_list args)
{
    /* Formatted aside, because an argument may be the sentence that is there. */
    char sentence[DETAIL_MAX] = "";
    const csgdi_c_locale l = csgdi_c_locale_enter();
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    csgdi_c_locale_leave(l);
    set_detail(sentence);
    return status;
}

csgd_status csgdi_fail(csgd_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    csgdi_fail_list(status, format, args);
    va_end(args);
    return status;
}

csgd_status csgdi_fail_in(csgd_status status, const char *context)
{
    return csgdi_fail(status, "%s: %s", context, detail);
}
