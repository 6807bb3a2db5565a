/* SPDX-License-Identifier: BSD-3-Clause */

/* test_dgc.c: deep gradient compression of one rank: its formula bit for bit, clipping, how many
 * entries go in a warm-up, and that what is sent carries its momentum. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "feedback/feedback.h"
#include "oracle/oracle.h"
#include "wire/header.h"

enum { N = 1000, CAP = 16384 };

/* Entries of a message. */
static size_t entries(const uint8_t *message)
{
    const uint8_t *k = message + CSGDI_HEADER_BYTES;
    return k[0] | (size_t)k[1] << 8 | (size_t)k[2] << 16;
}

static void check_formula(const char *keys, csgd_type type, oracle_settings set)
{
    double g[N], narrow[N], expected[N];
    uint8_t message[CAP];
    csgd_feedback *f;
    char spec[128];
    oracle *o;
    size_t len;

    set.type = type;
    set.n = N;
    set.k = 20;
    set.feedback = true;
    set.rule = ORACLE_DGC;
    o = oracle_create("topk", &set, 1);
    snprintf(spec, sizeof spec, "topk k=20 feedback=dgc type=%s%s",
             type == CSGD_F32 ? "f32" : "f64", keys);
    assert_ok(csgd_feedback_create(spec, N, &f));
    for (uint64_t t = 0; t < 60; t++) {
        oracle_gradient(0, t, type, N, g);
        oracle_store(type, g, N, narrow);
        oracle_step(o, (double *const[]){g});
        assert_ok(csgd_feedback_compress(f, narrow, message, CAP, &len));
        assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, narrow));
        oracle_store(type, o->sent[0], N, expected);
        assert_memory_equal(narrow, expected, N * csgd_type_size(type));
        assert_ok(csgd_feedback_residual(f, narrow));
        oracle_store(type, o->residual[0], N, expected);
        assert_memory_equal(narrow, expected, N * csgd_type_size(type));
    }
    csgd_feedback_destroy(&f);
    oracle_destroy(o);
}

static void formula(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        check_formula("", type, (oracle_settings){.momentum = 0.9, .masking = true});
        check_formula(" masking=no momentum=0.5", type, (oracle_settings){.momentum = 0.5});
        check_formula(" momentum=0", type, (oracle_settings){.masking = true});
        check_formula(
            " nesterov=yes values=bf16", type,
            (oracle_settings){.momentum = 0.9, .masking = true, .nesterov = true, .value = 2});
    }
}

/* One gradient, and then none: what is sent at step t is the sum of its momenta up to then, and masked
 * there is no more to come. */
static void carries_its_momentum(void **state)
{
    float g[4] = {8, 4, 2, 1}, y[4];
    uint8_t message[CAP];
    csgd_feedback *f;
    size_t len;

    (void)state;
    assert_ok(csgd_feedback_create("topk k=1 feedback=dgc momentum=0.5", 4, &f));
    for (int t = 0; t < 4; t++) {
        /* element t waits for t steps: g (1 + 1/2 + ... + 1/2^t) */
        const float sum = (float)(8 >> t) * (2 - ldexpf(1, -t));
        assert_ok(csgd_feedback_compress(f, g, message, CAP, &len));
        assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, y));
        for (int i = 0; i < 4; i++)
            assert_true(y[i] == (i == t ? sum : 0));
        memset(g, 0, sizeof g);
    }
    assert_ok(csgd_feedback_compress(f, g, message, CAP, &len));
    assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, y));
    for (int i = 0; i < 4; i++)
        assert_true(y[i] == 0);
    csgd_feedback_destroy(&f);
}

/* A vector that is too long is shortened to just the limit, others stay. */
static void clipping(void **state)
{
    static const double lengths[] = {1e-3, 2.9, 3.1, 50, 1e200};
    double g[2], y[2];
    uint8_t message[CAP];
    csgd_feedback *f;
    size_t len;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        const double wanted = lengths[i] > 3 ? 3 : lengths[i];

        assert_ok(csgd_feedback_create("topk ratio=1 feedback=dgc momentum=0 clip_norm=3 type=f64",
                                       2, &f));
        g[0] = 0.6 * lengths[i];
        g[1] = -0.8 * lengths[i];
        assert_ok(csgd_feedback_compress(f, g, message, CAP, &len));
        assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, y));
        assert_true(y[0] * y[1] < 0);
        if (lengths[i] < 1e100) assert_true(fabs(hypot(y[0], y[1]) - wanted) <= 1e-15 * wanted);
        assert_true(hypot(y[0], y[1]) <= wanted * (1 + 1e-15) && y[1] <= -wanted / 2);
        if (lengths[i] < 3) assert_memory_equal(g, y, sizeof g);
        g[0] = NAN;
        assert_fails(csgd_feedback_compress(f, g, message, CAP, &len), CSGD_E_NONFINITE, "NaN");
        csgd_feedback_destroy(&f);
    }
}

/* ratio^((i + 1) / (s + 1)) of the entries in stage i of s, and ratio from then on. */
static void check_warmup(const char *spec, size_t n, size_t k, size_t steps, size_t stages)
{
    const double ratio = (double)k / (double)n;
    float *g = calloc(n, sizeof *g);
    uint8_t *message;
    csgd_feedback *f;
    size_t len, cap;

    for (size_t i = 0; i < n; i++)
        g[i] = (float)((i * 2654435761U) % 1000003 + 1);
    assert_ok(csgd_feedback_create(spec, n, &f));
    cap = csgd_compressor_bound(csgd_feedback_compressor(f));
    message = malloc(cap);
    for (size_t t = 0; t < steps + 3; t++) {
        const size_t stage = t * stages / steps;
        const double exponent = t < steps ? (double)(stage + 1) / (double)(stages + 1) : 1;
        const double exact = pow(ratio, exponent) * (double)n;

        assert_ok(csgd_feedback_compress(f, g, message, cap, &len));
        assert_true(fabs((double)entries(message) - exact) <= 1);
        if (t >= steps) assert_int_equal(entries(message), k);
    }
    csgd_feedback_destroy(&f);
    free(message);
    free(g);
}

static void warmup(void **state)
{
    (void)state;
    check_warmup("topk ratio=0.001 feedback=dgc warmup=20", 100000, 100, 20, 4);
    check_warmup("topk k=50 feedback=dgc warmup=7 stages=7", 20000, 50, 7, 7);
    check_warmup("topk k=50 feedback=dgc warmup=3 stages=1", 20000, 50, 3, 1);
    check_warmup("topk ratio=1 feedback=dgc warmup=3 stages=2", 500, 500, 3, 2);
    check_warmup("blocktopk block=100000 ratio=0.001 feedback=dgc warmup=8", 100000, 100, 8, 4);
}

static void refused(void **state)
{
    csgd_feedback *f = NULL;

    (void)state;
    assert_fails(csgd_feedback_create("threshold lambda=1 feedback=dgc", 9, &f), CSGD_E_UNSUPPORTED,
                 "topk and blocktopk, not threshold");
    assert_fails(csgd_feedback_create("sign feedback=dgc", 9, &f), CSGD_E_UNSUPPORTED, "not sign");
    assert_fails(csgd_feedback_create("topk feedback=dgc momentum=1", 9, &f), CSGD_E_SPEC,
                 "momentum=1");
    assert_fails(csgd_feedback_create("topk feedback=dgc clip_norm=0", 9, &f), CSGD_E_SPEC,
                 "clip_norm");
    assert_fails(csgd_feedback_create("topk feedback=ef warmup=10", 9, &f), CSGD_E_SPEC,
                 "feedback=ef has no use for the key \"warmup\"");
    assert_fails(csgd_feedback_create("topk feedback=dgc warmup=10 stages=17", 9, &f), CSGD_E_SPEC,
                 "stages");
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formula),  cmocka_unit_test(carries_its_momentum),
        cmocka_unit_test(clipping), cmocka_unit_test(warmup),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("feedback/dgc", tests, NULL, NULL);
}
