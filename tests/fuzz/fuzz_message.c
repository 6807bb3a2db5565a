/* SPDX-License-Identifier: BSD-3-Clause */

/* fuzz_message.c: messages of one compressor, whose specs FUZZ_SPECS lists.
 *
 *     byte 0   bits 0..2 n | bits 3..4 type | bits 5..6 what follows | bit 7 step
 *     byte 1   spec
 *     byte 2   bits 0..2 address of the message | bits 3..4 instruction set
 *     then     0, 1   a payload, which is filled up with zeros to a multiple of 8
 *              2      u16 and bytes that lie over a good payload from there on
 *              3      a whole message
 *
 * But for the last the header and its hash are made right: what is judged is the compressor's.
 * A refused message leaves the vector as it was.  One that passes adds or subtracts what it sets, and
 * decodes to the same bits by every instruction set.
 *
 * What costs much is done for few inputs, which their hash chooses: large n, and that comparison. */

#include <string.h>
#include <xxhash.h>
#include "base/bytes.h"
#include "compressors/elements.h"
#include "fuzz/fuzz.h"
#include "wire/header.h"

#if FUZZ_PLUGINS
#    include "compressors/plugins.h"
#endif

enum { CHOICES = 3, TYPES = 4 };
enum { OVERLAY = 2, WHOLE = 3 };

static const char *const specs[] = {FUZZ_SPECS};
static const char *const types[TYPES] = {"f32", "f64", "bf16", "f16"};
static const size_t sizes[] = {0, 1, 7, 8, 64, 203, 1000, 4097};
enum { SIZES = FUZZ_COUNT(sizes), LARGE_SIZES = 2, ONE_LARGE_IN = 16, ONE_THOROUGH_IN = 8 };

/* A compressor, vectors of exactly its n, and a message of its own.  Those of the library have the
 * elements that it works on. */
typedef struct subject {
    csgd_compressor *c;
    size_t n, bytes, caller_bytes;
    char *start, *y, *z;  /* the library's; start: what a vector is before, never -0 */
    char *before, *x, *w; /* the caller's; x is `before` between inputs */
    uint8_t *good;
    size_t good_len;
} subject;

/* --- elements of either type that is worked on --- */

static void put(const subject *s, void *v, size_t i, double value)
{
    if (s->c->core.kernels->type == CSGD_F64)
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

static void prepare_plugins(void)
{
#if FUZZ_PLUGINS
    static bool done;

    if (done) return;
    done = true;
    fuzz_require(csgd_plugin_register(&plugins_sign) == CSGD_OK);
    fuzz_require(csgd_plugin_register(&plugins_codes) == CSGD_OK);
    fuzz_require(csgd_plugin_register(&plugins_entries) == CSGD_OK);
#endif
}

static void subject_open(subject *s, const char *spec, const char *type, size_t n)
{
    char text[256];

    prepare_plugins();
    snprintf(text, sizeof text, "%s type=%s", spec, type);
    if (csgd_compressor_create(text, n, &s->c) != CSGD_OK)
        fprintf(stderr, "%s: %s\n", text, csgd_error_detail());
    fuzz_require(s->c != NULL);
    s->n = n;
    s->bytes = n * s->c->core.kernels->size;
    s->caller_bytes = n * csgd_type_size(s->c->core.type);
    s->start = fuzz_block(s->bytes);
    s->y = fuzz_block(s->bytes);
    s->z = fuzz_block(s->bytes);
    s->before = fuzz_block(s->caller_bytes);
    s->x = fuzz_block(s->caller_bytes);
    s->w = fuzz_block(s->caller_bytes);
    s->good = fuzz_block(csgd_compressor_bound(s->c));
    put_noise(s, s->y);
    csgdi_elements_narrow_to(&s->c->core, s->y, n, s->x);
    fuzz_require(csgd_compressor_compress(s->c, s->x, s->good, csgd_compressor_bound(s->c),
                                          &s->good_len) == CSGD_OK);
    for (size_t i = 0; i < n; i++)
        put(s, s->start, i, 1 + (double)(i % 7) / 8); /* a number of every type */
    csgdi_elements_narrow_to(&s->c->core, s->start, n, s->before);
    memcpy(s->x, s->before, s->caller_bytes);
}

static void subject_close(subject *s)
{
    csgd_compressor_destroy(&s->c);
    free(s->start);
    free(s->y);
    free(s->z);
    free(s->before);
    free(s->x);
    free(s->w);
    free(s->good);
}

/* Which n: one of the large ones only where the hash says so. */
static size_t size_of(unsigned choice, uint64_t hash)
{
    const size_t size = choice % SIZES;

    if (size < SIZES - LARGE_SIZES || hash % ONE_LARGE_IN == 0) return size;
    return size - 2 * LARGE_SIZES;
}

/* Made once, kept for ever. */
static subject *subject_of(const uint8_t *choice, uint64_t hash)
{
    static subject subjects[FUZZ_COUNT(specs)][TYPES][SIZES];
    const size_t spec = choice[1] % FUZZ_COUNT(specs), type = choice[0] >> 3 & 3;
    const size_t size = size_of(choice[0], hash);
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
    if (s->c->core.kernels->type == CSGD_F64)
        return is_sum64(s->n, (void *)s->y, (void *)s->start, sign, (void *)s->z);
    return is_sum32(s->n, (void *)s->y, (void *)s->start, (float)sign, (void *)s->z);
}

/* The caller's vector is v of the library's. */
static bool is_narrowed(const subject *s, const char *caller, const char *v)
{
    csgdi_elements_narrow_to(&s->c->core, v, s->n, s->w);
    return memcmp(caller, s->w, s->caller_bytes) == 0;
}

static void accumulate(const subject *s, const csgdi_compressor *c, const uint8_t *message,
                       csgdi_mode mode)
{
    memcpy(s->y, s->start, s->bytes);
    csgdi_message_apply(c, message, mode, s->y);
    /* A projection may add up what it is made of in another order. */
    if (c->ops->family != CSGDI_PROJECT) fuzz_require(is_sum(s, mode == CSGDI_ADD ? 1 : -1));
}

/* x holds what was decoded already. */
static void apply(const subject *s, const uint8_t *message, size_t len, unsigned isa, uint64_t hash)
{
    const csgdi_compressor *c = &s->c->core;
    const bool thorough = hash / ONE_LARGE_IN % ONE_THOROUGH_IN == 0;
    const csgdi_compressor twin = twin_of(c, isa);

    if (thorough || csgdi_elements_narrow(c->type)) {
        memset(s->z, 0xee, s->bytes);
        csgdi_message_apply(thorough ? &twin : c, message, CSGDI_SET, s->z);
        fuzz_require(is_narrowed(s, s->x, s->z));
    } else {
        memcpy(s->z, s->x, s->bytes);
    }
    if (FUZZ_FINITE) fuzz_require(c->kernels->finite(s->z, s->n));

    memcpy(s->x, s->before, s->caller_bytes);
    if (!thorough) {
        accumulate(s, c, message, hash >> 32 & 1 ? CSGDI_ADD : CSGDI_SUB);
        return;
    }
    accumulate(s, c, message, CSGDI_SUB);
    accumulate(s, &twin, message, CSGDI_ADD);
    fuzz_require(csgd_compressor_decompress_add(s->c, message, len, s->x) == CSGD_OK);
    if (c->ops->family != CSGDI_PROJECT) fuzz_require(is_narrowed(s, s->x, s->y));
    memcpy(s->x, s->before, s->caller_bytes);
}

static void judge(const subject *s, const uint8_t *message, size_t len, unsigned isa, uint64_t hash)
{
    const csgd_status st = csgd_compressor_decompress(s->c, message, len, s->x);

    fuzz_require(st == CSGD_OK || st == CSGD_E_CORRUPT || st == CSGD_E_VERSION);
    if (st == CSGD_OK)
        apply(s, message, len, isa, hash);
    else
        fuzz_require(memcmp(s->x, s->before, s->caller_bytes) == 0);
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
    const uint64_t step = (uint64_t)(data[0] >> 7) * 0x0102030405060708;
    const unsigned what = data[0] >> 5 & 3;
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
    uint64_t hash;
    subject *s;

    if (size < CHOICES) return 0;
    hash = XXH64(data, size, 0);
    s = subject_of(data, hash);
    shift = data[2] & 7;
    len = message_of(s, data, size, NULL);
    block = fuzz_block(shift + len);
    message = block + shift;
    (void)message_of(s, data, size, message);
    judge(s, message, len, data[2] >> 3 & 3, hash);
    free(block);
    return 0;
}

/* --- seeds: what the compressor writes, as payload, as the good message itself and whole --- */

/* What follows the choices. */
static size_t seed_body(const subject *s, unsigned what, uint8_t *dst)
{
    const size_t header = CSGDI_HEADER_BYTES;

    if (what == OVERLAY) {
        csgdi_store16(dst, 0);
        return 2;
    }
    if (what == WHOLE) {
        memcpy(dst, s->good, s->good_len);
        return s->good_len;
    }
    memcpy(dst, s->good + header, s->good_len - header);
    return s->good_len - header;
}

/* Of a large n: some input whose hash asks for it. */
size_t fuzz_seed(size_t i, uint8_t *dst)
{
    static const uint8_t kinds[] = {0, OVERLAY, WHOLE};
    const size_t size = i % SIZES, spec = i / SIZES % FUZZ_COUNT(specs);
    const size_t kind = i / SIZES / FUZZ_COUNT(specs) % FUZZ_COUNT(kinds);
    const size_t round = i / SIZES / FUZZ_COUNT(specs) / FUZZ_COUNT(kinds);
    size_t len = 0;

    /* Two types of each, so that neighbours have all. */
    if (round >= 2) return 0;
    dst[0] =
        (uint8_t)(size | (i + spec + kind + 2 * round) % TYPES << 3 | (size_t)kinds[kind] << 5);
    dst[1] = (uint8_t)spec;
    for (unsigned other = 0; other < 256; other++) {
        dst[2] = (uint8_t)(i * 5 + other);
        len = CHOICES + seed_body(subject_of(dst, 0), kinds[kind], dst + CHOICES);
        if (size < SIZES - LARGE_SIZES || XXH64(dst, len, 0) % ONE_LARGE_IN == 0) break;
    }
    return len;
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

    if (csgd_compressor_decompress(l->s.c, l->message, l->len, l->s.x) == CSGD_OK)
        (void)csgd_compressor_decompress_add(l->s.c, l->message, l->len, l->s.w);
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
    memset(l.s.w, 0, l.s.caller_bytes);
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

/* One type a spec: specs that follow each other differ little. */
void fuzz_large(void)
{
    for (size_t i = 0; i < FUZZ_COUNT(specs); i++)
        large_spec(specs[i], types[i % TYPES]);
}
