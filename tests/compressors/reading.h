/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_READING_H
#define CSGD_READING_H

/* reading.h: a message read by the library and by the oracle's decoder, whose verdicts must agree. */

#include "compressors/cases.h"
#include "oracle/oracle_decode.h"

/* A message of one case, type and n, and what reads it. */
typedef struct reading {
    char spec[128];
    oracle_expected expected;
    csgd_compressor *c;
    uint8_t *message;
    size_t cap, len;
    void *raw;            /* what the library makes of it, */
    double *mine, *yours; /* the same, and what the oracle makes of it */
    uint64_t random;
    size_t good, bad; /* verdicts */
} reading;

enum { READING_HEADER = 48 };

void reading_open(reading *r, const compressor_case *about, csgd_type type, size_t n);
void reading_close(reading *r);

/* The next of its random words. */
uint64_t reading_random(reading *r);

/* The message of a gradient at a step. */
void reading_write(reading *r, uint64_t step);

/* Judge `len` bytes, in memory of just that length, both ways, and compare verdicts and vectors;
 * whether they are a message. */
bool reading_agree(reading *r, const uint8_t *bytes, size_t len, const char *what);

/* The same once the length in the header and the hash are made right, of at least a header. */
bool reading_forged(reading *r, uint8_t *bytes, size_t len, const char *what);

#endif
