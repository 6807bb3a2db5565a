/* SPDX-License-Identifier: BSD-3-Clause */

/* test_hostile.c: what is no message of this compressor is refused, with y as it was.
 *
 * Messages are judged in memory of exactly their length and at odd addresses, so that under a
 * sanitizer no sequence of bytes here makes the decoder step outside. */

#include "compressors/cases.h"
#include "compressors/compressor.h"
#include "support/test.h"

#include "wire/header.h"

/* In a message up to this length everything is tried; in a longer one, whose every judgement costs
 * a hash of it all, the header and a sample. */
enum { SMALL = 1024 };

static size_t tried_wholly(const subject *s)
{
    return s->len <= (test_brief() ? SMALL / 16 : SMALL) ? s->len : CSGDI_HEADER_BYTES + 16;
}

static void ready(subject *s)
{
    subject_gradient(s, 0);
    assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
    oracle_gradient(1, 0, s->set.type, s->n, s->wide);
    oracle_store(s->set.type, s->wide, s->n, s->y);
    oracle_store(s->set.type, s->wide, s->n, s->z);
}

/* memcmp() first: cmocka compares byte by byte, and this is done a hundred thousand times. */
static void assert_unchanged(const subject *s)
{
    if (s->n > 0 && memcmp(s->y, s->z, s->bytes) != 0) assert_memory_equal(s->y, s->z, s->bytes);
}

/* Decode a copy in both ways; on failure y, which equals z, has not changed. */
static csgd_status decode_copy(const csgd_compressor *c, subject *s, const uint8_t *message,
                               size_t len)
{
    const size_t shift = len % 8;
    uint8_t *memory = malloc(shift + len);
    csgd_status set, add;

    if (len > 0) memcpy(memory + shift, message, len);
    set = csgd_compressor_decompress(c, memory + shift, len, s->y);
    if (set != CSGD_OK) assert_unchanged(s);
    add = csgd_compressor_decompress_add(c, memory + shift, len, s->y);
    if (set != CSGD_OK) assert_unchanged(s);
    assert_int_equal(set, add);
    free(memory);
    return set;
}

static void check_truncated(subject *s)
{
    ready(s);
    for (size_t len = 0; len < s->len; len += len < tried_wholly(s) ? 1 : 1 + s->len / 64)
        assert_int_equal(decode_copy(s->c, s, s->message, len), CSGD_E_CORRUPT);
    assert_int_equal(decode_copy(s->c, s, s->message, s->len - 1), CSGD_E_CORRUPT);
    assert_ok(decode_copy(s->c, s, s->message, s->len));
}

static void truncated(void **state)
{
    (void)state;
    cases_walk(check_truncated);
}

static void check_longer(subject *s)
{
    uint8_t *longer = calloc(s->cap + 16, 1);

    ready(s);
    memcpy(longer, s->message, s->len);
    for (size_t more = 1; more <= 16; more++)
        assert_int_equal(decode_copy(s->c, s, longer, s->len + more), CSGD_E_CORRUPT);
    for (size_t more = 8; more <= 16; more += 8) { /* and announced as such */
        csgdi_header h;

        assert_ok(csgdi_header_read(s->message, s->len, &h));
        h.payload += more;
        csgdi_header_write(&h, longer);
        assert_fails(decode_copy(s->c, s, longer, s->len + more), CSGD_E_CORRUPT,
                     s->c->core.ops->family == CSGDI_SELECT ? "" : "bytes, not");
    }
    free(longer);
}

static void longer(void **state)
{
    (void)state;
    cases_walk(check_longer);
}

static void check_flipped(subject *s)
{
    ready(s);
    for (size_t bit = 0; bit < 8 * s->len; bit += bit < 8 * tried_wholly(s) ? 1 : 1 + s->len / 4) {
        const size_t byte = bit / 8;

        s->message[byte] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(decode_copy(s->c, s, s->message, s->len),
                         byte == 4 || byte == 5 ? CSGD_E_VERSION : CSGD_E_CORRUPT);
        s->message[byte] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(decode_copy(s->c, s, s->message, s->len));
}

static void bit_flipped(void **state)
{
    (void)state;
    cases_walk(check_flipped);
}

/* The same with a hash that matches, so that each compressor's own checks have to hold.  Whether
 * the bytes pass or not, nothing outside the buffers is touched, and refused means unchanged. */
static void check_forged(subject *s)
{
    uint64_t random = 88172645463325252U;

    ready(s);
    for (size_t round = 0; round < 300; round++) {
        csgdi_header h;
        csgd_status st;
        uint8_t kept[8];
        size_t at;

        if (s->len == CSGDI_HEADER_BYTES) break;
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        /* Mostly the beginning, where counts and scales are. */
        at = random % 4 != 0 ? 0 : (size_t)(random >> 8) % (s->len - CSGDI_HEADER_BYTES - 7);
        at += CSGDI_HEADER_BYTES;
        memcpy(kept, s->message + at, sizeof kept);
        for (size_t i = 0; i < sizeof kept; i++)
            if (random >> (32 + i) & 1) s->message[at + i] = (uint8_t)(random >> i);

        h = (csgdi_header){.compressor = (uint16_t)(s->message[6] | s->message[7] << 8),
                           .type = s->set.type,
                           .n = s->n,
                           .payload = s->len - CSGDI_HEADER_BYTES};
        csgdi_header_write(&h, s->message);
        st = decode_copy(s->c, s, s->message, s->len);
        assert_true(st == CSGD_OK || st == CSGD_E_CORRUPT);
        if (st == CSGD_OK && s->n > 0) memcpy(s->y, s->z, s->bytes);
        memcpy(s->message + at, kept, sizeof kept);
    }
}

static void forged(void **state)
{
    (void)state;
    cases_walk(check_forged);
}

/* A header of another compressor, type, length or payload, well formed otherwise. */
static void check_foreign(subject *s)
{
    csgdi_header h, good;

    ready(s);
    assert_ok(csgdi_header_read(s->message, s->len, &good));

    for (uint16_t id = 0; id < 20; id++) {
        h = good;
        h.compressor = id;
        csgdi_header_write(&h, s->message);
        if (id != good.compressor)
            assert_fails(decode_copy(s->c, s, s->message, s->len), CSGD_E_CORRUPT,
                         "of compressor number");
    }
    h = good;
    h.type = good.type == CSGD_F32 ? CSGD_F64 : CSGD_F32;
    csgdi_header_write(&h, s->message);
    assert_fails(decode_copy(s->c, s, s->message, s->len), CSGD_E_CORRUPT, "elements of");
    for (int other = -1; other <= 1; other += 2) {
        h = good;
        h.n = good.n + (uint64_t)(int64_t)other;
        csgdi_header_write(&h, s->message);
        assert_fails(decode_copy(s->c, s, s->message, s->len), CSGD_E_CORRUPT, "elements of");
    }
    h = good;
    h.n = good.n + ((uint64_t)1 << 32); /* the same in 32 bits */
    csgdi_header_write(&h, s->message);
    assert_fails(decode_copy(s->c, s, s->message, s->len), CSGD_E_CORRUPT, "elements of");

    for (h = good; h.payload >= 8;) {
        h.payload -= 8;
        csgdi_header_write(&h, s->message);
        assert_fails(decode_copy(s->c, s, s->message, CSGDI_HEADER_BYTES + (size_t)h.payload),
                     CSGD_E_CORRUPT, s->c->core.ops->family == CSGDI_SELECT ? "" : "payload");
        if (h.payload > tried_wholly(s)) h.payload -= h.payload / 16 * 8;
    }
    csgdi_header_write(&good, s->message);
    assert_ok(decode_copy(s->c, s, s->message, s->len));
}

static void of_another(void **state)
{
    (void)state;
    cases_walk(check_foreign);
}

/* A real message of one compressor, read by every other of that n and the other type as well. */
static void check_crossed(subject *s)
{
    if (s->n > 1000) return; /* nothing new, and many pairs */
    ready(s);
    for (const compressor_case *about = compressor_cases; about->name != NULL; about++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
            subject other;

            subject_open(&other, about, type, s->n);
            ready(&other);
            if (strcmp(about->name, s->about->name) != 0 || type != s->set.type)
                assert_int_equal(decode_copy(other.c, &other, s->message, s->len), CSGD_E_CORRUPT);
            subject_close(&other);
        }
}

static void crossed(void **state)
{
    (void)state;
    cases_walk(check_crossed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated), cmocka_unit_test(longer),     cmocka_unit_test(bit_flipped),
        cmocka_unit_test(forged),    cmocka_unit_test(of_another), cmocka_unit_test(crossed),
    };
    return cmocka_run_group_tests_name("compressors/hostile", tests, NULL, NULL);
}
