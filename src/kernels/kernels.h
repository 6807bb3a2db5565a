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

enum { CSGDI_BLOCK = 4096, CSGDI_LANES = 16 };

/* What to do with a decoded value. */
typedef enum csgdi_mode { CSGDI_SET, CSGDI_ADD, CSGDI_SUB } csgdi_mode;

typedef struct csgdi_kernels {
    const char *isa; /* "ref", "avx2", "avx512" */
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

    /* --- one block: n <= CSGDI_BLOCK --- */

    double (*abs_sum)(const void *x, size_t n);    /* sum of |x[i]| */
    double (*square_sum)(const void *x, size_t n); /* sum of x[i]^2, squared in double */

    /* --- sign --- */

    /* Bit i % 8 of bits[i / 8] is 1 where x[i] >= 0 (so for -0.0), 0 below and
     * for NaN.  All ceil(n / 8) bytes are written, unused high bits zero. */
    void (*sign_pack)(const void *x, size_t n, uint8_t *bits);

    /* y[i] = or += or -= scale where bit i is 1, -scale where it is 0; scale is rounded to the
     * element type first. */
    void (*sign_apply)(const uint8_t *bits, size_t n, double scale, csgdi_mode mode, void *y);

    /* --- selection by magnitude ---
     * The key of an element is its bit pattern without the sign bit, as an integer: it orders
     * finite values by magnitude, above them infinity, above that NaN. */

    /* For each x[i] with key >> (shift + bits) == prefix: counts[(key >> shift) % 2^bits] += 1.
     * shift + bits <= 63. */
    void (*key_histogram)(const void *x, size_t n, unsigned shift, unsigned bits, uint64_t prefix,
                          uint64_t *counts);

    /* Append each i with key > limit, and the first *ties of those with key == limit, in order of
     * i: index[j] = base + i, value[j] = x[i].  *ties goes down by those taken.  Returns how many
     * were appended, never more than room: it stops before the one that would not fit. */
    size_t (*key_select)(const void *x, size_t n, uint64_t limit, size_t *ties, uint32_t base,
                         size_t room, uint32_t *index, void *value);

    /* y[index[j]] = or += or -= value[j] for j < k, in order of j.  Every index is in range. */
    void (*scatter)(const uint32_t *index, const void *value, size_t k, csgdi_mode mode, void *y);

    /* value[j] = x[index[j]] for j < k, or where factor is not NULL x[index[j]] * factor[j], the
     * product taken in double and rounded to the element type.  Every index is in range. */
    void (*gather)(const uint32_t *index, const double *factor, size_t k, const void *x,
                   void *value);

    /* --- quantizing ---
     * On a scale m >= 0 there are the 2 s + 1 values q / s * m with q = -s .. s and s =
     * 2^(bits - 1) - 1, 2 <= bits <= 8.  The code of q is q + s.  Codes follow each other bit by
     * bit, low bits first: bit b of all is bit b % 8 of byte b / 8, so eight codes take `bits`
     * bytes. */

    /* The |x[i]| with the largest key, 0 where n is 0. */
    double (*abs_max)(const void *x, size_t n);

    /* The codes of x[0..n), all |x[i]| <= m, in ceil(n bits / 8) bytes, unused high bits zero.
     * |q| is the integer part of |x[i]| / m * s + w / 2^32, computed in double in this order; w
     * is the word of element first + i, first a multiple of 4.  Where m is 0, q is. */
    void (*quantize)(const void *x, size_t n, double m, unsigned bits, const csgdi_random *random,
                     uint64_t first, uint8_t *codes);

    /* y[i] = or += or -= q / s * m, computed in double in this order and rounded to the element
     * type first.  Any codes are taken. */
    void (*dequantize)(const uint8_t *codes, size_t n, double m, unsigned bits, csgdi_mode mode,
                       void *y);
} csgdi_kernels;

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

#endif
