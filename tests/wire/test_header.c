/* SPDX-License-Identifier: BSD-3-Clause */

/* test_header.c: the header byte for byte, and that nothing but a whole header passes.
 *
 * Messages are written here by hand, so a change of layout cannot hide in both ends at once.  The
 * hash is the only thing computed, by xxHash itself as header.h describes it.  All that is read
 * lies in memory of exactly its length: a sanitizer sees any step outside. */

#include "support/test.h"

#include <stdbool.h>
#include <xxhash.h>
#include "wire/header.h"

enum { PAYLOAD = 16, MESSAGE = CSGDI_HEADER_BYTES + PAYLOAD };
enum { AT_HASH = 40 }; /* repeated here on purpose */

static const uint8_t by_hand[MESSAGE] = {
    'C',  'S',  'G',  'D',                          /*  0 magic */
    3,    0,                                        /*  4 version */
    0x34, 0x12,                                     /*  6 compressor 0x1234 */
    2,    0,    0,    0,                            /*  8 flags: CSGD_F64 */
    0,    0,    0,    0,                            /* 12 reserved */
    8,    7,    6,    5,    4,    3,    2,    1,    /* 16 n 0x0102030405060708 */
    0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, /* 24 step 0x8899aabbccddeeff */
    16,   0,    0,    0,    0,    0,    0,    0,    /* 32 payload */
    0x02, 0x28, 0x25, 0x94, 0x6d, 0x8f, 0xca, 0xb5, /* 40 hash, frozen: see layout() */
    1,    2,    3,    4,    5,    6,    7,    8,    /* 48 */
    9,    10,   11,   12,   13,   14,   15,   16,
};

static const csgdi_header expected = {.compressor = 0x1234,
                                      .type = CSGD_F64,
                                      .n = 0x0102030405060708,
                                      .step = 0x8899aabbccddeeff,
                                      .payload = PAYLOAD};

/* Make the hash of an altered message match again, as an attacker or a bug of the writer would. */
static void rehash(uint8_t *message, size_t len)
{
    const XXH64_hash_t payload =
        XXH3_64bits(message + CSGDI_HEADER_BYTES, len - CSGDI_HEADER_BYTES);
    const XXH64_hash_t hash = XXH3_64bits_withSeed(message, AT_HASH, payload);

    for (int i = 0; i < 8; i++)
        message[AT_HASH + i] = (uint8_t)(hash >> 8 * i);
}

/* Read a copy in memory of just that length, `shift` bytes from an aligned address. */
static csgd_status read_copy(const uint8_t *message, size_t len, size_t shift, csgdi_header *h)
{
    uint8_t *memory = malloc(shift + len); /* with len = 0 not a byte may be read */
    csgd_status st;

    if (shift + len > 0) assert_non_null(memory);
    if (len > 0) memcpy(memory + shift, message, len);
    st = csgdi_header_read(memory + shift, len, h);
    free(memory);
    return st;
}

static void layout(void **state)
{
    uint8_t written[MESSAGE], hashed[MESSAGE];

    (void)state;
    memcpy(hashed, by_hand, MESSAGE);
    rehash(hashed, MESSAGE);
    assert_memory_equal(hashed, by_hand, MESSAGE);

    memset(written, 0xee, sizeof written);
    memcpy(written + CSGDI_HEADER_BYTES, by_hand + CSGDI_HEADER_BYTES, PAYLOAD);
    csgdi_header_write(&expected, written);
    assert_memory_equal(written, by_hand, MESSAGE);
}

static void reads_at_any_address(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        csgdi_header h = {0};
        assert_ok(read_copy(by_hand, MESSAGE, shift, &h));
        assert_int_equal(h.compressor, expected.compressor);
        assert_int_equal(h.type, expected.type);
        assert_true(h.n == expected.n);
        assert_true(h.step == expected.step);
        assert_true(h.payload == expected.payload);
    }
}

static void empty_payload(void **state)
{
    const csgdi_header nothing = {.compressor = 1, .type = CSGD_F32};
    uint8_t message[CSGDI_HEADER_BYTES];
    csgdi_header h;

    (void)state;
    csgdi_header_write(&nothing, message);
    assert_ok(read_copy(message, sizeof message, 0, &h));
    assert_int_equal(h.payload, 0);
    assert_fails(read_copy(message, sizeof message - 1, 0, &h), CSGD_E_CORRUPT, "47 bytes");
}

static void every_truncation(void **state)
{
    csgdi_header h;

    (void)state;
    for (size_t len = 0; len < MESSAGE; len++)
        assert_fails(read_copy(by_hand, len, len % 8, &h), CSGD_E_CORRUPT,
                     len < CSGDI_HEADER_BYTES ? "shorter than its header" : "announces");
}

static void trailing_bytes(void **state)
{
    uint8_t longer[MESSAGE + 9] = {0};
    csgdi_header h;

    (void)state;
    memcpy(longer, by_hand, MESSAGE);
    for (size_t more = 1; more <= 9; more++)
        assert_fails(read_copy(longer, MESSAGE + more, 0, &h), CSGD_E_CORRUPT, "announces");
}

static void every_bit_flip(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * (size_t)MESSAGE; bit++) {
        uint8_t flipped[MESSAGE];
        csgdi_header h;
        csgd_status st;

        memcpy(flipped, by_hand, MESSAGE);
        flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        st = read_copy(flipped, MESSAGE, 0, &h);
        assert_int_equal(st, bit / 8 == 4 || bit / 8 == 5 ? CSGD_E_VERSION : CSGD_E_CORRUPT);
    }
}

/* Alter one field at a time.  Those that the hash would only hide are altered with a new hash. */
static void every_field(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        bool hash_again;
        csgd_status status;
        const char *words;
    } altered[] = {
        {0, 'c', true, CSGD_E_CORRUPT, "do not begin like a message"},
        {3, 'E', true, CSGD_E_CORRUPT, "do not begin like a message"},
        {4, 0, true, CSGD_E_VERSION, "version 0, this library reads 3"},
        {4, 1, true, CSGD_E_VERSION, "version 1, this library reads 3"},
        {4, 2, true, CSGD_E_VERSION, "version 2, this library reads 3"},
        {5, 1, false, CSGD_E_VERSION, "version 259, this library reads 3"},
        {6, 0, false, CSGD_E_CORRUPT, "hash"},
        {8, 0, true, CSGD_E_CORRUPT, "flags 0,"},
        {8, 5, true, CSGD_E_CORRUPT, "flags 0x5,"},
        {8, 0xff, true, CSGD_E_CORRUPT, "flags 0xff,"},
        {9, 1, true, CSGD_E_CORRUPT, "flags 0x102,"},
        {11, 0x80, true, CSGD_E_CORRUPT, "flags 0x80000002,"},
        {12, 1, true, CSGD_E_CORRUPT, "reserved"},
        {15, 1, true, CSGD_E_CORRUPT, "reserved"},
        {16, 0, false, CSGD_E_CORRUPT, "hash"},
        {24, 0, false, CSGD_E_CORRUPT, "hash"},
        {32, 8, true, CSGD_E_CORRUPT, "a payload of 8 bytes and has 16"},
        {32, 24, true, CSGD_E_CORRUPT, "a payload of 24 bytes and has 16"},
        {39, 0x80, true, CSGD_E_CORRUPT, "a payload of 9223372036854775824 bytes"},
        {40, 0, false, CSGD_E_CORRUPT, "hash"},
        {47, 0, false, CSGD_E_CORRUPT, "hash"},
        {48, 0, false, CSGD_E_CORRUPT, "hash"},
        {63, 0, false, CSGD_E_CORRUPT, "hash"},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(altered); i++) {
        uint8_t message[MESSAGE];
        csgdi_header h;

        memcpy(message, by_hand, MESSAGE);
        message[altered[i].at] = altered[i].byte;
        if (altered[i].hash_again) rehash(message, MESSAGE);
        assert_fails(read_copy(message, MESSAGE, 0, &h), altered[i].status, altered[i].words);
    }
}

/* Whoever wrote this meant it, but every section is a multiple of 8 long. */
static void odd_payload(void **state)
{
    (void)state;
    for (size_t payload = 1; payload < PAYLOAD; payload++) {
        uint8_t message[MESSAGE];
        csgdi_header h = expected;

        memcpy(message, by_hand, MESSAGE);
        h.payload = payload;
        csgdi_header_write(&h, message);
        if (payload % 8 == 0)
            assert_ok(read_copy(message, CSGDI_HEADER_BYTES + payload, 0, &h));
        else
            assert_fails(read_copy(message, CSGDI_HEADER_BYTES + payload, 0, &h), CSGD_E_CORRUPT,
                         "multiple of 8");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),         cmocka_unit_test(reads_at_any_address),
        cmocka_unit_test(empty_payload),  cmocka_unit_test(every_truncation),
        cmocka_unit_test(trailing_bytes), cmocka_unit_test(every_bit_flip),
        cmocka_unit_test(every_field),    cmocka_unit_test(odd_payload),
    };
    return cmocka_run_group_tests_name("wire/header", tests, NULL, NULL);
}
