/* SPDX-License-Identifier: BSD-3-Clause */

/* test_feedback_commit.c: the two halves that a collective uses, prepare and commit, with what
 * happens between them: a leftover, a step size, a vector that was delivered exactly, or nothing.
 *
 * With decoded message q and leftover kept, L1: new residual = m - (q - kept).  With step sizes,
 * m = g + r e and r = last step size over this one, so that
 *
 *     sum of step size * q  +  last step size * e  =  sum of step size * g */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "feedback/feedback.h"
#include "oracle/oracle.h"

enum { N = 1000, CAP = 8192 };

/* A feedback of N elements; all vectors are kept in double here. */
typedef struct subject {
    csgd_feedback *f;
    csgd_type type;
    char spec[128];
    bool past;
    double g[N], m[N], q[N], e[N];
    double raw[N]; /* as float or double */
    uint8_t message[CAP];
} subject;

static void open_subject(subject *s, const char *spec, csgd_type type)
{
    *s = (subject){.type = type};
    snprintf(s->spec, sizeof s->spec, "%s type=%s", spec, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_feedback_create(s->spec, N, &s->f));
    assert_in_range(csgd_compressor_bound(&s->f->inner), 1, CAP);
}

static void for_each(void (*check)(subject *s))
{
    static const char *const specs[] = {"onebit block=64",
                                        "f16 rounding=nearest",
                                        "sign mask=yes",
                                        "natural feedback=ef",
                                        "topk ratio=0.1",
                                        "sign block=64",
                                        "sign block=8192",
                                        "randk ratio=0.1",
                                        "threshold lambda=0.5",
                                        "qsgd bits=4 bucket=128 feedback=ef",
                                        "topk ratio=0.1 values=int4",
                                        "int bits=4 block=200 feedback=ef",
                                        "blocktopk block=64 ratio=0.1",
                                        "onebit block=16 mask=yes",
                                        "powersgd",
                                        "bf16 rounding=nearest",
                                        "natural feedback=ef"};

    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
            subject *s = malloc(sizeof *s);

            open_subject(s, specs[i], type);
            check(s);
            csgd_feedback_destroy(&s->f);
            free(s);
        }
}

/* m = prepare(g), into s->m; the library's own m is returned. */
static const void *prepare(subject *s)
{
    const void *m = NULL;

    oracle_store(s->type, s->g, N, s->raw);
    assert_true(csgdi_feedback_prepare(&s->f->core, s->raw, &m));
    oracle_load(s->type, m, N, s->m);
    return m;
}

/* Write the message of m; its decoded form into s->q. */
static void write_message(subject *s, const void *m)
{
    csgdi_compressor *c = &s->f->inner.core;
    size_t len;

    assert_true(csgdi_message_write(c, m, s->message, &len));
    assert_ok(csgdi_message_check(c, s->message, len, NULL));
    csgdi_message_apply(c, s->message, CSGDI_SET, s->raw);
    oracle_load(s->type, s->raw, N, s->q);
}

static void load_residual(subject *s)
{
    csgdi_feedback_residual(&s->f->core, s->raw);
    oracle_load(s->type, s->raw, N, s->e);
}

/* A whole step with a gradient, all delivered. */
static void step(subject *s, uint64_t number)
{
    oracle_gradient(0, number, s->type, N, s->g);
    write_message(s, prepare(s));
    csgdi_feedback_commit(&s->f->core, s->message, false, NULL);
    load_residual(s);
}

/* --- leftovers --- */

/* Every third element was taken back: what this rank sent there, and for topk also mass of others
 * on elements that it did not send. */
static void check_leftover(subject *s)
{
    double kept[N] = {0}, narrow[N];
    uint32_t index[N];
    csgdi_sparse leftover = {.n = N, .room = N, .channels = 1, .index = index, .value = narrow};

    step(s, 0);
    for (uint64_t number = 1; number < 10; number++) {
        leftover.k = 0;
        oracle_gradient(0, number, s->type, N, s->g);
        write_message(s, prepare(s));
        for (size_t i = number % 3; i < N; i += 3) {
            const double value = s->q[i] != 0 ? s->q[i] : 0.5 * (double)number;
            index[leftover.k] = (uint32_t)i;
            kept[leftover.k++] = value;
        }
        oracle_store(s->type, kept, leftover.k, narrow);
        csgdi_feedback_commit(&s->f->core, s->message, false, &leftover);
        load_residual(s);
        for (size_t i = 0, j = 0; i < N; i++) {
            double expected = oracle_round(s->type, s->m[i] - s->q[i]);
            if (j < leftover.k && index[j] == i)
                expected = oracle_round(s->type, expected + kept[j++]);
            assert_true(s->e[i] == expected);
        }
    }
}

static void leftover_comes_back(void **state)
{
    (void)state;
    for_each(check_leftover);
}

/* Small integers add without rounding, so L1 holds as it stands: what a rank takes back of what
 * it sent whole is what m was. */
static void leftover_is_exact(void **state)
{
    subject *s = malloc(sizeof *s);
    const double taken = 2 * (N - 1) + 5; /* the largest entry, and 5 of another rank's */
    double narrow[1];
    uint32_t index[1] = {N - 1};
    const csgdi_sparse leftover = {
        .n = N, .k = 1, .room = 1, .channels = 1, .index = index, .value = narrow};

    (void)state;
    open_subject(s, "topk k=3", CSGD_F32);
    for (size_t i = 0; i < N; i++)
        s->g[i] = 2 * (double)i;
    write_message(s, prepare(s));
    oracle_store(CSGD_F32, &taken, 1, narrow);
    csgdi_feedback_commit(&s->f->core, s->message, false, &leftover);
    load_residual(s);
    for (size_t i = 0; i < N; i++)
        assert_true(s->e[i] == (i == N - 1 ? taken : i < N - 3 ? 2 * (double)i : 0));
    csgd_feedback_destroy(&s->f);
    free(s);
}

static void check_empty_leftover(subject *s)
{
    const csgdi_sparse nothing = {.n = N, .channels = 1};

    step(s, 0);
    oracle_gradient(0, 1, s->type, N, s->g);
    write_message(s, prepare(s));
    csgdi_feedback_commit(&s->f->core, s->message, false, &nothing);
    load_residual(s);
    for (size_t i = 0; i < N; i++)
        assert_true(s->e[i] == oracle_round(s->type, s->m[i] - s->q[i]));
}

static void empty_leftover(void **state)
{
    (void)state;
    for_each(check_empty_leftover);
}

/* --- nothing delivered, or all of it --- */

/* Between prepare and commit nothing has happened yet: a call that fails there just stops. */
/* The message and the residual in one pass are what they are step by step. */
static void check_one_pass(subject *s)
{
    uint8_t message[CAP];
    double narrow[N];
    csgd_feedback *twin;
    size_t len = 0;

    assert_ok(csgd_feedback_create(s->spec, N, &twin));
    if (s->past) twin->inner.core.stream_bytes = 0;
    for (uint64_t number = 0; number < 10; number++) {
        s->f->core.next_step_size = twin->core.next_step_size = number < 5 ? 0.5 : 0.25;
        step(s, number);
        oracle_store(s->type, s->g, N, narrow);
        assert_true(csgdi_feedback_write(&twin->core, narrow, message, &len));
        assert_memory_equal(message, s->message, len);
        csgdi_feedback_commit(&twin->core, message, true, NULL);
        csgdi_feedback_residual(&twin->core, narrow);
        csgdi_feedback_residual(&s->f->core, s->raw);
        assert_memory_equal(narrow, s->raw, N * csgd_type_size(s->type));
        s->f->inner.core.step++;
        twin->inner.core.step++;
    }
    memset(narrow, 0xff, sizeof narrow); /* NaN: refused, and the residual stays */
    assert_false(csgdi_feedback_write(&twin->core, narrow, message, &len));
    csgdi_feedback_residual(&twin->core, narrow);
    assert_memory_equal(narrow, s->raw, N * csgd_type_size(s->type));
    csgd_feedback_destroy(&twin);
}

/* The same past the caches, which otherwise only long vectors are written. */
static void check_one_pass_past(subject *s)
{
    s->past = true;
    check_one_pass(s);
}

static void one_pass(void **state)
{
    (void)state;
    for_each(check_one_pass);
    for_each(check_one_pass_past);
}

static void check_abandoned(subject *s)
{
    double before[N];

    step(s, 0);
    memcpy(before, s->e, sizeof before);
    for (int round = 0; round < 3; round++) {
        s->f->core.next_step_size = 7 + round; /* forgotten with the rest */
        oracle_gradient(0, 100 + (uint64_t)round, s->type, N, s->g);
        write_message(s, prepare(s));
        load_residual(s);
        assert_memory_equal(before, s->e, sizeof before);
    }
    s->f->core.next_step_size = 0;
    oracle_gradient(0, 1, s->type, N, s->g);
    prepare(s);
    for (size_t i = 0; i < N; i++)
        assert_true(s->m[i] == oracle_round(s->type, s->g[i] + before[i]));

    s->g[N / 2] = NAN; /* refused, and what stays is as finite as before */
    oracle_store(s->type, s->g, N, s->raw);
    assert_false(csgdi_feedback_prepare(&s->f->core, s->raw, &(const void *){NULL}));
    load_residual(s);
    assert_memory_equal(before, s->e, sizeof before);
}

static void abandoned(void **state)
{
    (void)state;
    for_each(check_abandoned);
}

static void check_exact(subject *s)
{
    step(s, 0);
    step(s, 1);
    assert_true(csgdi_feedback_norm(&s->f->core) > 0);
    oracle_gradient(0, 2, s->type, N, s->g);
    prepare(s);
    s->f->core.next_step_size = 0.25;
    csgdi_feedback_commit_exact(&s->f->core);
    assert_true(s->f->core.step_size == 0.25);
    load_residual(s);
    for (size_t i = 0; i < N; i++)
        assert_true(s->e[i] == 0 && !signbit(s->e[i]));
    assert_true(csgdi_feedback_norm(&s->f->core) == 0);
    step(s, 3); /* m = g again */
    for (size_t i = 0; i < N; i++)
        assert_true(s->m[i] == s->g[i]);
}

static void delivered_exactly(void **state)
{
    (void)state;
    for_each(check_exact);
}

/* --- step sizes --- */

/* The law at every step.  Each step rounds r e, g + r e and m - q once, each of them below a few
 * eps of the terms that it belongs to: 8 eps log2(2 P) times their sum, with P = 1. */
static void check_scaled(subject *s)
{
    static const double sizes[] = {0.1, 0.1, 0.05, 0.3, 1e-3, 0.7, 0.7, 0.1};
    const double eps = s->type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    double balance[N] = {0}, terms[N] = {0}, before[N] = {0}, last = 0;

    for (uint64_t number = 0; number < 100; number++) {
        const double size = sizes[number % TEST_COUNT(sizes)];
        const double r = number > 0 ? last / size : 1;

        s->f->core.next_step_size = size;
        step(s, number);
        for (size_t i = 0; i < N; i++) {
            const double scaled = oracle_round(s->type, r * before[i]);
            assert_true(s->m[i] == oracle_round(s->type, s->g[i] + scaled));
            balance[i] += size * s->q[i] - size * s->g[i];
            terms[i] += size * (fabs(s->q[i]) + fabs(s->g[i]) + fabs(scaled));
            assert_true(fabs(balance[i] + size * s->e[i]) <=
                        8 * eps * (terms[i] + size * fabs(s->e[i])));
        }
        memcpy(before, s->e, sizeof before);
        last = size;
    }
}

static void scaled_by_step_sizes(void **state)
{
    (void)state;
    for_each(check_scaled);
}

/* The first size that is told scales nothing: there is none to compare it with.  So it is after a
 * clear, which keeps the size that was set for the step to come. */
static void check_first_size(subject *s)
{
    double before[N];

    step(s, 0);
    memcpy(before, s->e, sizeof before);
    s->f->core.next_step_size = 0.5;
    step(s, 1);
    for (size_t i = 0; i < N; i++)
        assert_true(s->m[i] == oracle_round(s->type, s->g[i] + before[i]));

    csgdi_feedback_clear(&s->f->core);
    load_residual(s);
    for (size_t i = 0; i < N; i++)
        assert_true(s->e[i] == 0);
    step(s, 2);
    for (size_t i = 0; i < N; i++)
        assert_true(s->m[i] == s->g[i]);
    memcpy(before, s->e, sizeof before);
    s->f->core.next_step_size = 0.125;
    step(s, 3);
    for (size_t i = 0; i < N; i++)
        assert_true(s->m[i] == oracle_round(s->type, s->g[i] + 4 * before[i]));
}

static void first_size(void **state)
{
    (void)state;
    for_each(check_first_size);
}

/* --- norm, and the rule that does nothing --- */

static void norm(void **state)
{
    subject *s = malloc(sizeof *s);

    (void)state;
    open_subject(s, "topk k=1", CSGD_F64);
    assert_true(csgdi_feedback_norm(&s->f->core) == 0);
    s->g[0] = 100;
    s->g[N / 2] = -3;
    s->g[N - 1] = 4;
    write_message(s, prepare(s));
    csgdi_feedback_commit(&s->f->core, s->message, false, NULL);
    assert_true(csgdi_feedback_norm(&s->f->core) == 5);
    csgd_feedback_destroy(&s->f);
    free(s);
}

static void none_has_no_residual(void **state)
{
    subject *s = malloc(sizeof *s);
    const void *m;

    (void)state;
    open_subject(s, "topk feedback=none", CSGD_F32);
    oracle_gradient(0, 0, CSGD_F32, N, s->g);
    m = prepare(s);
    assert_ptr_equal(m, s->raw); /* g itself: no copy */
    write_message(s, m);
    csgdi_feedback_commit(&s->f->core, s->message, false, NULL);
    csgdi_feedback_commit_exact(&s->f->core);
    csgdi_feedback_clear(&s->f->core);
    assert_true(csgdi_feedback_norm(&s->f->core) == 0);
    memset(s->raw, 0x77, sizeof s->raw);
    load_residual(s);
    for (size_t i = 0; i < N; i++)
        assert_true(s->e[i] == 0);
    csgd_feedback_destroy(&s->f);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leftover_comes_back),
        cmocka_unit_test(leftover_is_exact),
        cmocka_unit_test(empty_leftover),
        cmocka_unit_test(one_pass),
        cmocka_unit_test(abandoned),
        cmocka_unit_test(delivered_exactly),
        cmocka_unit_test(scaled_by_step_sizes),
        cmocka_unit_test(first_size),
        cmocka_unit_test(norm),
        cmocka_unit_test(none_has_no_residual),
    };
    return cmocka_run_group_tests_name("feedback/commit", tests, NULL, NULL);
}
