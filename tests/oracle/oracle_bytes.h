/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_BYTES_H
#define CSGD_ORACLE_BYTES_H

/* oracle_bytes.h: bytes as one string of bits, bit i being bit i % 8 of byte i / 8, read one number
 * after the other; and the numbers of IEEE 754, by arithmetic. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>

typedef struct oracle_bytes {
    const uint8_t *bytes;
    uint64_t bits, at; /* there are, read */
    bool failed;       /* more was asked for than there is, or the caller found a fault */
} oracle_bytes;

/* The next `count` <= 64 bits as a number, lowest bit first; 0 past the end. */
uint64_t oracle_take(oracle_bytes *r, unsigned count);

/* Zeros to a multiple of so many bits; fails on others. */
void oracle_fill(oracle_bytes *r, unsigned multiple);

/* Two's complement of 16 bits. */
int oracle_int16(oracle_bytes *r);

/* A number of a type, infinity and NaN among them; and one that must be finite. */
double oracle_number(oracle_bytes *r, csgd_type type);
double oracle_finite(oracle_bytes *r, csgd_type type);

/* The nearest number of a type of 16 bits, ties to even: NaN stays NaN, and what is too large
 * becomes infinite. */
double oracle_narrow(csgd_type type, double v);

/* To and from arrays of any type.  Doubles must be of the type. */
void oracle_put(csgd_type type, const double *from, size_t n, void *to);
void oracle_get(csgd_type type, const void *from, size_t n, double *to);

#endif
