/* SPDX-License-Identifier: BSD-3-Clause */

/* through.c: see through.h. */

#include "support/test.h"

#include "compressors/through.h"
#include "oracle/oracle.h"
#include "wire/header.h"

csgd_compressor *through_create(const char *spec, csgd_type type, size_t n)
{
    csgd_compressor *c;
    char text[128];

    snprintf(text, sizeof text, "%s type=%s", spec, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(text, n, &c));
    return c;
}

void through(csgd_compressor *c, const double *x, double *y)
{
    const csgd_type type = c->core.kernels->type;
    const size_t n = c->core.n, cap = csgd_compressor_bound(c);
    void *raw = malloc(n * c->core.kernels->size + 1);
    uint8_t *message = malloc(cap);
    size_t len;

    oracle_store(type, x, n, raw);
    assert_ok(csgd_compressor_compress(c, raw, message, cap, &len));
    assert_ok(csgd_compressor_decompress(c, message, len, raw));
    oracle_load(type, raw, n, y);
    free(message);
    free(raw);
}

void through_once(const char *spec, csgd_type type, const double *x, size_t n, double *y)
{
    csgd_compressor *c = through_create(spec, type, n);

    through(c, x, y);
    csgd_compressor_destroy(&c);
}

size_t through_payload(csgd_compressor *c, const double *x, uint8_t *payload, size_t cap)
{
    const size_t n = c->core.n, bound = csgd_compressor_bound(c);
    void *raw = malloc(n * c->core.kernels->size + 1);
    uint8_t *message = malloc(bound);
    size_t len;

    oracle_store(c->core.kernels->type, x, n, raw);
    assert_ok(csgd_compressor_set_step(c, 0));
    assert_ok(csgd_compressor_compress(c, raw, message, bound, &len));
    len -= CSGDI_HEADER_BYTES;
    assert_true(len <= cap);
    memcpy(payload, message + CSGDI_HEADER_BYTES, len);
    free(message);
    free(raw);
    return len;
}

csgd_status through_judge(csgd_compressor *c, const uint8_t *payload, size_t len, double *y)
{
    const csgdi_header h = {.compressor = c->core.ops->wire_id,
                            .type = c->core.kernels->type,
                            .n = c->core.n,
                            .payload = len};
    void *raw = malloc(c->core.n * c->core.kernels->size + 1);
    uint8_t *message = malloc(CSGDI_HEADER_BYTES + len);
    csgd_status st;

    memcpy(message + CSGDI_HEADER_BYTES, payload, len);
    csgdi_header_write(&h, message);
    st = csgd_compressor_decompress(c, message, CSGDI_HEADER_BYTES + len, raw);
    if (st == CSGD_OK && y != NULL) oracle_load(h.type, raw, c->core.n, y);
    free(message);
    free(raw);
    return st;
}

void through_refused(csgd_compressor *c, uint8_t *payload, size_t len, size_t at,
                     const void *replaced, size_t size, const char *words)
{
    uint8_t kept[16];

    assert_true(size <= sizeof kept && at + size <= len);
    memcpy(kept, payload + at, size);
    memcpy(payload + at, replaced, size);
    assert_fails(through_judge(c, payload, len, NULL), CSGD_E_CORRUPT, words);
    memcpy(payload + at, kept, size);
    assert_ok(through_judge(c, payload, len, NULL));
}
