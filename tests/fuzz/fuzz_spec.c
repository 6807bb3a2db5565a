/* SPDX-License-Identifier: BSD-3-Clause */

/* fuzz_spec.c: specs, as text of any bytes.
 *
 *     byte 0   n
 *     then     the text, up to its first zero byte
 *
 * Each object that a spec describes is made of it, or refused with a sentence, and takes no more
 * memory than its n can explain.  A spec that is written out and read again is the same.
 *
 * What a reducer has of its own is made for few inputs, which their hash chooses. */

#include <string.h>
#include <xxhash.h>
#include "base/alloc.h"
#include "comm/reducer.h"
#include "fuzz/fuzz.h"

static const size_t sizes[] = {100, 0, 1, 7};
enum { ONE_REDUCER_IN = 32 };

/* --- memory: n is at most 100, scratch does not depend on it --- */

enum { MOST_BYTES = 4 << 20 };

static size_t held;

static void *count_alloc(void *context, size_t bytes)
{
    (void)context;
    /* A refusal is no answer here: it would come later in a larger machine. */
    fuzz_require(bytes <= MOST_BYTES && held + bytes <= MOST_BYTES);
    held += bytes;
    return aligned_alloc(CSGDI_ALIGN, (bytes + CSGDI_ALIGN - 1) / CSGDI_ALIGN * CSGDI_ALIGN);
}

static void count_free(void *context, void *memory, size_t bytes)
{
    (void)context;
    held -= bytes;
    free(memory);
}

static const csgdi_alloc_hook counting = {count_alloc, count_free, NULL};

/* --- one text --- */

static void judge(csgd_status st, bool made)
{
    fuzz_require(st == CSGD_OK || st == CSGD_E_SPEC || st == CSGD_E_UNSUPPORTED);
    fuzz_require((st == CSGD_OK) == made);
    fuzz_require(st == CSGD_OK || csgd_error_detail()[0] != '\0');
}

static csgd_status parse(const char *text, csgdi_spec *spec)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;

    return csgdi_compressor_parse(text, keys, FUZZ_COUNT(keys), spec, &ops);
}

static void read_again(const char *text)
{
    char first[2 * CSGDI_SPEC_MAX], second[2 * CSGDI_SPEC_MAX];
    csgdi_spec spec;

    if (parse(text, &spec) != CSGD_OK) return;
    fuzz_require(csgdi_spec_format(&spec, first, sizeof first) == CSGD_OK);
    if (strlen(first) >= CSGDI_SPEC_MAX) return; /* longer than the user's, which may be */
    fuzz_require(parse(first, &spec) == CSGD_OK);
    fuzz_require(csgdi_spec_format(&spec, second, sizeof second) == CSGD_OK);
    fuzz_require(strcmp(first, second) == 0);
}

static void make_compressor(const char *text, size_t n)
{
    csgd_compressor *c;
    const size_t before = held;
    const csgd_status st = csgd_compressor_create(text, n, &c);

    judge(st, c != NULL);
    csgd_compressor_destroy(&c);
    fuzz_require(held == before);
}

static void make_reducer(const char *text, size_t n)
{
    static csgd_team *team;
    csgd_feedback *f;
    csgd_reducer *r;
    const size_t before = held;
    csgd_status st = csgd_feedback_create(text, n, &f);

    judge(st, f != NULL);
    csgd_feedback_destroy(&f);
    fuzz_require(held == before);

    if (team == NULL) fuzz_require(csgd_team_create(1, &team) == CSGD_OK);
    st = csgd_reducer_create_team(team, 0, n, text, &r);
    judge(st, r != NULL);
    fuzz_require(csgd_reducer_destroy(&r) == CSGD_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;
    size_t n;

    if (size == 0) return 0;
    n = sizes[data[0] % FUZZ_COUNT(sizes)];
    csgdi_alloc_hook_set(&counting);
    text = fuzz_block(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    read_again(text);
    make_compressor(text, n);
    if (XXH64(data, size, 0) % ONE_REDUCER_IN == 0) make_reducer(text, n);
    free(text);
    return 0;
}

/* --- seeds: each compressor with all its keys --- */

static size_t put_seed(size_t size, const char *text, uint8_t *dst)
{
    dst[0] = (uint8_t)size;
    memcpy(dst + 1, text, strlen(text));
    return 1 + strlen(text);
}

/* Also the keys that have no default, each with its least value. */
static void add_keys(const csgdi_compressor_ops *ops, char *text, size_t cap)
{
    for (size_t i = 0; i < ops->keys.n; i++) {
        const csgdi_key *key = &ops->keys.key[i];
        const size_t len = strlen(text);

        if (key->fallback != NULL || key->kind == CSGDI_CHOICE) continue;
        snprintf(text + len, cap - len, " %s=%g", key->name, key->min > 0 ? key->min : 0.5);
    }
}

size_t fuzz_seed(size_t i, uint8_t *dst)
{
    const csgdi_compressor_ops *ops = csgdi_compressor_list(i / 3);
    char text[2 * CSGDI_SPEC_MAX];
    csgdi_spec spec;

    if (ops == NULL) return 0;
    snprintf(text, sizeof text, "%s", ops->name);
    if (i % 3 > 0) {
        fuzz_require(parse(ops->name, &spec) == CSGD_OK);
        fuzz_require(csgdi_spec_format(&spec, text, sizeof text) == CSGD_OK);
    }
    if (i % 3 == 2) add_keys(ops, text, sizeof text);
    return put_seed(i, text, dst);
}

/* --- large --- */

enum { LARGE = 1 << 20 };

static void make_large(void *arg)
{
    make_compressor(arg, 1);
    make_reducer(arg, 1);
}

void fuzz_large(void)
{
    static const char *const words[] = {"x", "topk ", "topk k=", "topk k=0.", "topk feedbac ",
                                        "=", " ",     "\xff",    "topk a=1 "};
    char *text = fuzz_block(LARGE + 1);

    csgdi_alloc_hook_set(&counting);
    for (size_t w = 0; w < FUZZ_COUNT(words); w++) {
        const size_t len = strlen(words[w]);

        /* Its first word whole, then its last letter. */
        memset(text, words[w][len - 1], LARGE);
        memcpy(text, words[w], len);
        text[LARGE] = '\0';
        fuzz_linear(words[w], LARGE, make_large, text);
        text[CSGDI_SPEC_MAX - 1] = '\0'; /* the longest that is parsed */
        fuzz_linear(words[w], CSGDI_SPEC_MAX, make_large, text);
    }
    free(text);
}
