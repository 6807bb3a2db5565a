/* SPDX-License-Identifier: BSD-3-Clause */

/* lists.c: see lists.h. */

#include "comm/lists.h"

#include <stdio.h>
#include <string.h>
#include "base/bytes.h"
#include "base/error.h"
#include "wire/sparse_sum.h"
#include "wire/stream.h"

void csgdi_list_judge(const csgdi_compressor *c, csgdi_trouble *trouble, const csgdi_sparse *list)
{
    if (trouble->found == CSGD_OK && !c->kernels->finite(list->value, list->k))
        csgdi_trouble_note(
            trouble,
            csgdi_fail(CSGD_E_NONFINITE,
                       "the sum of finite vectors is not finite: it overflows the element type"),
            NULL, -1);
}

/* --- lists --- */

bool csgdi_list_create(csgdi_sparse *list, const csgdi_compressor *c, size_t room,
                       csgdi_arena *arena)
{
    *list = (csgdi_sparse){.n = c->n, .room = room, .channels = 1};
    list->index = csgdi_arena_alloc(arena, room, sizeof *list->index);
    list->value = csgdi_arena_alloc(arena, room, c->kernels->size);
    return list->index != NULL && list->value != NULL;
}

static void *value_at(const csgdi_compressor *c, const csgdi_sparse *list, size_t j)
{
    return (char *)list->value + j * c->kernels->size;
}

csgdi_sparse csgdi_list_from(const csgdi_compressor *c, const csgdi_sparse *list, size_t first,
                             size_t count)
{
    csgdi_sparse part = *list;

    part.index += first;
    part.value = value_at(c, list, first);
    part.k = count;
    part.room -= first;
    return part;
}

csgdi_span csgdi_list_span(const csgdi_compressor *c, const csgdi_sparse *list)
{
    csgdi_span span = {0};

    if (list->k == 0) return span;
    span.base = span.here = list->index[0];
    span.count = (list->index[list->k - 1] + c->n - span.base) % c->n + 1;
    return span;
}

size_t csgdi_list_below(const csgdi_sparse *list, uint64_t index)
{
    size_t low = 0, high = list->k;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (list->index[middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void csgdi_list_append(const csgdi_compressor *c, csgdi_sparse *list, const csgdi_sparse *more)
{
    memmove(list->index + list->k, more->index, more->k * sizeof *list->index);
    memmove(value_at(c, list, list->k), more->value, more->k * c->kernels->size);
    list->k += more->k;
}

void csgdi_list_add(const csgdi_compressor *c, const csgdi_sparse *a, const csgdi_sparse *b,
                    csgdi_sparse *sum)
{
    csgdi_sparse_adder adder = {.kernels = c->kernels}; /* two are merged, which needs no window */
    csgdi_sparse_part part[2];

    csgdi_sparse_entries(&part[0], a->index, a->value, a->k);
    csgdi_sparse_entries(&part[1], b->index, b->value, b->k);
    csgdi_sparse_sum(&adder, part, 2, sum);
}

void csgdi_list_gather(const csgdi_compressor *c, csgdi_sparse *total, csgdi_sparse *scratch,
                       const csgdi_sparse *more)
{
    const csgdi_sparse before = *total;

    if (more->k == 0) return;
    csgdi_list_add(c, total, more, scratch);
    *total = *scratch;
    *scratch = before;
}

void csgdi_list_cut_at(const csgdi_compressor *c, csgdi_sparse *list, uint64_t limit, size_t ties,
                       csgdi_sparse *left)
{
    const size_t in =
        c->kernels->key_split(list->index, list->value, list->k, limit, &ties, list->index,
                              list->value, left->index + left->k, value_at(c, left, left->k));

    left->k += list->k - in;
    list->k = in;
}

void csgdi_list_cut(csgdi_search *search, csgdi_sparse *list, size_t k, csgdi_sparse *left)
{
    const csgdi_compressor c = {.kernels = search->kernels};
    uint64_t limit = UINT64_MAX;
    size_t ties = 0;

    if (list->k <= k) return;
    if (k > 0) limit = csgdi_kth_key(search, list->value, list->k, k, &ties);
    csgdi_list_cut_at(&c, list, limit, ties, left);
}

bool csgdi_list_take(const csgdi_compressor *c, const uint8_t *stream, size_t n, size_t first,
                     csgdi_sparse *list)
{
    csgdi_sparse_reader reader;
    uint32_t index[CSGDI_SPARSE_CHUNK];
    double value[CSGDI_SPARSE_CHUNK]; /* or as many floats */

    csgdi_sparse_open(&reader, c->kernels, stream, n, 0);
    if (reader.k > list->room - list->k) return false;
    for (size_t count; (count = csgdi_sparse_next(&reader, index, value)) > 0;) {
        uint32_t *at = list->index + list->k;
        for (size_t j = 0; j < count; j++) {
            const uint64_t i = (uint64_t)index[j] + first;
            at[j] = (uint32_t)(i < c->n ? i : i - c->n);
        }
        memcpy(value_at(c, list, list->k), value, count * c->kernels->size);
        list->k += count;
    }
    return true;
}

/* Entries first .. end - 1 the other way round. */
static void reverse(const csgdi_compressor *c, csgdi_sparse *list, size_t first, size_t end)
{
    double kept; /* or a float */

    for (; first + 1 < end; first++) {
        const uint32_t index = list->index[first];

        end--;
        list->index[first] = list->index[end];
        list->index[end] = index;
        memcpy(&kept, value_at(c, list, first), c->kernels->size);
        memcpy(value_at(c, list, first), value_at(c, list, end), c->kernels->size);
        memcpy(value_at(c, list, end), &kept, c->kernels->size);
    }
}

void csgdi_list_turn(const csgdi_compressor *c, csgdi_sparse *list)
{
    size_t lowest = 1;

    while (lowest < list->k && list->index[lowest] > list->index[lowest - 1])
        lowest++;
    if (lowest >= list->k) return;
    reverse(c, list, 0, lowest);
    reverse(c, list, lowest, list->k);
    reverse(c, list, 0, list->k);
}

csgd_status csgdi_list_result(csgd_reducer *r, const csgdi_sparse *list)
{
    const csgdi_compressor *c = &r->compressor;

    if (r->call.recv != NULL) {
        memset(r->call.recv, 0, c->n * c->kernels->size);
        c->kernels->scatter(list->index, list->value, list->k, CSGDI_SET, r->call.recv);
        return CSGD_OK;
    }
    if (list->k > r->call.entries->room)
        return csgdi_fail(CSGD_E_CORRUPT,
                          "the sum has %zu entries, more than the %zu that all ranks can have sent",
                          list->k, r->call.entries->room);
    r->call.entries->k = 0;
    csgdi_list_append(c, r->call.entries, list);
    csgdi_list_turn(c, r->call.entries);
    return CSGD_OK;
}

/* --- pieces --- */

size_t csgdi_list_bound(const csgdi_compressor *c, size_t k)
{
    /* As raw indices, whatever the span: the shortest code is no longer. */
    return CSGDI_LIST_HEADER + CSGDI_STREAM_HEADER + csgdi_round8(k * sizeof(uint32_t)) +
           csgdi_round8(k * c->kernels->size);
}

size_t csgdi_list_write(const csgd_reducer *r, const csgdi_trouble *trouble, csgdi_sparse *list,
                        csgdi_span span, uint8_t *dst)
{
    const csgdi_compressor *c = &r->compressor;
    const uint32_t shift = (uint32_t)span.here, n = (uint32_t)c->n;
    uint8_t *payload = dst + CSGDI_HEADER_BYTES;
    csgdi_sparse part = *list;
    size_t bytes;

    if (trouble->found != CSGD_OK) return csgdi_piece_write_poison(r, trouble->found, dst);
    csgdi_store32(payload, (uint32_t)span.base);
    csgdi_store32(payload + 4, (uint32_t)span.count);
    part.n = span.count;
    for (size_t j = 0; j < part.k; j++)
        part.index[j] = part.index[j] - shift + (part.index[j] < shift ? n : 0);
    bytes = csgdi_sparse_write(c->kernels, csgdi_sum_format(c), &part, payload + 8);
    for (size_t j = 0; j < part.k; j++)
        part.index[j] = part.index[j] + shift - (part.index[j] >= n - shift ? n : 0);
    return csgdi_piece_frame(r, c->ops->wire_id, c->n, 8 + bytes, dst);
}

/* Judge a message of any length; *span is completed. */
static csgd_status check(const csgd_reducer *r, const uint8_t *src, size_t len, csgdi_span *span,
                         size_t max_k)
{
    const csgdi_compressor *c = &r->compressor;
    const uint8_t *payload = src + CSGDI_HEADER_BYTES;
    size_t base, count;
    csgdi_header h;
    csgd_status st = csgdi_header_read(src, len, &h);

    if (st != CSGD_OK) return st;
    if (h.compressor == CSGDI_PIECE_POISON) return csgdi_piece_told(payload, h.payload);
    if (h.payload < 8) return csgdi_fail(CSGD_E_CORRUPT, "a piece of %zu bytes says nothing", len);
    if (h.compressor != c->ops->wire_id || h.type != c->type || h.n != c->n || h.step != r->step)
        return csgdi_fail(CSGD_E_CORRUPT, "it is not of this compressor, type, length and step");
    base = csgdi_load32(payload);
    count = csgdi_load32(payload + 4);
    if (span->any ? base > c->n || count > c->n || (base == c->n && count > 0)
                  : base != span->base || count != span->count)
        return csgdi_fail(CSGD_E_CORRUPT, "it is over elements from %zu on, %zu of them", base,
                          count);
    if (span->any) *span = (csgdi_span){.base = base, .count = count, .here = base};
    return csgdi_sparse_check(c->kernels, csgdi_sum_format(c), payload + 8, (size_t)h.payload - 8,
                              count, max_k, 1);
}

/* Whether the entries from `first` on come after those before and do not go round to them: what is sent
 * on has to be in order. */
static bool goes_on(const csgdi_compressor *c, const csgdi_sparse *list, size_t first)
{
    size_t last, begin, end;

    if (first == 0 || first == list->k) return true;
    last = (list->index[first - 1] + c->n - list->index[0]) % c->n;
    begin = (list->index[first] + c->n - list->index[0]) % c->n;
    end = (list->index[list->k - 1] + c->n - list->index[0]) % c->n;
    return last < begin && begin <= end;
}

void csgdi_list_read(const csgd_reducer *r, csgdi_trouble *trouble, int from, const uint8_t *src,
                     size_t len, csgdi_span span, size_t max_k, csgdi_sparse *list)
{
    const csgdi_compressor *c = &r->compressor;
    const bool any = span.any;
    const csgd_status st = check(r, src, len, &span, max_k);
    const size_t before = list->k;

    csgdi_trouble_note(trouble, st, "piece of", from);
    if (st != CSGD_OK) return;
    if (!csgdi_list_take(c, src + CSGDI_LIST_HEADER, span.count, span.here, list))
        csgdi_trouble_note(trouble,
                           csgdi_fail(CSGD_E_CORRUPT,
                                      "it has more entries than there can be in all"),
                           "piece of", from);
    if (any && !goes_on(c, list, before)) {
        list->k = before;
        csgdi_trouble_note(trouble,
                           csgdi_fail(CSGD_E_CORRUPT, "its entries do not follow those before"),
                           "piece of", from);
    }
}

csgd_status csgdi_list_support(const csgdi_compressor *c, const char *algorithm)
{
    const char *instead = "allgather";

    if (c->ops->family == CSGDI_SELECT) return CSGD_OK;
    if (c->ops->family == CSGDI_QUANTIZE) instead = "sra";
    if (c->ops->family == CSGDI_EXACT) instead = "vendor";
    if (c->ops->family == CSGDI_PROJECT && !c->own_support) instead = "linear";
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "algorithm=%s keeps the largest entries of sparse vectors, which %s does not "
                      "make; use topk, blocktopk or threshold, or algorithm=%s",
                      algorithm, c->ops->name, instead);
}
