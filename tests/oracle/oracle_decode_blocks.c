/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_decode_blocks.c: quantizers, one block at a time, each after the comment "Payload" in its
 * file. */

#include "oracle/oracle_decode.h"

#include <math.h>
#include <string.h>
#include "oracle/oracle.h"

static void require(oracle_bytes *r, bool claim)
{
    if (!claim) r->failed = true;
}

/* --- one bit --- */

static void bits_of(oracle_bytes *r, size_t b, double zero, double one, double *y)
{
    for (size_t i = 0; i < b; i++)
        y[i] = oracle_take(r, 1) != 0 ? one : zero;
    oracle_fill(r, 8);
}

static void sign(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    const double a = oracle_finite(r, oracle_work(e->type));

    require(r, a >= 0);
    bits_of(r, b, -a, a, y);
}

static void onebit(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    const double minus = oracle_finite(r, oracle_work(e->type));
    const double plus = oracle_finite(r, oracle_work(e->type));

    require(r, minus <= 0 && plus >= 0);
    bits_of(r, b, minus, plus, y);
}

/* --- levels --- */

/* Codes from `least` on of the levels base + q unit, with `count` levels in all. */
static void levels(const oracle_expected *e, oracle_bytes *r, size_t b, double base, double unit,
                   unsigned bits, int least, int count, double *y)
{
    const csgd_type type = oracle_work(e->type);
    const double last = oracle_round(type, unit * (least + count - 1));

    require(r, unit >= 0 && isfinite(oracle_round(type, base + last)));
    for (size_t i = 0; i < b; i++) {
        const int code = (int)oracle_take(r, bits);
        require(r, code < count);
        y[i] = oracle_round(type, base + oracle_round(type, unit * (code + least)));
    }
    oracle_fill(r, 8);
}

static void qsgd(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    const int s = (1 << (e->bits - 1)) - 1;

    levels(e, r, b, 0, oracle_finite(r, oracle_work(e->type)), e->bits, -s, 2 * s + 1, y);
}

static void terngrad(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    levels(e, r, b, 0, oracle_finite(r, oracle_work(e->type)), 2, -1, 3, y);
}

static void integers(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    const double min = oracle_finite(r, oracle_work(e->type));
    const double unit = oracle_finite(r, oracle_work(e->type));

    levels(e, r, b, min, unit, e->bits, 0, 1 << e->bits, y);
}

/* --- powers of two --- */

static void natural(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    const bool wide = oracle_work(e->type) == CSGD_F64;
    const int top = oracle_int16(r), largest = wide ? 1023 : 127, least = wide ? -1022 : -126;

    require(r, top >= -126 && top <= largest + 1);
    for (size_t i = 0; i < b && !r->failed; i++) {
        const int code = (int)oracle_take(r, 8), exponent = top - 127 + code % 128;
        double v = 0;

        require(r, code != 128 && (code % 128 == 0 || exponent <= largest));
        if (code % 128 != 0 && exponent >= least) v = ldexp(1, exponent);
        y[i] = code >= 128 ? -v : v;
    }
}

/* --- 16-bit floats --- */

static void bf16(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    (void)e;
    for (size_t i = 0; i < b; i++)
        y[i] = oracle_finite(r, CSGD_BF16);
}

static void f16(const oracle_expected *e, oracle_bytes *r, size_t b, double *y)
{
    const csgd_type type = oracle_work(e->type);
    const int exponents = type == CSGD_F64 ? 1024 : 128, k = oracle_int16(r);

    require(r, k >= 16 - exponents && k <= exponents - 2);
    for (size_t i = 0; i < b && !r->failed; i++)
        y[i] = oracle_round(type, ldexp(oracle_finite(r, CSGD_F16), -k));
}

static const struct {
    const char *name;
    oracle_block *decode;
} decoders[] = {
    {"sign", sign},    {"onebit", onebit},   {"qsgd", qsgd}, {"terngrad", terngrad},
    {"int", integers}, {"natural", natural}, {"bf16", bf16}, {"f16", f16},
};

oracle_block *oracle_block_of(const char *compressor)
{
    for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++)
        if (strcmp(decoders[i].name, compressor) == 0) return decoders[i].decode;
    return NULL;
}
