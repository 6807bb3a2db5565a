/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_bytes.c: see oracle_bytes.h. */

#include "oracle/oracle_bytes.h"

#include <math.h>
#include <string.h>
#include "oracle/oracle.h"

uint64_t oracle_take(oracle_bytes *r, unsigned count)
{
    uint64_t value = 0;

    if (count > r->bits - r->at) {
        r->at = r->bits;
        r->failed = true;
        return 0;
    }
    for (unsigned i = 0, step; i < count; i += step, r->at += step) {
        const uint64_t whole = r->bytes[r->at / 8];

        step = r->at % 8 == 0 && count - i >= 8 ? 8 : 1;
        value |= (step == 8 ? whole : whole >> r->at % 8 & 1) << i;
    }
    return value;
}

void oracle_fill(oracle_bytes *r, unsigned multiple)
{
    while (r->at % multiple != 0 && !r->failed)
        if (oracle_take(r, 1) != 0) r->failed = true;
}

int oracle_int16(oracle_bytes *r)
{
    const int bits = (int)oracle_take(r, 16);

    return bits < 32768 ? bits : bits - 65536;
}

/* Bits of exponent and of mantissa. */
static void format_of(csgd_type type, unsigned *exponent, unsigned *mantissa)
{
    *exponent = type == CSGD_F64 ? 11 : type == CSGD_F16 ? 5 : 8;
    *mantissa = type == CSGD_F64 ? 52 : type == CSGD_F32 ? 23 : type == CSGD_F16 ? 10 : 7;
}

/* Sign, exponent, mantissa, from the highest bit. */
double oracle_number(oracle_bytes *r, csgd_type type)
{
    unsigned exponent_bits, mantissa_bits;
    uint64_t bits, mantissa;
    int exponent, most;
    double sign;

    format_of(type, &exponent_bits, &mantissa_bits);
    bits = oracle_take(r, 1 + exponent_bits + mantissa_bits);
    mantissa = bits & (((uint64_t)1 << mantissa_bits) - 1);
    most = (1 << exponent_bits) - 1;
    exponent = (int)(bits >> mantissa_bits & (uint64_t)most);
    sign = bits >> (exponent_bits + mantissa_bits) != 0 ? -1 : 1;
    if (exponent == most) return mantissa != 0 ? NAN : sign * INFINITY;
    if (exponent > 0) mantissa += (uint64_t)1 << mantissa_bits;
    return sign *
           ldexp((double)mantissa, (exponent > 0 ? exponent : 1) - most / 2 - (int)mantissa_bits);
}

double oracle_finite(oracle_bytes *r, csgd_type type)
{
    const double v = oracle_number(r, type);

    if (!isfinite(v)) r->failed = true;
    return v;
}

double oracle_narrow(csgd_type type, double v)
{
    const double largest = type == CSGD_F16 ? 65504 : 0x1.fep127;
    const int least = type == CSGD_F16 ? -14 : -126, digits = type == CSGD_F16 ? 10 : 7;
    double step, rounded;

    if (!isfinite(v) || v == 0) return v;
    step = ldexp(1, (ilogb(v) > least ? ilogb(v) : least) - digits);
    rounded = nearbyint(fabs(v) / step) * step;
    return copysign(rounded > largest ? INFINITY : rounded, v);
}

/* The bits of a finite number of a type of 16 bits. */
static uint16_t bits_of(csgd_type type, double v)
{
    const int least = type == CSGD_F16 ? -14 : -126, digits = type == CSGD_F16 ? 10 : 7;
    const int exponent = v != 0 && ilogb(v) > least ? ilogb(v) : least;
    const int mantissa = (int)ldexp(fabs(v), digits - exponent); /* 2^digits more where normal */

    return (uint16_t)(mantissa + (exponent - least) * (1 << digits) + (signbit(v) ? 1 << 15 : 0));
}

void oracle_put(csgd_type type, const double *from, size_t n, void *to)
{
    if (type == CSGD_F32 || type == CSGD_F64) {
        oracle_store(type, from, n, to);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const uint16_t bits = bits_of(type, from[i]);
        memcpy((char *)to + 2 * i, &bits, sizeof bits);
    }
}

void oracle_get(csgd_type type, const void *from, size_t n, double *to)
{
    oracle_bytes r = {.bytes = from, .bits = 8 * (uint64_t)n * csgd_type_size(type)};

    for (size_t i = 0; i < n; i++)
        to[i] = oracle_number(&r, type);
}
