/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TEXT_H
#define CSGDI_TEXT_H

/* text.h: text that is written as far as there is room and measured as a whole. */

#include <stddef.h>

typedef struct csgdi_text {
    char *dst; /* cap bytes; ends in a zero byte when cap > 0 */
    size_t cap;
    size_t len; /* of the whole text: it was cut short just if len >= cap */
} csgdi_text;

void csgdi_text_put(csgdi_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
