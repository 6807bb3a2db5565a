/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_KERNELS_H
#define CSGDI_KERNELS_H

/* kernels.h: every loop over elements, in a table, so that the rest of the library knows neither
 * element types nor instruction sets.
 *
 * There is one table per (instruction set, element type).  `ref` is the specification: plain C,
 * always built, always runnable.  The others start as a copy of it and override slots; each slot
 * returns the same bits as ref's for every input, which the kernel tests prove.  One translation
 * unit per instruction set, its flags on that file only.
 *
 * Rules for a slot.  n may be 0.  No slot reads or writes past n elements.  Pointers need the
 * alignment of the element type only.  Buffers do not overlap unless the comment says so.
 *
 * Sums over elements.  The order of addition is part of the specification:
 *   - a block is at most CSGDI_BLOCK elements, and is summed in double by sixteen strided partial
 *     sums: s[i % 16] += term(x[i]) for i = 0, 1, 2, ...;
 *   - they are added as a tree: s[j] += s[j + 8] for j < 8, then + 4, + 2, + 1;
 *   - blocks are added pairwise by csgdi_sum_blocks() below, whatever the table.
 *
 * NaN.  Where arithmetic gives NaN, only that it does is specified, not its sign and payload,
 * which a compiler may change by swapping operands.  Values that are copied keep every bit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>
#include "base/philox.h"
#include "kernels/terms.h"

enum { CSGDI_BLOCK = 4096, CSGDI_LANES = 16 };

/* What to do with a decoded value. */
typedef enum csgdi_mode { CSGDI_SET, CSGDI_ADD, CSGDI_SUB } csgdi_mode;

/* Evenly spaced levels: base + unit * (least + code), code = 0 .. levels - 1. */
typedef struct csgdi_grid {
    double base, unit;
    double scale;    /* about 1 / unit; 0 where unit is */
    int least;       /* 0, or negative where base lies inside */
    unsigned levels; /* 2 .. 256 */
    unsigned bits;   /* of a code: 1 .. 8, levels <= 2^bits */
} csgdi_grid;

typedef enum csgdi_half { CSGDI_BF16, CSGDI_F16 } csgdi_half;

/* Where a slot that encodes x puts what the codes leave out of it. */
typedef struct csgdi_leave {
    void *y;             /* n elements, which may be x itself */
    bool past;           /* y past the caches as stream() does, with stream_end() to follow */
    const void *next[3]; /* n elements each that are read next, so prefetched meanwhile; or NULL */
    const double *range; /* what min_max() said of x, which is finite; NULL: not yet asked */
} csgdi_leave;

/* A hash in the making. */
typedef struct csgdi_hash {
    _Alignas(64) unsigned char state[640];
} csgdi_hash;

typedef struct csgdi_kernels {
    const char *isa; /* "ref", "avx2", "avx512", "neon" */
    csgd_type type;
    size_t size; /* bytes of an element */

    /* --- whole vectors --- */

    /* No NaN and no infinity among x[0..n). */
    bool (*finite)(const void *x, size_t n);

    /* y[i] += x[i]. */
    void (*add)(const void *x, size_t n, void *y);

    /* y[i] -= x[i]. */
    void (*sub)(const void *x, size_t n, void *y);

    /* m[i] = g[i] + e[i], and whether all m[i] are finite.  m may be g or e. */
    bool (*add_finite)(const void *g, const void *e, size_t n, void *m);

    /* The same with r * e[i], the product taken in double and rounded to the element type
     * before it is added. */
    bool (*add_scaled_finite)(const void *g, double r, const void *e, size_t n, void *m);

    /* m[i] = g[i] + (a * d[i] - b * e[i]), each product taken in double and rounded to the element
     * type before the difference, and whether all m[i] are finite.  m may be g. */
    bool (*add_pair_finite)(const void *g, double a, const void *d, double b, const void *e,
                            size_t n, void *m);

    /* m[i] = g[i] + (d[i] + r * (d[i] - e[i])), each operation in the element type and r rounded to
     * it, and whether all m[i] are finite.  m may be g. */
    bool (*add_echo_finite)(const void *g, double r, const void *d, const void *e, size_t n,
                            void *m);

    /* --- one block: n <= CSGDI_BLOCK --- */

    double (*square_sum)(const void *x, size_t n); /* sum of x[i]^2, squared in double */

    /* Sum of |x[i]|.  Whole groups of 64 first: s[j] += (|x[j]| + |x[j + 16]|) + (|x[j + 32]| +
     * |x[j + 48]|), the bracket in the element type; then the rest, element by element. */
    double (*abs_sum)(const void *x, size_t n);

    /* sum[0] of |x[i]| over x[i] >= 0, sum[1] over the others, in the order of abs_sum, where an
     * element that a sum leaves out counts as 0. */
    void (*sign_sums)(const void *x, size_t n, double sum[2]);

    /* --- sign --- */

    /* Bit i % 8 of bits[i / 8] is 1 where x[i] >= 0 (so for -0.0), 0 below and
     * for NaN.  All ceil(n / 8) bytes are written, unused high bits zero. */
    void (*sign_pack)(const void *x, size_t n, uint8_t *bits);

    /* y[i] = or += or -= value[bit i], both values rounded to the element type first. */
    void (*sign_apply)(const uint8_t *bits, size_t n, const double value[2], csgdi_mode mode,
                       void *y);

    /* abs_sum and sign_pack at once. */
    double (*sign_encode)(const void *x, size_t n, uint8_t *bits);

    /* left->y[i] = x[i] - value[bit i], as sign_apply subtracts. */
    void (*sign_leave)(const uint8_t *bits, size_t n, const double value[2], const void *x,
                       const csgdi_leave *left);

    /* --- selection by magnitude ---
     * The key of an element is its bit pattern without the sign bit, as an integer: it orders
     * finite values by magnitude, above them infinity, above that NaN. */

    /* For each x[i] with key >> (shift + bits) == prefix: counts[(key >> shift) % 2^bits] += 1.
     * shift + bits <= 63. */
    void (*key_histogram)(const void *x, size_t n, unsigned shift, unsigned bits, uint64_t prefix,
                          uint64_t *counts);

    /* Append each i with key >= limit, in order of i: index[j] = base + i, value[j] = x[i].  Returns
     * how many were appended, never more than room: it stops before the one that would not fit.
     * index and value have space for CSGDI_LANES entries after room, and what they hold after
     * those appended is undefined. */
    size_t (*key_select)(const void *x, size_t n, uint64_t limit, uint32_t base, size_t room,
                         uint32_t *index, void *value);

    /* The same, and what is appended becomes 0 in x. */
    size_t (*key_cut)(void *x, size_t n, uint64_t limit, uint32_t base, size_t room,
                      uint32_t *index, void *value);

    /* m = the sum of the terms as csgdi_terms_add() makes it and stream() writes it, but 0 where the
     * key of the sum is >= limit: such sums are appended as key_select() does.  Returns how many were,
     * or any number above room where they are more: then m, index and value are undefined.  m is none
     * of the terms, and limit not above infinity's key: of a NaN that was computed no more is known. */
    size_t (*add_cut)(const csgdi_terms *terms, size_t n, uint64_t limit, uint32_t base,
                      size_t room, uint32_t *index, void *value, void *m);

    /* Append the x[i] with key < limit to value, in order of i, and return how many they are.  value
     * has space for n, and what it holds after them is undefined. */
    size_t (*key_under)(const void *x, size_t n, uint64_t limit, void *value);

    /* Move n entries of index and value apart: those with key > limit, and the first *ties of those
     * with key == limit, to in_index and in_value, the others to out_index and out_value, each in
     * order.  *ties goes down by those moved in.  Returns how many were moved in.  All have space
     * for n, undefined after the entries.  in_index and in_value may also be index and value
     * themselves, or begin before them; then those are undefined after the call. */
    size_t (*key_split)(const uint32_t *index, const void *value, size_t n, uint64_t limit,
                        size_t *ties, uint32_t *in_index, void *in_value, uint32_t *out_index,
                        void *out_value);

    /* The k-th largest key, 1 <= k <= n, and in *ties how many of the k have just that key.
     * Its time is n times the bits of a key: for short vectors. */
    uint64_t (*key_kth)(const void *x, size_t n, size_t k, size_t *ties);

    /* y[index[j]] = or += or -= value[j] for j < k, in order of j.  Every index is in range. */
    void (*scatter)(const uint32_t *index, const void *value, size_t k, csgdi_mode mode, void *y);

    /* value[j] = x[index[j]] for j < k, or where factor is not NULL x[index[j]] * factor[j], the
     * product taken in double and rounded to the element type.  Every index is in range. */
    void (*gather)(const uint32_t *index, const double *factor, size_t k, const void *x,
                   void *value);

    /* y[i] = x[i] in memory that will not be read again soon: past the caches, where whole lines of
     * them are written.  For vectors beyond the last cache: 1.8 times as fast as a copy at 100 MB, a
     * quarter less in chunks of 4096 elements; at 4 MB a copy through the cache is faster. */
    void (*stream)(const void *x, size_t n, void *y);

    /* After the last of them, before another thread may look. */
    void (*stream_end)(void);

    /* XXH3 of 64 bits (xxHash 0.8). */
    uint64_t (*hash)(const void *bytes, size_t len, uint64_t seed);

    /* The same with the seed 0, of all bytes that hash_more() was given after hash_begin().  All three
     * from one table. */
    void (*hash_begin)(csgdi_hash *hash);
    void (*hash_more)(csgdi_hash *hash, const void *bytes, size_t len);
    uint64_t (*hash_end)(const csgdi_hash *hash);

    /* --- gaps between ascending indices, in Rice codes (wire/index_rice.c) ---
     * Gap i is index[i] - index[i - 1] - 1, and there is an index[-1].  Gaps are in groups of four. */

    /* low[g]: the low b bits of the gaps of group g, one after the other from bit 0 on; b <= 14. */
    void (*gap_lows)(const uint32_t *index, size_t groups, unsigned b, uint64_t *low);

    /* unary[g]: the gaps >> b of group g, b <= 31, each as so many zeros and a one, from bit 0 on; bits[g]:
     * how many bits that are.  Ones that fall past bit 63 are left out. */
    void (*gap_quotients)(const uint32_t *index, size_t groups, unsigned b, uint64_t *unary,
                          uint32_t *bits);

    /* Random words (philox.h) of the blocks 16 tile .. 16 tile + 31, tile even: words[64 t + 16 w + l]
     * is word w of block 16 (tile + t) + l. */
    void (*random_tiles)(const csgdi_random *random, uint64_t tile, uint32_t words[128]);

    /* --- codes of few bits ---
     * `first` is the element that x begins with, a multiple of 8.  It decides the 16-bit words
     * (philox.h).  Where `random` is NULL all words are 2^15, which rounds to nearest. */

    /* The |x[i]| with the largest key, 0 where n is 0; not below infinity if one is not finite. */
    double (*abs_max)(const void *x, size_t n);

    /* range[0] the least and range[1] the largest of finite x, -0 as 0; 0 and 0 where n is 0.
     * Returns whether all are finite; if not, range is undefined. */
    bool (*min_max)(const void *x, size_t n, double range[2]);

    /* add_finite and min_max of the sums at once. */
    bool (*add_min_max)(const void *g, const void *e, size_t n, void *m, double range[2]);

    /* Codes 0 .. levels - 1 of the grid, `bits` bits each, low bits first: bit b of all is bit
     * b % 8 of byte b / 8, so eight codes take `bits` bytes; unused high bits of the last byte are
     * zero.
     *     v = (x[i] - base) * scale   in the element type, base and scale rounded to it; in double
     *                                 where scale is beyond the element type
     *     t = v 2^16                  v first limited to least .. least + levels - 1, NaN to least;
     *                                 rounded to the nearest integer, ties to even
     *     code = floor((t + word) / 2^16) - least
     * so a code is one of the two levels around v, and the nearer one more often. */
    void (*quantize)(const void *x, size_t n, const csgdi_grid *grid, const csgdi_random *random,
                     uint64_t first, uint8_t *codes);

    /* The same, and left->y[i] = x[i] less what dequantize makes of its code.  All x[i] are finite. */
    void (*quantize_leave)(const void *x, size_t n, const csgdi_grid *grid,
                           const csgdi_random *random, uint64_t first, uint8_t *codes,
                           const csgdi_leave *left);

    /* y[i] = or += or -= base + unit * (code + least), in the element type, base and unit rounded
     * to it, product and sum rounded one after the other.  Any codes are taken. */
    void (*dequantize)(const uint8_t *codes, size_t n, const csgdi_grid *grid, csgdi_mode mode,
                       void *y);

    /* --- 16-bit floats: bfloat16 and binary16 ---
     * scale is a power of two, as is 1 / scale, in the element type.  half need not be aligned. */

    /* half[i] is v = x[i] * scale, a product in the element type and of doubles then rounded to
     * float, to odd.  Where random is NULL, v to the nearest half, ties to even, what is too large
     * to infinity and NaN to the one without sign and with only the highest bit of the mantissa.
     * Otherwise all x[i] are finite, and it is the sign of v with floor(u + word / 2^16) times the
     * distance of halves around v, or the largest finite half if that is smaller: u = |v| over
     * that distance, rounded to a multiple of 2^-16, ties to even, which is all of it but below
     * 2^-14 in binary16. */
    void (*to_half)(const void *x, size_t n, csgdi_half format, double scale,
                    const csgdi_random *random, uint64_t first, void *half);

    /* The same, and left->y[i] = x[i] less what from_half makes of half[i].  All x[i] are finite. */
    void (*to_half_leave)(const void *x, size_t n, csgdi_half format, double scale,
                          const csgdi_random *random, uint64_t first, void *half,
                          const csgdi_leave *left);

    /* y[i] = or += or -= half[i] / scale, a quotient in the element type. */
    void (*from_half)(const void *half, size_t n, csgdi_half format, double scale, csgdi_mode mode,
                      void *y);

    /* --- powers of two ---
     * Code 0 is 0; code 128 s + c, c = 1 .. 127, is (-1)^s 2^(top - 127 + c). */

    /* x[i] to one of the two powers of two around it: of |x[i]| = (1 + p) 2^e, to 2^(e + 1) where
     * the upper 16 bits of p and the word carry.  Below 2^(top - 126) it becomes that power where
     * the upper 16 bits of the quotient of the two and the word carry, 0 else.  Subnormal numbers
     * become 0, and nothing a power beyond the element type.  All |x[i]| <= 2^top, and
     * -126 <= top <= 128, or 1024 for doubles. */
    void (*to_power)(const void *x, size_t n, int top, const csgdi_random *random, uint64_t first,
                     uint8_t *codes);

    /* y[i] = or += or -= the value of a code, 0 for code 128 too.  What is below the normal numbers
     * of the element type is 0, and what is beyond them infinity. */
    void (*from_power)(const uint8_t *codes, size_t n, int top, csgdi_mode mode, void *y);
} csgdi_kernels;

/* The largest magnitude of x, as abs_max() says it.  left: NULL, or with its range where that is known. */
static inline double csgdi_leave_most(const csgdi_kernels *kernels, const void *x, size_t n,
                                      const csgdi_leave *left)
{
    const double *range = left != NULL ? left->range : NULL;

    if (range == NULL) return kernels->abs_max(x, n);
    return -range[0] > range[1] ? -range[0] : range[1];
}

/* The table for a type: the best that this machine runs, or the one that the environment
 * variable CSGD_ISA names (an unknown or unusable name means ref).  Chosen once per process. */
const csgdi_kernels *csgdi_kernels_get(csgd_type type);

/* The table of an instruction set by name; NULL if it is not built or cannot run here. */
const csgdi_kernels *csgdi_kernels_find(const char *isa, csgd_type type);

/* The i-th name of what is built, best first, ending with "ref"; NULL past the last. */
const char *csgdi_kernels_isa(size_t i);

/* Sum of a block slot over any n: blocks of CSGDI_BLOCK from the front, their sums added as a
 * balanced tree whose shape depends on n only. */
double csgdi_sum_blocks(const csgdi_kernels *kernels, double (*slot)(const void *x, size_t n),
                        const void *x, size_t n);

/* Outside of src/kernels use the functions above: all but ref may be missing from a build. */
extern const csgdi_kernels csgdi_kernels_ref_f32, csgdi_kernels_ref_f64;
extern const csgdi_kernels csgdi_kernels_avx2_f32, csgdi_kernels_avx2_f64;
extern const csgdi_kernels csgdi_kernels_avx512_f32, csgdi_kernels_avx512_f64;
extern const csgdi_kernels csgdi_kernels_neon_f32, csgdi_kernels_neon_f64;

#endif
