/* SPDX-License-Identifier: BSD-3-Clause */

/* plugin.c: the functions of a compressor, done by those of a plug-in and checked. */

#include "compressors/plugin.h"

#include <stdarg.h>
#include <string.h>
#include "base/error.h"

enum { BLOCK_MAX = 1 << 30 };

struct csgd_plugin_values {
    const csgdi_spec *spec;
    size_t n_keys;     /* the plug-in's are the first */
    const char *wrong; /* a key that was asked for and has no such value */
};

typedef struct adapter {
    const csgd_plugin *told;
    void *state;
    size_t whole_bytes, last_bytes; /* of the codes of a block, and of the rest of the vector */
    void *decoded;                  /* one block */
    csgd_status fault;
} adapter;

/* Whether the function of a plug-in that runs in this thread has said why it fails. */
static _Thread_local bool said;

csgd_status csgd_plugin_fail(csgd_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    csgdi_fail_list(status, format, args);
    va_end(args);
    said = true;
    return status;
}

/* ---- keys ------------------------------------------------------------------------------- */

static const csgdi_setting *setting(const csgd_plugin_setup *setup, const char *key)
{
    const csgd_plugin_values *v = setup->values;

    for (size_t i = 0; i < v->n_keys; i++)
        if (strcmp(v->spec->setting[i].key->name, key) == 0) return &v->spec->setting[i];
    return NULL;
}

static const csgdi_setting *value(const csgd_plugin_setup *setup, const char *key, csgdi_kind kind)
{
    const csgdi_setting *s = setting(setup, key);

    if (s != NULL && s->set && s->key->kind == kind) return s;
    setup->values->wrong = key;
    return NULL;
}

int csgd_plugin_has(const csgd_plugin_setup *setup, const char *key)
{
    const csgdi_setting *s = setting(setup, key);

    return s != NULL && s->set;
}

uint64_t csgd_plugin_count(const csgd_plugin_setup *setup, const char *key)
{
    const csgdi_setting *s = value(setup, key, CSGDI_COUNT);

    return s != NULL ? s->count : 0;
}

double csgd_plugin_real(const csgd_plugin_setup *setup, const char *key)
{
    const csgdi_setting *s = value(setup, key, CSGDI_REAL);

    return s != NULL ? s->real : 0;
}

size_t csgd_plugin_choice(const csgd_plugin_setup *setup, const char *key)
{
    const csgdi_setting *s = value(setup, key, CSGDI_CHOICE);

    return s != NULL ? s->choice : 0;
}

/* ---- creation --------------------------------------------------------------------------- */

static void undo(void *memory)
{
    const adapter *self = memory;

    if (self->told->destroy != NULL) self->told->destroy(self->state);
}

/* The plug-in's own create, and only its own mistakes. */
static csgd_status run_create(adapter *self, csgd_plugin_setup *setup)
{
    const csgd_plugin *told = self->told;
    csgd_status st;

    said = false;
    st = told->create(setup, &self->state);
    if (st == CSGD_OK) csgdi_arena_undo(self, undo);
    if (setup->values->wrong != NULL)
        return csgdi_fail(CSGD_E_PLUGIN,
                          "%s: create asks for the key \"%.60s\", which has no value of that kind",
                          told->name, setup->values->wrong);
    if (st == CSGD_OK) return CSGD_OK;
    if (!said) csgdi_fail(st, "create returned %s", csgd_status_name(st));
    if (st != CSGD_E_SPEC && st != CSGD_E_UNSUPPORTED && st != CSGD_E_NOMEM) st = CSGD_E_PLUGIN;
    return csgdi_fail_in(st, told->name);
}

static csgd_status ask_bytes(const adapter *self, size_t b, size_t *bytes)
{
    *bytes = self->told->block_bytes(self->state, b);
    if (*bytes >= 1 && *bytes <= 16 + 16 * b) return CSGD_OK;
    return csgdi_fail(CSGD_E_PLUGIN, "%s: block_bytes of %zu elements is %zu, not 1 to %zu",
                      self->told->name, b, *bytes, 16 + 16 * b);
}

static csgd_status take_blocks(csgdi_compressor *c, adapter *self, size_t block, csgdi_arena *arena)
{
    csgd_status st = CSGD_OK;

    if (block < 1 || block > BLOCK_MAX)
        return csgdi_fail(CSGD_E_PLUGIN, "%s: create asks for blocks of %zu elements, not 1 to %d",
                          self->told->name, block, BLOCK_MAX);
    c->block = block;
    if (c->n >= block) st = ask_bytes(self, block, &self->whole_bytes);
    if (st == CSGD_OK && c->n % block != 0) st = ask_bytes(self, c->n % block, &self->last_bytes);
    if (st != CSGD_OK) return st;
    self->decoded = csgdi_arena_alloc(arena, c->n < block ? c->n : block, c->kernels->size);
    return self->decoded != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static csgd_status plugin_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const csgd_plugin *told = &((const csgdi_plugin *)(const void *)c->ops)->told;
    csgd_plugin_values values = {.spec = spec, .n_keys = told->n_keys};
    csgd_plugin_setup setup = {.n = c->n,
                               .type = c->kernels->type,
                               .seed = c->seed,
                               .values = &values,
                               .biased = told->biased,
                               .block = 1,
                               .max_k = c->n};
    adapter *self;
    csgd_status st;

    if (c->n == 0) return CSGD_OK; /* nothing is ever encoded */
    c->state = self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->told = told;
    c->fault = &self->fault;
    c->threads = 1; /* nobody promised that its functions can be called at once */
    st = run_create(self, &setup);
    if (st != CSGD_OK) return st;
    c->biased = setup.biased != 0;
    if (told->family == CSGD_PLUGIN_QUANTIZE) return take_blocks(c, self, setup.block, arena);
    c->max_k = setup.max_k;
    if (c->max_k >= 1 && c->max_k <= c->n) return CSGD_OK;
    return csgdi_fail(CSGD_E_PLUGIN, "%s: create asks for max_k=%zu, not 1 to %zu", told->name,
                      c->max_k, c->n);
}

/* ---- calls ------------------------------------------------------------------------------ */

static csgd_plugin_call call_of(const csgdi_compressor *c, uint64_t step)
{
    return (csgd_plugin_call){.step = step,
                              .seed = c->seed,
                              .rank = c->rank,
                              .second = c->rounding == CSGDI_STREAM_OWNER};
}

void csgd_plugin_random(const csgd_plugin_call *call, int shared, uint64_t i, uint32_t words[4])
{
    const csgdi_stream own = call->second ? CSGDI_STREAM_OWNER : CSGDI_STREAM_ROUNDING;
    const csgdi_random random =
        shared ? csgdi_random_make(call->seed, CSGDI_STREAM_MASK, 0, 0, call->step)
               : csgdi_random_make(call->seed, own, call->rank, 0, call->step);

    csgdi_random_block(&random, i, words);
}

static size_t plugin_block_bytes(const csgdi_compressor *c, size_t b)
{
    const adapter *self = c->state;

    return b == c->block ? self->whole_bytes : self->last_bytes;
}

/* Judge codes, and decode them into self->decoded. */
static csgd_status plugin_check(const csgdi_compressor *c, const uint8_t *src, size_t b)
{
    const adapter *self = c->state;
    const csgd_plugin *told = self->told;

    said = false;
    if (told->check_block != NULL && told->check_block(self->state, src, b) != CSGD_OK) {
        if (!said) csgdi_fail(CSGD_E_CORRUPT, "check_block refuses the codes");
        return csgdi_fail_in(CSGD_E_CORRUPT, told->name);
    }
    told->decode_block(self->state, src, b, self->decoded);
    if (c->kernels->finite(self->decoded, b)) return CSGD_OK;
    return csgdi_fail(CSGD_E_CORRUPT, "%s: the codes stand for NaN or infinity", told->name);
}

static bool plugin_encode(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                          uint64_t step, uint8_t *dst)
{
    const csgd_plugin_call call = call_of(c, step);
    adapter *self = c->state;

    if (!c->kernels->finite(x, b)) return false;
    memset(dst, 0, plugin_block_bytes(c, b));
    self->told->encode_block(self->state, x, first, b, &call, dst);
    if (plugin_check(c, dst, b) == CSGD_OK) return true;
    self->fault = csgdi_fail(CSGD_E_PLUGIN, "the %zu elements from %zu on are encoded wrongly: %s",
                             b, first, csgd_error_detail());
    return false;
}

static void plugin_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                         void *y)
{
    const adapter *self = c->state;

    self->told->decode_block(self->state, src, b, self->decoded);
    switch (mode) {
    case CSGDI_SET:
        memcpy(y, self->decoded, b * c->kernels->size);
        break;
    case CSGDI_ADD:
        c->kernels->add(self->decoded, b, y);
        break;
    case CSGDI_SUB:
        c->kernels->sub(self->decoded, b, y);
        break;
    }
}

/* CSGD_E_PLUGIN where k entries of out are no sparse vector of finite values. */
static csgd_status check_entries(const csgdi_compressor *c, size_t k, const csgdi_sparse *out)
{
    const char *name = c->ops->name;

    if (k > c->max_k)
        return csgdi_fail(CSGD_E_PLUGIN, "%s: select returned %zu entries, max_k is %zu", name, k,
                          c->max_k);
    for (size_t j = 0; j < k; j++) {
        if (out->index[j] >= c->n)
            return csgdi_fail(CSGD_E_PLUGIN, "%s: select chose element %u of %zu", name,
                              (unsigned)out->index[j], c->n);
        if (j > 0 && out->index[j] <= out->index[j - 1])
            return csgdi_fail(CSGD_E_PLUGIN, "%s: select chose element %u after element %u", name,
                              (unsigned)out->index[j], (unsigned)out->index[j - 1]);
    }
    if (c->kernels->finite(out->value, k)) return CSGD_OK;
    return csgdi_fail(CSGD_E_PLUGIN, "%s: select gave an element the value NaN or infinity", name);
}

static bool plugin_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    const csgd_plugin_call call = call_of(c, c->step);
    adapter *self = c->state;

    out->k = 0;
    if (!c->kernels->finite(x, c->n)) return false;
    const size_t k = self->told->select(self->state, x, c->n, &call, out->index, out->value);
    self->fault = check_entries(c, k, out);
    if (self->fault != CSGD_OK) return false;
    out->k = k;
    return true;
}

void csgdi_plugin_slots(csgdi_plugin *plugin)
{
    csgdi_compressor_ops *ops = &plugin->ops;

    ops->create = plugin_create;
    if (plugin->told.family == CSGD_PLUGIN_SELECT) {
        ops->select = plugin_select;
        return;
    }
    ops->block_bytes = plugin_block_bytes;
    ops->encode_block = plugin_encode;
    ops->check_block = plugin_check;
    ops->apply_block = plugin_apply;
}
