/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_sparse.c: see oracle_sparse.h.  The bytes are read through oracle_take(), which knows where
 * they end, so what is too short is found in one place. */

#include "oracle/oracle_sparse.h"

#include <math.h>
#include <stdlib.h>
#include "oracle/oracle_bytes.h"

enum { RAW = 1, RICE = 2, BITMAP = 3 };
enum { F64 = 0, F32 = 1, BF16 = 2, F16 = 3, INT8 = 4, INT4 = 5 };
enum { BLOCK = 256 };

/* --- indices --- */

/* A number in unary. */
static uint64_t zeros(oracle_bytes *r)
{
    uint64_t count = 0;

    while (!r->failed && oracle_take(r, 1) == 0)
        count++;
    return count;
}

static void rice(oracle_bytes *r, size_t k, unsigned b, size_t n, uint32_t *index)
{
    uint64_t *low = calloc(k + 1, sizeof *low);
    uint64_t next = 0;

    if (low == NULL) abort();
    for (size_t j = 0; j < k; j++)
        low[j] = oracle_take(r, b);
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

static void raw(oracle_bytes *r, size_t k, size_t n, uint32_t *index)
{
    for (size_t j = 0; j < k; j++) {
        index[j] = (uint32_t)oracle_take(r, 32);
        if (index[j] >= n || (j > 0 && index[j] <= index[j - 1])) r->failed = true;
    }
}

static void bitmap(oracle_bytes *r, size_t k, size_t n, uint32_t *index)
{
    size_t found = 0;

    for (size_t i = 0; i < n && !r->failed; i++)
        if (oracle_take(r, 1) == 1) {
            if (found < k) index[found] = (uint32_t)i;
            found++;
        }
    if (found != k) r->failed = true;
}

/* --- values --- */

static void blocks(oracle_bytes *r, size_t k, unsigned bits, double *value)
{
    const int s = (1 << (bits - 1)) - 1;

    for (size_t first = 0; first < k && !r->failed; first += BLOCK) {
        const double unit = oracle_finite(r, CSGD_F32);

        if (signbit(unit) || isinf((float)(unit * s))) r->failed = true;
        for (size_t j = first; j < k && j < first + BLOCK; j++) {
            const int q = (int)oracle_take(r, bits) - s;
            if (q > s || (unit == 0 && q != 0)) r->failed = true;
            value[j] = (double)(float)(unit * q);
        }
        oracle_fill(r, 8);
    }
}

static void values(oracle_bytes *r, unsigned coder, size_t k, double *value)
{
    if (coder == INT8 || coder == INT4) {
        blocks(r, k, coder == INT8 ? 8 : 4, value);
        return;
    }
    for (size_t j = 0; j < k; j++)
        value[j] = oracle_finite(r, coder == F64    ? CSGD_F64
                                    : coder == F32  ? CSGD_F32
                                    : coder == BF16 ? CSGD_BF16
                                                    : CSGD_F16);
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
    oracle_bytes r = {.bytes = bytes, .bits = 8 * (uint64_t)len};
    const size_t k = (size_t)oracle_take(&r, 32);
    const unsigned index = (unsigned)oracle_take(&r, 8), value = (unsigned)oracle_take(&r, 8);
    const unsigned channels = (unsigned)oracle_take(&r, 8),
                   parameter = (unsigned)oracle_take(&r, 8);

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
    oracle_fill(&r, 64);
    for (unsigned c = 0; c < channels && !r.failed; c++)
        values(&r, value, k, out->value + c * k);
    oracle_fill(&r, 64);
    if (!r.failed && r.at == r.bits) return true;
    oracle_entries_free(out);
    return false;
}
