/* SPDX-License-Identifier: BSD-3-Clause */

/* largest.c: candidates from a bracket's low end up, and the k-th largest among them.
 *
 *     key     0 ........... low ......... high ........... infinity
 *                            |<-- band -->|<-- chosen -->|
 *             |<- not seen ->|<------- candidates ------->|
 *
 * The pass appends candidates to out as they come, and copies the values of the band.  Then the
 * k-th is known to be in the band, where k less the number above it are to be found, by a radix
 * search over the few bits in which low and high differ.  Last, the candidates are split in place.
 *
 * Where the room for candidates is used up, all but the k largest of them are moved out, and low
 * becomes the key after the smallest of those, which no later entry of its own key replaces.
 *
 * This fails where fewer than k are candidates, or where parts have more than there is room for.  A
 * bracket of the call before is followed by one from a sample, and that by a radix search of the whole vector.
 */

#include "compressors/largest.h"

#include <string.h>
#include "compressors/magnitude.h"
#include "compressors/threads.h"

enum {
    BLOCK = 16384,       /* elements of a pass between two looks at their candidates */
    PIECE = 512,         /* entries that are split at once */
    SAMPLE_MOST = 65536, /* elements of a sample, a part of k more (1 / SPARE), and of n at most */
    SAMPLE_PART = 256,   /* so much: memory stays a small part of the vector's own */
    SPARE_MOST = 16384,
    SPARE_PART = 1024,
    SPARE = 4
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One more than can be needed where all are candidates: room is never used up then. */
size_t csgdi_largest_spare(size_t n, size_t k)
{
    return least(n - k, k / SPARE + least(n / SPARE_PART, SPARE_MOST)) + 1;
}

/* Memory of the parts but the first. */
static bool create_parts(csgdi_search *s, size_t n, size_t k, csgdi_arena *arena)
{
    const size_t share = 2 * (k + csgdi_largest_spare(n, k)) / s->threads + 1;
    const size_t room = least(n / s->threads + 2 * BLOCK, share);

    s->part = csgdi_arena_zalloc(arena, s->threads - 1, sizeof *s->part);
    for (unsigned part = 1; s->part != NULL && part < s->threads; part++) {
        csgdi_catch *c = &s->part[part - 1];
        c->room = room;
        c->band_room = 2 * s->band_room / s->threads + 1;
        c->index = csgdi_arena_alloc(arena, room + CSGDI_LANES, sizeof *c->index);
        c->value = csgdi_arena_alloc(arena, room + CSGDI_LANES, s->kernels->size);
        c->band = csgdi_arena_alloc(arena, c->band_room, s->kernels->size);
        if (c->index == NULL || c->value == NULL || c->band == NULL) return false;
    }
    return s->part != NULL;
}

bool csgdi_search_create(csgdi_search *s, const csgdi_kernels *kernels, size_t n, size_t k,
                         size_t band, unsigned threads, csgdi_arena *arena)
{
    *s = (csgdi_search){.kernels = kernels,
                        .threads = csgdi_threads_parts(threads, n),
                        .band_room = least(n, k / SPARE + least(n / SAMPLE_PART, SAMPLE_MOST))};
    if (s->band_room < band) s->band_room = band;
    s->counts = csgdi_arena_alloc(arena, (size_t)1 << CSGDI_KTH_DIGIT, sizeof *s->counts);
    if (s->counts == NULL) return false;
    s->band = csgdi_arena_alloc(arena, s->band_room, kernels->size);
    if (s->band == NULL) return false;
    return s->threads == 1 || create_parts(s, n, k, arena);
}

/* The key of the k-th of x, known to be from low to high. */
static uint64_t find_limit(const csgdi_search *s, const void *x, size_t n, size_t k, uint64_t low,
                           uint64_t high, size_t *ties)
{
    return csgdi_kth_magnitude(s->kernels, x, n, k, low, high, s->counts, ties);
}

uint64_t csgdi_kth_key(csgdi_search *s, const void *x, size_t n, size_t k, size_t *ties)
{
    return find_limit(s, x, n, k, 0, csgdi_last_key(s->kernels->type), ties);
}

/* --- the pass --- */

static void empty(csgdi_catch *c)
{
    c->taken = c->in_band = 0;
    c->finite = c->fits = true;
}

static void begin(csgdi_search *s, csgdi_bracket *bracket, size_t k, csgdi_sparse *out)
{
    s->bracket = bracket;
    s->out = out;
    s->k = k;
    s->low = s->high = s->floor = 0;
    s->m = NULL;
    s->all = (csgdi_catch){.index = out->index + out->k,
                           .value = (char *)out->value + out->k * s->kernels->size,
                           .room = out->room - out->k,
                           .band = s->band,
                           .band_room = s->band_room};
    empty(&s->all);
    for (unsigned part = 1; part < s->threads; part++)
        empty(&s->part[part - 1]);
}

bool csgdi_largest_begin(csgdi_search *s, csgdi_bracket *bracket, size_t k, csgdi_sparse *out)
{
    if (bracket->low == 0 || bracket->k != k) return false;
    begin(s, bracket, k, out);
    s->low = s->floor = bracket->low;
    s->high = bracket->high;
    return true;
}

void csgdi_limit_begin(csgdi_search *s, uint64_t limit, size_t k, csgdi_sparse *out)
{
    begin(s, NULL, k, out);
    s->low = s->floor = limit;
}

static csgdi_catch *catch_of(csgdi_search *s, unsigned part)
{
    return part == 0 ? &s->all : &s->part[part - 1];
}

static void *value_at(const csgdi_search *s, const csgdi_catch *c, size_t j)
{
    return c->value + j * s->kernels->size;
}

/* A look at `count` new candidates while they are in the cache. */
static bool taken_more(const csgdi_search *s, csgdi_catch *c, size_t count)
{
    const char *value = value_at(s, c, c->taken);

    c->fits = c->room - c->taken > count;
    c->finite = c->finite && s->kernels->finite(value, count);
    c->taken += count;
    if (s->bracket == NULL) return c->fits;
    if (c->in_band <= c->band_room && count <= c->band_room - c->in_band)
        c->in_band +=
            s->kernels->key_under(value, count, s->high, c->band + c->in_band * s->kernels->size);
    else
        c->in_band = SIZE_MAX; /* no room: all candidates will be searched */
    return c->fits;
}

/* Keep what is above the limit and `ties` of those at it; the others go back to m, if there is
 * one.  Returns how many are kept. */
static size_t split(csgdi_search *s, uint64_t limit, size_t ties, void *m)
{
    const csgdi_catch *c = &s->all;
    uint32_t index[PIECE];
    double value[PIECE];
    size_t kept = 0;

    for (size_t j = 0; j < c->taken; j += PIECE) {
        const size_t count = least(c->taken - j, PIECE);
        const size_t in =
            s->kernels->key_split(c->index + j, value_at(s, c, j), count, limit, &ties,
                                  c->index + kept, value_at(s, c, kept), index, value);
        if (m != NULL) s->kernels->scatter(index, value, count - in, CSGDI_SET, m);
        kept += in;
    }
    return kept;
}

/* Keep no more than k candidates of those so far, which are all of one part; whether that made room. */
static bool make_room(csgdi_search *s)
{
    const uint64_t last = csgdi_last_key(s->kernels->type);
    csgdi_catch *c = &s->all;
    size_t ties;

    if (s->bracket == NULL || c->taken <= s->k || s->k == 0) return false;
    s->floor = find_limit(s, c->value, c->taken, s->k, s->floor, last, &ties);
    s->kernels->stream_end(); /* what went past the caches is there before some of it changes */
    c->taken = split(s, s->floor, ties, s->m);
    s->low = s->floor < last ? s->floor + 1 : last;
    c->in_band = SIZE_MAX;
    if (c->taken <= c->band_room)
        c->in_band = s->kernels->key_under(c->value, c->taken, s->high, c->band);
    return true;
}

bool csgdi_largest_chunk(csgdi_search *s, unsigned part, void *x, size_t first, size_t count)
{
    csgdi_catch *c = catch_of(s, part);

    /* What was cut cannot be told from what was not, so there must be room before; each time is to make
     * much. */
    if (s->m != NULL && c->room - c->taken <= count && c->taken > s->k + (c->room - s->k) / 2)
        make_room(s);
    return taken_more(s, c,
                      s->kernels->key_cut(x, count, s->low, (uint32_t)first, c->room - c->taken,
                                          c->index + c->taken, value_at(s, c, c->taken)));
}

bool csgdi_largest_join(csgdi_search *s, unsigned part, void *m)
{
    const csgdi_catch *from = catch_of(s, part);
    csgdi_catch *c = &s->all;

    c->finite = c->finite && from->finite;
    c->fits = c->fits && c->room - c->taken > from->taken;
    if (!c->fits) {
        if (m != NULL) s->kernels->scatter(from->index, from->value, from->taken, CSGDI_SET, m);
        return false;
    }
    memcpy(c->index + c->taken, from->index, from->taken * sizeof *c->index);
    memcpy(value_at(s, c, c->taken), from->value, from->taken * s->kernels->size);
    c->taken += from->taken;
    if (c->in_band <= c->band_room && from->in_band <= c->band_room - c->in_band) {
        memcpy(c->band + c->in_band * s->kernels->size, from->band,
               from->in_band * s->kernels->size);
        c->in_band += from->in_band;
    } else {
        c->in_band = SIZE_MAX;
    }
    return true;
}

/* As csgdi_largest_sums(); how many of the chunk are candidates, more than there is room for: none. */
static size_t cut_sums(const csgdi_search *s, const csgdi_catch *c, const csgdi_terms *terms,
                       size_t first, size_t count, void *m)
{
    return s->kernels->add_cut(terms, count, s->low, (uint32_t)first, c->room - c->taken,
                               c->index + c->taken, value_at(s, c, c->taken), m);
}

bool csgdi_largest_sums(csgdi_search *s, unsigned part, const csgdi_terms *terms, size_t first,
                        size_t count, void *m)
{
    csgdi_catch *c = catch_of(s, part);
    size_t taken = cut_sums(s, c, terms, first, count, m);

    if (taken >= c->room - c->taken && s->m != NULL && make_room(s))
        taken = cut_sums(s, c, terms, first, count, m);
    if (taken < c->room - c->taken) return taken_more(s, c, taken);
    c->fits = false;
    return false;
}

/* --- after the pass --- */

static csgdi_outcome settle(csgdi_search *s, void *m)
{
    const uint64_t last = csgdi_last_key(s->kernels->type);
    const csgdi_catch *c = &s->all;
    uint64_t limit;
    size_t ties;

    if (!c->finite) return CSGDI_NONFINITE;
    if (!c->fits) return CSGDI_RETRY;
    if (s->bracket == NULL) {
        if (c->taken > s->k) return CSGDI_RETRY;
        s->out->k += c->taken;
        return CSGDI_DONE;
    }
    if (c->taken < s->k) return CSGDI_RETRY;
    if (c->in_band > c->taken)
        limit = find_limit(s, c->value, c->taken, s->k, s->floor, last, &ties);
    else if (c->taken - c->in_band < s->k)
        limit = find_limit(s, s->band, c->in_band, s->k - (c->taken - c->in_band), s->floor,
                           s->high < last ? s->high : last, &ties);
    else
        limit = find_limit(s, c->value, c->taken, s->k, s->floor, last, &ties);
    s->out->k += split(s, limit, ties, m);
    csgdi_bracket_remember(s->bracket, s->kernels->type, limit, s->k);
    return CSGDI_DONE;
}

uint64_t csgdi_largest_among(csgdi_search *s, size_t count, size_t k, csgdi_sparse *out)
{
    uint64_t limit;
    size_t ties;

    begin(s, NULL, k, out);
    s->all.taken = count;
    limit = find_limit(s, s->all.value, count, k, 0, csgdi_last_key(s->kernels->type), &ties);
    s->out->k += split(s, limit, ties, NULL);
    return limit;
}

csgdi_outcome csgdi_largest_end(csgdi_search *s, void *m)
{
    const csgdi_outcome outcome = settle(s, m);

    if (outcome == CSGDI_DONE) return outcome;
    s->kernels->scatter(s->all.index, s->all.value, s->all.taken, CSGDI_SET, m);
    if (outcome == CSGDI_RETRY && s->bracket != NULL) s->bracket->low = 0;
    return outcome;
}

/* --- a whole vector --- */

/* A vector that is being searched. */
typedef struct searched {
    csgdi_search *s;
    const char *x;
    size_t n;
    uint32_t base;
    unsigned parts;
    size_t stop[CSGDI_THREADS_MOST]; /* what a part has come to */
} searched;

/* Take from the block at i, of a part that ends at `end`. */
static bool take_block(const searched *v, csgdi_catch *c, size_t i, size_t end)
{
    const csgdi_kernels *kernels = v->s->kernels;

    return taken_more(v->s, c,
                      kernels->key_select(v->x + i * kernels->size, least(end - i, BLOCK),
                                          v->s->low, v->base + (uint32_t)i, c->room - c->taken,
                                          c->index + c->taken, value_at(v->s, c, c->taken)));
}

/* By one thread, making room as often as that does. */
static void take_blocks(const searched *v, csgdi_catch *c, size_t i, size_t end)
{
    for (bool more = true; i < end && more; i += least(end - i, BLOCK)) {
        const csgdi_catch before = *c;

        more = take_block(v, c, i, end);
        if (more || v->parts > 1) continue;
        *c = before;
        more = make_room(v->s) && take_block(v, c, i, end);
        c->fits = more;
    }
}

static size_t begin_of(const searched *v, unsigned part)
{
    return csgdi_threads_first(v->n, BLOCK, v->parts, part);
}

/* A block that is out of room is taken once the part was joined. */
static void take_part(void *object, unsigned part)
{
    searched *v = object;
    csgdi_catch *c = catch_of(v->s, part);
    const size_t end = begin_of(v, part + 1);
    size_t i = begin_of(v, part);

    for (; i < end; i += least(end - i, BLOCK)) {
        const csgdi_catch before = *c;
        if (take_block(v, c, i, end)) continue;
        if (part > 0) *c = before;
        break;
    }
    v->stop[part] = i;
}

static csgdi_outcome pass(csgdi_search *s, const void *x, size_t n, uint32_t base)
{
    searched v = {.s = s, .x = x, .n = n, .base = base};

    v.parts = csgdi_threads_parts(s->threads, n);
    if (v.parts == 1) {
        take_blocks(&v, &s->all, 0, n);
        return settle(s, NULL);
    }
    csgdi_threads_run(v.parts, take_part, &v);
    for (unsigned part = 1; part < v.parts && csgdi_largest_join(s, part, NULL); part++)
        take_blocks(&v, &s->all, v.stop[part], begin_of(&v, part + 1));
    return settle(s, NULL);
}

csgdi_outcome csgdi_limit(csgdi_search *s, uint64_t limit, const void *x, size_t n, size_t k,
                          csgdi_sparse *out)
{
    csgdi_limit_begin(s, limit, k, out);
    return pass(s, x, n, 0);
}

/* After a pass that failed: all but zeros were candidates, and they are fewer than k. */
static bool few(const csgdi_search *s)
{
    return s->low == 1 && s->all.fits && s->all.taken < s->k;
}

/* Find the limit in all of x, unless it is known to be 0; then take in pieces, so that ties are
 * counted in order. */
static csgdi_outcome whole(csgdi_search *s, const void *x, size_t n, uint32_t base)
{
    uint32_t index[PIECE + CSGDI_LANES], rest_index[PIECE];
    double value[PIECE + CSGDI_LANES], rest[PIECE];
    const csgdi_kernels *kernels = s->kernels;
    const size_t from = s->out->k;
    size_t ties = s->k - s->all.taken;
    uint64_t limit = 0;

    if (!few(s)) limit = find_limit(s, x, n, s->k, 0, csgdi_last_key(kernels->type), &ties);
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t count =
            kernels->key_select((const char *)x + i * kernels->size, least(n - i, PIECE), limit,
                                base + (uint32_t)i, PIECE, index, value);
        s->out->k +=
            kernels->key_split(index, value, count, limit, &ties, s->out->index + s->out->k,
                               (char *)s->out->value + s->out->k * kernels->size, rest_index, rest);
    }
    if (kernels->finite(s->all.value, s->out->k - from)) {
        csgdi_bracket_remember(s->bracket, s->kernels->type, limit, s->k);
        return CSGDI_DONE;
    }
    s->out->k = from;
    return CSGDI_NONFINITE;
}

bool csgdi_largest(csgdi_search *s, csgdi_bracket *bracket, const void *x, size_t n, uint32_t base,
                   size_t k, csgdi_sparse *out)
{
    const csgdi_bracket before = *bracket;
    csgdi_outcome outcome = CSGDI_RETRY;

    if (k == 0) return s->kernels->finite(x, n);
    begin(s, bracket, k, out);
    if (csgdi_largest_begin(s, bracket, k, out)) outcome = pass(s, x, n, base);
    if (outcome == CSGDI_RETRY && !few(s) && n > SAMPLE_MOST) {
        csgdi_bracket_guess(bracket, s->kernels, x, n, k, s->band, s->band_room, s->counts);
        csgdi_largest_begin(s, bracket, k, out);
        outcome = pass(s, x, n, base);
    }
    if (outcome == CSGDI_RETRY) outcome = whole(s, x, n, base);
    if (outcome == CSGDI_NONFINITE) *bracket = before;
    return outcome == CSGDI_DONE;
}
