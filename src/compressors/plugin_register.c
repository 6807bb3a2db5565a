/* SPDX-License-Identifier: BSD-3-Clause */

/* plugin_register.c: the plug-ins of this process, the one thing in it that is no object's.
 *
 * The list only grows, and an entry is complete before it is counted, so whoever reads takes no
 * lock.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>
#include "base/error.h"
#include "base/text.h"
#include "compressors/plugin.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static csgdi_plugin list[CSGD_PLUGINS];
static atomic_size_t registered;

const csgdi_compressor_ops *csgdi_plugin_list(size_t i)
{
    return i < atomic_load_explicit(&registered, memory_order_acquire) ? &list[i].ops : NULL;
}

uint16_t csgdi_plugin_wire_id(const char *name)
{
    return (uint16_t)(0x8000 + XXH64(name, strlen(name), 0) % 0x7fff);
}

/* ---- what is refused -------------------------------------------------------------------- */

static bool is_name(const char *word)
{
    const size_t len = strlen(word);

    return len > 0 && len < CSGDI_SPEC_NAME && word[0] >= 'a' && word[0] <= 'z' &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static csgd_status check_functions(const csgd_plugin *p)
{
    const bool codes = p->block_bytes != NULL && p->encode_block != NULL && p->decode_block != NULL;
    const bool any_codes = p->block_bytes != NULL || p->encode_block != NULL ||
                           p->check_block != NULL || p->decode_block != NULL;

    if (p->create == NULL) return csgdi_fail(CSGD_E_INVAL, "create is NULL");
    if (p->family == CSGD_PLUGIN_QUANTIZE) {
        if (codes && p->select == NULL) return CSGD_OK;
        return csgdi_fail(CSGD_E_INVAL, "a quantizing plug-in has block_bytes, encode_block and "
                                        "decode_block, perhaps check_block, and no select");
    }
    if (p->family != CSGD_PLUGIN_SELECT)
        return csgdi_fail(CSGD_E_INVAL, "there is no family %d", (int)p->family);
    if (p->select != NULL && !any_codes) return CSGD_OK;
    return csgdi_fail(CSGD_E_INVAL, "a selecting plug-in has select, and no function for blocks");
}

static bool is_count(double bound)
{
    return bound >= 0 && bound <= 0x1p53 && bound == (double)(uint64_t)bound;
}

static bool is_word(const char *word)
{
    return word[0] != '\0' && word[strcspn(word, " \t\n")] == '\0';
}

static csgd_status check_range(const csgdi_key *key)
{
    switch (key->kind) {
    case CSGDI_COUNT:
        if (!is_count(key->min) || !is_count(key->max) || (key->max != 0 && key->max < key->min))
            return csgdi_fail(CSGD_E_INVAL,
                              "a count from %g to %g: bounds are whole, up to 2^53, in order",
                              key->min, key->max);
        return CSGD_OK;
    case CSGDI_REAL:
        if (key->min <= key->max) return CSGD_OK;
        return csgdi_fail(CSGD_E_INVAL, "a real from %g to %g", key->min, key->max);
    case CSGDI_CHOICE:
        if (key->words == NULL || key->words[0] == NULL)
            return csgdi_fail(CSGD_E_INVAL, "a choice of no words");
        for (size_t i = 0; key->words[i] != NULL; i++)
            if (!is_word(key->words[i]))
                return csgdi_fail(CSGD_E_INVAL, "the word \"%.60s\" is empty or has blanks",
                                  key->words[i]);
        return CSGD_OK;
    case CSGDI_EITHER: /* not in the language of plug-ins */
        break;
    }
    return csgdi_fail(CSGD_E_INVAL, "there is no kind %d", (int)key->kind);
}

/* A default must be what a user could give: the parser itself is asked. */
static csgd_status check_fallback(const csgdi_key *key)
{
    csgdi_key bare = *key;
    const csgdi_keys group = {&bare, 1};
    csgdi_text text;
    char spec[CSGDI_SPEC_MAX];
    csgdi_spec parsed;
    csgd_status st;

    if (key->fallback == NULL) return CSGD_OK;
    bare.fallback = NULL;
    text = (csgdi_text){spec, sizeof spec, 0};
    csgdi_text_put(&text, "default %s=%s", key->name, key->fallback);
    if (!is_word(key->fallback) || text.len >= sizeof spec)
        return csgdi_fail(CSGD_E_INVAL, "the default \"%.60s\" is empty, has blanks or is too long",
                          key->fallback);
    st = csgdi_spec_parse(&parsed, spec, &group, 1);
    return st == CSGD_E_SPEC ? CSGD_E_INVAL : st;
}

static csgd_status check_key(const csgd_plugin_key *told, csgdi_key *key)
{
    csgd_status st;

    if (told->name == NULL || !is_name(told->name))
        return csgdi_fail(CSGD_E_INVAL,
                          "the key name \"%.60s\" is not lower-case letters, digits and "
                          "_, at most %d",
                          told->name != NULL ? told->name : "NULL", CSGDI_SPEC_NAME - 1);
    *key = (csgdi_key){.name = told->name,
                       .kind = told->kind == CSGD_PLUGIN_COUNT  ? CSGDI_COUNT
                               : told->kind == CSGD_PLUGIN_REAL ? CSGDI_REAL
                                                                : CSGDI_CHOICE,
                       .min = told->min,
                       .max = told->max,
                       .above_min = told->above_min != 0,
                       .words = told->words,
                       .fallback = told->fallback,
                       .help = told->help};
    if (told->kind < CSGD_PLUGIN_COUNT || told->kind > CSGD_PLUGIN_CHOICE)
        st = csgdi_fail(CSGD_E_INVAL, "there is no kind %d", (int)told->kind);
    else if (told->help == NULL)
        st = csgdi_fail(CSGD_E_INVAL, "help is NULL");
    else
        st = check_range(key);
    if (st == CSGD_OK) st = check_fallback(key);
    return st == CSGD_OK ? st : csgdi_fail_in(st, told->name);
}

static csgd_status check_keys(const csgd_plugin *told, csgdi_key *key)
{
    if (told->n_keys > CSGD_PLUGIN_KEYS || (told->keys == NULL && told->n_keys > 0))
        return csgdi_fail(CSGD_E_INVAL, "%zu keys, at most %d, at %p", told->n_keys,
                          CSGD_PLUGIN_KEYS, (const void *)told->keys);
    for (size_t i = 0; i < told->n_keys; i++) {
        const csgd_status st = check_key(&told->keys[i], &key[i]);
        if (st != CSGD_OK) return st;
        for (size_t j = 0; j < i; j++)
            if (strcmp(key[i].name, key[j].name) == 0)
                return csgdi_fail(CSGD_E_INVAL, "two keys are named \"%s\"", key[i].name);
    }
    return CSGD_OK;
}

static csgd_status check(const csgd_plugin *told, csgdi_key *key)
{
    csgd_status st;

    if (told->summary == NULL) return csgdi_fail(CSGD_E_INVAL, "summary is NULL");
    st = check_functions(told);
    return st == CSGD_OK ? check_keys(told, key) : st;
}

/* ---- registering ------------------------------------------------------------------------ */

/* Copy what the caller's version of the struct has. */
static csgd_status take(const csgd_plugin *plugin, csgd_plugin *told)
{
    if (plugin == NULL) return csgdi_fail(CSGD_E_INVAL, "the plug-in is NULL");
    if (plugin->size < sizeof *told)
        return csgdi_fail(CSGD_E_INVAL, "size is %zu: set it to sizeof(csgd_plugin)", plugin->size);
    for (size_t i = sizeof *told; i < plugin->size; i++)
        if (((const unsigned char *)plugin)[i] != 0)
            return csgdi_fail(CSGD_E_UNSUPPORTED,
                              "the plug-in was compiled for a later version of libcsgd, and fills "
                              "fields that version %s does not know",
                              csgd_version());
    *told = *plugin;
    if (told->name != NULL && is_name(told->name)) return CSGD_OK;
    return csgdi_fail(CSGD_E_INVAL,
                      "the name \"%.60s\" is not a lower-case letter, then such letters, digits "
                      "and _, at most %d",
                      told->name != NULL ? told->name : "NULL", CSGDI_SPEC_NAME - 1);
}

/* With the lock held. */
static csgd_status append(const csgdi_plugin *entry)
{
    const size_t n = atomic_load_explicit(&registered, memory_order_relaxed);
    const char *name = entry->told.name;

    for (size_t i = 0; i < n; i++)
        if (memcmp(&list[i].told, &entry->told, sizeof entry->told) == 0) return CSGD_OK;
    if (csgdi_compressor_find(name) != NULL)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "there is another compressor \"%s\" already", name);
    for (size_t i = 0; i < n; i++)
        if (list[i].ops.wire_id == entry->ops.wire_id)
            return csgdi_fail(CSGD_E_UNSUPPORTED,
                              "\"%s\" and \"%s\" happen to have the same number in messages, %u: "
                              "rename one of them",
                              name, list[i].told.name, (unsigned)entry->ops.wire_id);
    if (n == CSGD_PLUGINS)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "there are %d plug-ins already", CSGD_PLUGINS);
    list[n] = *entry;
    list[n].ops.keys.key = list[n].key; /* not the copy's */
    atomic_store_explicit(&registered, n + 1, memory_order_release);
    return CSGD_OK;
}

csgd_status csgd_plugin_register(const csgd_plugin *plugin)
{
    csgdi_plugin entry = {0};
    const csgd_plugin *told = &entry.told;
    csgd_status st = take(plugin, &entry.told);

    if (st != CSGD_OK) return st;
    st = check(told, entry.key);
    if (st != CSGD_OK) return csgdi_fail_in(st, told->name);
    entry.ops =
        (csgdi_compressor_ops){.name = told->name,
                               .summary = told->summary,
                               .source = told->source != NULL ? told->source : "-",
                               .wire_id = csgdi_plugin_wire_id(told->name),
                               .family = told->family == CSGD_PLUGIN_SELECT ? CSGDI_SELECT
                                                                            : CSGDI_QUANTIZE,
                               .biased = told->biased != 0,
                               .variable = told->family == CSGD_PLUGIN_SELECT,
                               .keys = {NULL, told->n_keys}};
    csgdi_plugin_slots(&entry);
    pthread_mutex_lock(&lock);
    st = append(&entry);
    pthread_mutex_unlock(&lock);
    return st;
}
