/* SPDX-License-Identifier: BSD-3-Clause */

/* test_spec.c: what a spec means, what is refused and with which words, and the canonical form. */

#include "support/test.h"

#include <locale.h>
#include <math.h>

#include "base/spec.h"

static const char *type(size_t i)
{
    static const char *const words[] = {"f32", "f64"};
    return i < TEST_COUNT(words) ? words[i] : NULL;
}

static const char *feedback(size_t i)
{
    static const char *const words[] = {"none", "ef", "ef21"};
    return i < TEST_COUNT(words) ? words[i] : NULL;
}

/* One key of every sort. */
static const csgdi_key own[] = {
    {.name = "ratio", .kind = CSGDI_REAL, .min = 0, .max = 1, .above_min = true, .help = "kept"},
    {.name = "k", .kind = CSGDI_COUNT, .min = 1, .help = "kept"},
    {.name = "block", .kind = CSGDI_COUNT, .min = 8, .max = 65536, .fallback = "512"},
    {.name = "decay", .kind = CSGDI_REAL, .min = -1, .max = 1, .fallback = "0.5"},
    {.name = "scale", .kind = CSGDI_REAL, .min = 0, .max = HUGE_VAL},
};
static const csgdi_key common[] = {
    {.name = "type", .kind = CSGDI_CHOICE, .choice = type, .fallback = "f32"},
    {.name = "feedback", .kind = CSGDI_CHOICE, .choice = feedback},
    {.name = "seed", .kind = CSGDI_COUNT, .fallback = "0"},
};
static const csgdi_keys groups[] = {{own, TEST_COUNT(own)}, {common, TEST_COUNT(common)}};

static csgd_status parse(csgdi_spec *s, const char *text)
{
    return csgdi_spec_parse(s, text, groups, TEST_COUNT(groups));
}

static void names(void **state)
{
    (void)state;
    char name[CSGDI_SPEC_NAME];
    assert_ok(csgdi_spec_name("topk", name));
    assert_string_equal(name, "topk");
    assert_ok(csgdi_spec_name(" \t sign ratio=1", name));
    assert_string_equal(name, "sign");
    assert_ok(csgdi_spec_name("none\tk=1", name));
    assert_string_equal(name, "none");
    assert_ok(csgdi_spec_name("abcdefghijklmnopqrstuvwxyz01234", name)); /* 31 letters */
    assert_string_equal(name, "abcdefghijklmnopqrstuvwxyz01234");
    assert_fails(csgdi_spec_name("abcdefghijklmnopqrstuvwxyz012345", name), CSGD_E_SPEC, "32");
    assert_fails(csgdi_spec_name("", name), CSGD_E_SPEC, "empty");
    assert_fails(csgdi_spec_name(" \t ", name), CSGD_E_SPEC, "empty");
    assert_fails(csgdi_spec_name("ratio=0.1 topk", name), CSGD_E_SPEC, "begins with a name");
}

static void defaults(void **state)
{
    (void)state;
    csgdi_spec s;
    assert_ok(parse(&s, "topk"));
    assert_string_equal(s.name, "topk");
    assert_int_equal(s.n, 8);
    assert_false(csgdi_spec_set(&s, "ratio"));
    assert_false(csgdi_spec_given(&s, "ratio"));
    assert_true(csgdi_spec_set(&s, "block"));
    assert_false(csgdi_spec_given(&s, "block"));
    assert_int_equal(csgdi_spec_count(&s, "block"), 512);
    assert_true(csgdi_spec_real(&s, "decay") == 0.5);
    assert_string_equal(csgdi_spec_choice(&s, "type"), "f32");
    assert_false(csgdi_spec_set(&s, "feedback"));
    assert_true(csgdi_spec_set(&s, "seed"));
}

static void values(void **state)
{
    (void)state;
    csgdi_spec s;
    assert_ok(parse(&s, "  topk\t ratio=1e-2  type=f64 k=18446744073709551615 block=0008 seed=3 "));
    assert_true(csgdi_spec_given(&s, "ratio"));
    assert_true(csgdi_spec_real(&s, "ratio") == 0.01);
    assert_true(csgdi_spec_count(&s, "k") == UINT64_MAX);
    assert_int_equal(csgdi_spec_count(&s, "block"), 8);
    assert_int_equal(csgdi_spec_count(&s, "seed"), 3);
    assert_string_equal(csgdi_spec_choice(&s, "type"), "f64");
    assert_false(csgdi_spec_given(&s, "decay"));
}

static void reals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"x decay=0.01", 0.01},
        {"x decay=1e-2", 0.01},
        {"x decay=1E-2", 0.01},
        {"x decay=.5", 0.5},
        {"x decay=1.", 1},
        {"x decay=-1", -1},
        {"x decay=+1", 1},
        {"x decay=00.25", 0.25},
        {"x decay=25e-2", 0.25},
        {"x decay=-0", 0},
        {"x decay=1e-999", 0},
        {"x decay=5e-324", 0x1p-1074},
        {"x decay=0.1", 0x1.999999999999ap-4},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgdi_spec s;
        assert_ok(parse(&s, cases[i].text));
        const double value = csgdi_spec_real(&s, "decay");
        if (memcmp(&value, &cases[i].value, sizeof value) != 0)
            fail_msg("%s gives %a, not %a", cases[i].text, value, cases[i].value);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        /* keys */
        {"topk ratoi=0.01", "topk has no key \"ratoi\"; did you mean \"ratio\"?"},
        {"topk Type=f32", "topk has no key \"Type\"; did you mean \"type\"?"},
        {"topk feedb=ef", "topk has no key \"feedb\"; did you mean \"feedback\"?"},
        {"topk momentum=0.9",
         "topk has no key \"momentum\"; its keys are ratio k block decay scale "
         "type feedback seed"},
        {"topk =5",
         "topk has no key \"\"; its keys are ratio k block decay scale type feedback seed"},
        {"topk ratio", "topk: \"ratio\" is not key=value, without blanks"},
        {"topk ratio = 0.1", "topk: \"ratio\" is not key=value, without blanks"},
        {"topk k=1 sign", "topk: \"sign\" is not key=value, without blanks"},
        {"topk ratio=0.1 ratio=0.2", "topk: ratio=0.1 and ratio=0.2; a key is given once"},
        {"topk seed=1 k=5 seed=1", "topk: seed=1 and seed=1; a key is given once"},
        /* real numbers */
        {"topk ratio=1.5", "topk: ratio=1.5 is not in (0, 1]"},
        {"topk ratio=0", "topk: ratio=0 is not in (0, 1]"},
        {"topk ratio=1e-999", "topk: ratio=1e-999 is not in (0, 1]"},
        {"topk ratio=-0.5", "topk: ratio=-0.5 is not in (0, 1]"},
        {"topk decay=-1.0001", "topk: decay=-1.0001 is not in [-1, 1]"},
        {"topk scale=-1", "topk: scale=-1 is not in [0, inf)"},
        {"topk scale=1e999", "topk: scale=1e999 is not in [0, inf)"},
        {"topk ratio=", "topk: ratio= is not a number in (0, 1]"},
        {"topk ratio=half", "topk: ratio=half is not a number in (0, 1]"},
        {"topk ratio=0,5", "topk: ratio=0,5 is not a number in (0, 1]"},
        {"topk ratio=0.5x", "topk: ratio=0.5x is not a number in (0, 1]"},
        {"topk ratio=0.5=", "topk: ratio=0.5= is not a number in (0, 1]"},
        {"topk ratio=0.5.5", "topk: ratio=0.5.5 is not a number in (0, 1]"},
        {"topk ratio=1e", "topk: ratio=1e is not a number in (0, 1]"},
        {"topk ratio=.", "topk: ratio=. is not a number in (0, 1]"},
        {"topk ratio=--1", "topk: ratio=--1 is not a number in (0, 1]"},
        {"topk ratio=0x1p-1", "topk: ratio=0x1p-1 is not a number in (0, 1]"},
        {"topk ratio=nan", "topk: ratio=nan is not a number in (0, 1]"},
        {"topk ratio=NAN(1)", "topk: ratio=NAN(1) is not a number in (0, 1]"},
        {"topk scale=inf", "topk: scale=inf is not a number in [0, inf)"},
        {"topk scale=-infinity", "topk: scale=-infinity is not a number in [0, inf)"},
        {"topk ratio=\n0.5", "topk: ratio=\n0.5 is not a number in (0, 1]"},
        /* counts */
        {"topk block=7", "topk: block=7 is not in 8 to 65536"},
        {"topk block=65537", "topk: block=65537 is not in 8 to 65536"},
        {"topk block=99999999999999999999",
         "topk: block=99999999999999999999 is not in 8 to 65536"},
        {"topk k=0", "topk: k=0 is not in 1 to 18446744073709551615"},
        {"topk seed=18446744073709551616",
         "topk: seed=18446744073709551616 is not in 0 to 18446744073709551615"},
        {"topk seed=184467440737095516150",
         "topk: seed=184467440737095516150 is not in 0 to 18446744073709551615"},
        {"topk block=", "topk: block= is not a whole number, 8 to 65536"},
        {"topk block=-8", "topk: block=-8 is not a whole number, 8 to 65536"},
        {"topk block=+8", "topk: block=+8 is not a whole number, 8 to 65536"},
        {"topk block=1e3", "topk: block=1e3 is not a whole number, 8 to 65536"},
        {"topk block=64.0", "topk: block=64.0 is not a whole number, 8 to 65536"},
        {"topk block=0x40", "topk: block=0x40 is not a whole number, 8 to 65536"},
        /* choices */
        {"topk type=f23", "topk has no type=f23; did you mean type=f32?"},
        {"topk type=F64", "topk has no type=F64; did you mean type=f64?"},
        {"topk feedback=always", "topk: feedback=always is not one of none | ef | ef21"},
        {"topk type=", "topk: type= is not one of f32 | f64"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgdi_spec s;
        const csgd_status status = parse(&s, cases[i].text);
        if (status != CSGD_E_SPEC || strcmp(csgd_error_detail(), cases[i].sentence) != 0)
            fail_msg("%s: %s: %s", cases[i].text, csgd_status_name(status), csgd_error_detail());
    }
}

static void no_keys_at_all(void **state)
{
    (void)state;
    csgdi_spec s;
    char text[8];
    assert_ok(csgdi_spec_parse(&s, " none ", NULL, 0));
    assert_ok(csgdi_spec_format(&s, text, sizeof text));
    assert_string_equal(text, "none");
    assert_fails(csgdi_spec_parse(&s, "none k=1", NULL, 0), CSGD_E_SPEC, "its keys are none");
}

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
            assert_ok(parse(&s, text));
            assert_int_equal(csgdi_spec_count(&s, "k"), 3);
        } else {
            char words[40];
            snprintf(words, sizeof words, "%zu characters, more than 511", len);
            assert_fails(parse(&s, text), CSGD_E_SPEC, words);
        }
    }
    /* However long what is wrong, the sentence still ends with the way out. */
    snprintf(text, sizeof text, "topk ratio=%0*d", 450, 0);
    assert_fails(parse(&s, text), CSGD_E_SPEC, "is not in (0, 1]");
    snprintf(text, sizeof text, "topk %0*d=1", 450, 0);
    assert_fails(parse(&s, text), CSGD_E_SPEC, "its keys are ratio");
    snprintf(text, sizeof text, "topk %0*d", 450, 0);
    assert_fails(parse(&s, text), CSGD_E_SPEC, "is not key=value");
    snprintf(text, sizeof text, "topk type=%0*d", 450, 0);
    assert_fails(parse(&s, text), CSGD_E_SPEC, "is not one of f32 | f64");
    snprintf(text, sizeof text, "%0*d", 1900, 0);
    assert_fails(parse(&s, text), CSGD_E_SPEC, "1900 characters");
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
        const csgd_status status = parse(&s, text);
        assert_true(status == CSGD_OK || status == CSGD_E_SPEC);
        test_free(text);
    }
    char *text = test_malloc(sizeof whole);
    for (size_t i = 0; i + 1 < sizeof whole; i++)
        for (int byte = 1; byte < 256; byte++) {
            memcpy(text, whole, sizeof whole);
            text[i] = (char)byte;
            const csgd_status status = parse(&s, text);
            assert_true(status == CSGD_OK || status == CSGD_E_SPEC);
        }
    test_free(text);
    assert_ok(parse(&s, whole));
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
        assert_ok(parse(&s, same[i]));
        assert_ok(csgdi_spec_format(&s, text, sizeof text));
        assert_string_equal(text, "topk ratio=0.01 block=512 decay=0.5 type=f32 seed=0");
        assert_ok(parse(&s, text)); /* and it is a spec itself, of the same object */
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
        assert_ok(parse(&s, text));
        const double value = csgdi_spec_real(&s, "scale");
        assert_ok(csgdi_spec_format(&s, text, sizeof text));
        assert_string_equal(text, want);
        assert_ok(parse(&s, text));
        assert_true(csgdi_spec_real(&s, "scale") == value);
    }
}

static void format_in_small_room(void **state)
{
    (void)state;
    static const char whole[] = "x block=512 decay=0.5 type=f32 seed=0";
    csgdi_spec s;
    assert_ok(parse(&s, "x"));
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
    assert_ok(parse(&s, "topk"));
    csgdi_spec_choose(&s, "feedback", "ef");
    assert_string_equal(csgdi_spec_choice(&s, "feedback"), "ef");
    assert_true(csgdi_spec_set(&s, "feedback"));
    assert_false(csgdi_spec_given(&s, "feedback")); /* the text is still silent */
    csgdi_spec_choose(&s, "type", "f64");
    assert_ok(csgdi_spec_format(&s, text, sizeof text));
    assert_string_equal(text, "topk block=512 decay=0.5 type=f64 feedback=ef seed=0");
    assert_ok(parse(&s, "topk feedback=none"));
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
        {{.kind = CSGDI_CHOICE, .choice = feedback}, "none | ef | ef21"},
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
    assert_ok(parse(&s, "topk ratio=0.25 scale=1234567.5"));
    assert_true(csgdi_spec_real(&s, "ratio") == 0.25);
    assert_ok(csgdi_spec_format(&s, text, sizeof text));
    assert_string_equal(text,
                        "topk ratio=0.25 block=512 decay=0.5 scale=1234567.5 type=f32 seed=0");
    assert_fails(parse(&s, "topk ratio=0,25"), CSGD_E_SPEC, "ratio=0,25 is not a number");
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
        cmocka_unit_test(names),
        cmocka_unit_test(defaults),
        cmocka_unit_test(values),
        cmocka_unit_test(reals),
        cmocka_unit_test(refused),
        cmocka_unit_test(no_keys_at_all),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(damaged_texts),
        cmocka_unit_test(equal_specs_are_equal_texts),
        cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(format_in_small_room),
        cmocka_unit_test(objects_choose),
        cmocka_unit_test(ranges),
        cmocka_unit_test_teardown(locale_does_not_matter, plain_locale),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
