/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SPEC_H
#define CSGDI_SPEC_H

/* spec.h: from "NAME key=value ..." to checked values, driven by tables.
 *
 * Whoever has keys describes them in a const table of csgdi_key.  The same table is what the
 * parser checks against and what the help is printed from, so a key exists in one place.
 * An object passes the groups of tables that apply to it:
 *
 *     const csgdi_keys groups[] = {{topk_keys, 2}, {common_keys, 2}};
 *     csgdi_spec s;
 *     csgdi_spec_parse(&s, text, groups, 2);        // name already known to be valid
 *     if (csgdi_spec_given(&s, "k")) k = csgdi_spec_count(&s, "k");
 *
 * Parsing allocates nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/status.h>

enum {
    CSGDI_SPEC_MAX = 512, /* bytes of a spec, its zero byte included */
    CSGDI_SPEC_NAME = 32, /* bytes of a name, the same */
    CSGDI_SPEC_KEYS = 64  /* keys that may apply to one object */
};

typedef enum csgdi_kind {
    CSGDI_COUNT,  /* decimal integer in [min, max] */
    CSGDI_REAL,   /* finite number in [min, max], or (min, max] */
    CSGDI_CHOICE, /* one of a list of words */
    CSGDI_EITHER  /* a number as REAL, or one of a list of words */
} csgdi_kind;

typedef struct csgdi_key {
    const char *name;
    csgdi_kind kind;
    double min, max;                 /* of numbers; a COUNT above 2^53 has max = 0: any u64 */
    bool above_min;                  /* REAL, EITHER: min itself is excluded */
    const char *(*choice)(size_t i); /* CHOICE, EITHER: the i-th word, NULL past the last; or */
    const char *const *words;        /* a list of them that ends in NULL */
    const char *fallback;            /* default as it would be written; NULL: no value */
    const char *help;                /* meaning, one phrase */
} csgdi_key;

typedef struct csgdi_keys {
    const csgdi_key *key;
    size_t n;
} csgdi_keys;

typedef struct csgdi_setting {
    const csgdi_key *key;
    bool given; /* in the text, not by default */
    bool set;   /* has a value, given or default */
    bool word;  /* EITHER: that is a word */
    uint64_t count;
    double real;
    size_t choice;
} csgdi_setting;

typedef struct csgdi_spec {
    char name[CSGDI_SPEC_NAME];
    csgdi_setting setting[CSGDI_SPEC_KEYS];
    size_t n;
} csgdi_spec;

/* Copy the first word of text.  CSGD_E_SPEC where there is none or it is too long. */
csgd_status csgdi_spec_name(const char *text, char name[CSGDI_SPEC_NAME]);

/* Read a whole text.  CSGD_E_SPEC with a sentence for: no "=", a key that no group has (naming the
 * nearest one, or all), a key twice, a value that is no number or not in range or not a choice
 * (naming the nearest), a text that is too long. */
csgd_status csgdi_spec_parse(csgdi_spec *spec, const char *text, const csgdi_keys *groups,
                             size_t n_groups);

/* Whether the groups have a key at all: not every object knows every key. */
bool csgdi_spec_has(const csgdi_spec *spec, const char *key);

/* The value of a key, which must be in the groups; a default counts as a value. */
bool csgdi_spec_given(const csgdi_spec *spec, const char *key);
bool csgdi_spec_set(const csgdi_spec *spec, const char *key);
uint64_t csgdi_spec_count(const csgdi_spec *spec, const char *key);
double csgdi_spec_real(const csgdi_spec *spec, const char *key);
const char *csgdi_spec_choice(const csgdi_spec *spec, const char *key);

/* Of a key that takes either: the word, NULL where it is a number, which csgdi_spec_real() gives. */
const char *csgdi_spec_word(const csgdi_spec *spec, const char *key);

/* Give a key the value that the object found for it where the text left it open (such as
 * feedback=ef for a biased compressor).  value is as it would be written, and valid. */
void csgdi_spec_choose(csgdi_spec *spec, const char *key, const char *value);

/* Take away the value of a key that has no effect beside the others given: it is not written. */
void csgdi_spec_drop(csgdi_spec *spec, const char *key);

/* Write the spec with every value in effect, in table order: equal strings mean equal objects.
 * Numbers are written shortest, in the C locale.  CSGD_E_SPACE where cap does not do. */
csgd_status csgdi_spec_format(const csgdi_spec *spec, char *dst, size_t cap);

/* The word most like `word`, or NULL where none is close; name(i) is NULL past the last. */
const char *csgdi_nearest(const char *word, const char *(*name)(size_t i));

/* How far name is from word, SIZE_MAX where it is not close: for lists that are no function. */
size_t csgdi_word_distance(const char *word, const char *name);

/* The i-th word of a choice, NULL past the last; i goes up from 0. */
const char *csgdi_key_word(const csgdi_key *key, size_t i);

/* "in (0, 1]", "8 to 65536", "f32 | f64", "in [0, 1] | step": the range as help and refusals print
 * it. */
void csgdi_key_range(const csgdi_key *key, char *dst, size_t cap);

#endif
