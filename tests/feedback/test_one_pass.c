/* SPDX-License-Identifier: BSD-3-Clause */

/* test_one_pass.c: the one pass over memory makes the bits of one thing after the other: the vector,
 * its message, and the decoded message taken off.  Within the caches and past them, whatever the
 * vector is the sum of, with any number of threads, and around calls that fail. */

#include "support/test.h"

#include <math.h>
#include "compressors/threads.h"
#include "feedback/feedback.h"

enum { SHORT = 9001, LONG = CSGDI_THREADS_LEAST + 37, STEPS = 5 };

/* A rule, and what it is told. */
typedef struct telling {
    const char *keys;
    bool sizes; /* of steps, which change */
} telling;

static const telling tellings[] = {
    {"feedback=ef", false},         {"feedback=ecx rho=0.9", false},          {"feedback=ef", true},
    {"feedback=ecx rho=0.9", true}, {"feedback=ecx rho=0.9 beta=0.3", false},
};

typedef double filler(size_t i, size_t n, uint64_t step);

/* Heavy tails, and no step is like another. */
static double tails(size_t i, size_t n, uint64_t step)
{
    uint64_t h = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) + step * UINT64_C(0xd1342543de82ef95);
    double u;

    (void)n;
    h = (h ^ h >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 29;
    u = (double)(h >> 11) * 0x1p-53 * 2 - 1;
    return u * u * u;
}

/* All that is large is at the end, and of larger parts as steps go on: brackets do not hold, and
 * threads run out of room. */
static double late(size_t i, size_t n, uint64_t step)
{
    return tails(i, n, step) * (i < n - n / (12 - 2 * step) ? 1e-6 : 1);
}

static double ties(size_t i, size_t n, uint64_t step)
{
    (void)n;
    return (i * 7 + step) % 5 == 0 ? 0.5 : (i + step) % 3 == 0 ? -0.5 : 0;
}

/* One element at every other step. */
static double not_finite(size_t i, size_t n, uint64_t step)
{
    if (step % 2 == 1 && i == n - step * 999) return step == 1 ? (double)NAN : -(double)INFINITY;
    return tails(i, n, step);
}

/* A feedback, and what it has made. */
typedef struct side {
    csgd_feedback *f;
    uint8_t *message;
    void *residual;
    size_t cap, len;
} side;

static void open_side(side *s, const char *spec, csgd_type type, size_t n, unsigned threads)
{
    char text[192];

    snprintf(text, sizeof text, "%s type=%s threads=%u", spec, type == CSGD_F32 ? "f32" : "f64",
             threads);
    assert_ok(csgd_feedback_create(text, n, &s->f));
    s->cap = csgd_compressor_bound(&s->f->inner);
    s->message = malloc(s->cap);
    s->residual = malloc(n * csgd_type_size(type));
    assert_true(s->message != NULL && s->residual != NULL);
}

static void close_side(side *s)
{
    csgd_feedback_destroy(&s->f);
    free(s->message);
    free(s->residual);
}

/* One thing after the other. */
static csgd_status write_plainly(side *s, const void *g)
{
    csgdi_feedback *f = &s->f->core;
    csgdi_compressor *c = &s->f->inner.core;
    const void *m;

    if (!csgdi_feedback_prepare(f, g, &m)) return CSGD_E_NONFINITE;
    if (!csgdi_message_write(c, m, s->message, &s->len)) return CSGD_E_NONFINITE;
    csgdi_feedback_commit(f, s->message, false, NULL);
    csgdi_message_delivered(c);
    csgdi_message_told(c, (double)s->len);
    c->step++;
    return CSGD_OK;
}

typedef struct trial {
    const char *spec;
    const telling *told;
    csgd_type type;
    size_t n;
    unsigned threads;
    bool past; /* the caches */
} trial;

static void same(const trial *t, uint64_t step, const char *what, const void *a, const void *b,
                 size_t bytes)
{
    if (memcmp(a, b, bytes) != 0)
        fail_msg("%s %s, %u threads, n=%zu, %s the caches, step %d: another %s", t->spec,
                 t->told->keys, t->threads, t->n, t->past ? "past" : "within", (int)step, what);
}

/* Of which the rule makes about what the filler says: else residuals would grow from step to step, and
 * no bracket would hold. */
static void gradient(const csgdi_feedback *f, filler *from, uint64_t step, void *g, void *added)
{
    const size_t n = f->compressor->n, size = f->compressor->kernels->size;

    memset(g, 0, n * size);
    f->ops->fill(f, g, 0, n, added); /* to 0 */
    for (size_t i = 0; i < n; i++) {
        if (size == sizeof(float))
            ((float *)g)[i] = (float)from(i, n, step) - ((float *)added)[i];
        else
            ((double *)g)[i] = from(i, n, step) - ((double *)added)[i];
    }
}

static void compare(const trial *t, filler *from)
{
    const size_t bytes = t->n * csgd_type_size(t->type);
    side plain, once;
    char spec[160];
    void *g = malloc(bytes);

    assert_non_null(g);
    snprintf(spec, sizeof spec, "%s %s force=yes", t->spec, t->told->keys);
    open_side(&plain, spec, t->type, t->n, 1);
    open_side(&once, spec, t->type, t->n, t->threads);
    if (t->past) once.f->inner.core.stream_bytes = 0;
    for (uint64_t step = 0; step < STEPS; step++) {
        csgd_status st;
        for (side *s = &plain; t->told->sizes && s != NULL; s = s == &plain ? &once : NULL)
            assert_ok(csgd_feedback_set_step_size(s->f, 1.0 / (double)(step + 2)));
        gradient(&plain.f->core, from, step, g, plain.residual);
        st = csgd_feedback_compress(once.f, g, once.message, once.cap, &once.len);
        assert_int_equal(st, write_plainly(&plain, g));
        assert_int_equal(st, from == not_finite && step % 2 == 1 ? CSGD_E_NONFINITE : CSGD_OK);
        assert_ok(csgd_feedback_residual(plain.f, plain.residual));
        assert_ok(csgd_feedback_residual(once.f, once.residual));
        same(t, step, "residual", plain.residual, once.residual, bytes);
        if (st != CSGD_OK) continue;
        assert_int_equal(once.len, plain.len);
        same(t, step, "message", plain.message, once.message, plain.len);
    }
    close_side(&plain);
    close_side(&once);
    free(g);
}

/* --- tests --- */

static const char *const selections[] = {
    "topk ratio=0.01",
    "topk ratio=0.25",
    "topk ratio=0.05 values=bf16",
    "threshold lambda=0.8",
    "threshold lambda=0.01 kmax=900",
    "topk ratio=0.01 method=sampled",
    "blocktopk ratio=0.02",
};

static const char *const others[] = {
    "sign",    "onebit",   "int bits=4",      "qsgd bits=3",     "bf16",
    "natural", "terngrad", "randk scaled=no", "powersgd rank=2",
};

/* On one thread. */
static void every_sum(void **state)
{
    static filler *const fillers[] = {tails, late, ties, not_finite};

    (void)state;
    for (size_t s = 0; s < TEST_COUNT(selections); s++)
        for (size_t j = 0; j < TEST_COUNT(tellings) * TEST_COUNT(fillers); j++)
            for (unsigned past = 0; past < 2; past++)
                for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
                    if (test_brief() && (s + j + 2 * past + 3u * type) % 6 != 0) continue;
                    compare(&(trial){selections[s], &tellings[j % TEST_COUNT(tellings)], type,
                                     SHORT, 1, past == 1},
                            fillers[j / TEST_COUNT(tellings)]);
                }
}

static void every_compressor(void **state)
{
    (void)state;
    for (size_t s = 0; s < TEST_COUNT(others); s++)
        for (size_t j = 0; j < TEST_COUNT(tellings); j++)
            for (unsigned past = 0; past < 2; past++)
                compare(&(trial){others[s], &tellings[j], (s + j) % 3 == 0 ? CSGD_F64 : CSGD_F32,
                                 SHORT, 1, past == 1},
                        tails);
}

static void every_number_of_threads(void **state)
{
    static const unsigned threads[] = {3, 2, 4, 64};
    static filler *const fillers[] = {late, tails, not_finite};

    (void)state;
    for (size_t s = 0; s < 5; s++)
        for (size_t j = 0; j < TEST_COUNT(tellings); j++)
            for (size_t i = 0; i < TEST_COUNT(threads) * TEST_COUNT(fillers); i++) {
                if (test_brief() && (i != (5 * s + j) % 12 || (s + j) % 3 != 0)) continue;
                compare(&(trial){selections[s], &tellings[j], CSGD_F32, LONG,
                                 threads[i % TEST_COUNT(threads)], true},
                        fillers[i % TEST_COUNT(fillers)]);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sum),
        cmocka_unit_test(every_compressor),
        cmocka_unit_test(every_number_of_threads),
    };
    return cmocka_run_group_tests_name("feedback/one_pass", tests, NULL, NULL);
}
