/* SPDX-License-Identifier: BSD-3-Clause */

/* simd_codes.h: slots that turn floats into fewer bits and back, and the sums and ranges that they
 * need, over vectors of sixteen lanes.
 *
 * Included once for each instruction set, after its _wide.h, where the vectors are: F of sixteen
 * floats, U of sixteen 32-bit integers, functions f_ and u_ on them.
 *
 * Why these give ref's bits: what is said in simd_impl.h, and each lane that takes a random word
 * is the lane that computed it.  Fast loops are over groups of sixty-four elements; what comes before
 * the first whole group and after the last is handed to ref.
 */

#include "kernels/hash.h"

#define REF(name) csgdi_ref_f32_##name

/* Without an optimizer the library's is the faster one, and there is none but that for NEON. */
static uint64_t f32_hash(const void *bytes, size_t len, uint64_t seed)
{
#if defined __AVX2__ && defined __OPTIMIZE__
    return XXH3_64bits_withSeed(bytes, len, seed);
#else
    return csgdi_library_hash(bytes, len, seed);
#endif
}

/* --- random words --- */

enum { GROUP = 64 };

/* The keys of the rounds, and the words of a tile: elements 32 k + lane and 32 k + 16 + lane have the
 * halves of word[k]. */
typedef struct schedule {
    uint32_t key[20];
    uint64_t tile; /* as an index plus one; 0: none */
    U word[32];
} schedule;

static inline void keys_of(const csgdi_random *random, uint32_t key[20])
{
    for (unsigned i = 0; i < 20; i++)
        key[i] = random->key[i % 2] + i / 2 * (i % 2 == 0 ? 0x9E3779B9u : 0xBB67AE85u);
}

static inline void schedule_init(schedule *s, const csgdi_random *random)
{
    s->tile = 0;
    if (random != NULL) keys_of(random, s->key);
}

/* Not inlined: it would take the registers of the loops that seldom call it. */
static __attribute__((noinline)) void schedule_words(schedule *s, const csgdi_random *random,
                                                     uint64_t tile)
{
    U pair[8], (*w)[4] = (U(*)[4])s->word;

    u_philox(s->key, random->high, CSGDI_PHILOX_HALVES_ROUNDS, tile * 32, w);
#pragma GCC unroll 8
    for (unsigned c = 0; c < 8; c++) {
        pair[c] = u_xor(s->word[c], s->word[(c + 1) % 8]);
#pragma GCC unroll 3
        for (unsigned g = 1; g < 4; g++)
            s->word[8 * g + c] = u_xor(pair[c], s->word[(c + 1 + g) % 8]);
    }
    s->tile = tile + 1;
}

/* The random words of the group-th sixty-four elements, one of sixteen in each. */
static inline __attribute__((always_inline)) void
group_words(schedule *s, const csgdi_random *random, uint64_t group, U word[4])
{
    if (random == NULL) { /* all are 2^15 */
        word[0] = word[1] = word[2] = word[3] = u_all(1u << 15);
        return;
    }
    if (s->tile != group / (CSGDI_TILE / GROUP) + 1)
        schedule_words(s, random, group / (CSGDI_TILE / GROUP));
    const U *pair = s->word + group % (CSGDI_TILE / GROUP) * 2;
    word[0] = u_and(pair[0], u_all(0xffff));
    word[1] = u_right(pair[0], 16);
    word[2] = u_and(pair[1], u_all(0xffff));
    word[3] = u_right(pair[1], 16);
}

static void f32_random_tiles(const csgdi_random *random, uint64_t tile, uint32_t words[128])
{
    uint32_t key[20];
    U word[2][4];

    keys_of(random, key);
    u_philox(key, random->high, CSGDI_PHILOX_ROUNDS, tile * 16, word);
    memcpy(words, word, sizeof word);
}

/* How many elements there are before the first group that begins at or after `first`. */
static inline size_t before_group(uint64_t first, size_t n)
{
    const size_t before = (size_t)(-first % GROUP);
    return before < n ? before : n;
}

/* Blocks are encoded one after the other, each read from memory by whoever finds its range: while
 * codes are computed memory would rest.  So the block that follows is prefetched, which reads
 * nothing that is not there; this many elements ahead. */
static inline size_t block_ahead(size_t n)
{
    return n <= CSGDI_BLOCK ? n : 0;
}

static inline void prefetch(const float *a, size_t ahead)
{
    __builtin_prefetch(a + ahead);
}

/* --- sums --- */

static double f32_abs_sum(const void *x, size_t n)
{
    const float *a = x;
    double s[CSGDI_LANES];
    sums row = sums_zero();
    size_t i = 0;

    for (; n - i >= 64; i += 64)
        row = sums_add(row, f_plus(f_plus(f_abs(f_load(a + i)), f_abs(f_load(a + i + 16))),
                                   f_plus(f_abs(f_load(a + i + 32)), f_abs(f_load(a + i + 48)))));
    if (i == n) return sums_total(row);
    sums_store(s, row);
    for (; i < n; i++)
        s[i % CSGDI_LANES] += fabs((double)a[i]);
    return csgdi_lanes_total(s);
}

static double f32_sign_encode(const void *x, size_t n, uint8_t *bits)
{
    const float *a = x;
    double s[CSGDI_LANES];
    sums row = sums_zero();
    const size_t ahead = block_ahead(n);
    size_t i = 0;

    for (; n - i >= 64; i += 64) {
        const F v[4] = {f_load(a + i), f_load(a + i + 16), f_load(a + i + 32), f_load(a + i + 48)};
        const uint32_t word[2] = {f_nonnegative(v[0]) | f_nonnegative(v[1]) << 16,
                                  f_nonnegative(v[2]) | f_nonnegative(v[3]) << 16};
        row = sums_add(row,
                       f_plus(f_plus(f_abs(v[0]), f_abs(v[1])), f_plus(f_abs(v[2]), f_abs(v[3]))));
        memcpy(bits + i / 8, word, sizeof word);
#pragma GCC unroll 4
        for (size_t g = 0; g < 4; g++)
            prefetch(a + i + 16 * g, ahead);
    }
    if (i == n) return sums_total(row);
    REF(sign_pack)(a + i, n - i, bits + i / 8);
    sums_store(s, row);
    for (; i < n; i++)
        s[i % CSGDI_LANES] += fabs((double)a[i]);
    return csgdi_lanes_total(s);
}

static void f32_sign_sums(const void *x, size_t n, double sum[2])
{
    const float *a = x;
    double plus[CSGDI_LANES], minus[CSGDI_LANES];
    sums rows[2] = {sums_zero(), sums_zero()};
    size_t i = 0;

    for (; n - i >= 64; i += 64) {
        F up[4], down[4];
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++)
            f_split(f_load(a + i + 16 * g), &up[g], &down[g]);
        rows[0] = sums_add(rows[0], f_plus(f_plus(up[0], up[1]), f_plus(up[2], up[3])));
        rows[1] = sums_add(rows[1], f_plus(f_plus(down[0], down[1]), f_plus(down[2], down[3])));
    }
    if (i == n) {
        sum[0] = sums_total(rows[0]);
        sum[1] = sums_total(rows[1]);
        return;
    }
    sums_store(plus, rows[0]);
    sums_store(minus, rows[1]);
    for (; i < n; i++) {
        plus[i % CSGDI_LANES] += a[i] >= 0 ? fabs((double)a[i]) : 0;
        minus[i % CSGDI_LANES] += a[i] >= 0 ? 0 : fabs((double)a[i]);
    }
    sum[0] = csgdi_lanes_total(plus);
    sum[1] = csgdi_lanes_total(minus);
}

/* --- ranges --- */

static double key_value(uint32_t key)
{
    float value;

    memcpy(&value, &key, sizeof value);
    return (double)value;
}

static double f32_abs_max(const void *x, size_t n)
{
    const float *a = x;
    U most[4] = {u_all(0), u_all(0), u_all(0), u_all(0)};
    size_t i = 0;

    for (; n - i >= 64; i += 64)
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++)
            most[g] = u_max(most[g], f_keys(f_load(a + i + 16 * g)));
    const double value = key_value(u_most(u_max(u_max(most[0], most[1]), u_max(most[2], most[3]))));
    if (i == n) return value;
    const float both[2] = {(float)value, (float)REF(abs_max)(a + i, n - i)};
    return REF(abs_max)(both, 2);
}

static bool f32_min_max(const void *x, size_t n, double range[2])
{
    const float *a = x;
    double rest[2];
    size_t i = 32;

    if (n < 32) return REF(min_max)(x, n, range);
    F least[2] = {f_load(a), f_load(a + 16)}, most[2] = {least[0], least[1]};
    U keys = u_max(f_keys(least[0]), f_keys(least[1]));
    for (; n - i >= 32; i += 32) {
        const F v[2] = {f_load(a + i), f_load(a + i + 16)};
        least[0] = f_min(least[0], v[0]);
        least[1] = f_min(least[1], v[1]);
        most[0] = f_max(most[0], v[0]);
        most[1] = f_max(most[1], v[1]);
        keys = u_max(keys, u_max(f_keys(v[0]), f_keys(v[1])));
    }
    range[0] = (double)f_least(f_min(least[0], least[1])) + 0.0; /* -0 + 0 is 0 */
    range[1] = (double)f_most(f_max(most[0], most[1])) + 0.0;
    bool finite = u_most(keys) < 0x7f800000u;
    if (i < n) {
        finite = REF(min_max)(a + i, n - i, rest) && finite;
        range[0] = rest[0] < range[0] ? rest[0] : range[0];
        range[1] = rest[1] > range[1] ? rest[1] : range[1];
    }
    return finite;
}

/* --- levels of a grid --- */

/* What is left of sixteen elements, and what comes next. */
static inline void put_rest(const csgdi_leave *left, bool past, size_t i, F rest)
{
    float *to = (float *)left->y + i;

    if (past)
        f_stream(to, rest);
    else
        f_store(to, rest);
    if (left->next[0] != NULL) prefetch((const float *)left->next[0] + i, 0);
    if (left->next[1] != NULL) prefetch((const float *)left->next[1] + i, 0);
    if (left->next[2] != NULL) prefetch((const float *)left->next[2] + i, 0);
}

static inline bool streams(const csgdi_leave *left, size_t i)
{
    return left->past && (uintptr_t)((float *)left->y + i) % sizeof(F) == 0;
}

/* left: NULL, or where what is left goes; zero: whether least is 0. */
static inline __attribute__((always_inline)) void
quantize_groups(const float *a, size_t n, const csgdi_grid *grid, unsigned bits, bool zero,
                const csgdi_random *random, uint64_t first, uint8_t *codes, const csgdi_leave *left)
{
    const F base = f_all((float)grid->base), by = f_all((float)grid->scale * 0x1p16f);
    const F unit = f_all((float)grid->unit);
    const F most = f_all((float)(grid->least + (int)grid->levels - 1) * 0x1p16f);
    const U least = u_all((uint32_t)grid->least);
    const limits limit = limits_of(grid->least, (int)grid->levels);
    const size_t ahead = block_ahead(n);
    size_t i = isfinite((float)grid->scale * 0x1p16f) ? before_group(first, n) : n;
    const bool past = left != NULL && streams(left, i);
    schedule s;

    schedule_init(&s, random);
    if (i > 0 && left != NULL)
        REF(quantize_leave)(a, i, grid, random, first, codes, left);
    else if (i > 0)
        REF(quantize)(a, i, grid, random, first, codes);
    for (; n - i >= GROUP; i += GROUP) {
        uint8_t *to = codes + i / 8 * bits;
        _Alignas(64) uint8_t code[GROUP];
        U word[4];
        H half[2];

        group_words(&s, random, (first + i) / GROUP, word);
#pragma GCC unroll 2
        for (unsigned h = 0; h < 2; h++) {
            U sum[2];
#pragma GCC unroll 2
            for (unsigned g = 0; g < 2; g++) {
                /* 2^16 v at once: where that differs from 2^16 times v, both round to 0.  NaN, and what
                 * is far below, become the least integer. */
                const float *from = a + i + 32 * h + 16 * g;
                const F v = f_times(f_minus(f_load(from), base), by);
                sum[g] = u_plus(f_nearest(f_min(most, v)), word[2 * h + g]);
                if (left == NULL) prefetch(from, ahead);
            }
            half[h] = h_codes(sum[0], sum[1], &limit, zero);
        }
        const U bytes = u_bytes_of(half[0], half[1], &limit);
        u_pack(bytes, bits, to, (size_t)(codes + n / 8 * bits - to));
        if (left == NULL) continue;
        if (bits < 8) u_pack(bytes, 8, code, sizeof code);
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++) {
            const U q = u_load8((bits < 8 ? code : to) + 16 * g);
            const F level = f_times(unit, u_number(zero ? q : u_plus(q, least)));
            put_rest(left, past, i + 16 * g, f_minus(f_load(a + i + 16 * g), f_plus(base, level)));
        }
    }
    if (i < n && left != NULL) {
        const csgdi_leave end = csgdi_leave_at(left, i, sizeof *a);
        REF(quantize_leave)(a + i, n - i, grid, random, first + i, codes + i / 8 * bits, &end);
    } else if (i < n) {
        REF(quantize)(a + i, n - i, grid, random, first + i, codes + i / 8 * bits);
    }
}

/* With what decides within the loop known to the compiler where int.c asks for two of its numbers of
 * bits. */
static inline __attribute__((always_inline)) void
quantize_bits(const float *a, size_t n, const csgdi_grid *grid, const csgdi_random *random,
              uint64_t first, uint8_t *codes, const csgdi_leave *left)
{
    if (grid->bits == 8 && grid->least == 0)
        quantize_groups(a, n, grid, 8, true, random, first, codes, left);
    else if (grid->bits == 4 && grid->least == 0)
        quantize_groups(a, n, grid, 4, true, random, first, codes, left);
    else
        quantize_groups(a, n, grid, grid->bits, false, random, first, codes, left);
}

static void f32_quantize(const void *x, size_t n, const csgdi_grid *grid,
                         const csgdi_random *random, uint64_t first, uint8_t *codes)
{
    quantize_bits(x, n, grid, random, first, codes, NULL);
}

static void f32_quantize_leave(const void *x, size_t n, const csgdi_grid *grid,
                               const csgdi_random *random, uint64_t first, uint8_t *codes,
                               const csgdi_leave *left)
{
    quantize_bits(x, n, grid, random, first, codes, left);
}

static inline void put(float *y, csgdi_mode mode, F v)
{
    if (mode == CSGDI_ADD)
        v = f_plus(f_load(y), v);
    else if (mode == CSGDI_SUB)
        v = f_minus(f_load(y), v);
    f_store(y, v);
}

static void f32_dequantize(const uint8_t *codes, size_t n, const csgdi_grid *grid, csgdi_mode mode,
                           void *y)
{
    float *b = y;
    const unsigned bits = grid->bits;
    const unpacker all = unpacker_of(bits);
    const F base = f_all((float)grid->base), unit = f_all((float)grid->unit);
    const U least = u_all((uint32_t)grid->least);
    size_t i = 0;

    for (; n - i >= 16 + all.beyond; i += 16) {
        const U code = u_plus(u_unpack(codes + i / 8 * bits, &all), least);
        put(b + i, mode, f_plus(base, f_times(unit, u_number(code))));
    }
    if (i < n) REF(dequantize)(codes + i / 8 * bits, n - i, grid, mode, b + i);
}

#include "kernels/simd_floats.h"

#undef REF
