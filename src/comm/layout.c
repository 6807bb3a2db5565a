/* SPDX-License-Identifier: BSD-3-Clause */

/* layout.c: tensors in two groups, and the runs to copy between them. */

#include "comm/layout.h"

#include <string.h>
#include <xxhash.h>
#include "base/error.h"
#include "compressors/elements.h"

static const char *scope_name(size_t i)
{
    static const char *const names[] = {"tensor", "global"};
    return i < 2 ? names[i] : NULL;
}

static const csgdi_key keys[] = {
    {.name = "scope",
     .kind = CSGDI_CHOICE,
     .choice = scope_name,
     .fallback = "tensor",
     .help = "in a layout, whether topk, blocktopk and powersgd work on each tensor, or on all of "
             "them as one vector"},
    {.name = "dense_below",
     .kind = CSGDI_COUNT,
     .max = 9007199254740992.0,
     .fallback = "1024",
     .help = "in a layout, tensors of fewer elements, and those of one row or column, are sent "
             "exactly; 0: none is"},
};

const csgdi_keys csgdi_layout_keys = {keys, sizeof keys / sizeof *keys};

static csgd_status count_elements(csgdi_layout *l, const csgdi_shape *shape)
{
    l->n = shape->tensors == NULL ? shape->n : 0;
    if (shape->tensors == NULL && shape->n_tensors > 0)
        return csgdi_fail(CSGD_E_INVAL, "the list of %zu tensors is NULL", shape->n_tensors);
    for (size_t i = 0; shape->tensors != NULL && i < shape->n_tensors; i++) {
        const csgd_tensor *t = &shape->tensors[i];
        l->n = csgdi_size_add(l->n, csgdi_size_mul(t->rows, t->cols));
        if (l->n == SIZE_MAX)
            return csgdi_fail(CSGD_E_INVAL, "tensor %zu of %zu x %zu: too many elements", i,
                              t->rows, t->cols);
    }
    return CSGD_OK;
}

static bool is_exact(const csgd_tensor *t, size_t below)
{
    return below > 0 && (t->rows == 1 || t->cols == 1 || t->rows * t->cols < below);
}

/* Where each tensor goes: two running ends, one a group. */
static void place(csgdi_layout *l, const csgdi_shape *shape, size_t below)
{
    size_t user = 0, compressed = 0, exact = l->n_compressed, segments = 0;

    for (size_t i = 0; i < shape->n_tensors; i++) {
        const size_t count = shape->tensors[i].rows * shape->tensors[i].cols;
        size_t *end = is_exact(&shape->tensors[i], below) ? &exact : &compressed;
        csgdi_run *last = l->n_runs > 0 ? &l->run[l->n_runs - 1] : NULL;

        if (l->segment != NULL && end == &compressed) {
            l->segment_cols[segments] = shape->tensors[i].cols;
            l->segment[segments++] = compressed;
        }
        if (last != NULL && last->user + last->count == user && last->packed + last->count == *end)
            last->count += count;
        else
            l->run[l->n_runs++] = (csgdi_run){user, *end, count};
        user += count;
        *end += count;
    }
    if (l->segment != NULL) l->segment[segments] = l->n_compressed;
    l->n_segments = segments;
}

csgd_status csgdi_layout_init(csgdi_layout *l, const csgdi_shape *shape, const csgdi_spec *spec,
                              bool exact, csgdi_arena *arena)
{
    const size_t below = (size_t)csgdi_spec_count(spec, "dense_below");
    const bool alone = strcmp(csgdi_spec_choice(spec, "scope"), "tensor") == 0;
    csgd_status st;

    *l = (csgdi_layout){0};
    st = count_elements(l, shape);
    if (st != CSGD_OK) return st;
    if (shape->tensors != NULL)
        l->hash = XXH64(shape->tensors, shape->n_tensors * sizeof *shape->tensors, 1);
    l->n_compressed = l->n;
    if (shape->tensors == NULL || exact) return CSGD_OK;

    for (size_t i = 0; i < shape->n_tensors; i++)
        if (is_exact(&shape->tensors[i], below))
            l->n_exact += shape->tensors[i].rows * shape->tensors[i].cols;
    l->n_compressed -= l->n_exact;
    l->run = csgdi_arena_alloc(arena, shape->n_tensors, sizeof *l->run);
    if (l->run == NULL) return CSGD_E_NOMEM;
    if (alone) {
        l->segment = csgdi_arena_alloc(arena, shape->n_tensors + 1, sizeof *l->segment);
        if (l->segment == NULL) return CSGD_E_NOMEM;
        l->segment_cols = csgdi_arena_alloc(arena, shape->n_tensors, sizeof *l->segment_cols);
        if (l->segment_cols == NULL) return CSGD_E_NOMEM;
    }
    place(l, shape, below);
    return CSGD_OK;
}

/* Without runs all elements stay where they are. */
static const csgdi_run *runs_of(const csgdi_layout *l, csgdi_run *all, size_t *n_runs)
{
    *all = (csgdi_run){0, 0, l->n};
    *n_runs = l->n_runs > 0 ? l->n_runs : 1;
    return l->n_runs > 0 ? l->run : all;
}

void csgdi_layout_pack(const csgdi_layout *l, const csgdi_compressor *c, const void *user,
                       void *packed)
{
    const size_t size = csgd_type_size(c->type), work = c->kernels->size;
    size_t n_runs;
    csgdi_run all;
    const csgdi_run *run = runs_of(l, &all, &n_runs);

    for (size_t i = 0; i < n_runs; i++)
        csgdi_elements_widen(c, (const char *)user + run[i].user * size, run[i].count,
                             (char *)packed + run[i].packed * work);
}

void csgdi_layout_unpack(const csgdi_layout *l, const csgdi_compressor *c, const void *packed,
                         void *user)
{
    const size_t size = csgd_type_size(c->type), work = c->kernels->size;
    size_t n_runs;
    csgdi_run all;
    const csgdi_run *run = runs_of(l, &all, &n_runs);

    for (size_t i = 0; i < n_runs; i++)
        csgdi_elements_narrow_to(c, (const char *)packed + run[i].packed * work, run[i].count,
                                 (char *)user + run[i].user * size);
}

void csgdi_layout_place(const csgdi_layout *l, size_t size, const void *packed, void *user)
{
    for (size_t i = 0; i < l->n_runs; i++)
        memcpy((char *)user + l->run[i].user * size, (const char *)packed + l->run[i].packed * size,
               l->run[i].count * size);
}
