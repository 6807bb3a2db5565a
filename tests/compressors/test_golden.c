/* SPDX-License-Identifier: BSD-3-Clause */

/* test_golden.c: messages as they are, frozen.
 *
 * A message written yesterday is read tomorrow: if a test here fails, the format has changed, and
 * CSGDI_WIRE_VERSION must change with it.  The payloads can be followed by hand, and the hashes of
 * the bad messages were made by another implementation.  Bytes are hex digits, in fours. */

#include "support/test.h"

static const float narrow[] = {1, -2, 0.5F, 0, -0.25F, 3, -3, 8, 0.125F, -1};
static const double wide[] = {1, -2, 0.5, 0, -0.25, 3, -3, 8, 0.125, -1};

/* What these vectors are written as at step 0x0102030405060708.  topk: of indices 5 to 7 the
 * values are 3, -3, 8.  sign: scale 2.21875 = 17.75 / 8 and bits 0xad, 0.5625 and bits 0x01. */
static const struct {
    const char *spec;
    size_t n;
    const char *hex;
} good[] = {
    {"none", 10,
     "43534744 01000100 01000000 00000000 "
     "0a000000 00000000 08070605 04030201 "
     "28000000 00000000 23807d5d 3ed7a786 "
     "0000803f 000000c0 0000003f 00000000 "
     "000080be 00004040 000040c0 00000041 "
     "0000003e 000080bf"},
    {"none type=f64", 10,
     "43534744 01000100 02000000 00000000 "
     "0a000000 00000000 08070605 04030201 "
     "50000000 00000000 845dfa73 d806a17c "
     "00000000 0000f03f 00000000 000000c0 "
     "00000000 0000e03f 00000000 00000000 "
     "00000000 0000d0bf 00000000 00000840 "
     "00000000 000008c0 00000000 00002040 "
     "00000000 0000c03f 00000000 0000f0bf"},
    {"topk k=3", 10,
     "43534744 01000200 01000000 00000000 "
     "0a000000 00000000 08070605 04030201 "
     "28000000 00000000 1ada1d7b d6e1059d "
     "03000000 00000000 05000000 06000000 "
     "07000000 00000000 00004040 000040c0 "
     "00000041 00000000"},
    {"topk k=3 type=f64", 10,
     "43534744 01000200 02000000 00000000 "
     "0a000000 00000000 08070605 04030201 "
     "30000000 00000000 a47424d2 ba646507 "
     "03000000 00000000 05000000 06000000 "
     "07000000 00000000 00000000 00000840 "
     "00000000 000008c0 00000000 00002040"},
    {"sign block=8", 10,
     "43534744 01000300 01000000 00000000 "
     "0a000000 00000000 08070605 04030201 "
     "10000000 00000000 7604c00e 25384964 "
     "00000e40 ad000010 3f010000 00000000"},
    {"sign block=8 type=f64", 10,
     "43534744 01000300 02000000 00000000 "
     "0a000000 00000000 08070605 04030201 "
     "18000000 00000000 dd0c5b74 48688927 "
     "00000000 00c00140 ad000000 000000e2 "
     "3f010000 00000000"},
    {"none", 0,
     "43534744 01000100 01000000 00000000 "
     "00000000 00000000 08070605 04030201 "
     "00000000 00000000 5ba8718d 149b27f9"},
    {"none type=f64", 0,
     "43534744 01000100 02000000 00000000 "
     "00000000 00000000 08070605 04030201 "
     "00000000 00000000 bf09573d d702f16a"},
    {"topk", 0,
     "43534744 01000200 01000000 00000000 "
     "00000000 00000000 08070605 04030201 "
     "00000000 00000000 cf4d5d09 fc6cab5b"},
    {"topk type=f64", 0,
     "43534744 01000200 02000000 00000000 "
     "00000000 00000000 08070605 04030201 "
     "00000000 00000000 9ce6eec0 f94dc2c7"},
    {"sign block=8", 0,
     "43534744 01000300 01000000 00000000 "
     "00000000 00000000 08070605 04030201 "
     "00000000 00000000 9dc3ab41 65647c8d"},
    {"sign block=8 type=f64", 0,
     "43534744 01000300 02000000 00000000 "
     "00000000 00000000 08070605 04030201 "
     "00000000 00000000 ae55e0ff 20b9f705"},
};

/* What must be refused.  From the magic on each has one fault only: the rest is right, the hash
 * too. */
static const struct {
    const char *what;
    const char *spec;
    size_t n;
    csgd_status status;
    const char *words;
    const char *hex;
} bad[] = {
    {"nothing", "topk k=2", 4, CSGD_E_CORRUPT, "0 bytes", ""},
    {"half a header", "topk k=2", 4, CSGD_E_CORRUPT, "24 bytes",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000"},
    {"a header alone", "topk k=2", 4, CSGD_E_CORRUPT, "announces",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 da4f61d6 30226b02"},
    {"a byte more", "topk k=2", 4, CSGD_E_CORRUPT, "announces",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 da4f61d6 30226b02 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040 00"},
    {"another magic", "topk k=2", 4, CSGD_E_CORRUPT, "begin",
     "43534745 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 3b8b4bea 4e62ae63 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"version 2", "topk k=2", 4, CSGD_E_VERSION, "version 2",
     "43534744 02000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 6ed7c037 9be15015 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"hash of 0", "topk k=2", 4, CSGD_E_CORRUPT, "hash",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 00000000 00000000 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"an unknown type", "topk k=2", 4, CSGD_E_CORRUPT, "flags 0x9",
     "43534744 01000200 09000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 d36c2461 590b427c "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"a flag of the future", "topk k=2", 4, CSGD_E_CORRUPT, "flags 0x101",
     "43534744 01000200 01010000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 2af76dba 0bef576f "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"reserved bytes", "topk k=2", 4, CSGD_E_CORRUPT, "reserved",
     "43534744 01000200 01000000 01000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 b88b60d8 b51b1ad1 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"seven bytes of payload", "none", 4, CSGD_E_CORRUPT, "multiple of 8",
     "43534744 01000100 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "07000000 00000000 b9aecca2 198016b2 "
     "00000000 000000"},
    {"an unknown compressor", "topk k=2", 4, CSGD_E_CORRUPT, "number 99",
     "43534744 01006300 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 a6edbb4f c51e7987 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"of another n", "topk k=2", 5, CSGD_E_CORRUPT, "of 4 elements",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 da4f61d6 30226b02 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"of the other type", "topk k=2 type=f64", 4, CSGD_E_CORRUPT, "of 4 bytes",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 da4f61d6 30226b02 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"too many entries", "topk k=1", 4, CSGD_E_CORRUPT, "2 entries, at most 1",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 da4f61d6 30226b02 "
     "02000000 00000000 00000000 03000000 "
     "0000803f 00000040"},
    {"2^61 entries", "topk k=2", 4, CSGD_E_CORRUPT, "at most 2 fit",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 6c692850 530400a0 "
     "00000000 00000020 00000000 03000000 "
     "0000803f 00000040"},
    {"descending", "topk k=2", 4, CSGD_E_CORRUPT, "index 0 of entry 1",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 d4eb5bc2 2ca5ad9a "
     "02000000 00000000 03000000 00000000 "
     "0000803f 00000040"},
    {"twice the same", "topk k=2", 4, CSGD_E_CORRUPT, "index 3 of entry 1",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 beea40ae faa5fcd8 "
     "02000000 00000000 03000000 03000000 "
     "0000803f 00000040"},
    {"beyond the end", "topk k=2", 4, CSGD_E_CORRUPT, "index 4 of entry 1",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 e07f155d aa13b327 "
     "02000000 00000000 03000000 04000000 "
     "0000803f 00000040"},
    {"no values", "topk k=2", 4, CSGD_E_CORRUPT, "not 24",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "10000000 00000000 5abf30fc 5b490555 "
     "02000000 00000000 00000000 03000000"},
    {"filled up with ones", "topk k=2", 4, CSGD_E_CORRUPT, "other bytes",
     "43534744 01000200 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "18000000 00000000 3fcd76a6 f2b79e98 "
     "01000000 00000000 00000000 ffffffff "
     "0000803f 00000000"},
    {"a payload too short", "none", 4, CSGD_E_CORRUPT, "has 8 bytes, not 16",
     "43534744 01000100 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "08000000 00000000 02be2e02 335c5d47 "
     "0000803f 00000040"},
    {"a payload where none is due", "sign", 0, CSGD_E_CORRUPT, "has 8 bytes, not 0",
     "43534744 01000300 01000000 00000000 "
     "00000000 00000000 00000000 00000000 "
     "08000000 00000000 37c02293 13ad4eab "
     "00000000 00000000"},
    {"a negative scale", "sign block=8", 4, CSGD_E_CORRUPT, "scale of block 0 is -1",
     "43534744 01000300 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "08000000 00000000 3492b0ee a1880a96 "
     "000080bf 0f000000"},
    {"an infinite scale", "sign block=8 type=f64", 4, CSGD_E_CORRUPT, "scale of block 0 is inf",
     "43534744 01000300 02000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "10000000 00000000 8a4fb8ba 0efdfc64 "
     "00000000 0000f07f 0f000000 00000000"},
    {"bits of no element", "sign block=8", 4, CSGD_E_CORRUPT, "last bits",
     "43534744 01000300 01000000 00000000 "
     "04000000 00000000 00000000 00000000 "
     "08000000 00000000 23c62b6f 207b6ffa "
     "0000803f 1f000000"},
};

/* The bytes in memory of their length. */
static uint8_t *from_hex(const char *hex, size_t *len)
{
    uint8_t *bytes = malloc(strlen(hex) / 2);

    *len = 0;
    while (*hex != '\0') {
        const char digits[3] = {hex[0], hex[1], '\0'};
        bytes[(*len)++] = (uint8_t)strtoul(digits, NULL, 16);
        hex += 2;
        while (*hex == ' ')
            hex++;
    }
    return bytes;
}

static void written_like_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        const void *x = strstr(good[i].spec, "f64") != NULL ? (const void *)wide : narrow;
        uint8_t message[256];
        csgd_compressor *c;
        size_t len, expected_len;
        uint8_t *expected = from_hex(good[i].hex, &expected_len);

        assert_ok(csgd_compressor_create(good[i].spec, good[i].n, &c));
        assert_ok(csgd_compressor_set_step(c, 0x0102030405060708));
        assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
        assert_int_equal(len, expected_len);
        assert_memory_equal(message, expected, len);
        csgd_compressor_destroy(&c);
        free(expected);
    }
}

static void read_like_this(void **state)
{
    static const double topk[] = {0, 0, 0, 0, 0, 3, -3, 8, 0, 0};
    static const double sign[] = {2.21875, -2.21875, 2.21875, 2.21875, -2.21875,
                                  2.21875, -2.21875, 2.21875, 0.5625,  -0.5625};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        const double *expected = good[i].spec[0] == 't'   ? topk
                                 : good[i].spec[0] == 's' ? sign
                                                          : wide;
        double y[10]; /* as float or double */
        size_t len;
        uint8_t *message = from_hex(good[i].hex, &len);
        csgd_compressor *c;

        assert_ok(csgd_compressor_create(good[i].spec, good[i].n, &c));
        assert_ok(csgd_compressor_decompress(c, message, len, y));
        for (size_t j = 0; j < good[i].n; j++) {
            float as_float;
            memcpy(&as_float, (const char *)y + j * sizeof as_float, sizeof as_float);
            assert_true((strstr(good[i].spec, "f64") ? y[j] : (double)as_float) == expected[j]);
        }
        csgd_compressor_destroy(&c);
        free(message);
    }
}

static void refused_like_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        double y[8];
        size_t len;
        uint8_t *message = from_hex(bad[i].hex, &len);
        csgd_compressor *c;
        csgd_status st;

        memset(y, 0x77, sizeof y);
        assert_ok(csgd_compressor_create(bad[i].spec, bad[i].n, &c));
        st = csgd_compressor_decompress_add(c, message, len, y);
        if (st != bad[i].status || strstr(csgd_error_detail(), bad[i].words) == NULL)
            fail_msg("%s: %s: %s", bad[i].what, csgd_status_name(st), csgd_error_detail());
        for (size_t j = 0; j < sizeof y; j++)
            assert_int_equal(((const uint8_t *)y)[j], 0x77);
        csgd_compressor_destroy(&c);
        free(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_like_this),
        cmocka_unit_test(read_like_this),
        cmocka_unit_test(refused_like_this),
    };
    return cmocka_run_group_tests_name("compressors/golden", tests, NULL, NULL);
}
