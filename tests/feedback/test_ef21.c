/* SPDX-License-Identifier: BSD-3-Clause */

/* test_ef21.c: one rank's half of ef21: what is sent follows a vector, so the receiver's sum of all
 * messages is h, and the residual is how far h is from v.
 *
 *     v = (1 - eta) v + eta g;    m = v - h;    h += decoded message - leftover */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "feedback/feedback.h"
#include "oracle/oracle.h"

enum { N = 300, CAP = 8192 };

typedef struct subject {
    csgd_feedback *f;
    csgd_type type;
    double eta;
    double g[N], v[N], h[N], m[N], q[N], e[N], scale[N];
    double raw[N]; /* as float or double */
    uint8_t message[CAP];
    size_t len;
} subject;

static void for_each(void (*check)(subject *s))
{
    static const struct {
        const char *spec;
        double eta;
    } rows[] = {{"topk ratio=0.1 feedback=ef21", 1},
                {"topk ratio=0.1 values=bf16 feedback=ef21 momentum=0.3", 0.3},
                {"threshold lambda=2 kmax=30 feedback=ef21 momentum=0.5", 0.5},
                {"randk ratio=0.2 feedback=ef21 momentum=0.1", 0.1},
                {"sign block=64 feedback=ef21", 1},
                {"powersgd feedback=ef21 momentum=0.9", 0.9},
                {"int bits=4 block=8192 rounding=nearest feedback=ef21 momentum=0.01", 0.01}};

    for (size_t i = 0; i < TEST_COUNT(rows); i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
            subject *s = calloc(1, sizeof *s);
            char spec[128];

            s->type = type;
            s->eta = rows[i].eta;
            snprintf(spec, sizeof spec, "%s type=%s", rows[i].spec,
                     type == CSGD_F32 ? "f32" : "f64");
            assert_ok(csgd_feedback_create(spec, N, &s->f));
            assert_in_range(csgd_compressor_bound(&s->f->inner), 1, CAP);
            check(s);
            csgd_feedback_destroy(&s->f);
            free(s);
        }
}

/* Decoded message into s->q. */
static void decode(subject *s)
{
    csgdi_message_apply(&s->f->inner.core, s->message, CSGDI_SET, s->raw);
    oracle_load(s->type, s->raw, N, s->q);
}

/* Residual = v - h, to the rounding of all that went into either. */
static void check_law(subject *s)
{
    const double eps = s->type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;

    csgdi_feedback_residual(&s->f->core, s->raw);
    oracle_load(s->type, s->raw, N, s->e);
    for (size_t i = 0; i < N; i++) {
        s->scale[i] += fabs(s->g[i]) + fabs(s->q[i]) + fabs(s->e[i]);
        assert_true(fabs(s->v[i] - s->h[i] - s->e[i]) <= 8 * eps * s->scale[i]);
    }
}

static void average(subject *s)
{
    for (size_t i = 0; i < N; i++)
        s->v[i] = (1 - s->eta) * s->v[i] + s->eta * s->g[i];
}

/* One call of the public object. */
static void step(subject *s, uint64_t number)
{
    oracle_gradient(0, number, s->type, N, s->g);
    oracle_store(s->type, s->g, N, s->raw);
    assert_ok(csgd_feedback_compress(s->f, s->raw, s->message, CAP, &s->len));
    assert_ok(csgdi_message_check(&s->f->inner.core, s->message, s->len, NULL));
    decode(s);
    average(s);
    for (size_t i = 0; i < N; i++)
        s->h[i] += s->q[i];
    check_law(s);
}

static void check_public(subject *s)
{
    for (uint64_t number = 0; number < 60; number++)
        step(s, number);
}

static void follows_the_average(void **state)
{
    (void)state;
    for_each(check_public);
}

/* A constant vector is learnt, and then nothing is sent any more. */
static void settles(void **state)
{
    csgd_feedback *f;
    float g[N], e[N];
    uint8_t message[CAP];
    size_t len;

    (void)state;
    for (size_t i = 0; i < N; i++)
        g[i] = (float)(i % 17) - 8;
    assert_ok(csgd_feedback_create("topk k=30 feedback=ef21", N, &f));
    for (int t = 0; t < 10; t++)
        assert_ok(csgd_feedback_compress(f, g, message, CAP, &len));
    assert_ok(csgd_feedback_residual(f, e));
    for (size_t i = 0; i < N; i++)
        assert_true(e[i] == 0);
    assert_true(csgdi_feedback_norm(&f->core) == 0);
    csgd_feedback_destroy(&f);
}

/* The two halves, with mass taken back on every third element, and in between steps that were sent
 * exactly and ones that came to nothing. */
static void check_halves(subject *s)
{
    double kept[N], narrow[N];
    uint32_t index[N];
    csgdi_sparse leftover = {.n = N, .room = N, .channels = 1, .index = index, .value = narrow};
    csgdi_feedback *f = &s->f->core;

    for (uint64_t number = 0; number < 24; number++) {
        const void *m = NULL;

        oracle_gradient(0, number, s->type, N, s->g);
        oracle_store(s->type, s->g, N, s->raw);
        f->next_step_size = number < 12 ? 0.5 : 0.125; /* means nothing here */
        assert_true(csgdi_feedback_prepare(f, s->raw, &m));
        if (number % 4 == 2) continue; /* a call that failed */
        average(s);
        oracle_load(s->type, m, N, s->m);
        if (number % 4 == 3) {
            csgdi_feedback_commit_exact(f);
            memset(s->q, 0, sizeof s->q);
            for (size_t i = 0; i < N; i++)
                s->h[i] += s->m[i];
            check_law(s);
            for (size_t i = 0; i < N; i++)
                assert_true(s->e[i] == 0 && !signbit(s->e[i]));
            continue;
        }
        assert_true(csgdi_message_write(&s->f->inner.core, m, s->message, &s->len));
        decode(s);
        leftover.k = 0;
        for (size_t i = number % 3; i < N; i += 3) {
            const double value = s->q[i] != 0 ? s->q[i] : 0.25 * (double)number;
            index[leftover.k] = (uint32_t)i;
            kept[leftover.k++] = value;
            s->h[i] -= value;
            s->scale[i] += fabs(value);
        }
        for (size_t i = 0; i < N; i++)
            s->h[i] += s->q[i];
        oracle_store(s->type, kept, leftover.k, narrow);
        csgdi_feedback_commit(f, s->message, false, &leftover);
        check_law(s);
    }
}

static void leftovers_and_exact_steps(void **state)
{
    (void)state;
    for_each(check_halves);
}

static void check_refusal(subject *s)
{
    double before[N];

    step(s, 0);
    step(s, 1);
    memcpy(before, s->e, sizeof before);
    s->g[N / 2] = NAN;
    oracle_store(s->type, s->g, N, s->raw);
    assert_fails(csgd_feedback_compress(s->f, s->raw, s->message, CAP, &s->len), CSGD_E_NONFINITE,
                 "NaN");
    assert_ok(csgd_feedback_residual(s->f, s->raw));
    oracle_load(s->type, s->raw, N, s->e);
    assert_memory_equal(before, s->e, sizeof before);
    step(s, 2);

    assert_ok(csgd_feedback_clear(s->f)); /* as new */
    memset(s->v, 0, sizeof s->v);
    memset(s->h, 0, sizeof s->h);
    step(s, 3);
    step(s, 4);
}

static void failures_and_clear(void **state)
{
    (void)state;
    for_each(check_refusal);
}

static void refused(void **state)
{
    csgd_feedback *f = NULL;

    (void)state;
    assert_fails(csgd_feedback_create("topk feedback=ef21 momentum=0", 9, &f), CSGD_E_SPEC,
                 "momentum");
    assert_fails(csgd_feedback_create("topk feedback=ef21 momentum=1.5", 9, &f), CSGD_E_SPEC,
                 "momentum");
    assert_fails(csgd_feedback_create("topk feedback=ef momentum=0.5", 9, &f), CSGD_E_SPEC,
                 "feedback=ef has no use for the key \"momentum\"");
    assert_fails(csgd_feedback_create("none feedback=ef21", 9, &f), CSGD_E_UNSUPPORTED,
                 "none sends everything");
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_average),
        cmocka_unit_test(settles),
        cmocka_unit_test(leftovers_and_exact_steps),
        cmocka_unit_test(failures_and_clear),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("feedback/ef21", tests, NULL, NULL);
}
