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
 * This fails where fewer than k are candidates, or more than there is room for.  A bracket of
 * the call before is followed by one from a sample, and that by a radix search of the whole vector.
 */

#include "compressors/largest.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    DIGIT = 10,          /* bits that a round of a radix search decides */
    SHORT = 2048,        /* among so few, a search bit by bit is faster */
    BLOCK = 16384,       /* elements of a pass between two looks at their candidates */
    PIECE = 512,         /* entries that are split at once */
    LINE = 16,           /* elements of a sample that lie together */
    SAMPLE_MOST = 65536, /* elements of a sample, a part of k more (1 / SPARE), and of n at most */
    SAMPLE_PART = 256,   /* so much: memory stays a small part of the vector's own */
    SPARE_MOST = 16384,
    SPARE_PART = 1024,
    SPARE = 4
};

uint64_t csgdi_infinity_key(csgd_type type)
{
    return type == CSGD_F32 ? UINT64_C(0x7f800000) : UINT64_C(0x7ff0000000000000);
}

uint64_t csgdi_least_key(csgd_type type, double lambda)
{
    float narrow = INFINITY;
    uint64_t wide_key;
    uint32_t key;

    if (type == CSGD_F64) {
        memcpy(&wide_key, &lambda, sizeof wide_key);
        return wide_key;
    }
    if (lambda <= (double)FLT_MAX) narrow = (float)lambda;
    if ((double)narrow < lambda) narrow = nextafterf(narrow, INFINITY);
    memcpy(&key, &narrow, sizeof key);
    return key;
}

double csgdi_key_value(csgd_type type, uint64_t key)
{
    const uint32_t low = (uint32_t)key;
    double wide;
    float narrow;

    memcpy(&wide, &key, sizeof wide);
    memcpy(&narrow, &low, sizeof narrow);
    return type == CSGD_F64 ? wide : (double)narrow;
}

/* Keys between a number and its double. */
static uint64_t octave(const csgdi_kernels *kernels)
{
    return (uint64_t)1 << (kernels->type == CSGD_F32 ? 23 : 52);
}

static uint64_t last_key(const csgdi_kernels *kernels)
{
    return ((uint64_t)1 << (8 * kernels->size - 1)) - 1;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One more than can be needed where all are candidates: room is never used up then. */
size_t csgdi_largest_spare(size_t n, size_t k)
{
    return least(n - k, k / SPARE + least(n / SPARE_PART, SPARE_MOST)) + 1;
}

bool csgdi_search_create(csgdi_search *s, const csgdi_kernels *kernels, size_t n, size_t k,
                         size_t band, csgdi_arena *arena)
{
    *s = (csgdi_search){.kernels = kernels,
                        .band_room = least(n, k / SPARE + least(n / SAMPLE_PART, SAMPLE_MOST))};
    if (s->band_room < band) s->band_room = band;
    s->counts = csgdi_arena_alloc(arena, (size_t)1 << DIGIT, sizeof *s->counts);
    if (s->counts == NULL) return false;
    s->band = csgdi_arena_alloc(arena, s->band_room, kernels->size);
    return s->band != NULL;
}

/* --- the k-th of a list --- */

/* The key of the k-th largest magnitude, and how many of the k have just that key.  It is known
 * to be from low to high. */
static uint64_t find_limit(const csgdi_search *s, const void *x, size_t n, size_t k, uint64_t low,
                           uint64_t high, size_t *ties)
{
    unsigned shift = 0; /* bits of a key not yet known */
    uint64_t prefix;

    if (n <= SHORT) return s->kernels->key_kth(x, n, k, ties);
    while (low >> shift != high >> shift)
        shift++;
    prefix = low >> shift;
    while (shift > 0) {
        const unsigned bits = shift < DIGIT ? shift : DIGIT;
        size_t bin = (size_t)1 << bits;

        shift -= bits;
        memset(s->counts, 0, bin * sizeof *s->counts);
        s->kernels->key_histogram(x, n, shift, bits, prefix, s->counts);
        while (s->counts[--bin] < k)
            k -= (size_t)s->counts[bin];
        prefix = prefix << bits | bin;
    }
    *ties = k;
    return prefix;
}

uint64_t csgdi_kth_key(csgdi_search *s, const void *x, size_t n, size_t k)
{
    size_t ties;

    return find_limit(s, x, n, k, 0, last_key(s->kernels), &ties);
}

/* --- the bracket --- */

/* Three times as far as the limit has moved lately, and a little. */
static void remember(csgdi_search *s, uint64_t limit, size_t k)
{
    const uint64_t unit = octave(s->kernels);
    csgdi_bracket *b = s->bracket;
    uint64_t moved = unit / 64, margin;

    if (b->low > 0 && b->k == k && b->last > 0) {
        const uint64_t now = limit > b->last ? limit - b->last : b->last - limit;
        moved = b->moved - b->moved / 4;
        if (now > moved) moved = now;
        if (moved > unit / 16) moved = unit / 16;
    }
    margin = 3 * moved + unit / 1024;
    *b = (csgdi_bracket){.low = limit > margin ? limit - margin : 1,
                         .high = limit + margin,
                         .last = limit > 0 ? limit : 1,
                         .moved = moved,
                         .k = k};
    if (b->low > csgdi_infinity_key(s->kernels->type))
        b->low = csgdi_infinity_key(s->kernels->type);
}

/* A bracket from lines spread over x: three standard deviations of the sample's count around its
 * share of k. */
static void guess(csgdi_search *s, const void *x, size_t n, size_t k)
{
    const size_t lines = least(s->band_room, n / 2) / LINE, count = lines * LINE;
    const size_t size = s->kernels->size;
    const double share = (double)k * (double)count / (double)n, spread = 3 * sqrt(share) + 3;
    const uint64_t last = last_key(s->kernels);
    uint64_t low = 1, high = last;
    size_t ties;

    for (size_t j = 0; j < lines; j++)
        memcpy(s->band + j * LINE * size, (const char *)x + n / lines * j * size, LINE * size);
    if (share + spread < (double)count)
        low = find_limit(s, s->band, count, (size_t)(share + spread) + 1, 0, last, &ties);
    if (share - spread >= 1)
        high = find_limit(s, s->band, count, (size_t)(share - spread), 0, last, &ties);
    if (low > csgdi_infinity_key(s->kernels->type)) low = csgdi_infinity_key(s->kernels->type);
    *s->bracket = (csgdi_bracket){.low = low > 0 ? low : 1, .high = high, .k = k};
}

/* --- the pass --- */

static void begin(csgdi_search *s, csgdi_bracket *bracket, size_t k, csgdi_sparse *out)
{
    s->bracket = bracket;
    s->out = out;
    s->k = k;
    s->taken = s->in_band = 0;
    s->low = s->high = 0;
    s->finite = s->fits = true;
}

bool csgdi_largest_begin(csgdi_search *s, csgdi_bracket *bracket, size_t k, csgdi_sparse *out)
{
    if (bracket->low == 0 || bracket->k != k) return false;
    begin(s, bracket, k, out);
    s->low = bracket->low;
    s->high = bracket->high;
    return true;
}

void csgdi_limit_begin(csgdi_search *s, uint64_t limit, size_t k, csgdi_sparse *out)
{
    begin(s, NULL, k, out);
    s->low = limit;
}

static uint32_t *index_at(const csgdi_search *s, size_t j)
{
    return s->out->index + s->out->k + j;
}

static char *value_at(const csgdi_search *s, size_t j)
{
    return (char *)s->out->value + (s->out->k + j) * s->kernels->size;
}

static size_t room_left(const csgdi_search *s)
{
    return s->out->room - s->out->k - s->taken;
}

/* A look at `count` new candidates while they are in the cache. */
static bool taken_more(csgdi_search *s, size_t count)
{
    const char *value = value_at(s, s->taken);

    s->fits = room_left(s) > count;
    s->finite = s->finite && s->kernels->finite(value, count);
    s->taken += count;
    if (s->bracket == NULL) return s->fits;
    if (s->in_band <= s->band_room && count <= s->band_room - s->in_band)
        s->in_band +=
            s->kernels->key_under(value, count, s->high, s->band + s->in_band * s->kernels->size);
    else
        s->in_band = SIZE_MAX; /* no room: all candidates will be searched */
    return s->fits;
}

bool csgdi_largest_chunk(csgdi_search *s, void *x, size_t first, size_t count)
{
    return taken_more(s, s->kernels->key_cut(x, count, s->low, (uint32_t)first, room_left(s),
                                             index_at(s, s->taken), value_at(s, s->taken)));
}

bool csgdi_largest_sums(csgdi_search *s, const void *a, const void *b, size_t first, size_t count,
                        void *m)
{
    return taken_more(s, s->kernels->add_cut(a, b, count, s->low, (uint32_t)first, room_left(s),
                                             index_at(s, s->taken), value_at(s, s->taken), m));
}

/* --- after the pass --- */

/* Keep what is above the limit and `ties` of those at it; the others go back to m, if there is
 * one. */
static void split(csgdi_search *s, uint64_t limit, size_t ties, void *m)
{
    uint32_t index[PIECE];
    double value[PIECE];
    size_t kept = 0;

    for (size_t j = 0; j < s->taken; j += PIECE) {
        const size_t count = least(s->taken - j, PIECE);
        const size_t in = s->kernels->key_split(index_at(s, j), value_at(s, j), count, limit, &ties,
                                                index_at(s, kept), value_at(s, kept), index, value);
        if (m != NULL) s->kernels->scatter(index, value, count - in, CSGDI_SET, m);
        kept += in;
    }
    s->out->k += kept;
}

static csgdi_outcome settle(csgdi_search *s, void *m)
{
    const uint64_t last = last_key(s->kernels);
    uint64_t limit;
    size_t ties;

    if (!s->finite) return CSGDI_NONFINITE;
    if (!s->fits) return CSGDI_RETRY;
    if (s->bracket == NULL) {
        if (s->taken > s->k) return CSGDI_RETRY;
        s->out->k += s->taken;
        return CSGDI_DONE;
    }
    if (s->taken < s->k) return CSGDI_RETRY;
    if (s->in_band > s->taken)
        limit = find_limit(s, value_at(s, 0), s->taken, s->k, 0, last, &ties);
    else if (s->taken - s->in_band < s->k)
        limit = find_limit(s, s->band, s->in_band, s->k - (s->taken - s->in_band), s->low,
                           s->high < last ? s->high : last, &ties);
    else
        limit = find_limit(s, value_at(s, 0), s->taken, s->k, 0, last, &ties);
    split(s, limit, ties, m);
    remember(s, limit, s->k);
    return CSGDI_DONE;
}

uint64_t csgdi_largest_among(csgdi_search *s, size_t count, size_t k, csgdi_sparse *out)
{
    uint64_t limit;
    size_t ties;

    begin(s, NULL, k, out);
    s->taken = count;
    limit = find_limit(s, value_at(s, 0), count, k, 0, last_key(s->kernels), &ties);
    split(s, limit, ties, NULL);
    return limit;
}

csgdi_outcome csgdi_largest_end(csgdi_search *s, void *m)
{
    const csgdi_outcome outcome = settle(s, m);

    if (outcome == CSGDI_DONE) return outcome;
    s->kernels->scatter(index_at(s, 0), value_at(s, 0), s->taken, CSGDI_SET, m);
    if (outcome == CSGDI_RETRY && s->bracket != NULL) s->bracket->low = 0;
    return outcome;
}

/* --- a whole vector --- */

static csgdi_outcome pass(csgdi_search *s, const void *x, size_t n, uint32_t base)
{
    bool more = true;

    for (size_t i = 0; i < n && more; i += BLOCK)
        more = taken_more(s, s->kernels->key_select((const char *)x + i * s->kernels->size,
                                                    least(n - i, BLOCK), s->low, base + (uint32_t)i,
                                                    room_left(s), index_at(s, s->taken),
                                                    value_at(s, s->taken)));
    return settle(s, NULL);
}

/* After a pass that failed: all but zeros were candidates, and they are fewer than k. */
static bool few(const csgdi_search *s)
{
    return s->low == 1 && s->fits && s->taken < s->k;
}

/* Find the limit in all of x, unless it is known to be 0; then take in pieces, so that ties are
 * counted in order. */
static csgdi_outcome whole(csgdi_search *s, const void *x, size_t n, uint32_t base)
{
    uint32_t index[PIECE + CSGDI_LANES], rest_index[PIECE];
    double value[PIECE + CSGDI_LANES], rest[PIECE];
    const csgdi_kernels *kernels = s->kernels;
    const size_t from = s->out->k;
    size_t ties = s->k - s->taken;
    uint64_t limit = 0;

    if (!few(s)) limit = find_limit(s, x, n, s->k, 0, last_key(kernels), &ties);
    s->taken = 0;
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t count =
            kernels->key_select((const char *)x + i * kernels->size, least(n - i, PIECE), limit,
                                base + (uint32_t)i, PIECE, index, value);
        s->out->k += kernels->key_split(index, value, count, limit, &ties, index_at(s, 0),
                                        value_at(s, 0), rest_index, rest);
    }
    if (kernels->finite((char *)s->out->value + from * kernels->size, s->out->k - from)) {
        remember(s, limit, s->k);
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
        guess(s, x, n, k);
        csgdi_largest_begin(s, bracket, k, out);
        outcome = pass(s, x, n, base);
    }
    if (outcome == CSGDI_RETRY) outcome = whole(s, x, n, base);
    if (outcome == CSGDI_NONFINITE) *bracket = before;
    return outcome == CSGDI_DONE;
}
