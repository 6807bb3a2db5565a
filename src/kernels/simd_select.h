/* SPDX-License-Identifier: BSD-3-Clause */

/* simd_select.h: selection by magnitude, the part of the template simd_impl.h that moves entries.
 *
 * What is selected is moved together in a register, and the register is stored whole where the
 * next entry belongs: what it writes too much is overwritten by the next, or is the space that
 * the slots ask for.  Nothing here branches on an element where hits are frequent.
 */

/* Vectors that are looked at together, those that are asked together whether they have hits, and from
 * how many hits of a group on, in the mean of the last two or so, none is asked. */
enum { S(GROUP) = 64, S(FEW) = 8, S(MANY) = 3 };

enum { S(AHEAD) = 4096 }; /* bytes */

#define SIMD_ALL ((uint32_t)((UINT64_C(1) << SIMD_LANES) - 1)) /* a bit each */

static void S(key_histogram)(const void *x, size_t n, unsigned shift, unsigned bits,
                             uint64_t prefix, uint64_t *counts)
{
    const SIMD_TYPE *a = x;
    size_t i = 0;

    if (prefix > SIMD_KEY_MAX) return; /* no key begins so */
    /* Past the first round few elements have the prefix: skip the steps that have none. */
    for (; n - i >= 32; i += 32) {
        uint32_t found = 0;
#pragma GCC unroll 8
        for (unsigned j = 0; j < 32; j += SIMD_LANES)
            found |= V(equal)(V(shift)(V(keys)(V(load)(a + i + j)), shift + bits), V(all)(prefix))
                     << j;
        if (found == UINT32_MAX)
            REF(key_histogram)(a + i, 32, shift, bits, prefix, counts);
        else
            for (; found != 0; found &= found - 1)
                REF(key_histogram)(a + i + __builtin_ctz(found), 1, shift, bits, prefix, counts);
    }
    REF(key_histogram)(a + i, n - i, shift, bits, prefix, counts);
}

/* The lanes with key >= limit: it is > limit - 1, be that -1. */
static inline uint32_t S(reach)(SIMD_VECTOR x, uint64_t limit)
{
    return V(above)(V(keys)(x), V(all)(limit - 1));
}

/* Append the hits of one vector; whether there was room for them.  Room or not, a whole vector is
 * written, so what the slots want after room is one vector. */
static inline bool S(take)(SIMD_TYPE *x, bool cut, uint64_t limit, uint32_t first, size_t room,
                           uint32_t *index, SIMD_TYPE *value, size_t *taken)
{
    const SIMD_VECTOR all = V(load)(x);
    const uint32_t hits = S(reach)(all, limit);
    const size_t count = (size_t)__builtin_popcount(hits);

    if (count > room - *taken) return false;
    V(append)(all, hits, first, index + *taken, value + *taken);
    if (cut) V(store)(x, V(choose)(hits, V(all_of)(0), all));
    *taken += count;
    return true;
}

/* Whether a few vectors have hits: their largest keys decide, which takes less than to ask each. */
static inline bool S(any)(const SIMD_TYPE *x, uint64_t limit)
{
    V(key) most = V(keys)(V(load)(x));

#pragma GCC unroll 8
    for (size_t j = 1; j < S(FEW); j++)
        most = V(larger)(most, V(keys)(V(load)(x + j * SIMD_LANES)));
    return V(above)(most, V(all)(limit - 1)) != 0;
}

/* All vectors of a group, without a branch.  What comes later is fetched now: where so much is done
 * with each, a processor does not come far enough ahead to do it by itself. */
static inline __attribute__((always_inline)) size_t S(take_all)(SIMD_TYPE *a, size_t vectors,
                                                                bool cut, uint64_t limit,
                                                                uint32_t first, uint32_t *index,
                                                                SIMD_TYPE *v)
{
    size_t taken = 0;

    for (size_t j = 0; j < vectors; j++) {
        const size_t at = j * SIMD_LANES;
        if (!cut && at * sizeof *a % 64 == 0)
            __builtin_prefetch((const void *)((uintptr_t)(a + at) + S(AHEAD)));
        S(take)(a + at, cut, limit, first + (uint32_t)at, SIZE_MAX, index, v, &taken);
    }
    return taken;
}

/* Where hits are rare, a branch for a few vectors together; it would be guessed wrong too often where
 * they are not. */
static inline __attribute__((always_inline)) size_t S(collect)(SIMD_TYPE *a, size_t n, bool cut,
                                                               uint64_t limit, uint32_t base,
                                                               size_t room, uint32_t *index,
                                                               SIMD_TYPE *v)
{
    size_t taken = 0, recent = 0, i = 0, vectors;

    if (limit > SIMD_KEY_MAX) return 0; /* no key is as large */
    for (; n - i >= SIMD_LANES; i += vectors * SIMD_LANES) {
        const size_t before = taken;
        vectors = (n - i) / SIMD_LANES < S(GROUP) ? (n - i) / SIMD_LANES : S(GROUP);
        if (recent >= 2 * S(MANY) && room - taken >= vectors * SIMD_LANES)
            taken += S(take_all)(a + i, vectors, cut, limit, base + (uint32_t)i, index + taken,
                                 v + taken);
        else
            for (size_t j = 0, end; j < vectors; j = end) {
                end = vectors - j < S(FEW) ? vectors : j + S(FEW);
                if (end - j == S(FEW) && !S(any)(a + i + j * SIMD_LANES, limit)) continue;
                for (; j < end; j++) {
                    const size_t at = i + j * SIMD_LANES;
                    if (S(take)(a + at, cut, limit, base + (uint32_t)at, room, index, v, &taken))
                        continue;
                    i = at;
                    goto rest;
                }
            }
        recent = recent / 2 + (taken - before);
    }
rest: /* ref finds which of a vector's hits still fit */
    return taken + (cut ? REF(key_cut)(a + i, n - i, limit, base + (uint32_t)i, room - taken,
                                       index + taken, v + taken)
                        : REF(key_select)(a + i, n - i, limit, base + (uint32_t)i, room - taken,
                                          index + taken, v + taken));
}

static size_t S(key_select)(const void *x, size_t n, uint64_t limit, uint32_t base, size_t room,
                            uint32_t *index, void *value)
{
    return S(collect)((SIMD_TYPE *)(uintptr_t)x, n, false, limit, base, room, index, value);
}

static size_t S(key_cut)(void *x, size_t n, uint64_t limit, uint32_t base, size_t room,
                         uint32_t *index, void *value)
{
    return S(collect)(x, n, true, limit, base, room, index, value);
}

/* One vector of sums, and how many of it were appended; `dense`, known where this is inlined: without a
 * branch on whether there are any. */
static inline __attribute__((always_inline)) size_t S(sum_vector)(SIMD_VECTOR s, const bool dense,
                                                                  uint64_t limit, uint32_t first,
                                                                  uint32_t *index, SIMD_TYPE *value,
                                                                  SIMD_TYPE *sum)
{
    const uint32_t hits = S(reach)(s, limit);

    if (!dense && hits == 0) {
        V(store)(sum, s);
        return 0;
    }
    V(append)(s, hits, first, index, value);
    V(store)(sum, V(choose)(hits, V(all_of)(0), s));
    return (size_t)__builtin_popcount(hits);
}

/* Ask for what is read a page later: where memory is also written past the caches, it is not read ahead
 * far enough by itself.  Nothing is read beyond the end, a prefetch is a hint. */
static inline __attribute__((always_inline)) void S(read_ahead)(const csgdi_terms *t,
                                                                const csgdi_form form, size_t i)
{
    const uintptr_t ahead = i * sizeof(SIMD_TYPE) + 4096;

    __builtin_prefetch((const void *)((uintptr_t)t->g + ahead));
    __builtin_prefetch((const void *)((uintptr_t)t->d + ahead));
    if (form == CSGDI_FORM_PAIR || form == CSGDI_FORM_ECHO)
        __builtin_prefetch((const void *)((uintptr_t)t->e + ahead));
}

/* The sums from i on. */
static inline __attribute__((always_inline)) SIMD_VECTOR S(sum_at)(const csgdi_terms *t,
                                                                   const csgdi_form form, size_t i)
{
    const SIMD_TYPE *e = t->e;
    const SIMD_VECTOR g = V(load)((const SIMD_TYPE *)t->g + i);
    const SIMD_VECTOR d = V(load)((const SIMD_TYPE *)t->d + i);

    switch (form) {
    case CSGDI_FORM_SCALED:
        return V(plus)(g, V(times)(t->a, d));
    case CSGDI_FORM_PAIR: {
        const SIMD_VECTOR taken = V(times)(t->b, V(load)(e + i));
        return V(plus)(g, V(minus)(V(times)(t->a, d), taken));
    }
    case CSGDI_FORM_ECHO: {
        const SIMD_VECTOR by = V(all_of)((SIMD_TYPE)t->a);
        return V(plus)(g, V(plus)(d, V(product)(by, V(minus)(d, V(load)(e + i)))));
    }
    default:
        return V(plus)(g, d);
    }
}

/* A group of sums stays in the first cache until all of it is made, and then goes past the caches:
 * where loads and such stores take turns vector by vector it takes twice as long.  Where many
 * vectors have hits, of the next group none is asked whether it has.  The form is known where this is
 * inlined. */
static inline __attribute__((always_inline)) size_t
S(cut_sums)(const csgdi_terms t, const csgdi_form form, size_t n, uint64_t limit, uint32_t base,
            size_t room, uint32_t *index, void *value, void *m)
{
    _Alignas(64) SIMD_TYPE group[S(GROUP) * SIMD_LANES];
    SIMD_TYPE *v = value, *sum = m;
    csgdi_terms rest;
    const size_t past = (uintptr_t)sum % 64 / sizeof *sum;
    size_t i = past == 0 ? 0 : 64 / sizeof *sum - past, taken, first, count, j;
    bool dense = false;

    if (n < i || limit > SIMD_KEY_MAX) i = n;
    taken = REF(add_cut)(&t, i, limit, base, room, index, v, sum);
    while (n - i >= SIMD_LANES && taken <= room) {
        first = taken;
        count = (n - i) / SIMD_LANES < S(GROUP) ? (n - i) / SIMD_LANES : S(GROUP);
        count *= SIMD_LANES;
        if (dense && room - taken >= count)
            for (j = 0; j < count; j += SIMD_LANES) {
                S(read_ahead)(&t, form, i + j);
                taken +=
                    S(sum_vector)(S(sum_at)(&t, form, i + j), true, limit, base + (uint32_t)(i + j),
                                  index + taken, v + taken, group + j);
            }
        else
            for (j = 0; j < count && taken <= room; j += SIMD_LANES) {
                S(read_ahead)(&t, form, i + j);
                taken +=
                    S(sum_vector)(S(sum_at)(&t, form, i + j), false, limit,
                                  base + (uint32_t)(i + j), index + taken, v + taken, group + j);
            }
        dense = taken - first >= count / SIMD_LANES / 4;
        for (size_t done = 0; done < j; done += SIMD_LANES)
            V(stream)(sum + i + done, V(load)(group + done));
        i += j;
    }
    if (taken > room) return taken;
    rest = csgdi_terms_at(&t, i, sizeof *sum);
    return taken + REF(add_cut)(&rest, n - i, limit, base + (uint32_t)i, room - taken,
                                index + taken, v + taken, sum + i);
}

static size_t S(add_cut)(const csgdi_terms *terms, size_t n, uint64_t limit, uint32_t base,
                         size_t room, uint32_t *index, void *value, void *m)
{
    switch (terms->form) {
    case CSGDI_FORM_SCALED:
        return S(cut_sums)(*terms, CSGDI_FORM_SCALED, n, limit, base, room, index, value, m);
    case CSGDI_FORM_PAIR:
        return S(cut_sums)(*terms, CSGDI_FORM_PAIR, n, limit, base, room, index, value, m);
    case CSGDI_FORM_ECHO:
        return S(cut_sums)(*terms, CSGDI_FORM_ECHO, n, limit, base, room, index, value, m);
    default:
        return S(cut_sums)(*terms, CSGDI_FORM_PLAIN, n, limit, base, room, index, value, m);
    }
}

static size_t S(key_under)(const void *x, size_t n, uint64_t limit, void *value)
{
    const SIMD_TYPE *a = x;
    SIMD_TYPE *v = value;
    size_t taken = 0, i = 0;

    if (limit > SIMD_KEY_MAX) limit = (uint64_t)SIMD_KEY_MAX + 1; /* all keys are below */
    for (; n - i >= SIMD_LANES; i += SIMD_LANES) {
        const SIMD_VECTOR all = V(load)(a + i);
        const uint32_t hits = S(reach)(all, limit) ^ SIMD_ALL;
        V(pack)(all, hits, v + taken);
        taken += (size_t)__builtin_popcount(hits);
    }
    return taken + REF(key_under)(a + i, n - i, limit, v + taken);
}

/* In place it is safe: a vector is stored no later in the arrays than where it was loaded. */
static size_t S(key_split)(const uint32_t *index, const void *value, size_t n, uint64_t limit,
                           size_t *ties, uint32_t *in_index, void *in_value, uint32_t *out_index,
                           void *out_value)
{
    const SIMD_TYPE *v = value;
    SIMD_TYPE *in = in_value, *out = out_value;
    size_t taken = 0, left = *ties, i = 0;

    for (; limit <= SIMD_KEY_MAX && n - i >= SIMD_LANES; i += SIMD_LANES) {
        const SIMD_VECTOR all = V(load)(v + i);
        uint32_t tie = V(equal)(V(keys)(all), V(all)(limit));
        uint32_t hits = V(above)(V(keys)(all), V(all)(limit));
        if ((size_t)__builtin_popcount(tie) > left) tie = lowest(tie, left);
        left -= (size_t)__builtin_popcount(tie);
        hits |= tie;
        V(pack_index)(index + i, hits ^ SIMD_ALL, out_index + (i - taken));
        V(pack)(all, hits ^ SIMD_ALL, out + (i - taken));
        V(pack_index)(index + i, hits, in_index + taken);
        V(pack)(all, hits, in + taken);
        taken += (size_t)__builtin_popcount(hits);
    }
    *ties = left;
    return taken + REF(key_split)(index + i, v + i, n - i, limit, ties, in_index + taken,
                                  in + taken, out_index + (i - taken), out + (i - taken));
}

static uint64_t S(key_kth)(const void *x, size_t n, size_t k, size_t *ties)
{
    const SIMD_TYPE *a = x;
    SIMD_TYPE last[SIMD_LANES] = {0}; /* their keys are below all that are tried */
    const size_t whole = n - n % SIMD_LANES;
    uint64_t kth = 0;

    memcpy(last, a + whole, (n - whole) * sizeof *last);
    for (uint64_t bit = (uint64_t)SIMD_KEY_MAX / 2 + 1; bit > 0; bit /= 2) {
        size_t count = (size_t)__builtin_popcount(S(reach)(V(load)(last), kth | bit));
        for (size_t i = 0; i < whole; i += SIMD_LANES)
            count += (size_t)__builtin_popcount(S(reach)(V(load)(a + i), kth | bit));
        if (count >= k) kth |= bit;
    }
    *ties = k;
    if (kth == SIMD_KEY_MAX) return kth;
    *ties -= (size_t)__builtin_popcount(S(reach)(V(load)(last), kth + 1));
    for (size_t i = 0; i < whole; i += SIMD_LANES)
        *ties -= (size_t)__builtin_popcount(S(reach)(V(load)(a + i), kth + 1));
    return kth;
}

static void S(stream)(const void *x, size_t n, void *y)
{
    const SIMD_TYPE *a = x;
    SIMD_TYPE *b = y;
    const size_t past = (uintptr_t)b % 64 / sizeof *b;
    size_t i = past == 0 ? 0 : 64 / sizeof *b - past;

    if (n < i) i = n;
    REF(stream)(a, i, b);
    for (; n - i >= 64 / sizeof *b; i += 64 / sizeof *b)
#pragma GCC unroll 2
        for (size_t j = 0; j < 64 / sizeof *b; j += SIMD_LANES)
            V(stream)(b + i + j, V(load)(a + i + j));
    REF(stream)(a + i, n - i, b + i);
}

static void S(stream_end)(void)
{
    stream_end();
}

#undef SIMD_ALL
