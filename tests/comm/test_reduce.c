/* SPDX-License-Identifier: BSD-3-Clause */

/* test_reduce.c: every case of reduce_parts.h on teams of virtual ranks; with `many` as its argument,
 * of all the sizes in between. */

#include "comm/reduce_parts.h"
#include "support/test.h"

static void on_1_rank(void **state)
{
    (void)state;
    reduce_run(reduce_cases, 1, ranks_run);
}

static void on_2_ranks(void **state)
{
    (void)state;
    reduce_run(reduce_cases, 2, ranks_run);
}

static void on_3_ranks(void **state)
{
    (void)state;
    reduce_run(reduce_cases, 3, ranks_run);
}

static void on_8_ranks(void **state)
{
    (void)state;
    if (test_brief()) skip();
    reduce_run(reduce_cases, 8, ranks_run);
}

/* Of fewer elements than ranks, and of more; `many` has all lengths. */
static void on_64_ranks(void **state)
{
    (void)state;
    if (test_brief()) skip();
    for (const reduce_case *c = reduce_cases; c->compressor != NULL; c++) {
        const reduce_case one[] = {*c, {.compressor = NULL}};

        if (c->n == 7 || c->n == 500) reduce_run(one, 64, ranks_run);
    }
}

static void in_between(void **state)
{
    static const int sizes[] = {4, 5, 6, 7, 9, 16, 17, 33, 64};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        reduce_run(reduce_cases, sizes[i], ranks_run);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest many[] = {cmocka_unit_test(in_between)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_1_rank),  cmocka_unit_test(on_2_ranks),  cmocka_unit_test(on_3_ranks),
        cmocka_unit_test(on_8_ranks), cmocka_unit_test(on_64_ranks),
    };
    if (argc > 1 && strcmp(argv[1], "many") == 0) return cmocka_run_group_tests(many, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
