/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_BITS_H
#define CSGDI_BITS_H

/* bits.h: strings of bits in words of 64, bit i of a string being bit i % 8 of byte i / 8, and ones
 * at ascending places in them, which is what a bitmap and numbers in unary both are. */

#include <stddef.h>
#include <stdint.h>
#include "base/bytes.h"

/* Bits 0 .. bits - 1; bits < 64. */
static inline uint64_t csgdi_low_mask(unsigned bits)
{
    return ((uint64_t)1 << bits) - 1;
}

/* The number of ones: plain C, because not every machine has an instruction for it. */
static inline unsigned csgdi_ones(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)((word * 0x0101010101010101u) >> 56);
}

/* --- writing --- */

/* What is complete is stored, `word` is what follows it. */
typedef struct csgdi_bits {
    uint8_t *dst; /* where word will stand */
    uint64_t word;
    uint64_t at; /* the next bit, from the beginning of word; below 64 between calls */
} csgdi_bits;

static inline void csgdi_bits_flush(csgdi_bits *b)
{
    csgdi_store64(b->dst, b->word);
    b->dst += 8;
    b->word = 0;
}

/* So many zeros and a one. */
static inline void csgdi_bits_unary(csgdi_bits *b, uint64_t zeros)
{
    for (b->at += zeros; b->at >= 64; b->at -= 64)
        csgdi_bits_flush(b);
    b->word |= (uint64_t)1 << b->at;
    if (++b->at == 64) {
        csgdi_bits_flush(b);
        b->at = 0;
    }
}

/* The low `bits` < 64 bits of value, whose others are zero. */
static inline void csgdi_bits_append(csgdi_bits *b, uint64_t value, unsigned bits)
{
    b->word |= value << b->at;
    b->at += bits;
    if (b->at < 64) return;
    csgdi_bits_flush(b);
    b->at -= 64;
    b->word = value >> (bits - b->at);
}

/* Zeros to the end of the word; returns one past it. */
static inline uint8_t *csgdi_bits_end(csgdi_bits *b)
{
    if (b->at > 0) csgdi_bits_flush(b);
    b->at = 0;
    return b->dst;
}

/* The same with bytes that are complete: every append stores 8 bytes at dst, and `word` is what is not
 * complete of them.  No branch asks whether a word is full, which a processor would often guess wrong. */
typedef struct csgdi_byte_bits {
    uint8_t *dst;
    uint64_t word;
    unsigned at;          /* below 8 */
    const uint8_t *first; /* where some word began */
} csgdi_byte_bits;

static inline csgdi_byte_bits csgdi_byte_bits_from(const csgdi_bits *b)
{
    const unsigned at = (unsigned)b->at;

    csgdi_store64(b->dst, b->word);
    return (csgdi_byte_bits){b->dst + at / 8, b->word >> at / 8 * 8, at % 8, b->dst};
}

/* The low `bits` <= 56 bits of value. */
static inline void csgdi_byte_bits_append(csgdi_byte_bits *b, uint64_t value, unsigned bits)
{
    const uint64_t word = b->word | value << b->at;
    const unsigned at = b->at + bits;

    csgdi_store64(b->dst, word);
    b->dst += at / 8;
    b->word = word >> at / 8 * 8;
    b->at = at % 8;
}

static inline csgdi_bits csgdi_byte_bits_to(const csgdi_byte_bits *b)
{
    const unsigned past = (unsigned)(b->dst - b->first) % 8, at = 8 * past + b->at;

    csgdi_store64(b->dst, b->word);
    return (csgdi_bits){.dst = b->dst - past,
                        .word = csgdi_load64(b->dst - past) & csgdi_low_mask(at),
                        .at = at};
}

/* --- reading ones --- */

/* Where reading stands: the word at src, of which the ones that were read are gone. */
typedef struct csgdi_ones_cursor {
    const uint8_t *src;
    uint64_t word;
    uint32_t first; /* of the word, modulo 2^32, as all places are */
} csgdi_ones_cursor;

/* The places of the next `count` ones, all of which exist.  A loop that knows its length runs over
 * the ones of each word: asking after each whether there are more would be slower. */
static inline void csgdi_ones_next(csgdi_ones_cursor *c, size_t count, uint32_t *place)
{
    const uint8_t *src = c->src;
    uint64_t word = c->word;
    uint32_t first = c->first;

    while (count > 0) {
        const size_t ones = csgdi_ones(word), taken = ones < count ? ones : count;
        for (size_t j = 0; j < taken; j++) {
            place[j] = first + (uint32_t)__builtin_ctzll(word);
            word &= word - 1;
        }
        place += taken;
        count -= taken;
        if (count == 0) break;
        src += 8;
        first += 64;
        word = csgdi_load64(src);
    }
    *c = (csgdi_ones_cursor){src, word, first};
}

#endif
