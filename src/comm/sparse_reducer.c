/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse_reducer.c: a sparse allreduce as a call of its own: entries in, entries out.
 *
 *     before     rank r has entries (index, value)
 *     agreement  the call is sound on all ranks, and how long each message is
 *     gather     all ranks have all messages: a header and the stream of wire/sparse.h
 *     sum        merged in rank order (wire/sparse_sum.h), into memory of our own
 *     after      copied out if it fits, which all ranks find alike
 *
 * Volume: (P - 1) messages sent by each rank; latency: that of two gathers.  Memory: P messages and
 * the entries of their union.
 */

#include "comm/sparse_reducer.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "base/error.h"
#include "base/spec.h"
#include "comm/reducer.h"
#include "comm/team.h"
#include "wire/header.h"

enum { WIRE_ID = 0xfffe }; /* of no compressor */

static const char *const types[] = {"f32", "f64", NULL};
static const char *const coders[] = {"auto", "raw", "rice", "bitmap", NULL};

static const csgdi_key keys[] = {
    {.name = "type", .kind = CSGDI_CHOICE, .words = types, .fallback = "f32", .help = "of values"},
    {.name = "indices",
     .kind = CSGDI_CHOICE,
     .words = coders,
     .fallback = "auto",
     .help = "how indices become bytes"},
};

/* ---- the life of one ---- */

static csgd_status read_spec(csgd_sparse_reducer *s, const char *text)
{
    const csgdi_keys groups[] = {{keys, sizeof keys / sizeof *keys}};
    csgdi_spec spec;
    csgd_status st = csgdi_spec_parse(&spec, text != NULL ? text : "sparse", groups, 1);

    if (st != CSGD_OK) return st;
    if (strcmp(spec.name, "sparse") != 0)
        return csgdi_fail(CSGD_E_SPEC, "a sparse reducer is \"sparse key=value ...\", not \"%s\"",
                          spec.name);
    s->kernels = csgdi_kernels_get(strcmp(csgdi_spec_choice(&spec, "type"), "f64") == 0 ? CSGD_F64
                                                                                        : CSGD_F32);
    s->format.value = s->kernels->type == CSGD_F64 ? CSGDI_VALUE_F64 : CSGDI_VALUE_F32;
    for (unsigned i = 0; coders[i] != NULL; i++)
        if (strcmp(csgdi_spec_choice(&spec, "indices"), coders[i]) == 0)
            s->format.index = (csgdi_index_coder)i;
    return csgdi_spec_format(&spec, s->spec, sizeof s->spec);
}

static bool entries_alloc(csgd_sparse_reducer *s, csgdi_sparse *to, size_t room)
{
    *to = (csgdi_sparse){.n = s->n, .room = room, .channels = 1};
    to->index = csgdi_arena_alloc(&s->arena, room, sizeof *to->index);
    to->value = csgdi_arena_alloc(&s->arena, room, s->kernels->size);
    return to->index != NULL && to->value != NULL;
}

static csgd_status build(csgd_sparse_reducer *s)
{
    const size_t p = (size_t)s->transport.n_ranks;
    size_t most = csgdi_size_mul(p, s->max_k);

    if (s->n > UINT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "indices have 32 bits, so n=%zu is too large", s->n);
    if (s->max_k > s->n)
        return csgdi_fail(CSGD_E_INVAL, "max_k=%zu is more than the %zu elements", s->max_k, s->n);
    if (most > s->n) most = s->n;
    s->bound = CSGDI_HEADER_BYTES + csgdi_sparse_bound(s->kernels, s->format, s->n, s->max_k, 1);
    s->all = csgdi_arena_alloc(&s->arena, p, s->bound);
    s->len = csgdi_arena_alloc(&s->arena, p, 2 * sizeof *s->len);
    s->lengths = csgdi_arena_alloc(&s->arena, p, CSGDI_AGREE_WORDS * sizeof *s->lengths);
    s->gathered = csgdi_arena_alloc(&s->arena, p, 2 * sizeof *s->gathered);
    s->part = csgdi_arena_alloc(&s->arena, p, sizeof *s->part);
    if (s->all == NULL || s->len == NULL || s->lengths == NULL || s->gathered == NULL ||
        s->part == NULL || !entries_alloc(s, &s->mine, s->max_k) ||
        !entries_alloc(s, &s->sum, most))
        return CSGD_E_NOMEM;
    return csgdi_sparse_adder_create(&s->adder, s->kernels, s->n, s->max_k, &s->arena);
}

static csgd_status create_local(const csgdi_transport *transport, size_t n, size_t max_k,
                                const char *spec, csgd_sparse_reducer **s)
{
    csgdi_arena arena = {0};
    csgd_sparse_reducer *self = csgdi_arena_zalloc(&arena, 1, sizeof *self);
    csgd_status st;

    if (self == NULL) return CSGD_E_NOMEM;
    self->arena = arena;
    self->transport = *transport; /* to look at */
    self->n = n;
    self->max_k = max_k;
    st = read_spec(self, spec);
    if (st == CSGD_OK) st = build(self);
    if (st != CSGD_OK) {
        arena = self->arena;
        csgdi_arena_free(&arena);
        return st;
    }
    self->identity[CSGDI_FIELD_N] = n;
    self->identity[CSGDI_FIELD_ENTRIES] = max_k;
    self->identity[CSGDI_FIELD_TYPE] = self->kernels->type;
    self->identity[CSGDI_FIELD_WIRE] = CSGDI_WIRE_VERSION;
    self->identity[CSGDI_FIELD_SPEC] = XXH64(self->spec, strlen(self->spec), 0);
    *s = self;
    return CSGD_OK;
}

csgd_status csgdi_sparse_reducer_create(csgdi_transport *transport, size_t n, size_t max_k,
                                        const char *spec, csgd_status failure,
                                        csgd_sparse_reducer **s)
{
    csgdi_agreement a = {.failure = failure, .blocking = true};
    csgd_sparse_reducer *self = NULL;
    csgd_status st;

    if (a.failure == CSGD_OK) a.failure = create_local(transport, n, max_k, spec, &self);
    if (self != NULL) {
        memcpy(a.field, self->identity, sizeof a.field);
        a.spec = self->spec;
    }
    st = csgdi_agree(&a, transport);
    if (st != CSGD_OK) {
        if (self != NULL) {
            csgdi_arena arena = self->arena;
            csgdi_arena_free(&arena);
        }
        transport->ops->close(transport, false);
        return st;
    }
    self->transport = *transport;
    *s = self;
    return CSGD_OK;
}

csgd_status csgd_sparse_reducer_create_team(csgd_team *team, int rank, size_t n, size_t max_k,
                                            const char *spec, csgd_sparse_reducer **s)
{
    csgdi_transport transport;
    csgd_status st;

    if (s != NULL) *s = NULL;
    st = csgdi_transport_open_team(&transport, team, rank);
    if (st != CSGD_OK) return st;
    if (s == NULL) st = csgdi_fail(CSGD_E_INVAL, "the place for the sparse reducer is NULL");
    return csgdi_sparse_reducer_create(&transport, n, max_k, spec, st, s);
}

csgd_status csgd_sparse_reducer_destroy(csgd_sparse_reducer **s)
{
    csgdi_arena arena;

    if (s == NULL || *s == NULL) return CSGD_OK;
    arena = (*s)->arena;
    (*s)->transport.ops->close(&(*s)->transport, (*s)->lost);
    if (!(*s)->lost || !(*s)->transport.ops->keeps_buffers) csgdi_arena_free(&arena);
    *s = NULL;
    return CSGD_OK;
}

size_t csgd_sparse_reducer_memory_bytes(const csgd_sparse_reducer *s)
{
    return s != NULL ? s->arena.bytes + s->transport.memory_bytes : 0;
}

/* ---- a call ---- */

static csgd_status check(const csgd_sparse_reducer *s, const uint32_t *index, const void *value,
                         size_t k)
{
    if (k > s->max_k)
        return csgdi_fail(CSGD_E_INVAL, "%zu entries, more than max_k=%zu", k, s->max_k);
    if (k > 0 && (index == NULL || value == NULL))
        return csgdi_fail(CSGD_E_INVAL, "the indices or the values are NULL");
    for (size_t i = 0; i < k; i++) {
        if (index[i] >= s->n)
            return csgdi_fail(CSGD_E_INVAL, "index %u at %zu, of a vector of %zu elements",
                              index[i], i, s->n);
        if (i > 0 && index[i] <= index[i - 1])
            return csgdi_fail(CSGD_E_INVAL,
                              "index %u at %zu comes after index %u: each must be larger than "
                              "the one before",
                              index[i], i, index[i - 1]);
    }
    if (k > 0 && !s->kernels->finite(value, k))
        return csgdi_fail(CSGD_E_NONFINITE, "a value is NaN or infinite");
    return CSGD_OK;
}

static uint8_t *slot(const csgd_sparse_reducer *s, int rank)
{
    return s->all + (size_t)rank * s->bound;
}

/* This rank's message, in its slot; its length. */
static size_t write_message(csgd_sparse_reducer *s, const uint32_t *index, const void *value,
                            size_t k)
{
    uint8_t *dst = slot(s, s->transport.rank);
    csgdi_header header = {.compressor = WIRE_ID,
                           .type = s->kernels->type,
                           .n = s->n,
                           .step = s->step};

    if (k > 0) {
        memcpy(s->mine.index, index, k * sizeof *index);
        memcpy(s->mine.value, value, k * s->kernels->size);
    }
    s->mine.k = k;
    header.payload = csgdi_sparse_write(s->kernels, s->format, &s->mine, dst + CSGDI_HEADER_BYTES);
    csgdi_header_write(&header, dst);
    return CSGDI_HEADER_BYTES + header.payload;
}

/* Start the gather, and wait for it. */
static csgd_status exchange(csgd_sparse_reducer *s)
{
    csgdi_transport *t = &s->transport;
    const size_t p = (size_t)t->n_ranks;
    bool done = false;
    csgd_status st;

    for (size_t i = 0; i < p; i++) {
        const uint64_t len = csgdi_agreed_length(s->lengths, i);
        if (len > s->bound || len % 8 != 0)
            return csgdi_fail(CSGD_E_CORRUPT, "rank %zu announced a message of %llu bytes", i,
                              (unsigned long long)len);
        s->len[i] = (size_t)len;
        s->len[p + i] = i * s->bound;
    }
    st = t->ops->gather(t, slot(s, t->rank), s->all, s->len, s->len + p, true, &s->request);
    while (st == CSGD_OK) {
        st = t->ops->test(t, &s->request, &done);
        if (st != CSGD_OK || done) break;
        csgdi_progress(NULL);
        t->ops->idle(t);
    }
    return st;
}

/* Judge all messages, then add them up. */
static csgd_status add_up(csgd_sparse_reducer *s)
{
    const int p = s->transport.n_ranks;

    for (int r = 0; r < p; r++) {
        csgdi_header h = {0};
        char whose[32];
        csgd_status st = csgdi_header_read(slot(s, r), s->len[r], &h);

        if (st == CSGD_OK && (h.compressor != WIRE_ID || h.type != s->kernels->type ||
                              h.n != s->n || h.step != s->step))
            st = csgdi_fail(CSGD_E_CORRUPT, "it is of another kind of call, length or step");
        if (st == CSGD_OK)
            st = csgdi_sparse_check(s->kernels, s->format, slot(s, r) + CSGDI_HEADER_BYTES,
                                    s->len[r] - CSGDI_HEADER_BYTES, s->n, s->max_k, 1);
        if (st != CSGD_OK) {
            snprintf(whose, sizeof whose, "message of rank %d", r);
            return csgdi_fail_in(st, whose);
        }
        csgdi_sparse_stream(&s->part[r], s->kernels, slot(s, r) + CSGDI_HEADER_BYTES, s->n);
    }
    if (csgdi_sparse_sum(&s->adder, s->part, (size_t)p, &s->sum)) return CSGD_OK;
    return csgdi_fail(CSGD_E_CORRUPT, "the messages have more entries than they can");
}

static csgd_status agree(csgd_sparse_reducer *s, csgd_status failure, size_t capacity, size_t len)
{
    csgdi_agreement *a = &s->agreement;

    *a = (csgdi_agreement){.failure = failure,
                           .spec = s->spec,
                           .blocking = true,
                           .gather = s->lengths,
                           .layout = s->gathered,
                           .length = len};
    memcpy(a->field, s->identity, sizeof a->field);
    a->field[CSGDI_FIELD_CAPACITY] = capacity;
    a->field[CSGDI_FIELD_STEP] = s->step;
    a->field[CSGDI_FIELD_FP_MODE] = csgdi_fp_mode();
    return csgdi_agree(a, &s->transport);
}

csgd_status csgd_sparse_reducer_allreduce(csgd_sparse_reducer *s, const uint32_t *index,
                                          const void *value, size_t k, uint32_t *sum_index,
                                          void *sum_value, size_t capacity, size_t *sum_k)
{
    csgd_status st;

    if (s == NULL) return csgdi_fail(CSGD_E_INVAL, "the sparse reducer is NULL");
    if (s->lost)
        return csgdi_fail(
            CSGD_E_BROKEN,
            "the sparse reducer ended in a transport error: it can only be destroyed");
    st = check(s, index, value, k);
    if (st == CSGD_OK &&
        (sum_k == NULL || (capacity > 0 && (sum_index == NULL || sum_value == NULL))))
        st = csgdi_fail(CSGD_E_INVAL, "a place for the sum is NULL");
    st = agree(s, st, capacity, st == CSGD_OK ? write_message(s, index, value, k) : 0);
    if (st == CSGD_OK) {
        st = exchange(s);
        if (st == CSGD_OK) st = add_up(s);
        s->step++; /* for all ranks, whatever one of them has found */
    }
    if (st == CSGD_E_TRANSPORT) s->lost = true;
    if (st == CSGD_OK && s->sum.k > capacity)
        st = csgdi_fail(CSGD_E_SPACE, "the sum has %zu entries, and there is room for %zu",
                        s->sum.k, capacity);
    if (st != CSGD_OK) return st;
    if (s->sum.k > 0) {
        memcpy(sum_index, s->sum.index, s->sum.k * sizeof *sum_index);
        memcpy(sum_value, s->sum.value, s->sum.k * s->kernels->size);
    }
    *sum_k = s->sum.k;
    return CSGD_OK;
}
