/* SPDX-License-Identifier: BSD-3-Clause */

/* test_spec.c: what a spec means, what is refused and with which words. */

#include "support/test.h"

#include "base/spec_tables.h"

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
    assert_ok(spec_tables_parse(&s, "topk"));
    assert_string_equal(s.name, "topk");
    assert_int_equal(s.n, 9);
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
    assert_ok(spec_tables_parse(
        &s, "  topk\t ratio=1e-2  type=f64 k=18446744073709551615 block=0008 seed=3 "));
    assert_true(csgdi_spec_given(&s, "ratio"));
    assert_true(csgdi_spec_real(&s, "ratio") == 0.01);
    assert_true(csgdi_spec_count(&s, "k") == UINT64_MAX);
    assert_int_equal(csgdi_spec_count(&s, "block"), 8);
    assert_int_equal(csgdi_spec_count(&s, "seed"), 3);
    assert_string_equal(csgdi_spec_choice(&s, "type"), "f64");
    assert_false(csgdi_spec_given(&s, "decay"));
}

static void yes_and_no(void **state)
{
    static const char *const words[] = {"auto", "yes", "no", NULL};
    static const csgdi_key key[] = {{.name = "force", .kind = CSGDI_CHOICE, .words = words}};
    static const csgdi_keys keys = {key, 1};
    char text[CSGDI_SPEC_MAX];
    csgdi_spec s;

    (void)state;
    assert_ok(csgdi_spec_parse(&s, "x force=1", &keys, 1));
    assert_string_equal(csgdi_spec_choice(&s, "force"), "yes");
    assert_ok(csgdi_spec_format(&s, text, sizeof text));
    assert_string_equal(text, "x force=yes");
    assert_ok(csgdi_spec_parse(&s, "x force=0", &keys, 1));
    assert_string_equal(csgdi_spec_choice(&s, "force"), "no");
    assert_fails(csgdi_spec_parse(&s, "x force=2", &keys, 1), CSGD_E_SPEC, "force=");
    assert_fails(spec_tables_parse(&s, "x feedback=0"), CSGD_E_SPEC, "feedback=");
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
        assert_ok(spec_tables_parse(&s, cases[i].text));
        const double value = csgdi_spec_real(&s, "decay");
        if (memcmp(&value, &cases[i].value, sizeof value) != 0)
            fail_msg("%s gives %a, not %a", cases[i].text, value, cases[i].value);
    }
}

static void either(void **state)
{
    (void)state;
    csgdi_spec s;
    assert_ok(spec_tables_parse(&s, "x rho=auto"));
    assert_string_equal(csgdi_spec_word(&s, "rho"), "auto");
    csgdi_spec_choose(&s, "rho", "0.5");
    assert_null(csgdi_spec_word(&s, "rho"));
    assert_true(csgdi_spec_real(&s, "rho") == 0.5);
    csgdi_spec_choose(&s, "rho", "step");
    assert_string_equal(csgdi_spec_word(&s, "rho"), "step");
    assert_ok(spec_tables_parse(&s, "x"));
    assert_false(csgdi_spec_set(&s, "rho"));
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
         "rho type feedback seed"},
        {"topk =5",
         "topk has no key \"\"; its keys are ratio k block decay scale rho type feedback seed"},
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
        /* a number or a word */
        {"topk rho=1.5", "topk: rho=1.5 is not in [0, 1] | step | auto"},
        {"topk rho=0.5.5", "topk: rho=0.5.5 is not a number in [0, 1] | step | auto"},
        {"topk rho=steps", "topk has no rho=steps; did you mean rho=step?"},
        {"topk rho=whenever", "topk: rho=whenever is not a number in [0, 1] | step | auto"},
        {"topk rho=", "topk: rho= is not a number in [0, 1] | step | auto"},
        {"topk rho=step rho=1", "topk: rho=step and rho=1; a key is given once"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        csgdi_spec s;
        const csgd_status status = spec_tables_parse(&s, cases[i].text);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),      cmocka_unit_test(defaults),       cmocka_unit_test(values),
        cmocka_unit_test(yes_and_no), cmocka_unit_test(reals),          cmocka_unit_test(either),
        cmocka_unit_test(refused),    cmocka_unit_test(no_keys_at_all),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
