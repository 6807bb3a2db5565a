/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_C_LOCALE_H
#define CSGDI_C_LOCALE_H

/* c_locale.h: numbers as C writes them, whatever the program's locale is.
 *
 *     csgdi_c_locale l = csgdi_c_locale_enter();
 *     v = strtod(...);                             // this thread reads "0.5", not "0,5"
 *     csgdi_c_locale_leave(l);
 *
 * Only the calling thread is changed.  glibc and musl keep the C locale as a constant, so this
 * takes no memory there; elsewhere it may fail, then l.c is 0 and nothing has changed.
 */

#include <locale.h>

typedef struct csgdi_c_locale {
    locale_t c, before;
} csgdi_c_locale;

static inline csgdi_c_locale csgdi_c_locale_enter(void)
{
    csgdi_c_locale l = {.c = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (l.c != (locale_t)0) l.before = uselocale(l.c);
    return l;
}

static inline void csgdi_c_locale_leave(csgdi_c_locale l)
{
    if (l.c == (locale_t)0) return;
    (void)uselocale(l.before);
    freelocale(l.c);
}

#endif
