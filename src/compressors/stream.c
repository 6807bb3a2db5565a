/* SPDX-License-Identifier: BSD-3-Clause */

/* stream.c: see stream.h. */

#include "compressors/stream.h"

#include <string.h>
#include "base/error.h"
#include "wire/header.h"
#include "wire/sparse_reader.h"

static const char *index_name(size_t i)
{
    static const char *const names[] = {"auto", "raw", "rice", "bitmap"};
    return i < 4 ? names[i] : NULL;
}

static const char *value_name(size_t i)
{
    static const char *const names[] = {"f64", "f32", "bf16", "f16", "int8", "int4"};
    return i < 6 ? names[i] : NULL;
}

static const csgdi_key keys[] = {
    {.name = "indices",
     .kind = CSGDI_CHOICE,
     .choice = index_name,
     .fallback = "auto",
     .help = "how indices travel: 32 bits each, Rice codes of the gaps, a bit for each element, or "
             "the shortest of these"},
    {.name = "values",
     .kind = CSGDI_CHOICE,
     .choice = value_name,
     .help = "how values travel: f64 for type=f64 and f32 for others unless given; int8 and int4 "
             "have a scale for every 256; feedback keeps what rounding takes off"},
};

const csgdi_keys csgdi_stream_keys = {keys, sizeof keys / sizeof *keys};

/* The number of a choice, which is that of the coder too. */
static unsigned number_of(const char *name, const char *(*choice)(size_t i))
{
    unsigned i = 0;

    while (strcmp(choice(i), name) != 0)
        i++;
    return i;
}

csgd_status csgdi_stream_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    if (!csgdi_spec_set(spec, "values"))
        csgdi_spec_choose(spec, "values", c->kernels->type == CSGD_F64 ? "f64" : "f32");
    c->format.index = (csgdi_index_coder)number_of(csgdi_spec_choice(spec, "indices"), index_name);
    c->format.value = (csgdi_value_coder)number_of(csgdi_spec_choice(spec, "values"), value_name);
    if (c->format.value == CSGDI_VALUE_F64 && c->kernels->type != CSGD_F64)
        return csgdi_fail(CSGD_E_SPEC, "values=f64 is wider than the elements, which are not f64");
    if (c->format.index == CSGDI_INDEX_AUTO || c->format.index == CSGDI_INDEX_RICE)
        c->variable = true;

    c->stream = (csgdi_sparse){.n = c->n, .room = c->max_k + c->spare, .channels = 1};
    c->stream.index =
        csgdi_arena_alloc(arena, c->stream.room + CSGDI_LANES, sizeof *c->stream.index);
    if (c->stream.index == NULL) return CSGD_E_NOMEM;
    c->stream.value = csgdi_arena_alloc(arena, c->stream.room + CSGDI_LANES, c->kernels->size);
    return c->stream.value != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

void csgdi_stream_zero(const csgdi_compressor *c, const uint8_t *src, void *y)
{
    static const double zeros[CSGDI_SPARSE_CHUNK]; /* or as many floats */
    uint32_t index[CSGDI_SPARSE_CHUNK], place[CSGDI_SPARSE_CHUNK + CSGDI_LANES];
    double value[CSGDI_SPARSE_CHUNK], taken[CSGDI_SPARSE_CHUNK + CSGDI_LANES];
    csgdi_sparse_reader reader;

    if (c->n == 0) return;
    csgdi_sparse_open(&reader, c->kernels, src + CSGDI_HEADER_BYTES, c->n, 0);
    for (size_t count; (count = csgdi_sparse_next(&reader, index, value)) > 0;) {
        const size_t k = c->kernels->key_select(value, count, 1, 0, count, place, taken);

        for (size_t j = 0; j < k; j++) /* in place: place[j] >= j */
            index[j] = index[place[j]];
        c->kernels->scatter(index, zeros, k, CSGDI_SET, y);
    }
}
