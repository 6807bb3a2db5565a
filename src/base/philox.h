/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_PHILOX_H
#define CSGDI_PHILOX_H

/* philox.h: counter-based random numbers, Philox4x32.
 *
 * Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).  A block
 * of four words is a pure function of a key and a counter, so any rank, thread or instruction
 * set computes any element's number alone and gets the same bits.
 *
 * libcsgd's use of the 64 + 128 bits:
 *
 *     key      seed
 *     counter  block index (64 bits) | step (32 low bits) | stream (8) and tensor (24)
 *
 * where element i takes word i % 4 of block i / 4, after ten rounds, which the authors recommend.
 *
 * Where 16 bits are enough, to round by chance, words are made after seven rounds, the fewest with
 * which the authors found all of BigCrush passed (the other three are their margin), and four times
 * as many as that by sums modulo 2.  Of eight words w0 .. w7,
 *
 *     v(8 g + c) = w(c) ^ w(c + 1) ^ w(c + 1 + g),   g = 0 .. 3, c = 0 .. 7, indices modulo 8:
 *
 * for g = 0 the eight, then sums of three.  All are different sums of an odd number of words, so no
 * two and no three of them add up to 0, and any three are as independent as three of the eight (a
 * code of distance 4: Joffe 1974; Alon, Babai, Itai 1986).  Each element alone has a uniform word, so
 * means, variances and the bounds of E|C(x) - x|^2 are what they are; any two elements are
 * uncorrelated, so the variance of any linear function of a vector is what words of their own give
 * it; only what four or more do together may differ.  A word of its own for every two elements was the
 * largest part of a quantizer's time.
 *
 * Each v is two halves of 16 bits.  They come in tiles of 1024: element i = 1024 t + 32 k + j takes half
 * j / 16 (0: the low one) of v(k), where w0 .. w3 are the words of block 32 t + j % 16, and w4 .. w7
 * those of block 32 t + 16 + j % 16.  So sixteen blocks computed side by side, one a lane, are the
 * words of sixteen neighbours many times over, without moving anything between lanes.
 */

#include <stdint.h>

/* What a number is for.  Shared streams are equal on all ranks; rank streams add the rank to the
 * key, so they differ. */
typedef enum csgdi_stream {
    CSGDI_STREAM_MASK = 1,     /* shared: random supports */
    CSGDI_STREAM_NOISE = 2,    /* shared: artificial noise */
    CSGDI_STREAM_SAMPLE = 3,   /* rank: sampled thresholds, private supports */
    CSGDI_STREAM_ROUNDING = 4, /* rank: stochastic rounding */
    CSGDI_STREAM_OWNER = 5     /* rank: rounding of a sum by the rank that owns that part of it */
} csgdi_stream;

enum { CSGDI_PHILOX_ROUNDS = 10, CSGDI_PHILOX_HALVES_ROUNDS = 7 };

/* out[0..4) = Philox4x32-10 of the counter under the key; and with that many rounds. */
void csgdi_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);
void csgdi_philox_rounds(unsigned rounds, const uint32_t key[2], const uint32_t counter[4],
                         uint32_t out[4]);

/* The generator of one use: key and the fixed part of the counter. */
typedef struct csgdi_random {
    uint32_t key[2];
    uint32_t high[2]; /* counter words 2 and 3 */
} csgdi_random;

/* For shared streams pass rank = 0. */
csgdi_random csgdi_random_make(uint64_t seed, csgdi_stream stream, uint32_t rank, uint32_t tensor,
                               uint64_t step);

/* out[0..4) = words of elements 4 * block .. 4 * block + 3. */
void csgdi_random_block(const csgdi_random *random, uint64_t block, uint32_t out[4]);

enum { CSGDI_TILE = 1024 };

/* The 16 bits of element i. */
uint16_t csgdi_random_half(const csgdi_random *random, uint64_t i);

/* out[0..CSGDI_TILE) = the 16 bits of elements CSGDI_TILE * tile and following. */
void csgdi_random_tile(const csgdi_random *random, uint64_t tile, uint16_t out[CSGDI_TILE]);

#endif
