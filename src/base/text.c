/* SPDX-License-Identifier: BSD-3-Clause */

/* text.c: see text.h. */

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void csgdi_text_put(csgdi_text *text, const char *format, ...)
{
    const size_t at = text->len < text->cap ? text->len : text->cap;
    va_list args;
    int written;

    va_start(args, format);
    written = vsnprintf(at < text->cap ? text->dst + at : NULL, text->cap - at, format, args);
    va_end(args);
    if (written > 0) text->len += (size_t)written;
}
