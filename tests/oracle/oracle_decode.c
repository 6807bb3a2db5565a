/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_decode.c: see oracle_decode.h.  What is not well formed fails the reader, wherever it
 * stands; the values decoded until then do not matter. */

#include "oracle/oracle_decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "oracle/oracle.h"
#include "oracle/oracle_sparse.h"

enum { HEADER = 48, AT_HASH = 40, VERSION = 3 };
enum { MASK = 1, SAMPLE = 3 }; /* streams of random words */

csgd_type oracle_work(csgd_type type)
{
    return type == CSGD_F64 ? CSGD_F64 : CSGD_F32;
}

static bool is(const oracle_expected *e, const char *name)
{
    return strcmp(e->compressor, name) == 0;
}

/* --- the header --- */

static unsigned number_of(const char *compressor)
{
    static const char *const names[] = {"none",     "topk",      "sign",     "randk", "threshold",
                                        "qsgd",     "blocktopk", "terngrad", "int",   "onebit",
                                        "majority", "natural",   "bf16",     "f16",   "powersgd"};
    unsigned i = 0;

    while (strcmp(names[i], compressor) != 0)
        i++;
    return i + 1;
}

static bool header(const oracle_expected *e, const uint8_t *bytes, size_t len, uint64_t *step)
{
    oracle_bytes r = {.bytes = bytes, .bits = 8 * (uint64_t)len};
    bool good = oracle_take(&r, 32) == 0x44475343; /* "CSGD" */
    uint64_t hash;

    good &= oracle_take(&r, 16) == VERSION;
    good &= oracle_take(&r, 16) == number_of(e->compressor);
    good &= oracle_take(&r, 32) == (uint64_t)e->type;
    good &= oracle_take(&r, 32) == 0;
    good &= oracle_take(&r, 64) == e->n;
    *step = oracle_take(&r, 64);
    good &= oracle_take(&r, 64) == len - HEADER;
    good &= (len - HEADER) % 8 == 0;
    if (r.failed || !good) return false;
    hash = XXH3_64bits(bytes + HEADER, len - HEADER);
    return oracle_take(&r, 64) == XXH3_64bits_withSeed(bytes, AT_HASH, hash) && !r.failed;
}

/* --- whole payloads --- */

static void none(const oracle_expected *e, oracle_bytes *r, double *y)
{
    for (size_t i = 0; i < e->n; i++)
        y[i] = oracle_number(r, e->type);
}

static void sparse(const oracle_expected *e, oracle_bytes *r, double *y)
{
    const oracle_format format = {.type = oracle_work(e->type),
                                  .index = e->index,
                                  .value = e->value,
                                  .channels = 1,
                                  .n = e->n,
                                  .max_k = e->k};
    oracle_entries entries;

    r->failed =
        !oracle_sparse(&format, r->bytes + r->at / 8, (size_t)(r->bits - r->at) / 8, &entries);
    r->at = r->bits;
    if (r->failed) return;
    for (size_t i = 0; i < e->n; i++)
        y[i] = 0;
    for (size_t j = 0; j < entries.k; j++)
        y[entries.index[j]] = entries.value[j];
    oracle_entries_free(&entries);
}

/* floor(r size / 2^64) by long multiplication, from r's lowest bit: a half at each, rounded down. */
static uint64_t part_of(uint64_t r, uint64_t size)
{
    uint64_t product = 0;

    for (int bit = 0; bit < 64; bit++)
        product = (product + (r >> bit & 1) * size) / 2;
    return product;
}

static void randk(const oracle_expected *e, oracle_bytes *r, uint64_t step, double *y)
{
    for (size_t i = 0; i < e->n; i++)
        y[i] = 0;
    double *value = calloc(e->k + 1, sizeof *value);
    double rank = 0;

    if (value == NULL) abort();
    for (size_t j = 0; j < e->k; j++)
        value[j] = oracle_finite(r, oracle_work(e->type));
    if (e->own) rank = oracle_finite(r, oracle_work(e->type));
    if (rank < 0 || rank >= 1 << 24 || rank != floor(rank)) r->failed = true;
    for (uint64_t j = 0; j < e->k && !r->failed; j++) {
        const uint64_t start = j * e->n / e->k, end = (j + 1) * e->n / e->k;
        const unsigned stream = e->own ? SAMPLE : MASK;
        const uint64_t low = oracle_word(10, e->seed, stream, (uint32_t)rank, step, 2 * j);
        const uint64_t high = oracle_word(10, e->seed, stream, (uint32_t)rank, step, 2 * j + 1);

        y[start + part_of(low + (high << 32), end - start)] = value[j];
    }
    free(value);
}

/* Of one rank: counters of one bit. */
static void majority(const oracle_expected *e, oracle_bytes *r, double *y)
{
    const csgd_type type = oracle_work(e->type);
    const size_t lanes = type == CSGD_F32 ? 24 : 53;

    for (size_t first = 0; first < e->n; first += lanes) {
        double value = oracle_finite(r, type);

        if (r->failed || value < 0 || value != floor(value)) {
            r->failed = true;
            return;
        }
        for (size_t i = first; i < e->n && i < first + lanes; i++) {
            y[i] = fmod(value, 2) == 1 ? 1 : -1;
            value = floor(value / 2);
        }
        if (value != 0) r->failed = true; /* too large, or bits of no element */
    }
}

/* One matrix. */
static void powersgd(const oracle_expected *e, oracle_bytes *r, double *y)
{
    const csgd_type type = oracle_work(e->type);
    const size_t rows = (size_t)floor(sqrt((double)e->n));
    const size_t cols = (size_t)ceil((double)e->n / (double)rows);
    const size_t smaller = rows < cols ? rows : cols, rank = e->k < smaller ? e->k : smaller;
    double *p = calloc(rows * rank + 1, sizeof *p), *q = calloc(cols * rank + 1, sizeof *q);

    if (p == NULL || q == NULL) abort();
    for (size_t i = 0; i < rows * rank; i++)
        p[i] = oracle_finite(r, type);
    for (size_t j = 0; j < cols * rank; j++)
        q[j] = oracle_finite(r, type);
    for (size_t at = 0; at < e->n && !r->failed; at++) {
        y[at] = 0;
        for (size_t k = 0; k < rank; k++)
            y[at] = oracle_round(type, y[at] + oracle_round(type, p[k * rows + at / cols] *
                                                                      q[k * cols + at % cols]));
    }
    free(p);
    free(q);
}

/* --- blocks, each behind its mask if there is one --- */

static void blocks(const oracle_expected *e, oracle_block *block, oracle_bytes *r, double *y)
{
    const size_t length = e->block > 0 ? e->block : 1;
    bool *zero = calloc(length, sizeof *zero);

    if (zero == NULL) abort();
    for (size_t first = 0; first < e->n && !r->failed; first += length) {
        const size_t b = e->n - first < length ? e->n - first : length;

        for (size_t i = 0; i < b && e->masked; i++)
            zero[i] = oracle_take(r, 1) == 0;
        oracle_fill(r, 8);
        block(e, r, b, y + first);
        for (size_t i = 0; i < b; i++)
            if (zero[i]) y[first + i] = 0;
    }
    free(zero);
}

bool oracle_decode(const oracle_expected *e, const uint8_t *bytes, size_t len, double *y)
{
    oracle_bytes r = {.bytes = bytes, .bits = 8 * (uint64_t)len, .at = 8 * HEADER};
    oracle_block *block = oracle_block_of(e->compressor);
    uint64_t step;

    if (len < HEADER || !header(e, bytes, len, &step)) return false;
    if (e->n == 0) return len == HEADER;
    if (is(e, "none"))
        none(e, &r, y);
    else if (is(e, "randk"))
        randk(e, &r, step, y);
    else if (is(e, "majority"))
        majority(e, &r, y);
    else if (is(e, "powersgd"))
        powersgd(e, &r, y);
    else if (block != NULL)
        blocks(e, block, &r, y);
    else
        sparse(e, &r, y);
    oracle_fill(&r, 64);
    if (r.failed || r.at != r.bits) return false;
    for (size_t i = 0; i < e->n && oracle_work(e->type) != e->type; i++)
        y[i] = oracle_narrow(e->type, y[i]);
    return true;
}
