/* SPDX-License-Identifier: BSD-3-Clause */

/* spec_format.c: from checked values back to text. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"
#include "base/error.h"
#include "base/spec.h"
#include "base/text.h"

/* "1e-05" to "1e-5" and "1e+20" to "1e20": C pads exponents, we need not. */
static void trim_exponent(char *number)
{
    char *e = strchr(number, 'e');
    if (e == NULL) return;
    char *to = e + 1;
    const char *from = e + 1;
    if (*from == '-') to++;
    from += strspn(from, "+-0");
    memmove(to, from, strlen(from) + 1);
}

/* The fewest digits that read back as the same number; in the C locale. */
static void put_real(csgdi_text *w, double real)
{
    char number[40];
    int digits = 1;
    do
        snprintf(number, sizeof number, "%.*g", digits, real);
    while (strtod(number, NULL) != real && digits++ < 17);
    /* %g takes exponents as soon as there are more places than digits: 100 is not 1e2 to us. */
    if (digits < 6 && fabs(real) >= 1) snprintf(number, sizeof number, "%.6g", real);
    trim_exponent(number);
    csgdi_text_put(w, "%s", number);
}

static void put_value(csgdi_text *w, const csgdi_setting *s)
{
    switch (s->key->kind) {
    case CSGDI_COUNT:
        csgdi_text_put(w, "%" PRIu64, s->count);
        break;
    case CSGDI_REAL:
        put_real(w, s->real);
        break;
    case CSGDI_CHOICE:
        csgdi_text_put(w, "%s", csgdi_key_word(s->key, s->choice));
        break;
    case CSGDI_EITHER:
        if (s->word)
            csgdi_text_put(w, "%s", csgdi_key_word(s->key, s->choice));
        else
            put_real(w, s->real);
        break;
    }
}

csgd_status csgdi_spec_format(const csgdi_spec *spec, char *dst, size_t cap)
{
    const csgdi_c_locale l = csgdi_c_locale_enter();
    if (l.c == (locale_t)0)
        return csgdi_fail(CSGD_E_NOMEM, "no memory for the C locale, to write numbers in");
    csgdi_text w = {dst, cap, 0};
    csgdi_text_put(&w, "%s", spec->name);
    for (size_t i = 0; i < spec->n; i++) {
        const csgdi_setting *s = &spec->setting[i];
        if (!s->set) continue;
        csgdi_text_put(&w, " %s=", s->key->name);
        put_value(&w, s);
    }
    csgdi_c_locale_leave(l);
    if (w.len >= cap)
        return csgdi_fail(CSGD_E_SPACE, "the whole spec takes %zu bytes, not %zu", w.len + 1, cap);
    return CSGD_OK;
}

/* Intervals as in mathematics: no finite number is below -inf or above inf. */
static void put_interval(csgdi_text *w, const csgdi_key *key)
{
    csgdi_text_put(w, "in %c", key->above_min || isinf(key->min) ? '(' : '[');
    put_real(w, key->min);
    csgdi_text_put(w, ", ");
    put_real(w, key->max);
    csgdi_text_put(w, "%c", isinf(key->max) ? ')' : ']');
}

static void put_words(csgdi_text *w, const csgdi_key *key, const char *before)
{
    for (size_t i = 0; csgdi_key_word(key, i) != NULL; i++)
        csgdi_text_put(w, "%s%s", i > 0 ? " | " : before, csgdi_key_word(key, i));
}

void csgdi_key_range(const csgdi_key *key, char *dst, size_t cap)
{
    /* Without a C locale the numbers look foreign, and are still the right ones. */
    const csgdi_c_locale l = csgdi_c_locale_enter();
    csgdi_text w = {dst, cap, 0};
    switch (key->kind) {
    case CSGDI_COUNT:
        csgdi_text_put(&w, "%.0f to ", key->min);
        if (key->max == 0)
            csgdi_text_put(&w, "%" PRIu64, UINT64_MAX);
        else
            csgdi_text_put(&w, "%.0f", key->max);
        break;
    case CSGDI_REAL:
        put_interval(&w, key);
        break;
    case CSGDI_CHOICE:
        put_words(&w, key, "");
        break;
    case CSGDI_EITHER:
        put_interval(&w, key);
        put_words(&w, key, " | ");
        break;
    }
    csgdi_c_locale_leave(l);
}
