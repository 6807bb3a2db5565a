/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_sparse.c: see oracle_sparse.h.  The bytes are read through take(), which knows where they
 * end, so what is too short is found in one place. */

#include "oracle/oracle_sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RAW = 1, RICE = 2, BITMAP = 3 };
enum { F64 = 0, F32 = 1, BF16 = 2, F16 = 3, INT8 = 4, INT4 = 5 };
enum { BLOCK = 256 };

typedef struct reader {
    const uint8_t *bytes;
    uint64_t bits, at; /* there are, read */
    bool failed;
} reader;

/* The next `count` <= 64 bits as a number, lowest bit first. */
static uint64_t take(reader *r, unsigned count)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++, r->at++) {
        if (r->at >= r->bits) {
            r->failed = true;
            return 0;
        }
        value |= (uint64_t)(r->bytes[r->at / 8] >> r->at % 8 & 1) << i;
    }
    return value;
}

/* Zeros to a multiple of 8 bytes. */
static void end_section(reader *r)
{
    while (r->at % 64 != 0 && !r->failed)
        if (take(r, 1) != 0) r->failed = true;
}

/* --- indices --- */

/* A number in unary. */
static uint64_t zeros(reader *r)
{
    uint64_t count = 0;

    while (!r->failed && take(r, 1) == 0)
        count++;
    return count;
}

static void rice(reader *r, size_t k, unsigned b, size_t n, uint32_t *index)
{
    uint64_t *low = calloc(k + 1, sizeof *low);
    uint64_t next = 0;

    if (low == NULL) abort();
    for (size_t j = 0; j < k; j++)
        low[j] = take(r, b);
    for (size_t j = 0; j < k && !r->failed; j++) {
        const uint64_t quotient = zeros(r);
        if (quotient > n) r->failed = true;
        next += r->failed ? 0 : quotient * ((uint64_t)1 << b) + low[j];
        if (next >= n) r->failed = true;
        index[j] = (uint32_t)next;
        next++;
    }
    free(low);
}

static void raw(reader *r, size_t k, size_t n, uint32_t *index)
{
    for (size_t j = 0; j < k; j++) {
        index[j] = (uint32_t)take(r, 32);
        if (index[j] >= n || (j > 0 && index[j] <= index[j - 1])) r->failed = true;
    }
}

static void bitmap(reader *r, size_t k, size_t n, uint32_t *index)
{
    size_t found = 0;

    for (size_t i = 0; i < n && !r->failed; i++)
        if (take(r, 1) == 1) {
            if (found < k) index[found] = (uint32_t)i;
            found++;
        }
    if (found != k) r->failed = true;
}

/* --- values --- */

/* A number of IEEE 754: sign, exponent, mantissa, from the highest bit. */
static double number(reader *r, unsigned exponent_bits, unsigned mantissa_bits)
{
    const uint64_t bits = take(r, 1 + exponent_bits + mantissa_bits);
    const int most = (1 << exponent_bits) - 1;
    const int exponent = (int)(bits >> mantissa_bits & (uint64_t)most);
    const uint64_t mantissa = bits & (((uint64_t)1 << mantissa_bits) - 1);
    const double whole = (double)(mantissa + (exponent > 0 ? (uint64_t)1 << mantissa_bits : 0));
    const int scale = (exponent > 0 ? exponent : 1) - most / 2 - (int)mantissa_bits;

    if (exponent == most) r->failed = true;
    return (bits >> (exponent_bits + mantissa_bits) != 0 ? -1 : 1) * ldexp(whole, scale);
}

static void blocks(reader *r, size_t k, unsigned bits, double *value)
{
    const int s = (1 << (bits - 1)) - 1;

    for (size_t first = 0; first < k && !r->failed; first += BLOCK) {
        const double unit = number(r, 8, 23);

        if (signbit(unit) || isinf((float)(unit * s))) r->failed = true;
        for (size_t j = first; j < k && j < first + BLOCK; j++) {
            const int q = (int)take(r, bits) - s;
            if (q > s || (unit == 0 && q != 0)) r->failed = true;
            value[j] = (double)(float)(unit * q);
        }
        while (r->at % 8 != 0 && !r->failed)
            if (take(r, 1) != 0) r->failed = true;
    }
}

static void values(reader *r, unsigned coder, size_t k, double *value)
{
    if (coder == INT8 || coder == INT4) {
        blocks(r, k, coder == INT8 ? 8 : 4, value);
        return;
    }
    for (size_t j = 0; j < k; j++)
        value[j] = coder == F64    ? number(r, 11, 52)
                   : coder == F32  ? number(r, 8, 23)
                   : coder == BF16 ? number(r, 8, 7)
                                   : number(r, 5, 10);
}

/* --- both --- */

void oracle_entries_free(oracle_entries *entries)
{
    free(entries->index);
    free(entries->value);
}

bool oracle_sparse(const oracle_format *format, const uint8_t *bytes, size_t len,
                   oracle_entries *out)
{
    reader r = {.bytes = bytes, .bits = 8 * (uint64_t)len};
    const size_t k = (size_t)take(&r, 32);
    const unsigned index = (unsigned)take(&r, 8), value = (unsigned)take(&r, 8);
    const unsigned channels = (unsigned)take(&r, 8), parameter = (unsigned)take(&r, 8);

    if (r.failed || k > format->n || k > format->max_k || index < RAW || index > BITMAP ||
        (format->index != 0 && format->index != index) || value != format->value ||
        channels != format->channels || parameter > 31)
        return false;
    if ((index != RICE || k == 0) && parameter != 0) return false;
    out->k = k;
    out->index = calloc(k + 1, sizeof *out->index);
    out->value = calloc(channels * k + 1, sizeof *out->value);
    if (out->index == NULL || out->value == NULL) abort();

    if (index == RAW) raw(&r, k, format->n, out->index);
    if (index == RICE) rice(&r, k, parameter, format->n, out->index);
    if (index == BITMAP) bitmap(&r, k, format->n, out->index);
    end_section(&r);
    for (unsigned c = 0; c < channels && !r.failed; c++)
        values(&r, value, k, out->value + c * k);
    end_section(&r);
    if (!r.failed && r.at == r.bits) return true;
    oracle_entries_free(out);
    return false;
}
