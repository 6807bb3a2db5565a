/* SPDX-License-Identifier: BSD-3-Clause */

/* spec.c: from "NAME key=value ..." to checked values.
 *
 * The text is copied to the stack and cut into words there, so that every word ends in a zero
 * byte and nothing is allocated.  Defaults are read by the same functions as the user's values;
 * one that is refused is a mistake in our tables, and asserts.
 */

#include "base/spec.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"
#include "base/error.h"

static const char separators[] = " \t";

/* How much of the user's own text a sentence repeats, so that its end is not what is cut. */
#define QUOTED "%.60s"

csgd_status csgdi_spec_name(const char *text, char name[CSGDI_SPEC_NAME])
{
    const char *word = text + strspn(text, separators);
    const size_t len = strcspn(word, separators);
    if (len == 0)
        return csgdi_fail(CSGD_E_SPEC,
                          "the spec is empty; it begins with a name, such as \"none\"");
    const int shown = len < 60 ? (int)len : 60;
    if (memchr(word, '=', len) != NULL)
        return csgdi_fail(CSGD_E_SPEC,
                          "a spec begins with a name, as in NAME key=value; \"%.*s\" is none",
                          shown, word);
    if (len >= CSGDI_SPEC_NAME)
        return csgdi_fail(CSGD_E_SPEC, "the name \"%.*s\" has %zu characters, more than %d", shown,
                          word, len, CSGDI_SPEC_NAME - 1);
    memcpy(name, word, len);
    name[len] = '\0';
    return CSGD_OK;
}

/* ---- one value ---------------------------------------------------------------------------- */

/* `what` stands before the range: "topk: block=x is not a whole number, 8 to 65536". */
static csgd_status refuse(const char *name, const csgdi_key *key, const char *value,
                          const char *what)
{
    char range[256];
    csgdi_key_range(key, range, sizeof range);
    return csgdi_fail(CSGD_E_SPEC, "%s: %s=" QUOTED " is not %s%s", name, key->name, value, what,
                      range);
}

static csgd_status read_count(const char *name, csgdi_setting *s, const char *value)
{
    uint64_t count = 0;
    bool fits = true;
    const char *p = value;
    for (; *p >= '0' && *p <= '9'; p++) {
        const uint64_t digit = (uint64_t)(*p - '0');
        if (count > (UINT64_MAX - digit) / 10)
            fits = false;
        else
            count = 10 * count + digit;
    }
    if (p == value || *p != '\0') return refuse(name, s->key, value, "a whole number, ");

    /* Bounds are doubles, which hold every integer up to 2^53. */
    assert(s->key->min >= 0 && s->key->min <= 0x1p53 && s->key->max <= 0x1p53);
    const uint64_t least = (uint64_t)s->key->min;
    const uint64_t most = s->key->max == 0 ? UINT64_MAX : (uint64_t)s->key->max;
    if (!fits || count < least || count > most) return refuse(name, s->key, value, "in ");
    s->count = count;
    return CSGD_OK;
}

static csgd_status read_real(const char *name, csgdi_setting *s, const char *value)
{
    /* strtod also reads nan, inf, hexadecimal and leading blanks, none of which has these. */
    if (value[strspn(value, "0123456789.eE+-")] != '\0')
        return refuse(name, s->key, value, "a number ");
    const csgdi_c_locale l = csgdi_c_locale_enter();
    if (l.c == (locale_t)0)
        return csgdi_fail(CSGD_E_NOMEM, "no memory for the C locale, to read numbers in");
    char *end;
    double real = strtod(value, &end);
    csgdi_c_locale_leave(l);
    if (end == value || *end != '\0') return refuse(name, s->key, value, "a number ");

    const bool above = s->key->above_min ? real > s->key->min : real >= s->key->min;
    if (!above || real > s->key->max || !isfinite(real)) return refuse(name, s->key, value, "");
    if (real == 0) real = 0; /* -0 is the same spec as 0 */
    s->real = real;
    return CSGD_OK;
}

const char *csgdi_key_word(const csgdi_key *key, size_t i)
{
    return key->words != NULL ? key->words[i] : key->choice(i);
}

/* Yes and no are 1 and 0 as well. */
static bool is_word(const char *value, const char *word)
{
    return strcmp(value, word) == 0 || (strcmp(value, "1") == 0 && strcmp(word, "yes") == 0) ||
           (strcmp(value, "0") == 0 && strcmp(word, "no") == 0);
}

static csgd_status read_choice(const char *name, csgdi_setting *s, const char *value)
{
    const csgdi_key *key = s->key;
    const char *near = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; csgdi_key_word(key, i) != NULL; i++) {
        const char *word = csgdi_key_word(key, i);
        if (is_word(value, word)) {
            s->choice = i;
            s->word = true;
            return CSGD_OK;
        }
        const size_t d = csgdi_word_distance(value, word);
        if (d < least) {
            least = d;
            near = word;
        }
    }
    if (near == NULL)
        return refuse(name, key, value, key->kind == CSGDI_EITHER ? "a number " : "one of ");
    return csgdi_fail(CSGD_E_SPEC, "%s has no %s=" QUOTED "; did you mean %s=%s?", name, key->name,
                      value, key->name, near);
}

/* What begins as no number does is meant to be a word. */
static csgd_status read_either(const char *name, csgdi_setting *s, const char *value)
{
    if (value[0] != '\0' && strchr("0123456789.+-", value[0]) == NULL)
        return read_choice(name, s, value);
    s->word = false;
    return read_real(name, s, value);
}

static csgd_status read_value(const char *name, csgdi_setting *s, const char *value)
{
    csgd_status status = CSGD_OK;
    switch (s->key->kind) {
    case CSGDI_COUNT:
        status = read_count(name, s, value);
        break;
    case CSGDI_REAL:
        status = read_real(name, s, value);
        break;
    case CSGDI_CHOICE:
        status = read_choice(name, s, value);
        break;
    case CSGDI_EITHER:
        status = read_either(name, s, value);
        break;
    }
    if (status == CSGD_OK) s->set = true;
    return status;
}

/* ---- the whole text ----------------------------------------------------------------------- */

/* The place of a key among the settings, spec->n where it is none of them. */
static size_t place(const csgdi_spec *spec, const char *key)
{
    size_t i = 0;
    while (i < spec->n && strcmp(spec->setting[i].key->name, key) != 0)
        i++;
    return i;
}

static csgd_status read_defaults(csgdi_spec *spec, const csgdi_keys *groups, size_t n_groups)
{
    spec->n = 0;
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = 0; i < groups[g].n; i++) {
            const csgdi_key *key = &groups[g].key[i];
            assert(spec->n < CSGDI_SPEC_KEYS);
            assert(place(spec, key->name) == spec->n); /* no key is in two groups */
            csgdi_setting *s = &spec->setting[spec->n++];
            *s = (csgdi_setting){.key = key};
            if (key->fallback == NULL) continue;
            const csgd_status status = read_value(spec->name, s, key->fallback);
            assert(status != CSGD_E_SPEC);
            if (status != CSGD_OK) return status;
        }
    return CSGD_OK;
}

static csgd_status unknown_key(const csgdi_spec *spec, const char *key)
{
    const char *near = NULL;
    size_t least = SIZE_MAX;
    char list[320] = "";
    size_t len = 0;
    for (size_t i = 0; i < spec->n; i++) {
        const char *name = spec->setting[i].key->name;
        const size_t d = csgdi_word_distance(key, name);
        if (d < least) {
            least = d;
            near = name;
        }
        const int written = snprintf(list + len, sizeof list - len, " %s", name);
        len += written > 0 ? (size_t)written : 0;
        if (len >= sizeof list) len = sizeof list - 1;
    }
    if (near != NULL)
        return csgdi_fail(CSGD_E_SPEC, "%s has no key \"" QUOTED "\"; did you mean \"%s\"?",
                          spec->name, key, near);
    return csgdi_fail(CSGD_E_SPEC, "%s has no key \"" QUOTED "\"; its keys are%s", spec->name, key,
                      spec->n > 0 ? list : " none");
}

csgd_status csgdi_spec_parse(csgdi_spec *spec, const char *text, const csgdi_keys *groups,
                             size_t n_groups)
{
    const size_t len = strlen(text);
    if (len >= CSGDI_SPEC_MAX)
        return csgdi_fail(CSGD_E_SPEC, "the spec has %zu characters, more than %d", len,
                          CSGDI_SPEC_MAX - 1);
    csgd_status status = csgdi_spec_name(text, spec->name);
    if (status == CSGD_OK) status = read_defaults(spec, groups, n_groups);
    if (status != CSGD_OK) return status;

    char copy[CSGDI_SPEC_MAX];
    memcpy(copy, text, len + 1);
    const char *values[CSGDI_SPEC_KEYS]; /* as written, where the setting is given */
    char *rest;
    (void)strtok_r(copy, separators, &rest); /* the name */
    for (char *word; (word = strtok_r(NULL, separators, &rest)) != NULL;) {
        char *value = strchr(word, '=');
        if (value == NULL)
            return csgdi_fail(CSGD_E_SPEC, "%s: \"" QUOTED "\" is not key=value, without blanks",
                              spec->name, word);
        *value++ = '\0';
        const size_t i = place(spec, word);
        if (i == spec->n) return unknown_key(spec, word);
        csgdi_setting *s = &spec->setting[i];
        if (s->given)
            return csgdi_fail(CSGD_E_SPEC,
                              "%s: %s=" QUOTED " and %s=" QUOTED "; a key is given once",
                              spec->name, word, values[i], word, value);
        status = read_value(spec->name, s, value);
        if (status != CSGD_OK) return status;
        s->given = true;
        values[i] = value;
    }
    return CSGD_OK;
}

/* ---- what was read ------------------------------------------------------------------------ */

bool csgdi_spec_has(const csgdi_spec *spec, const char *key)
{
    return place(spec, key) < spec->n;
}

/* To ask for a key that no group has, or has in another kind, is our own mistake. */
static const csgdi_setting *setting(const csgdi_spec *spec, const char *key)
{
    const size_t i = place(spec, key);
    assert(i < spec->n);
    return &spec->setting[i];
}

bool csgdi_spec_given(const csgdi_spec *spec, const char *key)
{
    return setting(spec, key)->given;
}

bool csgdi_spec_set(const csgdi_spec *spec, const char *key)
{
    return setting(spec, key)->set;
}

uint64_t csgdi_spec_count(const csgdi_spec *spec, const char *key)
{
    const csgdi_setting *s = setting(spec, key);
    assert(s->set && s->key->kind == CSGDI_COUNT);
    return s->count;
}

double csgdi_spec_real(const csgdi_spec *spec, const char *key)
{
    const csgdi_setting *s = setting(spec, key);
    assert(s->set && (s->key->kind == CSGDI_REAL || s->key->kind == CSGDI_EITHER) && !s->word);
    return s->real;
}

const char *csgdi_spec_choice(const csgdi_spec *spec, const char *key)
{
    const csgdi_setting *s = setting(spec, key);
    assert(s->set && s->key->kind == CSGDI_CHOICE);
    return csgdi_key_word(s->key, s->choice);
}

const char *csgdi_spec_word(const csgdi_spec *spec, const char *key)
{
    const csgdi_setting *s = setting(spec, key);
    assert(s->set && s->key->kind == CSGDI_EITHER);
    return s->word ? csgdi_key_word(s->key, s->choice) : NULL;
}

void csgdi_spec_drop(csgdi_spec *spec, const char *key)
{
    csgdi_setting *s = &spec->setting[place(spec, key)];
    assert(s < spec->setting + spec->n);
    s->set = false;
}

void csgdi_spec_choose(csgdi_spec *spec, const char *key, const char *value)
{
    csgdi_setting *s = &spec->setting[place(spec, key)];
    assert(s < spec->setting + spec->n);
    /* Also over a value that was given: algorithm=auto asks for the choice. */
    const csgd_status status = read_value(spec->name, s, value);
    assert(status == CSGD_OK);
    (void)status;
}
