/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_hostile.c: what is no stream is refused, with a sentence, and nothing outside of it
 * is read.  stream_judge() lets the oracle say what is one, and puts it against a page that nobody
 * may read. */

#include "support/test.h"

#include <math.h>
#include "base/bytes.h"
#include "wire/streams.h"

enum { N = 500, K = 37 };

typedef void work(stream *s, uint64_t *random);

/* Some stream of every format, of a few lengths. */
static void each(work *what)
{
    static const size_t ks[] = {0, 1, 2, K, 300};
    uint32_t index[300];
    double value[600];
    uint64_t random = 1;

    for (size_t i = 0; i < TEST_COUNT(ks); i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (unsigned channels = 1; channels <= 2; channels++)
                for (csgdi_index_coder x = CSGDI_INDEX_RAW; x <= CSGDI_INDEX_BITMAP; x++)
                    for (csgdi_value_coder v = type == CSGD_F32 ? CSGDI_VALUE_F32 : CSGDI_VALUE_F64;
                         v <= CSGDI_VALUE_INT4; v++) {
                        stream s;

                        if (test_brief() && (i == 4 || channels == 2)) continue;
                        streams_support(&random, N, ks[i], index);
                        streams_values(&random, 2 * ks[i], value);
                        s = stream_write(type, (csgdi_sparse_format){x, v}, N, ks[i], channels,
                                         index, value);
                        assert_ok(stream_judge(&s, s.bytes, s.len, 0));
                        what(&s, &random);
                        stream_free(&s);
                    }
}

static void cut_short(stream *s, uint64_t *random)
{
    (void)random;
    for (size_t len = 0; len < s->len; len++)
        assert_int_equal(stream_judge(s, s->bytes, len, len % 8), CSGD_E_CORRUPT);
}

static void truncated(void **state)
{
    (void)state;
    each(cut_short);
}

static void lengthen(stream *s, uint64_t *random)
{
    uint8_t *more = calloc(s->len + 24, 1);

    (void)random;
    memcpy(more, s->bytes, s->len);
    for (size_t extra = 1; extra <= 24; extra++)
        assert_int_equal(stream_judge(s, more, s->len + extra, extra % 8), CSGD_E_CORRUPT);
    for (size_t at = 0; at <= s->len; at += 8) { /* eight zeros between */
        memcpy(more, s->bytes, at);
        memset(more + at, 0, 8);
        memcpy(more + at + 8, s->bytes + at, s->len - at);
        assert_int_equal(stream_judge(s, more, s->len + 8, at % 64 / 8), CSGD_E_CORRUPT);
    }
    free(more);
}

static void longer(void **state)
{
    (void)state;
    each(lengthen);
}

/* What is flipped in the header or in zeros at the end is always found. */
static void flip(stream *s, uint64_t *random)
{
    (void)random;
    for (size_t bit = 0; bit < 8 * s->len; bit += s->k < 100 ? 1 : 13) {
        csgd_status st;

        s->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        st = stream_judge(s, s->bytes, s->len, bit % 8);
        if (bit < 56) assert_int_equal(st, CSGD_E_CORRUPT);
        s->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(stream_judge(s, s->bytes, s->len, 0));
}

static void bit_flipped(void **state)
{
    (void)state;
    each(flip);
}

/* Bytes at random, behind the header as it was and behind any. */
static void scramble(stream *s, uint64_t *random)
{
    uint8_t *copy = malloc(s->len);

    for (int round = 0; round < 30; round++) {
        memcpy(copy, s->bytes, s->len);
        for (size_t i = round % 3 == 0 ? 0 : 8; i < s->len; i++)
            if (streams_random(random) % 30 <= (unsigned)round) copy[i] = (uint8_t)*random;
        if (round % 3 == 2) copy[7] = (uint8_t)(streams_random(random) % 33);
        stream_judge(s, copy, s->len, (size_t)round % 8);
    }
    free(copy);
}

static void random_bytes(void **state)
{
    (void)state;
    each(scramble);
}

static void miscount(stream *s, uint64_t *random)
{
    static const uint32_t counts[] = {0,     1,          K - 1,    K + 1,    N - 1,    N,
                                      N + 1, UINT32_MAX, 1u << 31, 1u << 30, 1u << 29, 1u << 28};

    (void)random;
    for (size_t i = 0; i < TEST_COUNT(counts); i++) {
        const size_t k = s->k;

        if (counts[i] == k) continue;
        csgdi_store32(s->bytes, counts[i]);
        assert_int_equal(stream_judge(s, s->bytes, s->len, i % 8), CSGD_E_CORRUPT);
        s->k = SIZE_MAX; /* as many as there are elements */
        stream_judge(s, s->bytes, s->len, i % 8);
        s->k = k;
    }
}

static void wrong_count(void **state)
{
    (void)state;
    each(miscount);
}

/* A reader of another format, or of fewer elements or channels. */
static void misread(stream *s, uint64_t *random)
{
    stream other = *s;

    (void)random;
    for (csgdi_index_coder x = CSGDI_INDEX_AUTO; x <= CSGDI_INDEX_BITMAP; x++)
        for (csgdi_value_coder v = CSGDI_VALUE_F64; v <= CSGDI_VALUE_INT4; v++) {
            const bool same =
                v == s->format.value && (x == CSGDI_INDEX_AUTO || x == s->format.index);

            if (v == CSGDI_VALUE_F64 && s->type == CSGD_F32) continue;
            other.format = (csgdi_sparse_format){x, v};
            if (same)
                assert_ok(stream_judge(&other, s->bytes, s->len, 0));
            else
                assert_fails(stream_judge(&other, s->bytes, s->len, 0), CSGD_E_CORRUPT, "in code");
        }
    other.format = s->format;
    other.channels = 3 - s->channels;
    assert_fails(stream_judge(&other, s->bytes, s->len, 0), CSGD_E_CORRUPT, "channels, not");
    if (s->k == 0) return;
    other.channels = s->channels;
    other.n = s->index[s->k - 1];
    assert_int_equal(stream_judge(&other, s->bytes, s->len, 0), CSGD_E_CORRUPT);
    other.n = s->n;
    other.k = s->k - 1;
    assert_fails(stream_judge(&other, s->bytes, s->len, 0), CSGD_E_CORRUPT, "fit");
}

static void of_another_format(void **state)
{
    (void)state;
    each(misread);
}

/* --- faults of one kind --- */

/* Entries 1, 8, 15, ... of 64 elements, values of 1. */
static stream plain(csgdi_index_coder index, csgdi_value_coder value, size_t k)
{
    uint32_t i[9];
    double v[9];

    assert_true(k <= 9);
    for (uint32_t j = 0; j < k; j++) {
        i[j] = 1 + 7 * j;
        v[j] = 1;
    }
    return stream_write(CSGD_F32, (csgdi_sparse_format){index, value}, 64, k, 1, i, v);
}

/* Refused with these words if byte `at` is changed to that; good again afterwards. */
static void refuse(stream *s, size_t at, uint8_t byte, const char *words)
{
    const uint8_t kept = s->bytes[at];

    s->bytes[at] = byte;
    assert_fails(stream_judge(s, s->bytes, s->len, at % 8), CSGD_E_CORRUPT, words);
    s->bytes[at] = kept;
    assert_ok(stream_judge(s, s->bytes, s->len, at % 8));
}

static void raw_indices(void **state)
{
    stream s = plain(CSGDI_INDEX_RAW, CSGDI_VALUE_F32, 3); /* 1 8 15 */

    (void)state;
    refuse(&s, 8, 8, "index 8 of entry 1 is not in [9, 64)");
    refuse(&s, 8, 9, "index 8 of entry 1 is not in [10, 64)");
    refuse(&s, 16, 64, "index 64 of entry 2 is not in [9, 64)");
    refuse(&s, 19, 255, "index 4278190095 of entry 2");
    refuse(&s, 20, 1, "other bytes");
    refuse(&s, 7, 1, "no parameter");
    stream_free(&s);
}

static void bitmaps(void **state)
{
    stream s = plain(CSGDI_INDEX_BITMAP, CSGDI_VALUE_F32, 3);

    (void)state;
    refuse(&s, 8, 0, "2 bits set");
    refuse(&s, 15, 0x80, "4 bits set");
    refuse(&s, 7, 1, "no parameter");
    s.n = 63;
    s.bytes[9] = 0x80; /* 8 becomes 63 */
    s.bytes[15] = 0x80;
    assert_fails(stream_judge(&s, s.bytes, s.len, 0), CSGD_E_CORRUPT, "beyond its 63 elements");
    s.n = 64;
    assert_ok(stream_judge(&s, s.bytes, s.len, 0));
    stream_free(&s);
}

/* Gaps 1 6 6 with b = 2: lows 1 2 2 in bits 0 to 5, then quotients 0 1 1, ones at 6, 8 and 10. */
static void unary(void **state)
{
    const uint64_t front = 1 | 2 << 2 | 2 << 4 | 1 << 6 | 1 << 8;
    stream s = plain(CSGDI_INDEX_RICE, CSGDI_VALUE_F32, 3);

    (void)state;
    assert_int_equal(s.bytes[7], 2);
    assert_int_equal(csgdi_load64(s.bytes + 8), front | 1 << 10);
    refuse(&s, 9, 0x01, "have 2 quotients");  /* ends early */
    refuse(&s, 9, 0x0d, "have 4 quotients");  /* runs on */
    refuse(&s, 15, 0x80, "have 4 quotients"); /* after the end */
    refuse(&s, 7, 32, "above 31");
    refuse(&s, 9, 0x00, "have 1 quotients");
    refuse(&s, 7, 21, "do not take 8 bytes"); /* no room for quotients */
    csgdi_store64(s.bytes + 8, front | 1 << 22);
    assert_ok(stream_judge(&s, s.bytes, s.len, 0)); /* index 9 + 2 + 4 * 13 */
    csgdi_store64(s.bytes + 8, front | 1 << 23);
    assert_fails(stream_judge(&s, s.bytes, s.len, 0), CSGD_E_CORRUPT, "index 67 of entry 2");
    stream_free(&s);
}

/* Quotients that would overflow if anybody added them up: a long unary string of few ones. */
static void large_quotients(void **state)
{
    const size_t bytes = 8 + 4096 + 8;
    uint8_t *forged = calloc(bytes, 1);
    stream s = plain(CSGDI_INDEX_RICE, CSGDI_VALUE_INT4, 2);

    (void)state;
    csgdi_store32(forged, 2);
    memcpy(forged + 4, s.bytes + 4, 3);
    forged[8 + 4095] = 0xc0; /* two ones at the end */
    memcpy(forged + 8 + 4096, s.bytes + s.len - 8, 8);
    s.n = UINT32_MAX;
    for (unsigned b = 0; b <= 31; b++) {
        forged[7] = (uint8_t)b;
        assert_int_equal(stream_judge(&s, forged, bytes, b % 8),
                         b <= 17 ? CSGD_OK : CSGD_E_CORRUPT);
    }
    free(forged);
    stream_free(&s);
}

static void values_not_finite(void **state)
{
    stream s = plain(CSGDI_INDEX_RAW, CSGDI_VALUE_F32, 3); /* 1.0f is 0x3f800000 */

    (void)state;
    csgdi_store32(s.bytes + 24, 0x3fff0000);
    refuse(&s, 27, 0x7f, "not finite"); /* NaN */
    csgdi_store32(s.bytes + 24, 0x3f800000);
    refuse(&s, 27, 0x7f, "not finite"); /* inf */
    refuse(&s, 27, 0xff, "not finite");
    refuse(&s, 35, 0x7f, "not finite"); /* the last */
    refuse(&s, 37, 1, "other bytes");
    stream_free(&s);

    s = plain(CSGDI_INDEX_RAW, CSGDI_VALUE_BF16, 3); /* 0x3f80 */
    refuse(&s, 25, 0x7f, "not finite");
    refuse(&s, 29, 0xff, "not finite");
    refuse(&s, 30, 1, "other bytes");
    stream_free(&s);

    s = plain(CSGDI_INDEX_RAW, CSGDI_VALUE_F16, 3); /* 0x3c00 */
    refuse(&s, 25, 0x7c, "not finite");
    refuse(&s, 29, 0xfe, "not finite");
    stream_free(&s);
}

static void scales_and_codes(void **state)
{
    stream s = plain(CSGDI_INDEX_RAW, CSGDI_VALUE_INT8, 3);

    (void)state;
    refuse(&s, 28, 255, "not finite"); /* the code of nothing */
    refuse(&s, 30, 255, "not finite");
    refuse(&s, 31, 1, "other bytes");
    refuse(&s, 27, 0xbc, "not finite"); /* a negative unit */
    refuse(&s, 27, 0x7f, "not finite"); /* one of which 127 are infinite */
    csgdi_store32(s.bytes + 24, 0x7f800000);
    assert_fails(stream_judge(&s, s.bytes, s.len, 0), CSGD_E_CORRUPT, "not finite");
    csgdi_store32(s.bytes + 24, 0x7fc00000);
    assert_fails(stream_judge(&s, s.bytes, s.len, 0), CSGD_E_CORRUPT, "not finite");
    csgdi_store32(s.bytes + 24, 0x80000000); /* -0 */
    assert_fails(stream_judge(&s, s.bytes, s.len, 0), CSGD_E_CORRUPT, "not finite");
    csgdi_store32(s.bytes + 24, 0); /* with codes that are not of zero */
    assert_fails(stream_judge(&s, s.bytes, s.len, 0), CSGD_E_CORRUPT, "not finite");
    memset(s.bytes + 28, 127, 3);
    assert_ok(stream_judge(&s, s.bytes, s.len, 0));
    stream_free(&s);

    s = plain(CSGDI_INDEX_RAW, CSGDI_VALUE_INT4, 3);
    refuse(&s, 28, 0xef, "not finite");
    refuse(&s, 28, 0xfe, "not finite");
    refuse(&s, 29, 0x1e, "not finite"); /* half a byte that is no code */
    refuse(&s, 30, 1, "other bytes");
    stream_free(&s);
}

/* Of doubles the exponent has more bits. */
static void doubles(void **state)
{
    const uint32_t index[] = {3};
    const double value[] = {1.5};
    stream s = stream_write(CSGD_F64, (csgdi_sparse_format){CSGDI_INDEX_RAW, CSGDI_VALUE_F64}, 9, 1,
                            1, index, value); /* 0x3ff8000000000000 */

    (void)state;
    refuse(&s, 23, 0x7f, "not finite");
    refuse(&s, 23, 0xff, "not finite");
    stream_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated),
        cmocka_unit_test(longer),
        cmocka_unit_test(bit_flipped),
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(wrong_count),
        cmocka_unit_test(of_another_format),
        cmocka_unit_test(raw_indices),
        cmocka_unit_test(bitmaps),
        cmocka_unit_test(unary),
        cmocka_unit_test(large_quotients),
        cmocka_unit_test(values_not_finite),
        cmocka_unit_test(scales_and_codes),
        cmocka_unit_test(doubles),
    };
    return cmocka_run_group_tests_name("wire/sparse_hostile", tests, NULL, NULL);
}
