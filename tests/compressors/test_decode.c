/* SPDX-License-Identifier: BSD-3-Clause */

/* test_decode.c: the library and a second decoder, written from the layouts alone, read the same in
 * every message, and agree on what is none.
 *
 * Where their opinions differ, one of them is wrong or a layout says too little. */

#include "support/test.h"

#include "compressors/reading.h"

enum { SMALL = 320 };

/* --- what is done to a message --- */

/* In a message up to this length all is tried, in a longer one its beginning and a sample. */
static size_t tried_wholly(const reading *r)
{
    return r->len <= (test_brief() ? SMALL / 4 : SMALL) ? r->len : READING_HEADER + 16;
}

static void good_messages(reading *r)
{
    for (uint64_t step = 0; step < 3; step++) {
        reading_write(r, step);
        assert_true(reading_agree(r, r->message, r->len, "as written"));
    }
}

static void truncated(reading *r)
{
    uint8_t *copy = calloc(r->len + 16, 1);

    for (size_t len = 0; len < r->len; len += len < tried_wholly(r) ? 1 : 1 + r->len / 16) {
        assert_false(reading_agree(r, r->message, len, "truncated"));
        if (len < READING_HEADER) continue;
        memcpy(copy, r->message, r->len);
        reading_forged(r, copy, len, "shorter");
    }
    for (size_t more = 1; more <= 16; more++) {
        memcpy(copy, r->message, r->len);
        memset(copy + r->len, more % 2 != 0, more);
        reading_forged(r, copy, r->len + more, "longer");
    }
    free(copy);
}

static void flipped(reading *r)
{
    uint8_t *copy = malloc(r->len);

    for (size_t bit = 0; bit < 8 * r->len; bit += bit < 8 * tried_wholly(r) ? 1 : 1 + r->len / 8) {
        char what[64];

        memcpy(copy, r->message, r->len);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit % 8 == 0) assert_false(reading_agree(r, copy, r->len, "a bit flipped"));
        snprintf(what, sizeof what, "bit %zu of byte %zu forged", bit % 8, bit / 8);
        reading_forged(r, copy, r->len, what);
    }
    free(copy);
}

/* Numbers at which something changes: in the first three places each, then anywhere, most often
 * where counts and scales are. */
static const uint32_t numbers[] = {
    0,      0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f7fffff, 0xff7fffff, /* float */
    1,      0x00800000, 0x7e000000, 0x4b800000, 0x4b7fffff, 0x7ff00000, 0x43400000,
    0x8000, 0x7fef,     0x7ff0,     0xfff0,     0xffef,     0x7ff8,     0x7c00, /* halves */
    0x7bff, 0x7f80,     0x7f7f,     0xff80,     0x0010,     0xffff,     0xffffffff,
    126,    127,        128,        129,        0xff82,     0xff81,     0xff90, /* exponents */
    0xff8f, 1022,       1023,       1024,       1025,       0xfc10,     0xfc0f,
};

static void put(uint8_t *payload, size_t left, size_t at, uint32_t number, size_t bytes)
{
    for (size_t j = 0; j < bytes && at + j < left; j++)
        payload[at + j] = (uint8_t)(number >> 8 * j);
}

static void replaced(reading *r)
{
    const size_t rounds = r->len > SMALL || test_brief() ? 40 : 200, left = r->len - READING_HEADER;
    uint8_t *copy = malloc(r->len);

    for (size_t i = 0; i < TEST_COUNT(numbers) && left > 0; i++)
        for (size_t at = 0; at <= 4; at += 2)
            for (size_t bytes = 2; bytes <= 4; bytes += 2) {
                memcpy(copy, r->message, r->len);
                put(copy + READING_HEADER, left, at, numbers[i], bytes);
                reading_forged(r, copy, r->len, "with another number first");
            }
    for (size_t round = 0; round < rounds && left > 0; round++) {
        memcpy(copy, r->message, r->len);
        for (uint64_t more = reading_random(r) % 3 + 1; more > 0; more--) {
            const uint32_t number = numbers[reading_random(r) % TEST_COUNT(numbers)];
            const size_t bytes = number > 0xffff || reading_random(r) % 4 == 0 ? 4 : 2;
            const size_t among = left < 20 || reading_random(r) % 2 == 0 ? left : 20;
            size_t at = reading_random(r) % among;

            at -= reading_random(r) % 3 != 0 ? at % 2 : 0;
            put(copy + READING_HEADER, left, at, number, bytes);
        }
        reading_forged(r, copy, r->len, "with other numbers");
    }
    free(copy);
}

/* --- all cases --- */

/* What remembers what it sent, so that cases.h does not have it.  kmax is the rank. */
static const compressor_case with_memory[] = {
    {.name = "powersgd", .spec = "powersgd", .kmax = 4},
    {.name = "powersgd", .spec = "powersgd rank=2 seed=5", .kmax = 2, .seed = 5},
    {.name = NULL},
};

static void walk(const compressor_case *cases, bool hostile)
{
    static const size_t sizes[] = {0, 1, 2, 7, 9, 64, 300, 1000, 4097};

    for (const compressor_case *about = cases; about->name != NULL; about++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F16; type++) {
            size_t good = 0, bad = 0;

            for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
                reading r;

                /* 16-bit elements are floats but for the last step. */
                if (sizes[i] > 300 && (test_brief() || type >= CSGD_BF16)) continue;
                if (test_brief() && hostile && (i + type) % 4 != 0) continue;

                reading_open(&r, about, type, sizes[i]);
                good_messages(&r);
                r.good = 0;
                if (hostile) {
                    truncated(&r);
                    flipped(&r);
                    replaced(&r);
                }
                good += r.good;
                bad += r.bad;
                reading_close(&r);
            }
            if (hostile) assert_true(good > 0 && bad > 0);
        }
}

static void read_alike(void **state)
{
    (void)state;
    walk(compressor_cases, false);
    walk(with_memory, false);
}

static void judged_alike(void **state)
{
    (void)state;
    walk(compressor_cases, true);
    walk(with_memory, true);
}

/* A message of one case, read by another of the same compressor: of more entries, or other blocks. */
static void cross(const compressor_case *from, const compressor_case *to, csgd_type type, size_t n)
{
    reading a, b;

    reading_open(&a, from, type, n);
    reading_open(&b, to, type, n);
    reading_write(&a, 1);
    reading_agree(&b, a.message, a.len, from->spec);
    reading_close(&a);
    reading_close(&b);
}

static void crossed(void **state)
{
    static const size_t sizes[] = {1, 9, 64, 300};

    (void)state;
    for (const compressor_case *from = compressor_cases; from->name != NULL; from++)
        for (const compressor_case *to = compressor_cases; to->name != NULL; to++)
            for (size_t i = 0; i < TEST_COUNT(sizes) && strcmp(from->name, to->name) == 0; i++) {
                if (test_brief() && (i + (size_t)(to - from)) % 4 != 0) continue;
                cross(from, to, CSGD_F32, sizes[i]);
                cross(from, to, CSGD_F64, sizes[i]);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_alike),
        cmocka_unit_test(judged_alike),
        cmocka_unit_test(crossed),
    };
    return cmocka_run_group_tests_name("compressors/decode", tests, NULL, NULL);
}
