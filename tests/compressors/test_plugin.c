/* SPDX-License-Identifier: BSD-3-Clause */

/* test_plugin.c: what is noticed of a plug-in at creation and in a call, and that every state is
 * destroyed once. */

#include "compressors/plugins.h"

#include <math.h>
#include "compressors/plugin.h"
#include "support/budget.h"
#include "support/test.h"
#include "wire/header.h"

enum { N = 21 };

/* ---- creation --------------------------------------------------------------------------- */

static void specs(void **state)
{
    static const struct {
        const char *spec;
        csgd_status status;
        const char *words;
    } refused[] = {
        {"t_sgin", CSGD_E_SPEC, "did you mean \"t_sign\"?"},
        {"t_sign blok=8", CSGD_E_SPEC, "t_sign has no key \"blok\"; did you mean \"block\"?"},
        {"t_sign block=0", CSGD_E_SPEC, "block=0 is not in 1 to 1048576"},
        {"t_sign block=12", CSGD_E_SPEC, "t_sign: block=12 is not a multiple of 8"},
        {"t_sign k=1", CSGD_E_SPEC, "k"},
        {"t_topk k=22", CSGD_E_SPEC, "t_topk: k=22 is more than n=21"},
        {"t_codes wrong=nann", CSGD_E_SPEC, "did you mean wrong=nan?"},
        {"t_codes wrong=spec", CSGD_E_SPEC, "t_codes: a bad idea, really"},
        {"t_codes wrong=nomem", CSGD_E_NOMEM, "t_codes: create returned CSGD_E_NOMEM"},
        {"t_codes wrong=odd", CSGD_E_PLUGIN, "t_codes: create returned CSGD_MORE"},
        {"t_codes wrong=ask", CSGD_E_PLUGIN, "\"seed\""},
        {"t_codes wrong=kind", CSGD_E_PLUGIN, "\"rank\""},
        {"t_codes wrong=block", CSGD_E_PLUGIN, "blocks of 0 elements"},
        {"t_codes wrong=huge", CSGD_E_PLUGIN, "blocks of 1073741825"},
        {"t_codes wrong=bytes", CSGD_E_PLUGIN, "block_bytes of 1 elements is 0"},
        {"t_codes wrong=wide", CSGD_E_PLUGIN, "is 33, not 1 to 32"},
        {"t_entries wrong=max_k", CSGD_E_PLUGIN, "max_k=22, not 1 to 21"},
        {"t_entries wrong=zero_k", CSGD_E_PLUGIN, "max_k=0"},
    };
    csgd_compressor *c;
    csgd_feedback *f;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(refused); i++) {
        assert_fails(csgd_compressor_create(refused[i].spec, N, &c), refused[i].status,
                     refused[i].words);
        assert_fails(csgd_feedback_create(refused[i].spec, N, &f), refused[i].status,
                     refused[i].words);
        assert_int_equal(plugins_alive(), 0);
    }
}

/* Whether the default feedback is ef follows `biased`. */
static void whether_biased(void **state)
{
    csgd_feedback *f;
    float g[N] = {1, 2, 3}, e[N];
    uint8_t message[512];
    size_t len;

    (void)state;
    for (int biased = 0; biased < 2; biased++) {
        double left = 0;

        assert_ok(csgd_feedback_create(biased ? "t_sign block=8" : "t_codes", N, &f));
        assert_true(csgd_compressor_bound(csgd_feedback_compressor(f)) <= sizeof message);
        assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
        assert_ok(csgd_feedback_residual(f, e));
        for (int i = 0; i < N; i++)
            left += fabs((double)e[i]);
        assert_int_equal(left > 0, biased);
        csgd_feedback_destroy(&f);
    }
}

static void empty_vectors(void **state)
{
    static const char *const names[] = {"t_sign", "t_topk", "t_codes wrong=block"};
    uint8_t message[64];
    size_t len;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        csgd_compressor *c;

        assert_ok(csgd_compressor_create(names[i], 0, &c));
        assert_int_equal(plugins_alive(), 0); /* the plug-in is not even asked */
        assert_int_equal(csgd_compressor_bound(c), CSGDI_HEADER_BYTES);
        assert_ok(csgd_compressor_compress(c, NULL, message, sizeof message, &len));
        assert_ok(csgd_compressor_decompress(c, message, len, NULL));
        csgd_compressor_destroy(&c);
    }
}

/* Every allocation fails once: no memory and no state is left, in whatever object. */
static void every_allocation_fails_once(void **state)
{
    static const char *const names[] = {"t_sign block=8", "t_topk k=3"};
    csgd_compressor *c = NULL;
    csgd_feedback *f = NULL;
    csgd_reducer *r = NULL;
    csgd_team *team;

    (void)state;
    csgd_budget_install();
    assert_ok(csgd_team_create(1, &team));
    for (size_t i = 0; i < TEST_COUNT(names); i++)
        for (int object = 0; object < 3; object++) {
            const size_t before = csgd_budget_live_blocks();
            csgd_status st = CSGD_E_NOMEM;

            for (long allowed = 0; st != CSGD_OK; allowed++) {
                csgd_budget_set(allowed);
                st = object == 0   ? csgd_compressor_create(names[i], N, &c)
                     : object == 1 ? csgd_feedback_create(names[i], N, &f)
                                   : csgd_reducer_create_team(team, 0, N, names[i], &r);
                csgd_budget_set(-1);
                if (st == CSGD_OK) break;
                assert_int_equal(st, CSGD_E_NOMEM);
                assert_int_equal(csgd_budget_live_blocks(), before);
                assert_int_equal(plugins_alive(), 0);
                assert_true(allowed < 100);
            }
            assert_int_equal(plugins_alive(), 1);
            csgd_compressor_destroy(&c);
            csgd_feedback_destroy(&f);
            assert_ok(csgd_reducer_destroy(&r));
            assert_int_equal(plugins_alive(), 0);
            assert_int_equal(csgd_budget_live_blocks(), before);
        }
    assert_ok(csgd_team_destroy(&team));
    csgd_budget_remove();
}

/* ---- calls ------------------------------------------------------------------------------ */

/* Mistakes in a call: an error with the step where it was, and the next call works. */
static void mistakes(void **state)
{
    static const struct {
        const char *spec, *words;
    } wrong[] = {
        {"t_codes wrong=nan step=1", "1 elements from 0 on are encoded wrongly: t_codes: the codes "
                                     "stand for NaN"},
        {"t_codes wrong=refuse step=1", "4 elements from 0 on are encoded wrongly: t_codes: the "
                                        "last byte is 1"},
        {"t_codes wrong=silent step=1", "t_codes: check_block refuses the codes"},
        {"t_entries wrong=nan step=1", "t_entries: select gave an element the value NaN"},
        {"t_entries wrong=many step=1", "max_k is 20"},
        {"t_entries wrong=order step=1", "chose element 0 after element 1"},
        {"t_entries wrong=twice step=1", "chose element 0 after element 0"},
        {"t_entries wrong=range step=1", "chose element 21 of 21"},
    };
    uint8_t message[1024];
    size_t len = 77;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(wrong); i++)
        for (int wide = 0; wide < 2; wide++) {
            double x[N] = {1, 2, 3};
            char spec[96];
            csgd_compressor *c;
            csgd_feedback *f;

            snprintf(spec, sizeof spec, "%s type=%s", wrong[i].spec, wide ? "f64" : "f32");
            assert_ok(csgd_compressor_create(spec, N, &c));
            assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
            len = 77;
            for (int again = 0; again < 2; again++)
                assert_fails(csgd_compressor_compress(c, x, message, sizeof message, &len),
                             CSGD_E_PLUGIN, wrong[i].words);
            assert_int_equal(len, 77);
            memset(x, 0xff, sizeof x); /* NaN is the caller's mistake, not the plug-in's */
            assert_fails(csgd_compressor_compress(c, x, message, sizeof message, &len),
                         CSGD_E_NONFINITE, "x has NaN");
            memset(x, 0, sizeof x);
            assert_ok(csgd_compressor_set_step(c, 2));
            assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
            csgd_compressor_destroy(&c);

            snprintf(spec, sizeof spec, "%s type=%s feedback=ef", wrong[i].spec,
                     wide ? "f64" : "f32");
            assert_ok(csgd_feedback_create(spec, N, &f));
            assert_ok(csgd_feedback_compress(f, x, message, sizeof message, &len));
            assert_fails(csgd_feedback_compress(f, x, message, sizeof message, &len), CSGD_E_PLUGIN,
                         wrong[i].words);
            x[0] = INFINITY;
            memset(x, 0xff, sizeof x);
            assert_fails(csgd_feedback_compress(f, x, message, sizeof message, &len),
                         CSGD_E_NONFINITE, "g");
            csgd_feedback_destroy(&f);
        }
}

/* Bytes from elsewhere with a hash that is right: check_block is asked about every block, and y is
 * as before where it refuses; what it accepts but decodes to NaN is refused as well. */
static void corrupt_bytes(void **state)
{
    static const char *const names[] = {"t_sign block=8", "t_codes"};
    uint8_t message[1024];
    size_t len, refused[2] = {0}, accepted[2] = {0};

    (void)state;
    for (size_t s = 0; s < TEST_COUNT(names); s++) {
        float x[N] = {1, 2, 3}, y[N], before[N];
        csgd_compressor *c;

        assert_ok(csgd_compressor_create(names[s], N, &c));
        for (size_t at = CSGDI_HEADER_BYTES; at < csgd_compressor_bound(c); at++)
            for (int byte = 0; byte < 256; byte += 5) {
                csgdi_header h;
                csgd_status st;

                assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
                assert_ok(csgdi_header_read(message, len, &h));
                message[at] = (uint8_t)byte;
                csgdi_header_write(&h, message);
                for (int i = 0; i < N; i++)
                    y[i] = before[i] = (float)i;
                st = csgd_compressor_decompress(c, message, len, y);
                if (st == CSGD_OK) {
                    for (int i = 0; i < N; i++)
                        assert_true(isfinite(y[i]));
                    accepted[s]++;
                } else {
                    assert_int_equal(st, CSGD_E_CORRUPT);
                    assert_memory_equal(y, before, sizeof y);
                    refused[s]++;
                }
            }
        csgd_compressor_destroy(&c);
        assert_true(accepted[s] > 0 && refused[s] > 0);
    }
}

/* The sentence says which block, whose plug-in and what. */
static void corrupt_blocks(void **state)
{
    float x[N] = {1, 2, 3}, y[N];
    uint8_t message[512];
    csgd_compressor *c;
    csgdi_header h;
    size_t len;

    (void)state;
    x[8] = 1;
    assert_ok(csgd_compressor_create("t_sign block=8", N, &c)); /* 4 + 1 bytes a block */
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    assert_ok(csgdi_header_read(message, len, &h));
    message[CSGDI_HEADER_BYTES + 5 + 3] |= 0x80; /* the sign of the second scale */
    csgdi_header_write(&h, message);
    assert_fails(csgd_compressor_decompress(c, message, len, y), CSGD_E_CORRUPT,
                 "block 1: t_sign: the scale is -0.125");
    csgd_compressor_destroy(&c);

    assert_ok(csgd_compressor_create("t_codes", N, &c)); /* 4 + 1 bytes an element */
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    assert_ok(csgdi_header_read(message, len, &h));
    memset(message + CSGDI_HEADER_BYTES + 2 * 5, 0xff, 4);
    csgdi_header_write(&h, message);
    assert_fails(csgd_compressor_decompress(c, message, len, y), CSGD_E_CORRUPT,
                 "block 2: t_codes: the codes stand for NaN");
    csgd_compressor_destroy(&c);
}

static void random_words(void **state)
{
    csgd_plugin_call call = {.step = 5, .seed = 7, .rank = 2};
    uint32_t a[4], b[4], expected[4];
    csgdi_random random = csgdi_random_make(7, CSGDI_STREAM_ROUNDING, 2, 0, 5);

    (void)state;
    csgdi_random_block(&random, 9, expected);
    csgd_plugin_random(&call, 0, 9, a);
    assert_memory_equal(a, expected, sizeof a);
    call.second = 1;
    csgd_plugin_random(&call, 0, 9, b);
    assert_memory_not_equal(a, b, sizeof a);
    call.second = 0;
    call.rank = 3;
    csgd_plugin_random(&call, 0, 9, b);
    assert_memory_not_equal(a, b, sizeof a);
    csgd_plugin_random(&call, 1, 9, a);
    assert_memory_not_equal(a, b, sizeof a);
    call.rank = 2;
    csgd_plugin_random(&call, 1, 9, b);
    assert_memory_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs),          cmocka_unit_test(whether_biased),
        cmocka_unit_test(empty_vectors),  cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(mistakes),       cmocka_unit_test(corrupt_bytes),
        cmocka_unit_test(corrupt_blocks), cmocka_unit_test(random_words),
    };
    plugins_register();
    return cmocka_run_group_tests_name("compressors/plugin", tests, NULL, NULL);
}
