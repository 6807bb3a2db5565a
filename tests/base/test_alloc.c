/* SPDX-License-Identifier: BSD-3-Clause */

/* test_alloc.c: arenas, and the budgeted allocator that other tests lean on. */

#include "support/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "support/budget.h"

static int with_budget(void **state)
{
    (void)state;
    csgd_budget_install();
    return 0;
}

static int without_budget(void **state)
{
    (void)state;
    csgd_budget_set(-1);
    csgd_budget_remove();
    return 0;
}

static void aligned(void **state)
{
    (void)state;
    csgdi_arena a = {0};
    for (size_t bytes = 0; bytes < 200; bytes++) {
        uint8_t *p = csgdi_arena_alloc(&a, bytes, 1);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % CSGDI_ALIGN, 0);
        memset(p, 1, bytes > 0 ? bytes : 1); /* a sanitizer or a canary watches the end */
    }
    csgdi_arena_free(&a);
    assert_null(a.blocks);
    assert_int_equal(a.bytes, 0);
    csgdi_arena_free(&a); /* an empty one may be freed again */
}

static void zeroed(void **state)
{
    (void)state;
    csgdi_arena a = {0};
    const uint8_t *p = csgdi_arena_zalloc(&a, 25, 3);
    assert_non_null(p);
    for (size_t i = 0; i < 75; i++)
        assert_int_equal(p[i], 0);
    assert_int_equal(*(const uint8_t *)csgdi_arena_zalloc(&a, 0, 8), 0);
    csgdi_arena_free(&a);
}

static void accounted_exactly(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1}, {0, 4}, {4, 0}, {1000, 8}, {63, 1}, {64, 1}, {7, 12}};
    csgdi_arena a = {0}, b = {0};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        const size_t before = a.bytes;
        assert_non_null(csgdi_arena_alloc(&a, sizes[i][0], sizes[i][1]));
        assert_true(a.bytes >= before + sizes[i][0] * sizes[i][1] + 1);
        assert_non_null(csgdi_arena_zalloc(&b, sizes[i][0], sizes[i][1]));
        assert_int_equal(csgd_budget_live_bytes(), a.bytes + b.bytes);
        assert_int_equal(csgd_budget_live_blocks(), 2 * (i + 1));
    }
    csgdi_arena_free(&a);
    assert_int_equal(csgd_budget_live_bytes(), b.bytes);
    csgdi_arena_free(&b);
    assert_int_equal(csgd_budget_live_bytes(), 0);
    assert_int_equal(csgd_budget_live_blocks(), 0);
    assert_int_equal(csgd_budget_calls(), 2 * TEST_COUNT(sizes));
}

static int undone;

static void undo(void *memory)
{
    assert_int_equal(*(int *)memory, undone++);
}

/* Before anything is freed, the newest first, and each once. */
static void undo_before_freeing(void **state)
{
    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        csgdi_arena a = {0};
        for (int i = 3; i > 0; i--) {
            int *p = csgdi_arena_alloc(&a, 1, sizeof *p);
            assert_non_null(p);
            assert_non_null(csgdi_arena_alloc(&a, 10, 1));
            *p = i - 1;
            csgdi_arena_undo(p, undo);
        }
        undone = 0;
        if (closed) {
            csgdi_arena_close(&a);
            assert_int_equal(undone, 3);
            assert_int_equal(csgd_budget_live_blocks(), 6);
        }
        csgdi_arena_free(&a);
        assert_int_equal(undone, 3);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
}

/* An object's arena may lie in the object's own block. */
static void arena_in_its_own_block(void **state)
{
    (void)state;
    csgdi_arena a = {0};
    csgdi_arena *inside = csgdi_arena_alloc(&a, 1, sizeof *inside);
    assert_non_null(inside);
    assert_non_null(csgdi_arena_alloc(&a, 10, 1));
    *inside = a;
    csgdi_arena_free(inside);
    assert_int_equal(csgd_budget_live_blocks(), 0);
}

static void sizes_saturate(void **state)
{
    (void)state;
    assert_int_equal(csgdi_size_add(2, 3), 5);
    assert_true(csgdi_size_add(SIZE_MAX, 0) == SIZE_MAX);
    assert_true(csgdi_size_add(SIZE_MAX, 1) == SIZE_MAX);
    assert_true(csgdi_size_add(SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1) == SIZE_MAX);
    assert_int_equal(csgdi_size_mul(6, 7), 42);
    assert_int_equal(csgdi_size_mul(0, SIZE_MAX), 0);
    assert_int_equal(csgdi_size_mul(SIZE_MAX, 0), 0);
    assert_true(csgdi_size_mul(SIZE_MAX, 1) == SIZE_MAX);
    assert_true(csgdi_size_mul(SIZE_MAX / 2 + 1, 2) == SIZE_MAX);
    assert_true(csgdi_size_mul(SIZE_MAX, SIZE_MAX) == SIZE_MAX);
}

static void overflow_is_refused(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{SIZE_MAX, 1},         {SIZE_MAX, SIZE_MAX},
                                      {SIZE_MAX / 2 + 1, 2}, {SIZE_MAX / 4 + 1, 4},
                                      {SIZE_MAX - 63, 1},    {(size_t)PTRDIFF_MAX, 1}};
    csgdi_arena a = {0};
    assert_non_null(csgdi_arena_alloc(&a, 10, 1));
    const csgdi_arena before = a;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        char words[64];
        snprintf(words, sizeof words, "%zu times %zu bytes", sizes[i][0], sizes[i][1]);
        assert_null(csgdi_arena_alloc(&a, sizes[i][0], sizes[i][1]));
        assert_non_null(strstr(csgd_error_detail(), words));
        assert_null(csgdi_arena_zalloc(&a, sizes[i][0], sizes[i][1]));
        assert_memory_equal(&a, &before, sizeof a);
    }
    assert_int_equal(csgd_budget_calls(), 1); /* the hook has seen none of them */
    csgdi_arena_free(&a);
}

/* What every object does: several blocks, and one thing to undo. */
static csgd_status create(csgdi_arena *a)
{
    for (size_t i = 1; i <= 5; i++)
        if (csgdi_arena_alloc(a, i, 100) == NULL) {
            csgdi_arena_free(a);
            return CSGD_E_NOMEM;
        }
    return CSGD_OK;
}

static void nth_allocation_fails(void **state)
{
    (void)state;
    csgdi_arena a = {0};
    for (long n = 0; n < 5; n++) {
        csgd_budget_set(n);
        assert_int_equal(create(&a), CSGD_E_NOMEM);
        assert_int_equal(csgd_budget_live_bytes(), 0);
        assert_int_equal(csgd_budget_live_blocks(), 0);
        assert_int_equal(a.bytes, 0);
    }
    csgd_budget_set(5);
    assert_int_equal(create(&a), CSGD_OK);
    assert_int_equal(csgd_budget_calls(), 1 + 2 + 3 + 4 + 5 + 5);
    csgdi_arena_free(&a);
}

static void failure_leaves_the_arena(void **state)
{
    (void)state;
    csgdi_arena a = {0};
    char *text = csgdi_arena_alloc(&a, 6, 1);
    assert_non_null(text);
    memcpy(text, "hello", 6);
    const csgdi_arena before = a;
    csgd_budget_set(0);
    assert_null(csgdi_arena_alloc(&a, 1000, 8));
    assert_non_null(strstr(csgd_error_detail(), "8064 bytes")); /* with its header */
    assert_memory_equal(&a, &before, sizeof a);
    assert_string_equal(text, "hello");
    csgd_budget_set(-1);
    assert_non_null(csgdi_arena_alloc(&a, 1000, 8));
    csgdi_arena_free(&a);
}

/* ---- the test allocator itself -------------------------------------------------------------- */

static void fresh_memory_is_marked(void **state)
{
    (void)state;
    csgdi_arena a = {0};
    const uint8_t *p = csgdi_arena_alloc(&a, 100, 1);
    assert_non_null(p);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(p[i], 0xA5);
    csgdi_arena_free(&a);
}

static void *allocate_elsewhere(void *arg)
{
    csgdi_arena a = {0};
    *(bool *)arg = csgdi_arena_alloc(&a, 1, 1) != NULL;
    csgdi_arena_free(&a);
    return NULL;
}

static void budget_is_per_thread(void **state)
{
    (void)state;
    pthread_t thread;
    bool there = false;
    csgdi_arena a = {0};
    csgd_budget_set(0);
    assert_int_equal(pthread_create(&thread, NULL, allocate_elsewhere, &there), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(there);
    assert_null(csgdi_arena_alloc(&a, 1, 1));
    assert_int_equal(csgd_budget_calls(), 2);
}

/* Run in a child: damage one byte and free.  The child must be ended by the canary. */
static void dies_of(ptrdiff_t offset)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        csgdi_arena a = {0};
        uint8_t *p = csgdi_arena_alloc(&a, 13, 1);
        if (p == NULL || freopen("/dev/null", "w", stderr) == NULL) _exit(1);
        signal(SIGABRT, SIG_DFL);
        p[offset] ^= 1;
        csgdi_arena_free(&a);
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (offset >= 0 && offset < 13)
        assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    else
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
}

static void canaries_see_overruns(void **state)
{
    (void)state;
    dies_of(0);
    dies_of(12);
    dies_of(13);
    dies_of(13 + 63);
    dies_of(-CSGDI_ALIGN - 1);
}

int main(void)
{
#define BUDGETED(test) cmocka_unit_test_setup_teardown(test, with_budget, without_budget)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned),
        cmocka_unit_test(zeroed),
        BUDGETED(aligned),
        BUDGETED(zeroed),
        BUDGETED(accounted_exactly),
        BUDGETED(undo_before_freeing),
        BUDGETED(arena_in_its_own_block),
        cmocka_unit_test(sizes_saturate),
        BUDGETED(overflow_is_refused),
        BUDGETED(nth_allocation_fails),
        BUDGETED(failure_leaves_the_arena),
        BUDGETED(fresh_memory_is_marked),
        BUDGETED(budget_is_per_thread),
        BUDGETED(canaries_see_overruns),
    };
    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
