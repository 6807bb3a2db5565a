/* SPDX-License-Identifier: BSD-3-Clause */

/* test_feedback.c: the public object: what is sent and what stays add up, and a call that fails
 * changes nothing. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "feedback/feedback.h"
#include "oracle/oracle.h"
#include "wire/header.h"

/* A feedback, its oracle, and the buffers of a call. */
typedef struct subject {
    csgd_type type;
    size_t n, bytes;
    csgd_feedback *f;
    oracle *o;
    double *wide; /* scratch, n */
    void *g, *e, *y, *scratch;
    uint8_t *message;
    size_t cap, len;
} subject;

typedef struct setting {
    const char *name, *spec;
    size_t n, k, block;
    bool feedback;
} setting;

static const setting settings[] = {
    {"topk", "topk ratio=0.01", 2000, 20, 0, true},
    {"topk", "topk k=1 feedback=ef", 9, 1, 0, true},
    {"topk", "topk k=9", 9, 9, 0, true},
    {"topk", "topk k=40 feedback=none", 2000, 40, 0, false},
    {"sign", "sign", 4097, 0, 1024, true},
    {"sign", "sign block=8", 1001, 0, 8, true},
    {"sign", "sign feedback=none", 2000, 0, 1024, false},
    {"onebit", "onebit", 4097, 0, 1024, true},
    {"onebit", "onebit block=64 feedback=none", 1001, 0, 64, false},
    {"natural", "natural feedback=ef block=64", 2000, 0, 64, true},
    {"natural", "natural", 2000, 0, 1024, false},
    {"bf16", "bf16 feedback=ef", 2000, 0, 0, true},
    {"f16", "f16 feedback=ef block=64", 2000, 0, 64, true},
    {"randk", "randk ratio=0.1", 2000, 200, 0, true},
    {"randk", "randk k=40 feedback=none scaled=no", 2000, 40, 0, false},
    {"threshold", "threshold lambda=0.5 kmax=30", 2000, 30, 0, true},
    {"qsgd", "qsgd feedback=ef bucket=64", 2000, 0, 64, true},
    {"qsgd", "qsgd", 2000, 0, 512, false},
    {"int", "int rounding=nearest", 2000, 0, 1024, true},
    {"int", "int", 2000, 0, 1024, false},
    {"terngrad", "terngrad clip=0", 2000, 0, 1024, false},
    {"none", "none", 500, 0, 0, false},
    {"topk", "topk", 0, 0, 0, true},
    {"sign", "sign", 0, 0, 1024, true},
};

static void open_subject(subject *s, const setting *about, csgd_type type)
{
    const oracle_settings set = {.type = type,
                                 .n = about->n,
                                 .k = about->k,
                                 .block = about->block,
                                 .lambda = 0.5,
                                 .nearest = strstr(about->spec, "nearest") != NULL,
                                 .feedback = about->feedback};
    char spec[128];

    *s = (subject){.type = type, .n = about->n, .bytes = about->n * csgd_type_size(type)};
    snprintf(spec, sizeof spec, "%s type=%s", about->spec, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_feedback_create(spec, about->n, &s->f));
    s->o = oracle_create(about->name, &set, 1);
    s->cap = csgd_compressor_bound(csgd_feedback_compressor(s->f));
    s->wide = malloc(about->n * sizeof *s->wide);
    s->g = malloc(s->bytes);
    s->e = malloc(s->bytes);
    s->y = malloc(s->bytes);
    s->scratch = malloc(s->bytes);
    s->message = malloc(s->cap);
}

static void close_subject(subject *s)
{
    csgd_feedback_destroy(&s->f);
    assert_null(s->f);
    oracle_destroy(s->o);
    free(s->wide);
    free(s->g);
    free(s->e);
    free(s->y);
    free(s->scratch);
    free(s->message);
}

static void for_each(void (*check)(subject *s, const setting *about))
{
    for (size_t i = 0; i < TEST_COUNT(settings); i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
            subject s;

            open_subject(&s, &settings[i], type);
            check(&s, &settings[i]);
            close_subject(&s);
        }
}

/* One step of feedback and oracle, which agree on what was sent and on what stays, bit for bit. */
static void step(subject *s, uint64_t number)
{
    oracle_gradient(0, number, s->type, s->n, s->wide);
    oracle_store(s->type, s->wide, s->n, s->g);
    oracle_step(s->o, (double *const[]){s->wide});

    assert_ok(csgd_feedback_compress(s->f, s->g, s->message, s->cap, &s->len));
    assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(s->f), s->message, s->len, s->y));
    oracle_store(s->type, s->o->sent[0], s->n, s->scratch);
    assert_memory_equal(s->y, s->scratch, s->bytes);
    assert_ok(csgd_feedback_residual(s->f, s->e));
    oracle_store(s->type, s->o->residual[0], s->n, s->scratch);
    assert_memory_equal(s->e, s->scratch, s->bytes);
}

/* Sum of sent + e = sum of g for each element.  Each step rounds twice, in g + e and in
 * m - q; the sums here are in double.  So the difference is below 8 eps log2(2 P) times the sum of
 * the magnitudes of all terms, with P = 1. */
static void check_conserved(subject *s, const setting *about)
{
    const double eps = s->type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    double *balance = calloc(s->n + 1, sizeof *balance), *terms = calloc(s->n + 1, sizeof *terms);

    for (uint64_t number = 0; number < (test_brief() ? 20 : 200); number++) {
        step(s, number);
        if (!about->feedback) continue;
        oracle_load(s->type, s->e, s->n, s->wide);
        for (size_t i = 0; i < s->n; i++) {
            const double sent = s->o->sent[0][i];
            double g;

            oracle_load(s->type, (char *)s->g + i * csgd_type_size(s->type), 1, &g);
            balance[i] += sent - g;
            terms[i] += fabs(sent) + fabs(g);
            assert_true(fabs(balance[i] + s->wide[i]) <= 8 * eps * (terms[i] + fabs(s->wide[i])));
        }
    }
    free(terms);
    free(balance);
}

static void nothing_is_lost(void **state)
{
    (void)state;
    for_each(check_conserved);
}

/* Where entries are selected m is sent or kept whole, so m = q + e is exact; for quantizers e is
 * m - q rounded once. */
static void check_identity(subject *s, const setting *about)
{
    double *m = malloc((s->n + 1) * sizeof *m);

    for (uint64_t number = 0; number < 20; number++) {
        assert_ok(csgd_feedback_residual(s->f, s->e));
        oracle_load(s->type, s->e, s->n, m);
        oracle_gradient(0, number, s->type, s->n, s->wide);
        for (size_t i = 0; i < s->n; i++)
            m[i] = oracle_round(s->type, s->wide[i] + m[i]);
        step(s, number);
        oracle_load(s->type, s->e, s->n, s->wide);
        for (size_t i = 0; i < s->n && about->feedback; i++) {
            const double q = s->o->sent[0][i];
            assert_true(s->wide[i] == oracle_round(s->type, m[i] - q));
            if (about->k > 0) assert_true(q + s->wide[i] == m[i] && (q == 0 || s->wide[i] == 0));
        }
    }
    free(m);
}

static void sent_and_kept_make_m(void **state)
{
    (void)state;
    for_each(check_identity);
}

/* --- calls that fail --- */

/* The call fails, and residual, step, len and, but for what is not finite, dst are as before. */
static void check_unchanged(subject *s, const void *g, size_t cap, csgd_status status,
                            const char *words)
{
    const uint64_t at = s->f->inner.core.step;
    uint8_t *before = malloc(s->cap);
    size_t len = 12345;

    memset(s->message, 0x5a, s->cap);
    memset(before, 0x5a, s->cap);
    if (s->n > 0) assert_ok(csgd_feedback_residual(s->f, s->scratch));
    assert_fails(csgd_feedback_compress(s->f, g, s->message, cap, &len), status, words);
    assert_int_equal(len, 12345);
    if (status != CSGD_E_NONFINITE) assert_memory_equal(s->message, before, s->cap);
    assert_true(s->f->inner.core.step == at);
    assert_ok(csgd_feedback_residual(s->f, s->e));
    assert_memory_equal(s->e, s->scratch, s->bytes);
    free(before);
}

static void check_failures(subject *s, const setting *about)
{
    const double bad[] = {NAN, INFINITY, -INFINITY};

    step(s, 0);
    step(s, 1);
    check_unchanged(s, s->g, s->cap - 1, CSGD_E_SPACE, "a message may need");
    check_unchanged(s, s->g, 0, CSGD_E_SPACE, "there are 0");
    if (s->n > 0) check_unchanged(s, NULL, s->cap, CSGD_E_INVAL, "NULL");
    for (size_t i = 0; i < TEST_COUNT(bad) && s->n > 0; i++) {
        if (strcmp(about->name, "none") == 0) break; /* sends them: see below */
        for (size_t place = 0; place < s->n; place += 1 + s->n / 3) {
            memcpy(s->y, s->g, s->bytes);
            oracle_store(s->type, &bad[i], 1, (char *)s->y + place * csgd_type_size(s->type));
            check_unchanged(s, s->y, s->cap, CSGD_E_NONFINITE, "NaN");
        }
    }
    step(s, 2); /* goes on as if nothing had been */
    step(s, 3);
}

static void failures_change_nothing(void **state)
{
    (void)state;
    for_each(check_failures);
}

/* g and e are finite but not their sum. */
static void overflow_is_refused(void **state)
{
    float g[2] = {FLT_MAX, FLT_MAX / 2};
    uint8_t message[128];
    csgd_feedback *f;
    size_t len;

    (void)state;
    assert_ok(csgd_feedback_create("topk k=1", 2, &f));
    assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
    g[1] = FLT_MAX;
    assert_fails(csgd_feedback_compress(f, g, message, sizeof message, &len), CSGD_E_NONFINITE,
                 "residual");
    assert_ok(csgd_feedback_residual(f, g));
    assert_true(g[0] == 0 && g[1] == FLT_MAX / 2);
    csgd_feedback_destroy(&f);
}

static void exact_sends_nan(void **state)
{
    const float g[3] = {NAN, 1, -INFINITY};
    float y[3];
    uint8_t message[128];
    csgd_feedback *f;
    size_t len;

    (void)state;
    assert_ok(csgd_feedback_create("none", 3, &f));
    assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
    assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, y));
    assert_memory_equal(g, y, sizeof g);
    csgd_feedback_destroy(&f);
}

static void null_arguments(void **state)
{
    float x[4] = {0};
    uint8_t message[128];
    csgd_feedback *f;
    size_t len;

    (void)state;
    assert_fails(csgd_feedback_create("topk", 4, NULL), CSGD_E_INVAL, "NULL");
    assert_ok(csgd_feedback_create("topk", 4, &f));
    assert_fails(csgd_feedback_compress(NULL, x, message, 128, &len), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_feedback_compress(f, x, NULL, 128, &len), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_feedback_compress(f, x, message, 128, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_feedback_residual(NULL, x), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_feedback_residual(f, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_feedback_clear(NULL), CSGD_E_INVAL, "NULL");
    assert_null(csgd_feedback_compressor(NULL));
    assert_int_equal(csgd_feedback_memory_bytes(NULL), 0);
    csgd_feedback_destroy(NULL);
    csgd_feedback_destroy(&f);
    csgd_feedback_destroy(&f);
}

/* --- the rest --- */

/* After clear the residual is that of a new object; the step goes on. */
static void check_clear(subject *s, const setting *about)
{
    csgdi_header h;

    (void)about;
    step(s, 0);
    step(s, 1);
    assert_ok(csgd_feedback_clear(s->f));
    if (s->n > 0) memset(s->o->residual[0], 0, s->n * sizeof **s->o->residual);
    assert_ok(csgd_feedback_residual(s->f, s->e));
    for (size_t i = 0; i < s->bytes; i++)
        assert_int_equal(((const uint8_t *)s->e)[i], 0);
    step(s, 2);
    assert_ok(csgdi_header_read(s->message, s->len, &h));
    assert_int_equal(h.step, 2);
    step(s, 3);
}

static void clear(void **state)
{
    (void)state;
    for_each(check_clear);
}

static void default_by_bias(void **state)
{
    (void)state;
    for (size_t i = 0; csgdi_compressor_list(i) != NULL; i++) {
        const csgdi_compressor_ops *ops = csgdi_compressor_list(i);
        csgd_feedback *f;
        const char *key = ops == &csgdi_threshold ? "lambda=1" : "";
        char spec[64];

        snprintf(spec, sizeof spec, "%s %s", ops->name, key);
        assert_ok(csgd_feedback_create(spec, 100, &f));
        assert_ptr_equal(f->core.ops, ops->biased ? &csgdi_feedback_ef : &csgdi_feedback_none);
        csgd_feedback_destroy(&f);
        snprintf(spec, sizeof spec, "%s %s feedback=none", ops->name, key);
        assert_ok(csgd_feedback_create(spec, 100, &f));
        assert_ptr_equal(f->core.ops, &csgdi_feedback_none);
        csgd_feedback_destroy(&f);
    }
}

static void refused(void **state)
{
    csgd_feedback *f = NULL;

    (void)state;
    assert_fails(csgd_feedback_create("none feedback=ef", 9, &f), CSGD_E_UNSUPPORTED,
                 "none sends everything, so feedback=ef");
    assert_fails(csgd_feedback_create("topk feedback=eff", 9, &f), CSGD_E_SPEC,
                 "did you mean feedback=ef?");
    assert_fails(csgd_feedback_create("topk fedback=ef", 9, &f), CSGD_E_SPEC,
                 "did you mean \"feedback\"?");
    assert_fails(csgd_feedback_create("topk k=10", 9, &f), CSGD_E_SPEC, "k=10");
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(sent_and_kept_make_m),
        cmocka_unit_test(failures_change_nothing),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(exact_sends_nan),
        cmocka_unit_test(null_arguments),
        cmocka_unit_test(clear),
        cmocka_unit_test(default_by_bias),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("feedback", tests, NULL, NULL);
}
