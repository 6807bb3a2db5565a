/* SPDX-License-Identifier: BSD-3-Clause */

/* test_status.c: names, messages and the sentence of the last error; version and clock. */

#include "support/test.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/error.h"

/* Values are frozen: they are written out here, not taken from the header. */
static const struct {
    int value;
    const char *name;
} statuses[] = {
    {0, "CSGD_OK"},
    {1, "CSGD_MORE"},
    {-1, "CSGD_E_INVAL"},
    {-2, "CSGD_E_SPEC"},
    {-3, "CSGD_E_UNSUPPORTED"},
    {-4, "CSGD_E_SPACE"},
    {-5, "CSGD_E_BUSY"},
    {-6, "CSGD_E_STATE"},
    {-20, "CSGD_E_NOMEM"},
    {-21, "CSGD_E_NONFINITE"},
    {-22, "CSGD_E_PLUGIN"},
    {-40, "CSGD_E_CORRUPT"},
    {-41, "CSGD_E_VERSION"},
    {-60, "CSGD_E_MISMATCH"},
    {-61, "CSGD_E_PEER"},
    {-62, "CSGD_E_TRANSPORT"},
    {-63, "CSGD_E_TIMEOUT"},
    {-64, "CSGD_E_BROKEN"},
};

static void names_and_messages(void **state)
{
    (void)state;
    size_t known = 0;
    for (int value = -100; value <= 100; value++) {
        const char *message = csgd_status_message((csgd_status)value);
        const char *name = csgd_status_name((csgd_status)value);
        assert_non_null(message);
        assert_true(strlen(message) > 0 && strlen(message) < 60);
        size_t i = 0;
        while (i < TEST_COUNT(statuses) && statuses[i].value != value)
            i++;
        if (i < TEST_COUNT(statuses)) {
            known++;
            assert_string_equal(name, statuses[i].name);
            assert_string_not_equal(message, "unknown status");
        } else {
            assert_string_equal(name, "CSGD_E_UNKNOWN");
            assert_string_equal(message, "unknown status");
        }
    }
    assert_int_equal(known, TEST_COUNT(statuses));
    assert_string_equal(csgd_status_message(CSGD_E_NOMEM), "out of memory");
}

static void messages_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(statuses); i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(csgd_status_message((csgd_status)statuses[i].value),
                                    csgd_status_message((csgd_status)statuses[j].value));
}

static void sentences(void **state)
{
    (void)state;
    assert_int_equal(csgdi_fail(CSGD_E_SPEC, "k=%d is more than %g", 7, 2.5), CSGD_E_SPEC);
    assert_string_equal(csgd_error_detail(), "k=7 is more than 2.5");
    assert_int_equal(csgdi_fail_in(CSGD_E_PEER, "rank 3"), CSGD_E_PEER);
    assert_string_equal(csgd_error_detail(), "rank 3: k=7 is more than 2.5");
    /* The sentence that is there may be part of the next. */
    csgdi_fail(CSGD_E_PEER, "<%s|%s>", csgd_error_detail(), csgd_error_detail());
    assert_string_equal(csgd_error_detail(),
                        "<rank 3: k=7 is more than 2.5|rank 3: k=7 is more than 2.5>");
    csgdi_fail(CSGD_E_TRANSPORT, "%s", "from elsewhere\n\n");
    assert_string_equal(csgd_error_detail(), "from elsewhere");
}

static void cut_at_511(void **state)
{
    (void)state;
    char text[600];
    for (size_t len = 505; len < 520; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        csgdi_fail(CSGD_E_INVAL, "%s", text);
        const size_t kept = len < 511 ? len : 511;
        assert_int_equal(strlen(csgd_error_detail()), kept);
        assert_memory_equal(csgd_error_detail(), text, kept);
    }
    csgdi_fail_in(CSGD_E_INVAL, "in context");
    assert_int_equal(strlen(csgd_error_detail()), 511);
    assert_memory_equal(csgd_error_detail(), "in context: xxx", 15);
}

static void *fail_elsewhere(void *arg)
{
    const char *number = arg;
    if (strcmp(csgd_error_detail(), "") != 0) return NULL; /* "" before the first error */
    for (int i = 0; i < 1000; i++) {
        csgdi_fail(CSGD_E_INVAL, "thread %s", number);
        if (strncmp(csgd_error_detail(), "thread ", 7) != 0) return NULL;
        if (strcmp(csgd_error_detail() + 7, number) != 0) return NULL;
    }
    return arg;
}

static void detail_is_per_thread(void **state)
{
    (void)state;
    static char numbers[4][2] = {"0", "1", "2", "3"};
    pthread_t threads[4];
    csgdi_fail(CSGD_E_INVAL, "mine");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fail_elsewhere, numbers[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, numbers[i]);
    }
    assert_string_equal(csgd_error_detail(), "mine");
}

static void version(void **state)
{
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", CSGD_VERSION_MAJOR, CSGD_VERSION_MINOR,
             CSGD_VERSION_PATCH);
    assert_string_equal(csgd_version(), text);
}

static double stopped_clock(void)
{
    return 12.5;
}

static void clock_is_replaceable(void **state)
{
    (void)state;
    const double a = csgdi_clock();
    assert_true(csgdi_clock() >= a);
    csgdi_clock_set(stopped_clock);
    assert_true(csgdi_clock() == 12.5);
    csgdi_clock_set(NULL);
    assert_true(csgdi_clock() >= a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_messages),
        cmocka_unit_test(messages_differ),
        cmocka_unit_test(sentences),
        cmocka_unit_test(cut_at_511),
        cmocka_unit_test(detail_is_per_thread),
        cmocka_unit_test(version),
        cmocka_unit_test(clock_is_replaceable),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
