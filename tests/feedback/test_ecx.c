/* SPDX-License-Identifier: BSD-3-Clause */

/* test_ecx.c: two-step compensation by the formula, bit for bit, with step sizes and rho that change,
 * leftovers, exact steps, calls that are abandoned and the low-pass filter; and what the public object
 * says of rho.
 *
 *     m = g + ((r_t + rho_t) d1 - rho_t r_{t-1} d2),   d2 = d1,   d1 = m - (q - kept) */

#include "support/test.h"

#include <math.h>
#include "feedback/feedback.h"
#include "oracle/oracle.h"
#include "support/budget.h"

enum { N = 700, CAP = 16384, STEPS = 40 };

typedef struct subject {
    csgd_feedback *f;
    csgd_type type;
    double beta;
    double g[N], m[N], q[N], d1[N], d2[N], low[N];
    double last, before; /* step sizes, 0: none yet */
    double raw[N];       /* as float or double */
    uint8_t message[CAP];
} subject;

static void open_subject(subject *s, const char *spec, csgd_type type)
{
    char text[160];

    *s = (subject){.type = type, .beta = strstr(spec, "beta=") != NULL ? 0.3 : 1};
    snprintf(text, sizeof text, "%s type=%s", spec, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_feedback_create(text, N, &s->f));
    assert_in_range(csgd_compressor_bound(&s->f->inner), 1, CAP);
}

static double rho_at(int t)
{
    return t % 10 == 0 ? 0 : t % 3 == 0 ? 1 : 1 - 1.0 / (t + 1);
}

static double step_size_at(int t)
{
    return t < 5 ? 0.5 : 0.1 / sqrt(t);
}

/* m by the formula, each operation rounded. */
static void expect(subject *s, int t, double rho, double step_size)
{
    const double r = s->last > 0 ? s->last / step_size : 1;
    const double older = s->before > 0 ? s->before / s->last : 1;

    oracle_gradient(0, (uint64_t)t, s->type, N, s->g);
    for (int i = 0; i < N; i++) {
        const double part = s->beta;
        const double a = oracle_round(s->type, part * (r + rho) * s->d1[i]);
        const double b = oracle_round(s->type, part * (rho * older) * s->d2[i]);
        double added = oracle_round(s->type, a - b);
        if (part == 1 && r == 1 && older == 1)
            added = oracle_pair(s->type, rho, s->d1[i], s->d2[i]);
        if (part < 1) {
            const double less = oracle_round(s->type, -part * s->low[i]);
            added = oracle_round(s->type, oracle_round(s->type, s->low[i] + less) + added);
        }
        s->m[i] = oracle_round(s->type, s->g[i] + added);
        s->q[i] = added; /* for the filter, until it is known what was sent */
    }
}

static void tell(subject *s, int t)
{
    assert_ok(csgd_feedback_set_step_size(s->f, step_size_at(t)));
    assert_ok(csgd_feedback_set_rho(s->f, rho_at(t)));
}

static void assert_residual(subject *s)
{
    double e[N];

    csgdi_feedback_residual(&s->f->core, s->raw);
    oracle_load(s->type, s->raw, N, e);
    for (int i = 0; i < N; i++)
        assert_true(e[i] == s->d1[i]);
}

/* What was delivered of m is sent, but for what was kept. */
static void shift(subject *s, int t, const double *sent, const double *kept)
{
    for (int i = 0; i < N; i++) {
        s->d2[i] = s->d1[i];
        s->d1[i] = oracle_round(s->type, s->m[i] - sent[i]);
        if (kept != NULL && kept[i] != 0) s->d1[i] = oracle_round(s->type, s->d1[i] + kept[i]);
    }
    s->before = s->last;
    s->last = step_size_at(t);
}

/* In the two halves of a collective, or in the one pass of the public call. */
static void run(subject *s, bool one_pass)
{
    csgdi_feedback *f = &s->f->core;
    csgdi_compressor *c = &s->f->inner.core;

    for (int t = 0; t < STEPS; t++) {
        const void *m;
        double sent[N], kept[N] = {0};
        uint32_t index[N];
        csgdi_sparse leftover = {.n = N, .room = N, .channels = 1, .index = index};
        double values[N];
        size_t len;

        tell(s, t);
        expect(s, t, rho_at(t), step_size_at(t));
        memcpy(s->low, s->q, sizeof s->low);
        oracle_store(s->type, s->g, N, s->raw);
        if (one_pass) {
            assert_ok(csgd_feedback_compress(s->f, s->raw, s->message, CAP, &len));
            assert_ok(csgd_compressor_decompress(&s->f->inner, s->message, len, s->raw));
            oracle_load(s->type, s->raw, N, sent);
            shift(s, t, sent, NULL);
            assert_residual(s);
            continue;
        }
        assert_true(csgdi_feedback_prepare(f, s->raw, &m));
        assert_true(
            csgdi_feedback_prepare(f, s->raw, &m)); /* abandoned once: nothing has changed */
        oracle_load(s->type, m, N, sent);
        for (int i = 0; i < N; i++)
            assert_true(sent[i] == s->m[i]);
        if (t == 8 || t == 23) { /* exactly */
            csgdi_feedback_commit_exact(f);
            shift(s, t, s->m, NULL);
            assert_residual(s);
            continue;
        }
        c->step = (uint64_t)t;
        assert_true(csgdi_message_write(c, m, s->message, &len));
        csgdi_message_apply(c, s->message, CSGDI_SET, s->raw);
        oracle_load(s->type, s->raw, N, sent);
        for (size_t i = (size_t)t % 5; i < N && t % 4 == 0; i += 5) {
            index[leftover.k] = (uint32_t)i;
            kept[i] = values[leftover.k++] = 0.5 * t + 1;
        }
        oracle_store(s->type, values, leftover.k, s->raw);
        leftover.value = s->raw;
        csgdi_feedback_commit(f, s->message, false, t % 4 == 0 ? &leftover : NULL);
        shift(s, t, sent, t % 4 == 0 ? kept : NULL);
        assert_residual(s);
    }
}

static void by_the_formula(void **state)
{
    static const char *const specs[] = {
        "sign block=64 feedback=ecx rho=step",
        "int bits=4 block=64 feedback=ecx rho=step",
        "onebit block=4096 feedback=ecx rho=step",
        "topk ratio=0.6 feedback=ecx rho=step",
        "topk ratio=0.1 values=bf16 feedback=ecx rho=step force=yes",
        "randk ratio=0.7 feedback=ecx rho=step",
        "sign block=64 feedback=ecx rho=step beta=0.3",
        "topk ratio=0.6 feedback=ecx rho=step beta=0.3",
        "powersgd feedback=ecx rho=step force=yes",
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (int one_pass = 0; one_pass < 2; one_pass++) {
                subject *s = malloc(sizeof *s);
                open_subject(s, specs[i], type);
                run(s, one_pass == 1);
                csgd_feedback_destroy(&s->f);
                free(s);
            }
}

/* After clear it is as new, but for what was told of the step to come. */
static void cleared(void **state)
{
    subject *s = malloc(sizeof *s);

    (void)state;
    open_subject(s, "sign block=64 feedback=ecx rho=step beta=0.3", CSGD_F64);
    run(s, false);
    assert_ok(csgd_feedback_clear(s->f));
    for (int i = 0; i < N; i++)
        s->d1[i] = s->d2[i] = s->low[i] = 0;
    s->last = s->before = 0;
    assert_residual(s);
    run(s, false);
    csgd_feedback_destroy(&s->f);
    free(s);
}

static void rho_is_told(void **state)
{
    float g[8] = {1, 2, 3, 4, -5, -6, 7, 8};
    uint8_t message[256];
    csgd_feedback *f;
    size_t len;

    (void)state;
    assert_ok(csgd_feedback_create("sign feedback=ecx rho=step", 8, &f));
    assert_fails(csgd_feedback_compress(f, g, message, sizeof message, &len), CSGD_E_INVAL,
                 "rho=step, but no rho was set");
    assert_fails(csgd_feedback_set_rho(f, -0.1), CSGD_E_INVAL, "not in [0, 1]");
    assert_fails(csgd_feedback_set_rho(f, 1.1), CSGD_E_INVAL, "not in [0, 1]");
    assert_fails(csgd_feedback_set_rho(f, (double)NAN), CSGD_E_INVAL, "not in [0, 1]");
    assert_fails(csgd_feedback_set_rho(NULL, 0), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_feedback_set_step_size(f, 0), CSGD_E_INVAL, "above 0");
    assert_fails(csgd_feedback_set_step_size(f, (double)INFINITY), CSGD_E_INVAL, "above 0");
    assert_fails(csgd_feedback_set_step_size(NULL, 1), CSGD_E_INVAL, "NULL");
    assert_ok(csgd_feedback_set_rho(f, 0));
    assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
    assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len)); /* it stands */
    csgd_feedback_destroy(&f);
    assert_ok(csgd_feedback_create("sign feedback=ecx rho=0.5", 8, &f));
    assert_fails(csgd_feedback_set_rho(f, 0.5), CSGD_E_INVAL, "not created with rho=step");
    csgd_feedback_destroy(&f);
    assert_fails(csgd_feedback_create("sign rho=0.5", 8, &f), CSGD_E_SPEC,
                 "feedback=ef has no use for the key \"rho\"");
    assert_fails(csgd_feedback_create("sign feedback=ecx rho=stop", 8, &f), CSGD_E_SPEC,
                 "did you mean rho=step?");
}

/* Three vectors, four with the filter; each allocation may fail. */
static void memory(void **state)
{
    static const char *const specs[] = {"sign feedback=ecx", "sign feedback=ecx beta=0.5"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        csgd_feedback *f;
        size_t held;

        csgd_budget_install();
        for (long allowed = 0;; allowed++) {
            csgd_status st;

            csgd_budget_set(allowed);
            st = csgd_feedback_create(specs[i], 10000, &f);
            csgd_budget_set(-1);
            if (st == CSGD_OK) break;
            assert_int_equal(st, CSGD_E_NOMEM);
            assert_null(f);
            assert_int_equal(csgd_budget_live_blocks(), 0);
        }
        held = csgd_feedback_memory_bytes(f);
        assert_in_range(held, (3 + i) * 40000, (3 + i) * 40000 + 2048);
        csgd_feedback_destroy(&f);
        assert_int_equal(csgd_budget_live_blocks(), 0);
        csgd_budget_remove();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_formula),
        cmocka_unit_test(cleared),
        cmocka_unit_test(rho_is_told),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests_name("feedback/ecx", tests, NULL, NULL);
}
