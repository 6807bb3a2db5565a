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

#include "kernels/simd_blocks.h"

/* --- levels of a grid --- */

/* What is left of sixty-four elements, and what comes next: at least two vectors, or the same twice. */
static inline __attribute__((always_inline)) void
put_rest(const csgdi_leave *left, bool past, const float *a, size_t i, const F rest[4])
{
    const float *first = (const float *)left->next[0], *second = (const float *)left->next[1];
    float *to = (float *)left->y + i;

    if (past) {
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++)
            f_stream(to + 16 * g, rest[g]);
    } else {
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++)
            f_store(to + 16 * g, rest[g]);
    }
    first = (first != NULL ? first : a) + i;
    second = (second != NULL ? second : a) + i;
#pragma GCC unroll 4
    for (unsigned g = 0; g < 4; g++) {
        prefetch(first + 16 * g, 0);
        prefetch(second + 16 * g, 0);
    }
    if (left->next[2] == NULL) return;
#pragma GCC unroll 4
    for (unsigned g = 0; g < 4; g++)
        prefetch((const float *)left->next[2] + i + 16 * g, 0);
}

static inline bool streams(const csgdi_leave *left, size_t i)
{
    return left->past && (uintptr_t)((float *)left->y + i) % sizeof(F) == 0;
}

/* zero: whether least is 0; ahead: prefetch the block that follows. */
static inline __attribute__((always_inline)) void
quantize_groups(const float *a, size_t n, const csgdi_grid *grid, unsigned bits, bool zero,
                const csgdi_random *random, uint64_t first, uint8_t *codes, size_t ahead)
{
    const F base = f_all((float)grid->base), by = f_all((float)grid->scale * 0x1p16f);
    const F most = f_all((float)(grid->least + (int)grid->levels - 1) * 0x1p16f);
    const limits limit = limits_of(grid->least, (int)grid->levels);
    size_t i = isfinite((float)grid->scale * 0x1p16f) ? before_group(first, n) : n;
    schedule s;

    schedule_init(&s, random);
    if (i > 0) REF(quantize)(a, i, grid, random, first, codes);
    for (; n - i >= GROUP; i += GROUP) {
        uint8_t *to = codes + i / 8 * bits;
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
                prefetch(from, ahead);
            }
            half[h] = h_codes(sum[0], sum[1], &limit, zero);
        }
        u_pack(u_bytes_of(half[0], half[1], &limit), bits, to, (size_t)(codes + n / 8 * bits - to));
    }
    if (i < n) REF(quantize)(a + i, n - i, grid, random, first + i, codes + i / 8 * bits);
}

/* With what decides within the loop known to the compiler where int.c asks for two of its numbers of
 * bits. */
static void quantize_bits(const float *a, size_t n, const csgdi_grid *grid,
                          const csgdi_random *random, uint64_t first, uint8_t *codes, size_t ahead)
{
    if (grid->bits == 8 && grid->least == 0)
        quantize_groups(a, n, grid, 8, true, random, first, codes, ahead);
    else if (grid->bits == 4 && grid->least == 0)
        quantize_groups(a, n, grid, 4, true, random, first, codes, ahead);
    else
        quantize_groups(a, n, grid, grid->bits, false, random, first, codes, ahead);
}

static void f32_quantize(const void *x, size_t n, const csgdi_grid *grid,
                         const csgdi_random *random, uint64_t first, uint8_t *codes)
{
    quantize_bits(x, n, grid, random, first, codes, block_ahead(n));
}

/* Levels of sixteen codes. */
static inline __attribute__((always_inline)) F levels_of(const uint8_t *codes, const unpacker *all,
                                                         F base, F unit, U least)
{
    return f_plus(base, f_times(unit, u_number(u_plus(u_unpack(codes, all), least))));
}

static inline __attribute__((always_inline)) void leave_levels(const float *a, size_t n,
                                                               const csgdi_grid *grid,
                                                               unsigned bits, const uint8_t *codes,
                                                               const csgdi_leave *left)
{
    const unpacker all = unpacker_of(bits);
    const F base = f_all((float)grid->base), unit = f_all((float)grid->unit);
    const U least = u_all((uint32_t)grid->least);
    const bool past = streams(left, 0);
    size_t i = 0;

    for (; n - i >= GROUP + all.beyond; i += GROUP) {
        F rest[4];
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++)
            rest[g] = f_minus(f_load(a + i + 16 * g),
                              levels_of(codes + (i / 8 + 2 * g) * bits, &all, base, unit, least));
        put_rest(left, past, a, i, rest);
    }
    const csgdi_leave end = csgdi_leave_at(left, i, sizeof *a);
    if (i < n && end.y != a + i) memcpy(end.y, a + i, (n - i) * sizeof *a);
    REF(dequantize)(codes + i / 8 * bits, n - i, grid, CSGDI_SUB, end.y);
}

/* One loop after the other: what one takes from the other's codes would come so late that the processor
 * has no room for what it could do meanwhile, and all of it is in the first cache. */
static void f32_quantize_leave(const void *x, size_t n, const csgdi_grid *grid,
                               const csgdi_random *random, uint64_t first, uint8_t *codes,
                               const csgdi_leave *left)
{
    quantize_bits(x, n, grid, random, first, codes, 0);
    if (grid->bits == 8)
        leave_levels(x, n, grid, 8, codes, left);
    else if (grid->bits == 4)
        leave_levels(x, n, grid, 4, codes, left);
    else
        leave_levels(x, n, grid, grid->bits, codes, left);
}

static inline __attribute__((always_inline)) void put(float *y, csgdi_mode mode, F v)
{
    if (mode == CSGDI_ADD)
        v = f_plus(f_load(y), v);
    else if (mode == CSGDI_SUB)
        v = f_minus(f_load(y), v);
    f_store(y, v);
}

static inline __attribute__((always_inline)) void dequantize_bits(const uint8_t *codes, size_t n,
                                                                  const csgdi_grid *grid,
                                                                  unsigned bits, csgdi_mode mode,
                                                                  float *b)
{
    const unpacker all = unpacker_of(bits);
    const F base = f_all((float)grid->base), unit = f_all((float)grid->unit);
    const U least = u_all((uint32_t)grid->least);
    size_t i = 0;

    for (; n - i >= 32 + all.beyond; i += 32)
#pragma GCC unroll 2
        for (unsigned g = 0; g < 2; g++)
            put(b + i + 16 * g, mode,
                levels_of(codes + (i / 8 + 2 * g) * bits, &all, base, unit, least));
    if (i < n) REF(dequantize)(codes + i / 8 * bits, n - i, grid, mode, b + i);
}

static void f32_dequantize(const uint8_t *codes, size_t n, const csgdi_grid *grid, csgdi_mode mode,
                           void *y)
{
    if (grid->bits == 8 && mode == CSGDI_ADD)
        dequantize_bits(codes, n, grid, 8, CSGDI_ADD, y);
    else if (grid->bits == 4 && mode == CSGDI_ADD)
        dequantize_bits(codes, n, grid, 4, CSGDI_ADD, y);
    else if (grid->bits == 8)
        dequantize_bits(codes, n, grid, 8, mode, y);
    else
        dequantize_bits(codes, n, grid, grid->bits, mode, y);
}

#include "kernels/simd_floats.h"

#undef REF
