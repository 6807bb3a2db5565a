/* SPDX-License-Identifier: BSD-3-Clause */

/* plugins.c: see plugins.h. */

#include "compressors/plugins.h"

#include <math.h>
#include <stdatomic.h>
#include "kernels/kernels.h"
#include "support/test.h"

typedef struct state {
    const csgdi_kernels *kernels;
    size_t size, wrong, n, max_k;
    uint64_t rank, step, second;
    unsigned char *taken; /* topk: scratch */
} state;

static atomic_int alive;

int plugins_alive(void)
{
    return atomic_load(&alive);
}

static state *make(const csgd_plugin_setup *setup)
{
    state *self = calloc(1, sizeof *self);

    if (self == NULL) return NULL;
    self->kernels = csgdi_kernels_get(setup->type);
    self->size = csgd_type_size(setup->type);
    self->n = setup->n;
    self->taken = malloc(setup->n);
    atomic_fetch_add(&alive, 1);
    return self;
}

static void destroy(void *memory)
{
    state *self = memory;

    if (self == NULL) abort(); /* not from a create that failed */
    free(self->taken);
    free(self);
    atomic_fetch_sub(&alive, 1);
}

static double element(const state *self, const void *x, size_t i)
{
    return self->size == 4 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

/* ---- as sign ---------------------------------------------------------------------------- */

static csgd_status sign_create(csgd_plugin_setup *setup, void **out)
{
    setup->block = (size_t)csgd_plugin_count(setup, "block");
    if (setup->block % 8 != 0)
        return csgd_plugin_fail(CSGD_E_SPEC, "block=%zu is not a multiple of 8", setup->block);
    *out = make(setup);
    return *out != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static size_t sign_bytes(const void *object, size_t b)
{
    const state *self = object;

    return self->size + (b + 7) / 8;
}

static void sign_encode(const void *object, const void *x, size_t first, size_t b,
                        const csgd_plugin_call *call, uint8_t *dst)
{
    const state *self = object;
    const double mean = csgdi_sum_blocks(self->kernels, self->kernels->abs_sum, x, b) / (double)b;
    const float narrow = (float)mean;

    (void)first;
    (void)call;
    memcpy(dst, self->size == 4 ? (const void *)&narrow : (const void *)&mean, self->size);
    for (size_t i = 0; i < b; i++)
        if (element(self, x, i) >= 0) dst[self->size + i / 8] |= (uint8_t)(1u << i % 8);
}

static double scale_of(const state *self, const uint8_t *src)
{
    double wide;
    float narrow;

    memcpy(&narrow, src, sizeof narrow);
    if (self->size == 4) return (double)narrow;
    memcpy(&wide, src, sizeof wide);
    return wide;
}

static csgd_status sign_check(const void *object, const uint8_t *src, size_t b)
{
    const state *self = object;
    const double scale = scale_of(self, src);

    if (!isfinite(scale) || scale < 0)
        return csgd_plugin_fail(CSGD_E_CORRUPT, "the scale is %g", scale);
    return b % 8 == 0 || src[self->size + b / 8] >> b % 8 == 0 ? CSGD_OK : CSGD_E_CORRUPT;
}

static void sign_decode(const void *object, const uint8_t *src, size_t b, void *y)
{
    const state *self = object;
    const double scale = scale_of(self, src);

    for (size_t i = 0; i < b; i++) {
        const double v = src[self->size + i / 8] >> i % 8 & 1 ? scale : -scale;
        if (self->size == 4)
            ((float *)y)[i] = (float)v;
        else
            ((double *)y)[i] = v;
    }
}

static const csgd_plugin_key sign_keys[] = {
    {.name = "block",
     .help = "elements that share a scale",
     .kind = CSGD_PLUGIN_COUNT,
     .min = 1,
     .max = 1 << 20,
     .fallback = "1024"},
};

const csgd_plugin plugins_sign = {
    .size = sizeof(csgd_plugin),
    .name = "t_sign",
    .summary = "what sign does",
    .keys = sign_keys,
    .n_keys = 1,
    .family = CSGD_PLUGIN_QUANTIZE,
    .biased = 1,
    .create = sign_create,
    .destroy = destroy,
    .block_bytes = sign_bytes,
    .encode_block = sign_encode,
    .check_block = sign_check,
    .decode_block = sign_decode,
};

/* ---- as topk ---------------------------------------------------------------------------- */

static csgd_status topk_create(csgd_plugin_setup *setup, void **out)
{
    state *self;

    if (csgd_plugin_has(setup, "k")) setup->max_k = (size_t)csgd_plugin_count(setup, "k");
    if (setup->max_k > setup->n)
        return csgd_plugin_fail(CSGD_E_SPEC, "k=%zu is more than n=%zu", setup->max_k, setup->n);
    *out = self = make(setup);
    if (self != NULL) self->max_k = setup->max_k;
    return self != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static size_t topk_select(const void *object, const void *x, size_t n, const csgd_plugin_call *call,
                          uint32_t *index, void *value)
{
    const state *self = object;
    size_t k = 0;

    (void)call;
    memset(self->taken, 0, n);
    for (size_t j = 0; j < self->max_k; j++) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (!self->taken[i] &&
                (best == n || fabs(element(self, x, i)) > fabs(element(self, x, best))))
                best = i;
        self->taken[best] = 1;
    }
    for (size_t i = 0; i < n; i++)
        if (self->taken[i]) {
            memcpy((char *)value + k * self->size, (const char *)x + i * self->size, self->size);
            index[k++] = (uint32_t)i;
        }
    return k;
}

static const csgd_plugin_key topk_keys[] = {
    {.name = "k", .help = "entries to keep", .kind = CSGD_PLUGIN_COUNT, .min = 1},
};

const csgd_plugin plugins_topk = {
    .size = sizeof(csgd_plugin),
    .name = "t_topk",
    .summary = "what topk does",
    .source = "nobody 1900",
    .keys = topk_keys,
    .n_keys = 1,
    .family = CSGD_PLUGIN_SELECT,
    .biased = 1,
    .create = topk_create,
    .destroy = destroy,
    .select = topk_select,
};

/* ---- everything wrong ------------------------------------------------------------------- */

static const char *const wrongs[] = {"none",   "spec", "nomem", "odd",   "silent", "ask",    "kind",
                                     "block",  "huge", "bytes", "wide",  "max_k",  "zero_k", "nan",
                                     "refuse", "many", "order", "twice", "range",  NULL};

static size_t wrong_of(const char *word)
{
    size_t i = 0;

    while (strcmp(wrongs[i], word) != 0)
        i++;
    return i;
}

static bool is(const state *self, const char *word)
{
    return self->wrong == wrong_of(word);
}

static csgd_status rogue_create(csgd_plugin_setup *setup, void **out)
{
    const size_t wrong = csgd_plugin_choice(setup, "wrong");
    state *self;

    if (wrong == wrong_of("spec")) return csgd_plugin_fail(CSGD_E_SPEC, "a bad %s, really", "idea");
    if (wrong == wrong_of("nomem")) return CSGD_E_NOMEM;
    if (wrong == wrong_of("odd")) return CSGD_MORE;
    if (wrong == wrong_of("ask")) (void)csgd_plugin_count(setup, "seed");
    if (wrong == wrong_of("kind")) (void)csgd_plugin_real(setup, "rank");
    if (wrong == wrong_of("block")) setup->block = 0;
    if (wrong == wrong_of("huge")) setup->block = ((size_t)1 << 30) + 1;
    if (wrong == wrong_of("max_k")) setup->max_k++;
    if (wrong == wrong_of("zero_k")) setup->max_k = 0;
    if (wrong == wrong_of("refuse")) setup->block = 4;
    if (wrong == wrong_of("many")) setup->max_k--;
    *out = self = make(setup);
    if (self == NULL) return CSGD_E_NOMEM;
    self->wrong = wrong;
    self->rank = csgd_plugin_count(setup, "rank");
    self->step = csgd_plugin_count(setup, "step");
    self->second = csgd_plugin_count(setup, "second");
    return CSGD_OK;
}

static bool now(const state *self, const csgd_plugin_call *call)
{
    return call->rank == self->rank && call->step == self->step && call->second == self->second;
}

static size_t rogue_bytes(const void *object, size_t b)
{
    const state *self = object;

    return is(self, "bytes") ? 0 : is(self, "wide") ? 17 + 16 * b : b * self->size + 1;
}

static void rogue_encode(const void *object, const void *x, size_t first, size_t b,
                         const csgd_plugin_call *call, uint8_t *dst)
{
    const state *self = object;

    (void)first;
    memcpy(dst, x, b * self->size);
    if (!now(self, call)) return;
    if (is(self, "nan")) memset(dst, 0xff, self->size);
    if (is(self, "refuse") || is(self, "silent")) dst[b * self->size] = 1;
}

static csgd_status rogue_check(const void *object, const uint8_t *src, size_t b)
{
    const state *self = object;

    if (src[b * self->size] == 0) return CSGD_OK;
    if (is(self, "silent")) return CSGD_E_INVAL;
    return csgd_plugin_fail(CSGD_E_CORRUPT, "the last byte is %d", src[b * self->size]);
}

static void rogue_decode(const void *object, const uint8_t *src, size_t b, void *y)
{
    const state *self = object;

    memcpy(y, src, b * self->size);
}

static size_t rogue_select(const void *object, const void *x, size_t n,
                           const csgd_plugin_call *call, uint32_t *index, void *value)
{
    const state *self = object;
    const size_t k = is(self, "many") ? n - 1 : n;

    for (size_t i = 0; i < k; i++)
        index[i] = (uint32_t)i;
    memcpy(value, x, k * self->size);
    if (!now(self, call)) return k;
    if (is(self, "nan")) memset((char *)value + (k - 1) * self->size, 0xff, self->size);
    if (is(self, "order")) index[1] = 0, index[0] = 1;
    if (is(self, "twice")) index[1] = 0;
    if (is(self, "range")) index[k - 1] = (uint32_t)n;
    return is(self, "many") ? SIZE_MAX : k;
}

static const csgd_plugin_key rogue_keys[] = {
    {.name = "wrong",
     .help = "the mistake",
     .kind = CSGD_PLUGIN_CHOICE,
     .words = wrongs,
     .fallback = "none"},
    {.name = "rank", .help = "who makes it", .kind = CSGD_PLUGIN_COUNT, .fallback = "0"},
    {.name = "step", .help = "and when", .kind = CSGD_PLUGIN_COUNT, .fallback = "0"},
    {.name = "second", .help = "and where", .kind = CSGD_PLUGIN_COUNT, .max = 1, .fallback = "0"},
};

const csgd_plugin plugins_codes = {
    .size = sizeof(csgd_plugin),
    .name = "t_codes",
    .summary = "makes a mistake | or two",
    .keys = rogue_keys,
    .n_keys = 4,
    .family = CSGD_PLUGIN_QUANTIZE,
    .create = rogue_create,
    .destroy = destroy,
    .block_bytes = rogue_bytes,
    .encode_block = rogue_encode,
    .check_block = rogue_check,
    .decode_block = rogue_decode,
};

const csgd_plugin plugins_entries = {
    .size = sizeof(csgd_plugin),
    .name = "t_entries",
    .summary = "makes a mistake",
    .keys = rogue_keys,
    .n_keys = 4,
    .family = CSGD_PLUGIN_SELECT,
    .create = rogue_create,
    .destroy = destroy,
    .select = rogue_select,
};

void plugins_register(void)
{
    const csgd_plugin *const all[] = {&plugins_sign, &plugins_topk, &plugins_codes,
                                      &plugins_entries};

    for (size_t i = 0; i < TEST_COUNT(all); i++)
        assert_ok(csgd_plugin_register(all[i]));
}
