/* SPDX-License-Identifier: BSD-3-Clause */

/* test_optimizer_arguments.c: what specs and arguments an optimizer takes, and what it says to others. */

#include <math.h>
#include "optim/scene.h"
#include "support/test.h"

enum { N = SCENE_N, P = SCENE_WORKERS };

static void specs(void **state)
{
    static const struct {
        const char *spec;
        csgd_status status;
        const char *words;
    } bad[] = {
        {NULL, CSGD_E_INVAL, "NULL"},
        {"", CSGD_E_SPEC, "empty"},
        {"strom lr=0.1", CSGD_E_SPEC, "did you mean \"storm\""},
        {"gradient", CSGD_E_SPEC, "csgd_optimizer_help"},
        {"storm alhpa=0.1", CSGD_E_SPEC, "did you mean \"alpha\""},
        {"storm alpha=0", CSGD_E_SPEC, "alpha"},
        {"storm alpha=1.5", CSGD_E_SPEC, "alpha"},
        {"sgd lr=0", CSGD_E_SPEC, "lr"},
        {"sgd lr=nan", CSGD_E_SPEC, "lr"},
        {"sgd momentum=0.9", CSGD_E_SPEC, "momentum"},
        {"momentum momentum=0.9 alpha=0.1", CSGD_E_SPEC, "only one"},
        {"momentum alpha=0.1 nesterov=yes", CSGD_E_SPEC, "only one"},
        {"sgd schedule=cosine", CSGD_E_SPEC, "steps="},
        {"sgd schedule=cosine steps=5 warmup=5", CSGD_E_SPEC, "warmup"},
        {"sgd schedule=step", CSGD_E_SPEC, "decay_every="},
        {"sgd schedule=cosin steps=5", CSGD_E_SPEC, "cosine"},
        {"sgd decay=0.5", CSGD_E_SPEC, "no use"},
        {"sgd reset=drop", CSGD_E_SPEC, "reset_every="},
        {"storm clip=1", CSGD_E_UNSUPPORTED, "clip="},
        {"sarah clip=1", CSGD_E_UNSUPPORTED, "clip="},
        {"svrg", CSGD_E_INVAL, "full gradients"},
        {"sarah", CSGD_E_INVAL, "full gradients"},
    };
    scene s;

    (void)state;
    open_scene(&s, "sign", "sgd");
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        csgd_optimizer *opt = s.opt;
        csgd_oracle oracle = s.oracle;

        oracle.full_gradient = NULL;
        assert_fails(csgd_optimizer_create(bad[i].spec, N, &s.w, &oracle, &opt), bad[i].status,
                     bad[i].words);
        assert_null(opt);
    }
    close_scene(&s);
}

static void arguments(void **state)
{
    csgd_optimizer_counters counters;
    csgd_optimizer *opt;
    csgd_workers broken;
    csgd_oracle none;
    csgd_simulation *sim;
    scene s;

    (void)state;
    open_scene(&s, "sign", "sgd");
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, &s.oracle, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_create("sgd", N, NULL, &s.oracle, &opt), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, NULL, &opt), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_create("sgd", N + 1, &s.w, &s.oracle, &opt), CSGD_E_INVAL,
                 "n is 41");
    assert_fails(csgd_optimizer_create("sgd", 0, &s.w, &s.oracle, &opt), CSGD_E_INVAL,
                 "at least 1");
    none = s.oracle;
    none.gradient = NULL;
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, &none, &opt), CSGD_E_INVAL, "gradient");
    none = s.oracle;
    none.size = 8;
    assert_fails(csgd_optimizer_create("sgd", N, &s.w, &none, &opt), CSGD_E_INVAL, "sizeof");
    broken = s.w;
    broken.size = 8;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL, "sizeof");
    broken = s.w;
    broken.flush = NULL;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL, "NULL");
    broken = s.w;
    broken.count = 0;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL,
                 "workers");
    broken.count = P;
    broken.first = 1;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL,
                 "workers");
    broken = s.w;
    broken.type = CSGD_F16;
    assert_fails(csgd_optimizer_create("sgd", N, &broken, &s.oracle, &opt), CSGD_E_INVAL, "type");
    broken = s.w;
    broken.traits |= CSGD_WORKERS_MOMENTUM;
    assert_fails(csgd_optimizer_create("storm", N, &broken, &s.oracle, &opt), CSGD_E_UNSUPPORTED,
                 "use sgd");
    assert_null(opt);

    assert_fails(csgd_optimizer_step(NULL, s.x), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_step(s.opt, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_flush(s.opt, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_v(s.opt, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_stats(s.opt, NULL, 8), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_stats(NULL, &counters, 8), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_set_lr(s.opt, 0), CSGD_E_INVAL, "above 0");
    assert_fails(csgd_optimizer_set_lr(s.opt, INFINITY), CSGD_E_INVAL, "finite");
    assert_int_equal(csgd_optimizer_memory_bytes(NULL), 0);
    assert_string_equal(csgd_optimizer_spec(NULL), "");
    csgd_optimizer_destroy(NULL);

    assert_fails(csgd_simulation_create("sign", 0, 1, &sim), CSGD_E_INVAL, "0 elements");
    assert_fails(csgd_simulation_create("sign", 1, 0, &sim), CSGD_E_INVAL, "0 workers");
    assert_fails(csgd_simulation_create("sign", 1, 4097, &sim), CSGD_E_INVAL, "4096");
    assert_fails(csgd_simulation_create("sign", 1, 1, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_simulation_create("sign type=bf16", 9, 1, &sim), CSGD_E_UNSUPPORTED,
                 "16 bits");
    assert_fails(csgd_simulation_create("topk algorithm=sra", 9, 1, &sim), CSGD_E_UNSUPPORTED,
                 "sra");
    assert_fails(csgd_simulation_create("sign algorithm=ring", 9, 1, &sim), CSGD_E_SPEC,
                 "algorithm");
    assert_fails(csgd_simulation_create("sign timeout=3", 9, 1, &sim), CSGD_E_SPEC, "timeout");
    assert_null(sim);
    assert_fails(csgd_simulation_workers(NULL, &broken), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_reducer_workers(NULL, &broken), CSGD_E_INVAL, "NULL");
    assert_int_equal(csgd_simulation_memory_bytes(NULL), 0);
    assert_string_equal(csgd_simulation_spec(NULL), "");
    csgd_simulation_destroy(NULL);
    close_scene(&s);
}

/* Equal specs are equal strings, whose every word the parser takes again. */
static void spec_text(void **state)
{
    csgd_optimizer *opt;
    scene s;

    (void)state;
    open_scene(&s, "sign algorithm=auto", "storm  lr=1e-1\talpha=0.1");
    assert_non_null(strstr(csgd_optimizer_spec(s.opt), "storm alpha=0.1 lr=0.1"));
    assert_non_null(strstr(csgd_simulation_spec(s.sim), "algorithm=sra"));
    assert_ok(csgd_optimizer_create(csgd_optimizer_spec(s.opt), N, &s.w, &s.oracle, &opt));
    assert_string_equal(csgd_optimizer_spec(s.opt), csgd_optimizer_spec(opt));
    csgd_optimizer_destroy(&opt);
    close_scene(&s);
}

static void help(void **state)
{
    static char text[16384];
    size_t len, whole;

    (void)state;
    assert_fails(csgd_optimizer_help(CSGD_HELP_TEXT, NULL, 0, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_optimizer_help((csgd_help_format)7, text, 9, &len), CSGD_E_INVAL, "format");
    for (int f = CSGD_HELP_TEXT; f <= CSGD_HELP_MARKDOWN; f++) {
        static const char *const names[] = {"sgd",  "momentum", "storm", "rootsgd",     "igt",
                                            "svrg", "sarah",    "adam",  "frozen_adam", "lr",
                                            "clip", "noise",    "reset", "decay_every"};

        assert_fails(csgd_optimizer_help((csgd_help_format)f, NULL, 0, &whole), CSGD_E_SPACE,
                     "takes");
        assert_in_range(whole, 1000, sizeof text - 1);
        assert_ok(csgd_optimizer_help((csgd_help_format)f, text, whole + 1, &len));
        assert_int_equal(len, whole);
        assert_int_equal(strlen(text), len);
        for (size_t i = 0; i < TEST_COUNT(names); i++)
            assert_non_null(strstr(text, names[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs),
        cmocka_unit_test(arguments),
        cmocka_unit_test(spec_text),
        cmocka_unit_test(help),
    };
    return cmocka_run_group_tests_name("optim/optimizer_arguments", tests, NULL, NULL);
}
