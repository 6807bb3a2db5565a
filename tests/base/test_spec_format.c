/* SPDX-License-Identifier: BSD-3-Clause */

/* test_spec_format.c: the canonical form of a spec, in every locale; long and damaged texts. */

#include "support/test.h"

#include <locale.h>
#include <math.h>

#include "base/spec_tables.h"

/* ---- long and damaged texts ---------------------------------------------------------------- */

static void long_texts(void **state)
{
    (void)state;
    csgdi_spec s;
    char text[2000];
    for (size_t len = 500; len < 520; len++) {
        memset(text, ' ', len);
        memcpy(text, "topk", 4);
        memcpy(text + len - 4, " k=3", 4);
        text[len] = '\0';
        if (len <= 511) {
            assert_ok(spec_tables_parse(&s, text));
            assert_int_equal(csgdi_spec_count(&s, "k"), 3);
        } else {
            char words[40];
            snprintf(words, sizeof words, "%zu characters, more than 511", len);
            assert_fails(spec_tables_parse(&s, text), CSGD_E_SPEC, words);
        }
    }
    /* However long what is wrong, the sentence still ends with the way out. */
    snprintf(text, sizeof text, "topk ratio=%0*d", 450, 0);
    assert_fails(spec_tables_parse(&s, text), CSGD_E_SPEC, "is not in (0, 1]");
    snprintf(text, sizeof text, "topk %0*d=1", 450, 0);
    assert_fails(spec_tables_parse(&s, text), CSGD_E_SPEC, "its keys are ratio");
    snprintf(text, sizeof text, "topk %0*d", 450, 0);
    assert_fails(spec_tables_parse(&s, text), CSGD_E_SPEC, "is not key=value");
    snprintf(text, sizeof text, "topk type=%0*d", 450, 0);
    assert_fails(spec_tables_parse(&s, text), CSGD_E_SPEC, "is not one of f32 | f64");
    snprintf(text, sizeof text, "%0*d", 1900, 0);
    assert_fails(spec_tables_parse(&s, text), CSGD_E_SPEC, "1900 characters");
}

/* Every beginning and every single altered byte of a spec is read or refused, and never more; in
 * memory of the exact length, so that a sanitizer sees a byte too many. */
static void damaged_texts(void **state)
{
    (void)state;
    static const char whole[] = "topk ratio=0.01 k=1000\tblock=64 decay=-1e-3 type=f64 feedback=ef "
                                "seed=18446744073709551615";
    csgdi_spec s;
    for (size_t len = 0; len < sizeof whole; len++) {
        char *text = test_malloc(len + 1);
        memcpy(text, whole, len);
        text[len] = '\0';
        const csgd_status status = spec_tables_parse(&s, text);
        assert_true(status == CSGD_OK || status == CSGD_E_SPEC);
        test_free(text);
    }
    char *text = test_malloc(sizeof whole);
    for (size_t i = 0; i + 1 < sizeof whole; i++)
        for (int byte = 1; byte < 256; byte++) {
            memcpy(text, whole, sizeof whole);
            text[i] = (char)byte;
            const csgd_status status = spec_tables_parse(&s, text);
            assert_true(status == CSGD_OK || status == CSGD_E_SPEC);
        }
    test_free(text);
    assert_ok(spec_tables_parse(&s, whole));
}

/* ---- the canonical form --------------------------------------------------------------------- */

static void equal_specs_are_equal_texts(void **state)
{
    (void)state;
    static const char *const same[] = {
        "topk ratio=0.01 block=512", "topk block=512 ratio=0.01", "topk ratio=1e-2",
        "  topk\tratio=10e-3  ",     "topk ratio=.010 decay=.5",  "topk ratio=0.01 type=f32",
        "topk seed=000 ratio=0.01",  "topk ratio=+1E-2",
    };
    for (size_t i = 0; i < TEST_COUNT(same); i++) {
        csgdi_spec s;
        char text[CSGDI_SPEC_MAX];
        assert_ok(spec_tables_parse(&s, same[i]));
        assert_ok(csgdi_spec_format(&s, text, sizeof text));
        assert_string_equal(text, "topk ratio=0.01 block=512 decay=0.5 type=f32 seed=0");
        assert_ok(spec_tables_parse(&s, text)); /* and it is a spec itself, of the same object */
        char again[CSGDI_SPEC_MAX];
        assert_ok(csgdi_spec_format(&s, again, sizeof again));
        assert_string_equal(again, text);
    }
}

static void numbers_are_short_and_exact(void **state)
{
    (void)state;
    static const struct {
        const char *given, *written;
    } cases[] = {
        {"0.1", "0.1"},
        {"0.10000000000000001", "0.1"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"1e-5", "1e-5"},
        {"0.0001", "0.0001"},
        {"100", "100"},
        {"1e2", "100"},
        {"123456", "123456"},
        {"123456.5", "123456.5"},
        {"1000000", "1e6"},
        {"1e20", "1e20"},
        {"1e100", "1e100"},
        {"1.5e-100", "1.5e-100"},
        {"0.333333333333333333333", "0.3333333333333333"},
        {"1.7976931348623157e308", "1.7976931348623157e308"},
        {"5e-324", "5e-324"},
        {"-0", "0"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgdi_spec s;
        char text[CSGDI_SPEC_MAX], want[CSGDI_SPEC_MAX];
        snprintf(text, sizeof text, "x scale=%s", cases[i].given);
        snprintf(want, sizeof want, "x block=512 decay=0.5 scale=%s type=f32 seed=0",
                 cases[i].written);
        assert_ok(spec_tables_parse(&s, text));
        const double value = csgdi_spec_real(&s, "scale");
        assert_ok(csgdi_spec_format(&s, text, sizeof text));
        assert_string_equal(text, want);
        assert_ok(spec_tables_parse(&s, text));
        assert_true(csgdi_spec_real(&s, "scale") == value);
    }
}

static void format_in_small_room(void **state)
{
    (void)state;
    static const char whole[] = "x block=512 decay=0.5 type=f32 seed=0";
    csgdi_spec s;
    assert_ok(spec_tables_parse(&s, "x"));
    for (size_t cap = 0; cap <= sizeof whole; cap++) {
        char *text = test_malloc(cap > 0 ? cap : 1);
        if (cap < sizeof whole) {
            char words[40];
            snprintf(words, sizeof words, "%zu bytes, not %zu", sizeof whole, cap);
            assert_fails(csgdi_spec_format(&s, text, cap), CSGD_E_SPACE, words);
            if (cap > 0) assert_int_equal(strlen(text), cap - 1);
            if (cap > 0) assert_memory_equal(text, whole, cap - 1);
        } else {
            assert_ok(csgdi_spec_format(&s, text, cap));
            assert_string_equal(text, whole);
        }
        test_free(text);
    }
}

static void objects_choose(void **state)
{
    (void)state;
    csgdi_spec s;
    char text[CSGDI_SPEC_MAX];
    assert_ok(spec_tables_parse(&s, "topk"));
    csgdi_spec_choose(&s, "feedback", "ef");
    assert_string_equal(csgdi_spec_choice(&s, "feedback"), "ef");
    assert_true(csgdi_spec_set(&s, "feedback"));
    assert_false(csgdi_spec_given(&s, "feedback")); /* the text is still silent */
    csgdi_spec_choose(&s, "type", "f64");
    assert_ok(csgdi_spec_format(&s, text, sizeof text));
    assert_string_equal(text, "topk block=512 decay=0.5 type=f64 feedback=ef seed=0");
    assert_ok(spec_tables_parse(&s, "topk feedback=none"));
    csgdi_spec_choose(&s, "feedback", "ef21");
    assert_string_equal(csgdi_spec_choice(&s, "feedback"), "ef21");
    assert_true(csgdi_spec_given(&s, "feedback"));
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        csgdi_key key;
        const char *range;
    } cases[] = {
        {{.kind = CSGDI_REAL, .min = 0, .max = 1, .above_min = true}, "in (0, 1]"},
        {{.kind = CSGDI_REAL, .min = 0.001, .max = 0.5}, "in [0.001, 0.5]"},
        {{.kind = CSGDI_REAL, .min = -HUGE_VAL, .max = HUGE_VAL}, "in (-inf, inf)"},
        {{.kind = CSGDI_COUNT, .min = 8, .max = 65536}, "8 to 65536"},
        {{.kind = CSGDI_COUNT, .min = 0, .max = 0x1p53}, "0 to 9007199254740992"},
        {{.kind = CSGDI_COUNT, .min = 2}, "2 to 18446744073709551615"},
        {{.kind = CSGDI_CHOICE, .choice = spec_tables_feedback}, "none | ef | ef21"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        char text[64];
        csgdi_key_range(&cases[i].key, text, sizeof text);
        assert_string_equal(text, cases[i].range);
        csgdi_key_range(&cases[i].key, text, 5); /* cut, and ended by a zero byte */
        assert_int_equal(strlen(text), 4);
        assert_memory_equal(text, cases[i].range, 4);
        csgdi_key_range(&cases[i].key, NULL, 0);
    }
}

/* ---- locales ------------------------------------------------------------------------------- */

/* Set a locale that writes 0,5; false where this machine has none. */
static bool set_comma_locale(void)
{
    static const char *const some[] = {"de_DE.UTF-8", "de_DE",       "de_DE@euro",
                                       "fr_FR.UTF-8", "ru_RU.UTF-8", "pt_BR.UTF-8"};
    for (size_t i = 0; i < TEST_COUNT(some); i++)
        if (setlocale(LC_ALL, some[i]) != NULL) return true;
    return false;
}

static void program_writes(const char *half)
{
    char number[16];
    snprintf(number, sizeof number, "%.1f", 0.5);
    assert_string_equal(number, half);
}

static void locale_does_not_matter(void **state)
{
    (void)state;
    if (!set_comma_locale()) {
        print_message("skipped: locale_does_not_matter: no locale with a decimal comma here\n");
        skip();
    }
    program_writes("0,5"); /* no earlier test has left this thread in another locale */
    csgdi_spec s;
    char text[CSGDI_SPEC_MAX];
    assert_ok(spec_tables_parse(&s, "topk ratio=0.25 scale=1234567.5"));
    assert_true(csgdi_spec_real(&s, "ratio") == 0.25);
    assert_ok(csgdi_spec_format(&s, text, sizeof text));
    assert_string_equal(text,
                        "topk ratio=0.25 block=512 decay=0.5 scale=1234567.5 type=f32 seed=0");
    assert_fails(spec_tables_parse(&s, "topk ratio=0,25"), CSGD_E_SPEC,
                 "ratio=0,25 is not a number");
    const csgdi_key half = {.kind = CSGDI_REAL, .min = 0, .max = 0.5};
    csgdi_key_range(&half, text, sizeof text);
    assert_string_equal(text, "in [0, 0.5]");

    /* The program's own locale is as it was, the process's and the thread's. */
    program_writes("0,5");
    setlocale(LC_ALL, "C");
    program_writes("0.5");
}

static int plain_locale(void **state)
{
    (void)state;
    setlocale(LC_ALL, "C");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_texts),
        cmocka_unit_test(damaged_texts),
        cmocka_unit_test(equal_specs_are_equal_texts),
        cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(format_in_small_room),
        cmocka_unit_test(objects_choose),
        cmocka_unit_test(ranges),
        cmocka_unit_test_teardown(locale_does_not_matter, plain_locale),
    };
    return cmocka_run_group_tests_name("spec_format", tests, NULL, NULL);
}
