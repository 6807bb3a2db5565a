/* SPDX-License-Identifier: BSD-3-Clause */

/* test_plugin_register.c: what is refused at registering, and what is known of a plug-in after it. */

#include "compressors/plugins.h"

#include <math.h>
#include "compressors/plugin.h"
#include "support/test.h"

enum { N = 21 };

static const char *const no_words[] = {NULL};
static const char *const blank_words[] = {"a", "b c", NULL};
static const char *const words[] = {"a", "b", NULL};

/* Each field wrong by itself; all else is t_sign's. */
static void bad_structs(void **state)
{
    csgd_plugin p;

    (void)state;
#define REFUSED(change, words_of)                                       \
    do {                                                                \
        p = plugins_sign;                                               \
        p.name = "t_new";                                               \
        change;                                                         \
        assert_fails(csgd_plugin_register(&p), CSGD_E_INVAL, words_of); \
    } while (0)
    assert_fails(csgd_plugin_register(NULL), CSGD_E_INVAL, "NULL");
    REFUSED(p.size = 0, "sizeof(csgd_plugin)");
    REFUSED(p.size--, "sizeof(csgd_plugin)");
    REFUSED(p.name = NULL, "name \"NULL\"");
    REFUSED(p.name = "", "lower-case");
    REFUSED(p.name = "Sign", "\"Sign\"");
    REFUSED(p.name = "1sign", "\"1sign\"");
    REFUSED(p.name = "my sign", "\"my sign\"");
    REFUSED(p.name = "a=b", "\"a=b\"");
    REFUSED(p.name = "a2345678901234567890123456789012", "at most 31");
    REFUSED(p.summary = NULL, "t_new: summary");
    REFUSED(p.family = (csgd_plugin_family)0, "family 0");
    REFUSED(p.family = (csgd_plugin_family)3, "family 3");
    REFUSED(p.family = CSGD_PLUGIN_SELECT, "selecting");
    REFUSED(p.create = NULL, "create is NULL");
    REFUSED(p.block_bytes = NULL, "quantizing");
    REFUSED(p.encode_block = NULL, "quantizing");
    REFUSED(p.decode_block = NULL, "quantizing");
    REFUSED(p.select = plugins_topk.select, "quantizing");
    REFUSED((p = plugins_topk, p.name = "t_new", p.select = NULL), "selecting");
    REFUSED((p = plugins_topk, p.name = "t_new", p.check_block = plugins_sign.check_block),
            "selecting");
    REFUSED(p.keys = NULL, "1 keys");
    REFUSED(p.n_keys = 9, "9 keys, at most 8");
#undef REFUSED
}

static void bad_keys(void **state)
{
    static const struct {
        csgd_plugin_key key;
        const char *words;
    } bad[] = {
        {{.help = "h", .kind = CSGD_PLUGIN_COUNT}, "key name \"NULL\""},
        {{.name = "K", .help = "h", .kind = CSGD_PLUGIN_COUNT}, "key name \"K\""},
        {{.name = "", .help = "h", .kind = CSGD_PLUGIN_COUNT}, "key name"},
        {{.name = "k", .kind = CSGD_PLUGIN_COUNT}, "t_keys: k: help"},
        {{.name = "k", .help = "h"}, "kind 0"},
        {{.name = "k", .help = "h", .kind = (csgd_plugin_kind)4}, "kind 4"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .min = -1}, "from -1"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .min = 0.5}, "from 0.5"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .min = NAN}, "from"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .max = 1e17}, "to 1e+17"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .min = 3, .max = 2}, "from 3 to 2"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_REAL, .min = 3, .max = 2}, "from 3 to 2"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_REAL, .max = NAN}, "from 0"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_CHOICE}, "no words"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_CHOICE, .words = no_words}, "no words"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_CHOICE, .words = blank_words}, "\"b c\""},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_CHOICE, .words = words, .fallback = "c"},
         "k=c"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .min = 1, .fallback = "0"}, "k=0"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .fallback = "1 "}, "blanks"},
        {{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT, .fallback = ""}, "blanks"},
        {{.name = "k",
          .help = "h",
          .kind = CSGD_PLUGIN_REAL,
          .max = 1,
          .above_min = 1,
          .fallback = "0"},
         "k=0"},
    };
    csgd_plugin p = plugins_sign;

    (void)state;
    p.name = "t_keys";
    p.n_keys = 1;
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        p.keys = &bad[i].key;
        assert_fails(csgd_plugin_register(&p), CSGD_E_INVAL, bad[i].words);
    }
    p.keys = (const csgd_plugin_key[]){{.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT},
                                       {.name = "k", .help = "h", .kind = CSGD_PLUGIN_COUNT}};
    p.n_keys = 2;
    assert_fails(csgd_plugin_register(&p), CSGD_E_INVAL, "two keys are named \"k\"");
}

static void names_are_taken(void **state)
{
    csgd_plugin p = plugins_sign;
    char name[32] = "t_sign";

    (void)state;
    plugins_register();
    plugins_register(); /* the identical ones: nothing happens */
    p.name = "topk";
    assert_fails(csgd_plugin_register(&p), CSGD_E_UNSUPPORTED, "another compressor \"topk\"");
    p.name = "t_sign";
    p.biased = 0;
    assert_fails(csgd_plugin_register(&p), CSGD_E_UNSUPPORTED, "another compressor \"t_sign\"");

    for (unsigned i = 0; strcmp(name, "t_sign") == 0 ||
                         csgdi_plugin_wire_id(name) != csgdi_plugin_wire_id("t_sign");
         i++)
        snprintf(name, sizeof name, "t_%u", i);
    p.name = name;
    assert_fails(csgd_plugin_register(&p), CSGD_E_UNSUPPORTED, "same number in messages");
}

/* Messages carry these, so they are written out here. */
static void numbers_are_frozen(void **state)
{
    (void)state;
    assert_int_equal(csgdi_plugin_wire_id("t_sign"), 0xdcd7);
    assert_int_equal(csgdi_plugin_wire_id("t_topk"), 0xbf69);
}

/* A struct of a later version: longer, and filled there or not. */
static void later_versions(void **state)
{
    struct {
        csgd_plugin p;
        void *more;
    } later = {.p = plugins_sign};
    csgd_compressor *c;

    (void)state;
    later.p.size = sizeof later;
    later.p.name = "t_later";
    later.more = &later;
    assert_fails(csgd_plugin_register(&later.p), CSGD_E_UNSUPPORTED, "later version");
    later.more = NULL;
    assert_ok(csgd_plugin_register(&later.p));
    assert_ok(csgd_compressor_create("t_later", N, &c));
    csgd_compressor_destroy(&c);
}

static void keys_of_the_library(void **state)
{
    static const csgd_plugin_key type[] = {
        {.name = "type", .help = "h", .kind = CSGD_PLUGIN_COUNT}};
    static const csgd_plugin_key back[] = {
        {.name = "feedback", .help = "h", .kind = CSGD_PLUGIN_COUNT}};
    csgd_plugin p = plugins_topk;
    csgd_compressor *c;
    csgd_feedback *f;

    (void)state;
    p.name = "t_type";
    p.keys = type;
    assert_ok(csgd_plugin_register(&p));
    assert_fails(csgd_compressor_create("t_type", N, &c), CSGD_E_SPEC, "the library's own");
    p.name = "t_back";
    p.keys = back;
    assert_ok(csgd_plugin_register(&p));
    assert_ok(csgd_compressor_create("t_back", N, &c));
    csgd_compressor_destroy(&c);
    assert_fails(csgd_feedback_create("t_back", N, &f), CSGD_E_SPEC, "\"feedback\"");
}

static void help_lists_them(void **state)
{
    static char text[1 << 16];
    size_t len;

    (void)state;
    for (csgd_help_format f = CSGD_HELP_TEXT; f <= CSGD_HELP_MARKDOWN; f++) {
        assert_ok(csgd_spec_help(f, text, sizeof text, &len));
        assert_non_null(strstr(text, "what topk does"));
        assert_non_null(strstr(text, "nobody 1900"));
        assert_non_null(strstr(text, "the mistake"));
    }
    assert_non_null(strstr(text, "mistake \\| or two"));
}

/* ---- many at once, last because the list is full then ----------------------------------- */

enum { THREADS = 8 };

static char many_names[CSGD_PLUGINS][16];
static csgd_plugin many[CSGD_PLUGINS];
static csgd_status outcome[THREADS];

static void fill_list(int rank, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < CSGD_PLUGINS; i++) {
        csgd_compressor *c;

        outcome[rank] = csgd_plugin_register(&many[i]); /* all threads the same */
        if (outcome[rank] != CSGD_OK) return;
        if (csgd_compressor_create(many[i].name, N, &c) != CSGD_OK) outcome[rank] = CSGD_E_SPEC;
        csgd_compressor_destroy(&c);
    }
}

static void from_several_threads(void **state)
{
    csgd_compressor *c;
    csgd_team *team;

    (void)state;
    for (size_t i = 0; i < CSGD_PLUGINS; i++) {
        snprintf(many_names[i], sizeof many_names[i], "t_lots_%zu", i);
        many[i] = plugins_topk;
        many[i].name = many_names[i];
    }
    assert_ok(csgd_team_create(THREADS, &team));
    assert_ok(csgd_team_run(team, fill_list, NULL));
    assert_ok(csgd_team_destroy(&team));
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(outcome[t], CSGD_E_UNSUPPORTED);
    assert_fails(csgd_plugin_register(&many[CSGD_PLUGINS - 1]), CSGD_E_UNSUPPORTED,
                 "64 plug-ins already");
    assert_ok(csgd_plugin_register(&plugins_sign)); /* is there */
    assert_ok(csgd_compressor_create("t_sign", N, &c));
    csgd_compressor_destroy(&c);
    assert_int_equal(plugins_alive(), 0);
    size_t n = 0;
    while (csgdi_plugin_list(n) != NULL)
        n++;
    assert_int_equal(n, CSGD_PLUGINS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_structs),     cmocka_unit_test(bad_keys),
        cmocka_unit_test(names_are_taken), cmocka_unit_test(numbers_are_frozen),
        cmocka_unit_test(later_versions),  cmocka_unit_test(keys_of_the_library),
        cmocka_unit_test(help_lists_them), cmocka_unit_test(from_several_threads),
    };
    return cmocka_run_group_tests_name("compressors/plugin_register", tests, NULL, NULL);
}
