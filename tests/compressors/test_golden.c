/* SPDX-License-Identifier: BSD-3-Clause */

/* test_golden.c: a message written yesterday is read tomorrow.
 *
 * If a test here fails, the format has changed, and CSGDI_WIRE_VERSION must change with it. */

#include "support/test.h"

#include "compressors/golden.h"
#include "oracle/oracle_bytes.h"

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

static csgd_type type_of(const golden_good *g)
{
    if (strstr(g->spec, "type=bf16") != NULL) return CSGD_BF16;
    if (strstr(g->spec, "type=f16") != NULL) return CSGD_F16;
    return strstr(g->spec, "type=f64") != NULL ? CSGD_F64 : CSGD_F32;
}

static void check_written(const golden_good *g)
{
    double x[10]; /* of any type */
    uint8_t message[256];
    csgd_compressor *c;
    size_t len, expected_len;
    uint8_t *expected = from_hex(g->hex, &expected_len);

    oracle_put(type_of(g), golden_x, 10, x);
    assert_ok(csgd_compressor_create(g->spec, g->n, &c));
    assert_ok(csgd_compressor_set_step(c, 0x0102030405060708));
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    if (len != expected_len || memcmp(message, expected, len) != 0) print_error("%s:\n", g->spec);
    assert_int_equal(len, expected_len);
    assert_memory_equal(message, expected, len);
    csgd_compressor_destroy(&c);
    free(expected);
}

static void written_like_this(void **state)
{
    (void)state;
    for (size_t t = 0; golden_good_messages[t] != NULL; t++)
        for (const golden_good *g = golden_good_messages[t]; g->spec != NULL; g++)
            check_written(g);
}

static void check_read(const golden_good *g)
{
    double y[10], wide[10];
    size_t len;
    uint8_t *message = from_hex(g->hex, &len);
    csgd_compressor *c;

    assert_ok(csgd_compressor_create(g->spec, g->n, &c));
    assert_ok(csgd_compressor_decompress(c, message, len, y));
    oracle_get(type_of(g), y, g->n, wide);
    for (size_t j = 0; j < g->n; j++)
        if (wide[j] != g->y[j]) fail_msg("%s: y[%zu] is %a, not %a", g->spec, j, wide[j], g->y[j]);
    csgd_compressor_destroy(&c);
    free(message);
}

static void read_like_this(void **state)
{
    (void)state;
    for (size_t t = 0; golden_good_messages[t] != NULL; t++)
        for (const golden_good *g = golden_good_messages[t]; g->spec != NULL; g++)
            check_read(g);
}

static void check_refused(const golden_bad *bad)
{
    double y[100];
    size_t len;
    uint8_t *message = from_hex(bad->hex, &len);
    csgd_compressor *c;
    csgd_status st;

    assert_true(bad->n <= TEST_COUNT(y));
    memset(y, 0x77, sizeof y);
    assert_ok(csgd_compressor_create(bad->spec, bad->n, &c));
    st = csgd_compressor_decompress_add(c, message, len, y);
    if (st != bad->status || strstr(csgd_error_detail(), bad->words) == NULL)
        fail_msg("%s: %s: %s", bad->what, csgd_status_name(st), csgd_error_detail());
    for (size_t j = 0; j < sizeof y; j++)
        if (((const uint8_t *)y)[j] != 0x77) fail_msg("%s: y has changed", bad->what);
    csgd_compressor_destroy(&c);
    free(message);
}

static void refused_like_this(void **state)
{
    (void)state;
    for (size_t t = 0; golden_bad_messages[t] != NULL; t++)
        for (const golden_bad *bad = golden_bad_messages[t]; bad->spec != NULL; bad++)
            check_refused(bad);
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
