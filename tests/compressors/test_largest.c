/* SPDX-License-Identifier: BSD-3-Clause */

/* test_largest.c: the k largest against sorting, whatever was searched before: whole and in chunks,
 * with every table of kernels. */

#include "support/test.h"

#include <math.h>
#include "compressors/largest.h"
#include "compressors/magnitude.h"
#include "kernels/fills.h"

enum { MAX = 100000 };

static const csgdi_kernels *kernels;
static union {
    float f32[MAX];
    double f64[MAX];
} x, m, chosen, expected;

static uint64_t key_at(const void *from, size_t i)
{
    uint64_t wide = 0;
    uint32_t low;

    if (kernels->type == CSGD_F64) {
        memcpy(&wide, (const double *)from + i, sizeof wide);
        return wide & INT64_MAX;
    }
    memcpy(&low, (const float *)from + i, sizeof low);
    return low & INT32_MAX;
}

typedef struct entry {
    uint64_t key;
    size_t index;
} entry;

static int descending(const void *left, const void *right)
{
    const entry *a = left, *b = right;

    if (a->key != b->key) return a->key > b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* expected: the k largest of x by sorting, zeros elsewhere. */
static void sort_out(size_t n, size_t k)
{
    static entry entries[MAX];

    for (size_t i = 0; i < n; i++)
        entries[i] = (entry){key_at(&x, i), i};
    qsort(entries, n, sizeof *entries, descending);
    memset(&expected, 0, n * kernels->size);
    for (size_t j = 0; j < k; j++)
        memcpy((char *)&expected + entries[j].index * kernels->size,
               (char *)&x + entries[j].index * kernels->size, kernels->size);
}

/* One object, as a compressor has it. */
typedef struct subject {
    csgdi_arena arena;
    csgdi_search search;
    csgdi_bracket bracket;
    csgdi_sparse out;
    size_t n;
    bool makes_room, sums; /* as a vector is made */
} subject;

static void open_subject(subject *s, size_t n, size_t most)
{
    *s = (subject){.n = n};
    s->out.room = most + csgdi_largest_spare(n, most);
    assert_true(csgdi_search_create(&s->search, kernels, n, most, 0, 1, &s->arena));
    s->out.index = csgdi_arena_alloc(&s->arena, s->out.room + CSGDI_LANES, sizeof *s->out.index);
    s->out.value = csgdi_arena_alloc(&s->arena, s->out.room + CSGDI_LANES, kernels->size);
    assert_non_null(s->out.value);
}

static void check_chosen(const subject *s, size_t k)
{
    assert_int_equal(s->out.k, k);
    for (size_t j = 1; j < k; j++)
        assert_true(s->out.index[j - 1] < s->out.index[j]);
    memset(&chosen, 0, s->n * kernels->size);
    kernels->scatter(s->out.index, s->out.value, k, CSGDI_SET, &chosen);
    assert_memory_equal(&chosen, &expected, s->n * kernels->size);
}

static void check_whole(subject *s, size_t k)
{
    sort_out(s->n, k);
    s->out.k = 0;
    assert_true(csgdi_largest(&s->search, &s->bracket, &x, s->n, 0, k, &s->out));
    check_chosen(s, k);
}

/* One chunk, cut in place, or of sums with zeros on their way to m. */
static bool take_chunk(subject *s, size_t first, size_t count)
{
    static const union {
        float f32[MAX];
        double f64[MAX];
    } zeros;
    char *place = (char *)&m + first * kernels->size;
    const csgdi_terms terms = {.form = CSGDI_FORM_PLAIN,
                               .g = (char *)&x + first * kernels->size,
                               .d = &zeros};

    if (!s->sums) return csgdi_largest_chunk(&s->search, 0, place, first, count);
    return csgdi_largest_sums(&s->search, 0, &terms, first, count, place);
}

/* In chunks of a length; what is not chosen is in m afterwards, or all of it. */
static csgdi_outcome in_chunks(subject *s, size_t k, size_t length)
{
    csgdi_outcome outcome;
    size_t first = 0;

    sort_out(s->n, k);
    s->out.k = 0;
    if (!csgdi_largest_begin(&s->search, &s->bracket, k, &s->out)) return CSGDI_RETRY;
    if (s->makes_room) s->search.m = &m;
    memcpy(&m, &x, s->n * kernels->size);
    for (bool more = true; first < s->n && more; first += length) {
        const size_t count = s->n - first < length ? s->n - first : length;
        more = take_chunk(s, first, count);
    }
    outcome = csgdi_largest_end(&s->search, &m);
    if (outcome != CSGDI_DONE) {
        assert_int_equal(s->out.k, 0);
        if (!s->sums) assert_memory_equal(&m, &x, s->n * kernels->size);
        return outcome;
    }
    check_chosen(s, k);
    kernels->scatter(s->out.index, s->out.value, k, CSGDI_SET, &expected);
    kernels->scatter(s->out.index, s->out.value, k, CSGDI_SET, &m);
    assert_memory_equal(&m, &x, s->n * kernels->size);
    return CSGDI_DONE;
}

static void scale(size_t n, double by)
{
    for (size_t i = 0; i < n; i++)
        fill_put(kernels->type, &x, i, fill_get(kernels->type, &x, i) * by);
}

/* Any vector after any other, any k after any other, and brackets that nobody would guess. */
static void after_any_history(void **state)
{
    static const size_t lengths[] = {1, 2, 15, 16, 17, 100, 600, 4096, 5000, 70001, MAX};
    static const double by[] = {1, 1e-30, 1, 1e30, 1.01, 1};

    (void)state;
    for (size_t l = 0; l < TEST_COUNT(lengths); l++) {
        const size_t n = lengths[l];
        const size_t ks[] = {1, n / 1000 + 1, n / 10 + 1, n / 2 + 1, n};
        subject s;

        open_subject(&s, n, n);
        for (unsigned turn = 0; turn < (test_brief() ? 40 : 200); turn++) {
            const size_t k = ks[turn / 4 % TEST_COUNT(ks)];
            fill_vector((fill)(turn / 7 % FILL_SPECIALS), kernels->type, turn, n, &x);
            scale(n, by[turn % TEST_COUNT(by)]);
            if (!kernels->finite(&x, n)) continue;
            if (turn % 11 == 3) s.bracket.low = 1;
            if (turn % 11 == 5) s.bracket.low = s.bracket.high = csgdi_infinity_key(kernels->type);
            if (turn % 11 == 7) s.bracket.high = s.bracket.low;
            s.makes_room = turn / 2 % 2 == 1;
            if (turn % 2 == 0 || in_chunks(&s, k, 1 + turn * 37) != CSGDI_DONE) check_whole(&s, k);
        }
        csgdi_arena_free(&s.arena);
    }
}

static void every_length(void **state)
{
    subject s;

    (void)state;
    for (size_t n = 1; n <= 4096; n += n < 130 && !test_brief() ? 1 : 97) {
        open_subject(&s, n, n / 3 + 1);
        for (unsigned turn = 0; turn < 6; turn++) {
            fill_vector((fill)(turn % 3), kernels->type, n + turn, n, &x);
            check_whole(&s, n / 3 + 1);
        }
        csgdi_arena_free(&s.arena);
    }
}

/* The same distribution at every call: the bracket holds, so chunks do, and at a jump it does not. */
static void holds_and_fails(void **state)
{
    const size_t n = 50000, k = 500;
    size_t held = 0;
    subject s;

    (void)state;
    open_subject(&s, n, k);
    for (unsigned turn = 0; turn < 30; turn++) {
        fill_vector(FILL_RANDOM, kernels->type, turn, n, &x);
        if (turn == 0)
            check_whole(&s, k);
        else if (in_chunks(&s, k, 1024) == CSGDI_DONE)
            held++;
        else
            check_whole(&s, k);
    }
    assert_true(held > 20);
    scale(n, 1e-9);
    assert_int_equal(in_chunks(&s, k, 1024), CSGDI_RETRY); /* too few */
    assert_false(csgdi_largest_begin(&s.search, &s.bracket, k, &s.out));
    check_whole(&s, k);
    scale(n, 1e9);
    assert_int_equal(in_chunks(&s, k, 1024), CSGDI_RETRY); /* too many */
    check_whole(&s, k);
    csgdi_arena_free(&s.arena);
}

/* A bracket that begins too low, wherever the largest are, and however many are equal. */
static void room_is_made(void **state)
{
    const size_t n = 50000, k = 500;

    (void)state;
    for (unsigned turn = 0; turn < 16; turn++) {
        const unsigned order = turn / 4;
        subject s;

        open_subject(&s, n, k);
        fill_vector(FILL_RANDOM, kernels->type, turn, n, &x);
        for (size_t i = 0; i < n && order > 0; i++)
            fill_put(kernels->type, &x, i,
                     order == 1   ? (double)(i + 1)
                     : order == 2 ? (double)(n - i)
                                  : (double)(i % 7 + 1));
        s.sums = turn % 2 == 1;
        s.makes_room = turn % 4 < 2;
        s.bracket = (csgdi_bracket){.low = 1, .high = 2, .k = k};
        assert_int_equal(in_chunks(&s, k, 64), s.makes_room ? CSGDI_DONE : CSGDI_RETRY);
        s.bracket = (csgdi_bracket){.low = 1, .high = 2, .k = k};
        check_whole(&s, k);
        csgdi_arena_free(&s.arena);
    }
}

/* NaN or infinity anywhere, at the first call or later: nothing is appended, nothing remembered. */
static void not_finite(void **state)
{
    static const double bad[] = {INFINITY, -INFINITY, NAN};
    const size_t lengths[] = {1, 40, 5000, MAX};

    (void)state;
    for (size_t l = 0; l < TEST_COUNT(lengths); l++)
        for (size_t at = 0; at < 6; at++) {
            const size_t n = lengths[l], k = n / 20 + 1, i = at / 2 * (n - 1) / 2;
            csgdi_bracket before;
            subject s;

            open_subject(&s, n, k);
            for (unsigned turn = 0; turn < 4; turn++) {
                fill_vector(FILL_RANDOM, kernels->type, turn, n, &x);
                if (turn == 2) check_whole(&s, k);
                before = s.bracket;
                fill_put(kernels->type, &x, i, bad[(at + turn) % 3]);
                s.out.k = 0;
                assert_false(csgdi_largest(&s.search, &s.bracket, &x, n, 0, k, &s.out));
                assert_int_equal(s.out.k, 0);
                if (turn >= 2) assert_int_equal(in_chunks(&s, k, 512), CSGDI_NONFINITE);
                assert_memory_equal(&before, &s.bracket, sizeof before);
            }
            csgdi_arena_free(&s.arena);
        }
}

/* All from a limit up, unless there are more than k. */
static void above_a_limit(void **state)
{
    const size_t n = 3000;
    subject s;

    (void)state;
    for (size_t k = 1; k < 1000; k += 99) {
        uint64_t limit;
        size_t ties;
        open_subject(&s, n, k);
        fill_vector(FILL_RANDOM, kernels->type, k, n, &x);
        limit = csgdi_kth_key(&s.search, &x, n, k, &ties);
        assert_true(ties >= 1 && ties <= k);
        for (unsigned more = 0; more < 2; more++) {
            memcpy(&m, &x, n * kernels->size);
            sort_out(n, k);
            s.out.k = 0;
            csgdi_limit_begin(&s.search, limit - (more ? limit / 2 : 0), k, &s.out);
            for (size_t first = 0; first < n; first += 100)
                if (!csgdi_largest_chunk(&s.search, 0, (char *)&m + first * kernels->size, first,
                                         100))
                    break;
            if (more) {
                assert_int_equal(csgdi_largest_end(&s.search, &m), CSGDI_RETRY);
                assert_memory_equal(&m, &x, n * kernels->size);
            } else {
                assert_int_equal(csgdi_largest_end(&s.search, &m), CSGDI_DONE);
                check_chosen(&s, k);
            }
        }
        csgdi_arena_free(&s.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_any_history), cmocka_unit_test(every_length),
        cmocka_unit_test(holds_and_fails),   cmocka_unit_test(not_finite),
        cmocka_unit_test(above_a_limit),     cmocka_unit_test(room_is_made),
    };
    int failed = 0;

    for (size_t i = 0; csgdi_kernels_isa(i) != NULL; i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
            kernels = csgdi_kernels_find(csgdi_kernels_isa(i), type);
            if (kernels == NULL) continue;
            print_message("%s, %zu bytes\n", kernels->isa, kernels->size);
            failed += cmocka_run_group_tests_name("compressors/largest", tests, NULL, NULL);
        }
    return failed;
}
