/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse_sum.c: see sparse_sum.h. */

#include "wire/sparse_sum.h"

#include <string.h>

enum { CHUNK = CSGDI_SPARSE_CHUNK, NARROW = 4096, WIDE = 65536 };

/* So wide that a part of k entries of n has some dozens of them in it. */
static size_t window_width(size_t n, size_t k)
{
    size_t width = NARROW;

    while (width < WIDE && (k == 0 || width / 64 < n / k))
        width *= 2;
    return width < n ? width : (n + 63) / 64 * 64;
}

csgd_status csgdi_sparse_adder_create(csgdi_sparse_adder *a, const csgdi_kernels *kernels, size_t n,
                                      size_t k, csgdi_arena *arena)
{
    a->kernels = kernels;
    a->width = window_width(n, k);
    a->window = csgdi_arena_zalloc(arena, a->width, kernels->size);
    a->mark = csgdi_arena_zalloc(arena, a->width / 64, sizeof *a->mark);
    return a->window != NULL && a->mark != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

void csgdi_sparse_entries(csgdi_sparse_part *part, const uint32_t *index, const void *value,
                          size_t k)
{
    part->index = index;
    part->value = value;
    part->at = 0;
    part->k = k;
    part->streamed = false;
}

void csgdi_sparse_stream(csgdi_sparse_part *part, const csgdi_kernels *kernels, const uint8_t *src,
                         size_t n)
{
    csgdi_sparse_entries(part, part->next_index, part->next_value, 0);
    part->streamed = true;
    csgdi_sparse_open(&part->reader, kernels, src, n, 0);
}

/* Whether there is another entry, at part->at then. */
static bool in_sight(csgdi_sparse_part *part)
{
    if (part->at < part->k) return true;
    if (!part->streamed) return false;
    part->k = csgdi_sparse_next(&part->reader, part->next_index, part->next_value);
    part->at = 0;
    return part->k > 0;
}

/* Add the entries of a part that lie in the window at base. */
static void add_part(csgdi_sparse_adder *a, csgdi_sparse_part *part, uint32_t base)
{
    uint32_t place[CHUNK];
    size_t taken;

    do {
        size_t left;

        if (!in_sight(part)) return;
        left = part->k - part->at < CHUNK ? part->k - part->at : CHUNK;
        for (taken = 0; taken < left; taken++) {
            const uint32_t i = part->index[part->at + taken] - base;
            if (i >= a->width) break;
            a->mark[i / 64] |= (uint64_t)1 << i % 64;
            place[taken] = i;
        }
        a->kernels->scatter(place, part->value + part->at * a->kernels->size, taken, CSGDI_ADD,
                            a->window);
        part->at += taken;
        if (taken < left) return;
    } while (taken > 0);
}

/* Move marked elements to the end of out. */
static void move_out(csgdi_sparse_adder *a, const uint32_t *place, size_t count, uint32_t base,
                     csgdi_sparse *out)
{
    static const double zeros[CHUNK]; /* or as many floats */
    const size_t size = a->kernels->size;

    for (size_t j = 0; j < count; j++)
        out->index[out->k + j] = base + place[j];
    a->kernels->gather(place, NULL, count, a->window, (char *)out->value + out->k * size);
    a->kernels->scatter(place, zeros, count, CSGDI_SET, a->window);
    out->k += count;
}

/* Append all that is marked.  False at once if there is no room for it. */
static bool read_out(csgdi_sparse_adder *a, uint32_t base, csgdi_sparse *out)
{
    const uint32_t words = (uint32_t)(a->width / 64);
    uint32_t place[CHUNK];
    size_t count = 0;

    for (uint32_t w = 0; w < words; w++) {
        uint64_t word = a->mark[w];

        if (word == 0 && w + 1 < words) continue;
        a->mark[w] = 0;
        for (; word != 0; word &= word - 1)
            place[count++] = w * 64 + (uint32_t)__builtin_ctzll(word);
        if (count <= CHUNK - 64 && w + 1 < words) continue;
        if (count > out->room - out->k) return false;
        move_out(a, place, count, base, out);
        count = 0;
    }
    return true;
}

/* Where the next window begins; false if no part has entries left. */
static bool next_window(csgdi_sparse_part *part, size_t count, size_t width, uint32_t *base)
{
    uint32_t least = UINT32_MAX;
    bool any = false;

    for (size_t p = 0; p < count; p++)
        if (in_sight(&part[p])) {
            const uint32_t i = part[p].index[part[p].at];
            any = true;
            if (i < least) least = i;
        }
    if (!any) return false; /* of no elements there is no window either */
    *base = least - least % (uint32_t)width;
    return true;
}

/* Append to out the beginning of two parts merged, without looking further than what is in sight of
 * both; false if there is no room. */
static bool merge_some(const csgdi_sparse_adder *a, csgdi_sparse_part *x, csgdi_sparse_part *y,
                       csgdi_sparse *out)
{
    const size_t size = a->kernels->size;
    const size_t x_left = x->k - x->at < CHUNK ? x->k - x->at : CHUNK;
    const size_t y_left = y->k - y->at < CHUNK ? y->k - y->at : CHUNK;
    const uint32_t *xi = x->index + x->at, *yi = y->index + y->at;
    uint32_t xo[CHUNK], yo[CHUNK]; /* where in the sum an entry goes */
    uint32_t *index = out->index + out->k;
    char *value = (char *)out->value + out->k * size;
    size_t i = 0, j = 0, k = 0, room = out->room - out->k;

    if (room > CHUNK) room = CHUNK;
    while (i < x_left && j < y_left && k < room) { /* without a branch on what cannot be foreseen */
        const uint32_t ix = xi[i], iy = yi[j], least = ix < iy ? ix : iy;
        xo[i] = yo[j] = (uint32_t)k;
        index[k++] = least;
        i += ix == least;
        j += iy == least;
    }
    if (k == 0) return false;
    memset(value, 0, k * size);
    a->kernels->scatter(xo, x->value + x->at * size, i, CSGDI_ADD, value);
    a->kernels->scatter(yo, y->value + y->at * size, j, CSGDI_ADD, value);
    x->at += i;
    y->at += j;
    out->k += k;
    return true;
}

/* Append what is in sight of a part that is alone. */
static bool copy_some(const csgdi_sparse_adder *a, csgdi_sparse_part *x, csgdi_sparse *out)
{
    const size_t size = a->kernels->size, count = x->k - x->at;
    char *value = (char *)out->value + out->k * size;

    if (count > out->room - out->k) return false;
    memcpy(out->index + out->k, x->index + x->at, count * sizeof *out->index);
    memset(value, 0, count * size);
    a->kernels->add(x->value + x->at * size, count, value);
    x->at = x->k;
    out->k += count;
    return true;
}

static bool merge(const csgdi_sparse_adder *a, csgdi_sparse_part *x, csgdi_sparse_part *y,
                  csgdi_sparse *out)
{
    while (in_sight(x) && in_sight(y))
        if (!merge_some(a, x, y, out)) return false;
    while (in_sight(x))
        if (!copy_some(a, x, out)) return false;
    while (in_sight(y))
        if (!copy_some(a, y, out)) return false;
    return true;
}

bool csgdi_sparse_sum(csgdi_sparse_adder *a, csgdi_sparse_part *part, size_t count,
                      csgdi_sparse *out)
{
    uint32_t base;

    out->k = 0;
    if (count == 2) return merge(a, &part[0], &part[1], out);
    while (next_window(part, count, a->width, &base)) {
        for (size_t p = 0; p < count; p++)
            add_part(a, &part[p], base);
        if (!read_out(a, base, out)) {
            memset(a->window, 0, a->width * a->kernels->size);
            memset(a->mark, 0, a->width / 64 * sizeof *a->mark);
            return false;
        }
    }
    return true;
}
