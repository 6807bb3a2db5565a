/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_TEST_H
#define CSGD_TEST_H

/* test.h: what every test begins with: cmocka in the order it wants, and small helpers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <csgd/csgd.h>

#define TEST_COUNT(array) (sizeof(array) / sizeof *(array))

/* Whether to try fewer sizes, because all of it runs under a tool that is 50 times slower.  Every
 * test still does everything once. */
static inline int test_brief(void)
{
    return getenv("CSGD_TEST_BRIEF") != NULL;
}

/* A call that must succeed: on failure the library's own sentence is printed. */
#define assert_ok(call)                                                       \
    do {                                                                      \
        csgd_status assert_ok_status = (call);                                \
        if (assert_ok_status != CSGD_OK)                                      \
            fail_msg("%s: %s: %s", #call, csgd_status_name(assert_ok_status), \
                     csgd_error_detail());                                    \
    } while (0)

/* A call that must fail in one way, with a sentence that has these words. */
#define assert_fails(call, status, words)                                                \
    do {                                                                                 \
        csgd_status assert_fails_status = (call);                                        \
        if (assert_fails_status != (status))                                             \
            fail_msg("%s: %s, not %s: %s", #call, csgd_status_name(assert_fails_status), \
                     csgd_status_name(status), csgd_error_detail());                     \
        if (strstr(csgd_error_detail(), (words)) == NULL)                                \
            fail_msg("%s: no \"%s\" in: %s", #call, (words), csgd_error_detail());       \
    } while (0)

#endif
