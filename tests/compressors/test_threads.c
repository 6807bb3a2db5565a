/* SPDX-License-Identifier: BSD-3-Clause */

/* test_threads.c: threads= changes no bit of messages, decoded vectors, residuals and results, and no
 * error either.  Vectors are long enough for all threads to have a part. */

#include <math.h>
#include "compressors/blocks.h"
#include "compressors/cases.h"
#include "compressors/compressor.h"
#include "compressors/threads.h"
#include "support/ranks.h"
#include "support/test.h"
#include "wire/header.h"

enum { OBJECTS = 5, STEPS = 3 };

static const unsigned threads[OBJECTS] = {1, 4, 2, 3, 64};

/* One spec with every number of threads; [0] has one and says what is right. */
typedef struct subject_set {
    char spec[160];
    csgd_type type;
    size_t n, bytes, cap, count; /* count: of objects, but for the last if few */
    csgd_compressor *c[OBJECTS];
    csgd_feedback *f[OBJECTS];
    void *x, *y[2];
    uint8_t *message[2];
} subject_set;

typedef double filler(size_t i, size_t n, uint64_t step);

/* Heavy tails, in (-2, 2). */
static double spread(size_t i, size_t n, uint64_t step)
{
    uint64_t h = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) + step * UINT64_C(0xd1342543de82ef95);
    double u;

    (void)n;
    h = (h ^ h >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 29;
    u = (double)(h >> 11) * 0x1p-53 * 2 - 1;
    return u * u * u * 2;
}

/* All that is large is in the last quarter: more than its thread has room for. */
static double late(size_t i, size_t n, uint64_t step)
{
    return spread(i, n, step) * (i < n - n / 4 ? 1e-6 : 1);
}

/* Of the candidates for a quarter of all, those from a sample, 62 % are the last thread's: a little
 * more than one of four threads has room for, and fewer than those that the sample adds. */
static double skewed(size_t i, size_t n, uint64_t step)
{
    return spread(i, n, step) * (i < n - n / 4 ? 0.045 : 1);
}

/* Only ties and zeros. */
static double ties(size_t i, size_t n, uint64_t step)
{
    (void)n;
    return (i * 7 + step) % 5 == 0 ? 0.5 : (i + step) % 3 == 0 ? -0.5 : 0;
}

static void put(subject_set *s, size_t i, double value)
{
    if (s->type == CSGD_F64)
        ((double *)s->x)[i] = value;
    else
        ((float *)s->x)[i] = (float)value;
}

static void fill(subject_set *s, filler *from, uint64_t step)
{
    for (size_t i = 0; i < s->n; i++)
        put(s, i, from(i, s->n, step));
}

static void *vector(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);

    assert_non_null(memory);
    return memory;
}

/* What is sent exactly leaves none, and votes and random entries on a larger scale can have none. */
static bool has_residual(const csgd_compressor *c)
{
    if (c->core.ops->family == CSGDI_PROJECT) return c->core.biased;
    return c->core.ops->family != CSGDI_EXACT;
}

static void open_set(subject_set *s, const char *spec, csgd_type type, size_t n, bool few)
{
    *s = (subject_set){.type = type, .n = n, .bytes = n * csgd_type_size(type)};
    s->count = test_brief() ? 2 : few ? 4 : OBJECTS;
    snprintf(s->spec, sizeof s->spec, "%s type=%s", spec, type == CSGD_F32 ? "f32" : "f64");
    for (size_t i = 0; i < s->count; i++) {
        char with[256];
        snprintf(with, sizeof with, "%s threads=%u", s->spec, threads[i]);
        assert_ok(csgd_compressor_create(with, n, &s->c[i]));
        strcat(with, " feedback=ef force=yes"); /* some would grow */
        if (has_residual(s->c[i])) assert_ok(csgd_feedback_create(with, n, &s->f[i]));
    }
    s->cap = csgd_compressor_bound(s->c[0]);
    s->x = vector(s->bytes);
    for (size_t i = 0; i < 2; i++) {
        s->y[i] = vector(s->bytes);
        s->message[i] = vector(s->cap);
    }
}

static void close_set(subject_set *s)
{
    for (size_t i = 0; i < s->count; i++) {
        csgd_compressor_destroy(&s->c[i]);
        csgd_feedback_destroy(&s->f[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        free(s->y[i]);
        free(s->message[i]);
    }
    free(s->x);
}

static void same(const subject_set *s, size_t i, const char *what, const void *a, const void *b,
                 size_t bytes)
{
    if (bytes > 0 && memcmp(a, b, bytes) != 0)
        fail_msg("%s, n=%zu: %u threads make another %s", s->spec, s->n, threads[i], what);
}

static void compare_messages(subject_set *s)
{
    size_t len[2];
    csgd_status st[2];

    st[0] = csgd_compressor_compress(s->c[0], s->x, s->message[0], s->cap, &len[0]);
    if (st[0] == CSGD_OK && s->n > 0) {
        assert_ok(csgd_compressor_decompress(s->c[0], s->message[0], len[0], s->y[0]));
        assert_ok(csgd_compressor_decompress_add(s->c[0], s->message[0], len[0], s->y[0]));
    }
    for (size_t i = 1; i < s->count; i++) {
        st[1] = csgd_compressor_compress(s->c[i], s->x, s->message[1], s->cap, &len[1]);
        assert_int_equal(st[0], st[1]);
        if (st[0] != CSGD_OK) continue;
        assert_int_equal(len[0], len[1]);
        same(s, i, "message", s->message[0], s->message[1], len[0]);
        if (s->n == 0) continue;
        assert_ok(csgd_compressor_decompress(s->c[i], s->message[1], len[1], s->y[1]));
        assert_ok(csgd_compressor_decompress_add(s->c[i], s->message[1], len[1], s->y[1]));
        same(s, i, "vector", s->y[0], s->y[1], s->bytes);
    }
}

static void compare_residuals(subject_set *s)
{
    size_t len[2];
    csgd_status st[2];

    if (s->f[0] == NULL) return;
    st[0] = csgd_feedback_compress(s->f[0], s->x, s->message[0], s->cap, &len[0]);
    assert_ok(csgd_feedback_residual(s->f[0], s->y[0]));
    for (size_t i = 1; i < s->count; i++) {
        st[1] = csgd_feedback_compress(s->f[i], s->x, s->message[1], s->cap, &len[1]);
        assert_int_equal(st[0], st[1]);
        assert_ok(csgd_feedback_residual(s->f[i], s->y[1]));
        same(s, i, "residual", s->y[0], s->y[1], s->bytes);
        if (st[0] != CSGD_OK) continue;
        assert_int_equal(len[0], len[1]);
        same(s, i, "message with a residual", s->message[0], s->message[1], len[0]);
    }
}

static void compare(const char *spec, csgd_type type, size_t n, filler *from, uint64_t jump,
                    bool few)
{
    subject_set s;

    open_set(&s, spec, type, n, few);
    for (uint64_t step = 0; step < STEPS; step++) {
        fill(&s, from, step * jump);
        compare_messages(&s);
        compare_residuals(&s);
    }
    close_set(&s);
}

/* --- tests --- */

static void every_compressor(void **state)
{
    static const size_t lengths[] = {0, 1, 1000, 300000, 1000003};

    (void)state;
    for (const compressor_case *about = compressor_cases; about->name != NULL; about++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
                if (lengths[i] > 300000 && type == CSGD_F64) continue;
                if (test_brief() && (i != 3 || type != CSGD_F32)) continue;
                compare(about->spec, type, lengths[i], spread, 1, true);
            }
}

/* More than a case has: fewer blocks than threads, and what works on one thread anyway. */
static void other_specs(void **state)
{
    static const char *const specs[] = {"sign block=1048576",  "sign block=131072",
                                        "topk method=sampled", "topk method=sidco",
                                        "topk values=int8",    "threshold lambda=1.9 values=f16",
                                        "powersgd rank=2",     "qsgd bits=8 bucket=4096"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        compare(specs[i], CSGD_F32, 300000, spread, 1, false);
}

/* Candidates that are not spread evenly, so that some threads run out of room; and brackets that do
 * not hold, because everything changes at every step. */
static void uneven(void **state)
{
    static const char *const specs[] = {"topk ratio=0.01", "topk ratio=0.1", "topk ratio=0.25",
                                        "threshold lambda=0.01 kmax=70000"};

    (void)state;
    compare("topk ratio=0.25", CSGD_F32, 300000, skewed, 1, false);
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        compare(specs[i], CSGD_F32, 300000, late, 0, false);
        compare(specs[i], CSGD_F64, 300000, late, 1, false);
        compare(specs[i], CSGD_F32, 300000, ties, 1, false);
    }
}

/* In the last element, which is the last thread's; and all goes on as if it had not been. */
static void not_finite(void **state)
{
    const size_t n = 300000;

    (void)state;
    for (const compressor_case *about = compressor_cases; about->name != NULL; about++) {
        if (test_brief() && (about - compressor_cases) % 4 != 0) continue;
        static const double bad[] = {NAN, INFINITY};
        const bool exact = strcmp(about->name, "none") == 0;
        const bool looks = strcmp(about->name, "randk") != 0; /* at all elements */
        subject_set s;

        open_set(&s, about->spec, CSGD_F32, n, true);
        for (uint64_t step = 0; step < 4; step++) {
            size_t len;
            fill(&s, spread, step);
            if (step % 2 == 1) put(&s, n - 1, bad[step / 2]);
            compare_messages(&s);
            compare_residuals(&s);
            if (exact || !looks || step % 2 == 0) continue;
            for (size_t i = 0; i < s.count; i++) {
                assert_int_equal(csgd_compressor_compress(s.c[i], s.x, s.message[0], s.cap, &len),
                                 CSGD_E_NONFINITE);
                if (s.f[i] == NULL) continue;
                assert_int_equal(csgd_feedback_compress(s.f[i], s.x, s.message[0], s.cap, &len),
                                 CSGD_E_NONFINITE);
            }
        }
        close_set(&s);
    }
}

/* Without the hash, which is never right. */
static csgd_status check_payload(const csgd_compressor *c, const uint8_t *message)
{
    return csgdi_blocks_check(&c->core, message + CSGDI_HEADER_BYTES, c->core.n);
}

/* The sentence of one thread, with the number of the block, whoever found it. */
static void corrupt(void **state)
{
    static const char *const specs[] = {"sign", "int bits=8", "qsgd bits=3", "f16",
                                        "sign mask=yes"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        size_t len, found = 0;
        subject_set s;

        open_set(&s, specs[i], CSGD_F32, 300000, false);
        fill(&s, spread, 0);
        assert_ok(csgd_compressor_compress(s.c[0], s.x, s.message[0], s.cap, &len));
        for (size_t at = 40; at < len; at += len / 50) {
            char sentence[512] = "";
            csgd_status st;
            memcpy(s.message[1], s.message[0], len);
            memset(s.message[1] + at, 0xff, len - at < 1100 ? len - at : 1100);
            st = check_payload(s.c[0], s.message[1]);
            if (st != CSGD_OK) snprintf(sentence, sizeof sentence, "%s", csgd_error_detail());
            found += st != CSGD_OK && strstr(sentence, "block ") != NULL;
            for (size_t j = 1; j < s.count; j++) {
                assert_int_equal(check_payload(s.c[j], s.message[1]), st);
                if (st != CSGD_OK) assert_string_equal(csgd_error_detail(), sentence);
            }
        }
        assert_true(found > 10);
        close_set(&s);
    }
}

static void refused(void **state)
{
    static const char *const specs[] = {"topk threads=0", "topk threads=65", "none threads=x"};
    csgd_compressor *c;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        assert_fails(csgd_compressor_create(specs[i], 10, &c), CSGD_E_SPEC, "1 to 64");
    assert_ok(csgd_compressor_create("topk threads=64", 10, &c));
    assert_true(c->core.threads == csgdi_threads_allowed(64));
    csgd_compressor_destroy(&c);
}

/* --- reducers --- */

enum { RANKS = 3, LENGTH = 300000 };

typedef struct scene {
    const char *spec;
    bool differ;               /* in threads=, from rank to rank */
    float *result[2];          /* of rank 0, by differ */
    char written[RANKS][1024]; /* by csgd_reducer_spec() */
} scene;

static void reduce_part(ranks *all, int rank, void *arg)
{
    scene *sc = arg;
    float *g = malloc(LENGTH * sizeof *g);
    csgd_reducer *r = NULL;
    char spec[128];

    snprintf(spec, sizeof spec, "%s threads=%d", sc->spec, sc->differ ? rank + 1 : 1);
    RANK_CHECK(all, rank, all->create(all, rank, LENGTH, spec, &r) == CSGD_OK);
    for (uint64_t step = 0; step < STEPS && r != NULL && g != NULL; step++) {
        for (size_t i = 0; i < LENGTH; i++)
            g[i] = (float)spread(i, LENGTH, step * RANKS + (unsigned)rank);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, g, LENGTH) == CSGD_OK);
        if (rank == 0) memcpy(sc->result[sc->differ] + step * LENGTH, g, LENGTH * sizeof *g);
    }
    snprintf(sc->written[rank], sizeof sc->written[rank], "%s", csgd_reducer_spec(r));
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    free(g);
}

/* Ranks with different numbers of threads agree, and the results are those of one thread. */
static void ranks_differ(void **state)
{
    static const char *const specs[] = {"topk", "sign algorithm=sra", "int", "none", "randk"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        scene sc = {.spec = specs[i]};
        for (unsigned differ = 0; differ < 2; differ++) {
            sc.result[differ] = vector(STEPS * LENGTH * sizeof(float));
            sc.differ = differ;
            ranks_run(RANKS, reduce_part, &sc);
            for (int rank = 1; rank < RANKS; rank++)
                assert_string_equal(sc.written[0], sc.written[rank]);
        }
        assert_memory_equal(sc.result[0], sc.result[1], STEPS * LENGTH * sizeof(float));
        free(sc.result[0]);
        free(sc.result[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_compressor), cmocka_unit_test(other_specs),
        cmocka_unit_test(uneven),           cmocka_unit_test(not_finite),
        cmocka_unit_test(corrupt),          cmocka_unit_test(refused),
        cmocka_unit_test(ranks_differ),
    };
    return cmocka_run_group_tests_name("compressors/threads", tests, NULL, NULL);
}
