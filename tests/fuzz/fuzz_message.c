/* SPDX-License-Identifier: BSD-3-Clause */

/* fuzz_message.c: messages of one compressor, whose specs FUZZ_SPECS lists.
 *
 *     byte 0   bits 0..2 n | bit 3 type | bits 4..5 what follows | bits 6..7 step
 *     byte 1   spec
 *     byte 2   bits 0..2 address of the message | bits 3..4 instruction set
 *     then     0, 1   a payload, which is filled up with zeros to a multiple of 8
 *              2      u16 and bytes that lie over a good payload from there on
 *              3      a whole message
 *
 * But for the last the header and its hash are made right: what is judged is the compressor's.
 * A refused message leaves y as it was.  One that passes decodes to the same bits by every
 * instruction set, and adds and subtracts what it sets. */

#include <string.h>
#include "base/bytes.h"
#include "compressors/compressor.h"
#include "fuzz/fuzz.h"
#include "wire/header.h"

enum { CHOICES = 3, TYPES = 2 };
enum { OVERLAY = 2, WHOLE = 3 };

static const char *const specs[] = {FUZZ_SPECS};
static const size_t sizes[] = {0, 1, 7, 64, 1000, 4097};

/* A compressor, vectors of exactly its n, and a message of its own. */
typedef struct subject {
    csgd_compressor *c;
    size_t n, bytes;
    char *start, *y, *z; /* start: what y is before, never -0 */
    uint8_t *good;
    size_t good_len;
} subject;

/* --- elements of either type --- */

static void put(const subject *s, void *v, size_t i, double value)
{
    if (s->c->core.type == CSGD_F64)
        ((double *)v)[i] = value;
    else
        ((float *)v)[i] = (float)value;
}

static void put_noise(const subject *s, void *v)
{
    for (size_t i = 0; i < s->n; i++)
        put(s, v, i, (double)((uint32_t)(i + 1) * 2654435761u) * 0x1p-31 - 1);
}

/* --- subjects --- */

static void subject_open(subject *s, const char *spec, const char *type, size_t n)
{
    char text[256];

    snprintf(text, sizeof text, "%s type=%s", spec, type);
    fuzz_require(csgd_compressor_create(text, n, &s->c) == CSGD_OK);
    s->n = n;
    s->bytes = n * csgd_type_size(s->c->core.type);
    s->start = fuzz_block(s->bytes);
    s->y = fuzz_block(s->bytes);
    s->z = fuzz_block(s->bytes);
    s->good = fuzz_block(csgd_compressor_bound(s->c));
    put_noise(s, s->y);
    fuzz_require(csgd_compressor_compress(s->c, s->y, s->good, csgd_compressor_bound(s->c),
                                          &s->good_len) == CSGD_OK);
    for (size_t i = 0; i < n; i++)
        put(s, s->start, i, 1 + (double)(i % 7) / 8);
    memcpy(s->y, s->start, s->bytes);
}

static void subject_close(subject *s)
{
    csgd_compressor_destroy(&s->c);
    free(s->start);
    free(s->y);
    free(s->z);
    free(s->good);
}

/* Made once, kept for ever. */
static subject *subject_of(const uint8_t *choice)
{
    static const char *const types[TYPES] = {"f32", "f64"};
    static subject subjects[FUZZ_COUNT(specs)][TYPES][FUZZ_COUNT(sizes)];
    const size_t spec = choice[1] % FUZZ_COUNT(specs), type = choice[0] >> 3 & 1;
    const size_t size = (choice[0] & 7) % FUZZ_COUNT(sizes);
    subject *s = &subjects[spec][type][size];

    if (s->c == NULL) subject_open(s, specs[spec], types[type], sizes[size]);
    return s;
}

/* --- one message --- */

/* The same compressor with the kernels of another instruction set. */
static csgdi_compressor twin_of(const csgdi_compressor *c, unsigned choice)
{
    const char *isa = csgdi_kernels_isa(choice);
    const csgdi_kernels *kernels = csgdi_kernels_find(isa != NULL ? isa : "ref", c->kernels->type);
    csgdi_compressor twin = *c;

    if (kernels != NULL) twin.kernels = kernels;
    return twin;
}

static bool is_sum32(size_t n, const float *y, const float *a, float sign, const float *b)
{
    bool all = true;

    for (size_t i = 0; i < n; i++) {
        const float sum = a[i] + sign * b[i];
        all &= (y[i] == sum) | ((y[i] != y[i]) & (sum != sum));
    }
    return all;
}

static bool is_sum64(size_t n, const double *y, const double *a, double sign, const double *b)
{
    bool all = true;

    for (size_t i = 0; i < n; i++) {
        const double sum = a[i] + sign * b[i];
        all &= (y[i] == sum) | ((y[i] != y[i]) & (sum != sum));
    }
    return all;
}

/* y is start and the vector z, added or subtracted once in the element type. */
static bool is_sum(const subject *s, int sign)
{
    if (s->c->core.type == CSGD_F64)
        return is_sum64(s->n, (void *)s->y, (void *)s->start, sign, (void *)s->z);
    return is_sum32(s->n, (void *)s->y, (void *)s->start, (float)sign, (void *)s->z);
}

/* y holds what was decoded already. */
static void apply(subject *s, const uint8_t *message, unsigned isa)
{
    const csgdi_compressor twin = twin_of(&s->c->core, isa);

    memset(s->z, 0xee, s->bytes);
    csgdi_message_apply(&twin, message, CSGDI_SET, s->z);
    fuzz_require(memcmp(s->y, s->z, s->bytes) == 0);
    if (FUZZ_FINITE) fuzz_require(twin.kernels->finite(s->z, s->n));

    memcpy(s->y, s->start, s->bytes);
    csgdi_message_apply(&twin, message, CSGDI_ADD, s->y);
    /* A projection may add up what it is made of in another order. */
    if (twin.ops->family != CSGDI_PROJECT) fuzz_require(is_sum(s, 1));
    memcpy(s->y, s->start, s->bytes);
    csgdi_message_apply(&s->c->core, message, CSGDI_SUB, s->y);
    if (twin.ops->family != CSGDI_PROJECT) fuzz_require(is_sum(s, -1));
    memcpy(s->y, s->start, s->bytes);
}

static void judge(subject *s, const uint8_t *message, size_t len, unsigned isa)
{
    const csgd_status st = csgd_compressor_decompress(s->c, message, len, s->y);

    fuzz_require(st == CSGD_OK || st == CSGD_E_CORRUPT || st == CSGD_E_VERSION);
    if (st == CSGD_OK)
        apply(s, message, isa);
    else
        fuzz_require(memcmp(s->y, s->start, s->bytes) == 0);
}

static void frame(const subject *s, uint64_t step, uint8_t *message, size_t payload)
{
    csgdi_compressor c = s->c->core;

    c.step = step;
    (void)csgdi_message_frame(&c, message, payload);
}

/* Write the message that an input stands for, and return its length.  message NULL: the length. */
static size_t message_of(const subject *s, const uint8_t *data, size_t size, uint8_t *message)
{
    const uint64_t step = (uint64_t)(data[0] >> 6) * 0x0102030405060708;
    const unsigned what = data[0] >> 4 & 3;
    const uint8_t *body = data + CHOICES;
    const size_t len = size - CHOICES;
    size_t payload = csgdi_round8(len);

    if (what == WHOLE) {
        if (message != NULL && len > 0) memcpy(message, body, len);
        return len;
    }
    if (what == OVERLAY) payload = s->good_len - CSGDI_HEADER_BYTES;
    if (message == NULL) return CSGDI_HEADER_BYTES + payload;

    if (what == OVERLAY) {
        const size_t at = len < 2 ? payload : csgdi_load16(body) % (payload + 1);
        const size_t count = len < 2 ? 0 : len - 2;
        memcpy(message, s->good, s->good_len);
        if (count > 0)
            memcpy(message + CSGDI_HEADER_BYTES + at, body + 2,
                   count < payload - at ? count : payload - at);
    } else {
        memset(message + CSGDI_HEADER_BYTES, 0, payload);
        if (len > 0) memcpy(message + CSGDI_HEADER_BYTES, body, len);
    }
    frame(s, step, message, payload);
    return CSGDI_HEADER_BYTES + payload;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *block, *message;
    size_t shift, len;
    subject *s;

    if (size < CHOICES) return 0;
    s = subject_of(data);
    shift = data[2] & 7;
    len = message_of(s, data, size, NULL);
    block = fuzz_block(shift + len);
    message = block + shift;
    (void)message_of(s, data, size, message);
    judge(s, message, len, data[2] >> 3 & 3);
    free(block);
    return 0;
}

/* --- seeds: what the compressor writes, as payload, as the good message itself and whole --- */

size_t fuzz_seed(size_t i, uint8_t *dst)
{
    const size_t per_spec = TYPES * FUZZ_COUNT(sizes);
    const size_t header = CSGDI_HEADER_BYTES;
    static const uint8_t kinds[] = {0, OVERLAY, WHOLE};
    const unsigned what = kinds[i / per_spec % FUZZ_COUNT(kinds)];
    const subject *s;

    if (i >= FUZZ_COUNT(kinds) * per_spec * FUZZ_COUNT(specs)) return 0;
    dst[0] = (uint8_t)(i % FUZZ_COUNT(sizes) | i / FUZZ_COUNT(sizes) % TYPES << 3 | what << 4);
    dst[1] = (uint8_t)(i / per_spec / FUZZ_COUNT(kinds));
    dst[2] = (uint8_t)(i * 5);
    s = subject_of(dst);
    if (what == OVERLAY) {
        csgdi_store16(dst + CHOICES, 0);
        return CHOICES + 2;
    }
    if (what == WHOLE) {
        memcpy(dst + CHOICES, s->good, s->good_len);
        return CHOICES + s->good_len;
    }
    memcpy(dst + CHOICES, s->good + header, s->good_len - header);
    return CHOICES + s->good_len - header;
}

/* --- large --- */

enum { LARGE_N = 1000000, LARGE_PAYLOAD = 1 << 20 };

typedef struct large {
    subject s;
    const uint8_t *message;
    size_t len;
} large;

static void decode_large(void *arg)
{
    large *l = arg;

    if (csgd_compressor_decompress(l->s.c, l->message, l->len, l->s.y) == CSGD_OK)
        (void)csgd_compressor_decompress_add(l->s.c, l->message, l->len, l->s.z);
}

static void run_large(large *l, const char *what, const uint8_t *message, size_t len)
{
    l->message = message;
    l->len = len;
    fuzz_linear(what, 2 * (l->s.bytes + len), decode_large, l);
}

static void large_spec(const char *spec, const char *type)
{
    uint8_t *garbage = fuzz_block(CSGDI_HEADER_BYTES + LARGE_PAYLOAD);
    large l;

    for (size_t i = 0; i < CSGDI_HEADER_BYTES + LARGE_PAYLOAD; i++)
        garbage[i] = (uint8_t)(i * 0x9e3779b9 >> 13);
    subject_open(&l.s, spec, type, LARGE_N);
    memset(l.s.z, 0, l.s.bytes);
    run_large(&l, "garbage", garbage, LARGE_PAYLOAD);
    frame(&l.s, 0, garbage, LARGE_PAYLOAD);
    run_large(&l, "a garbage payload", garbage, CSGDI_HEADER_BYTES + LARGE_PAYLOAD);
    frame(&l.s, 0, garbage, 8);
    run_large(&l, "a tiny message", garbage, CSGDI_HEADER_BYTES + 8);
    run_large(&l, "a good message", l.s.good, l.s.good_len);
    /* All that follows the first words is garbage: where a count stands it still holds. */
    for (size_t i = CSGDI_HEADER_BYTES + 16; i < l.s.good_len; i++)
        l.s.good[i] = (uint8_t)(i * 0x9e3779b9 >> 13);
    frame(&l.s, 0, l.s.good, l.s.good_len - CSGDI_HEADER_BYTES);
    run_large(&l, "a good beginning", l.s.good, l.s.good_len);
    subject_close(&l.s);
    free(garbage);
}

void fuzz_large(void)
{
    for (size_t i = 0; i < FUZZ_COUNT(specs); i++) {
        large_spec(specs[i], "f32");
        large_spec(specs[i], "f64");
    }
}
