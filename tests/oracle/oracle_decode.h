/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_DECODE_H
#define CSGD_ORACLE_DECODE_H

/* oracle_decode.h: a second decoder of all compressors' messages, one bit and one double at a time.
 *
 * It is written from the layouts alone, in src/wire/header.h and at the head of each file of
 * src/wire and src/compressors.  Where it cannot be, a layout lacks a sentence.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>
#include "oracle/oracle_bytes.h"

/* What a reader knows beforehand. */
typedef struct oracle_expected {
    const char *compressor;
    csgd_type type; /* of the caller's elements */
    size_t n;
    size_t k;              /* most entries of a sparse stream; randk: entries; powersgd: rank */
    unsigned index, value; /* coders of a sparse stream by number; index 0 is any */
    size_t block;          /* quantizers */
    unsigned bits;         /* qsgd, int */
    bool masked;           /* sign, onebit, int */
    uint64_t seed;         /* randk */
    bool own;              /* randk: support=private */
} oracle_expected;

/* Whether the bytes are such a message.  Then y[0..n) is what it stands for: of the type that is
 * worked on, and rounded to 16 bits where the caller's elements have as many. */
bool oracle_decode(const oracle_expected *e, const uint8_t *bytes, size_t len, double *y);

/* The type that is worked on. */
csgd_type oracle_work(csgd_type type);

/* Codes of blocks of elements, for oracle_decode.c; NULL where a compressor has none. */
typedef void oracle_block(const oracle_expected *e, oracle_bytes *r, size_t b, double *y);
oracle_block *oracle_block_of(const char *compressor);

#endif
