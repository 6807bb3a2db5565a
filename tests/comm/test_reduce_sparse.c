/* SPDX-License-Identifier: BSD-3-Clause */

/* test_reduce_sparse.c: what carries sparse messages alone, on teams of virtual ranks; with `many` as
 * its argument, of many. */

#include "comm/reduce_parts.h"
#include "support/test.h"

static void on_few(void **state)
{
    static const int sizes[] = {2, 3, 8, 1, 4, 5, 6, 7, 9};

    (void)state;
    for (size_t i = 0; i < (test_brief() ? 2 : TEST_COUNT(sizes)); i++)
        reduce_run(sparse_cases, sizes[i], ranks_run);
}

static void on_few_more(void **state)
{
    static const int sizes[] = {3, 1, 2, 6};

    (void)state;
    for (size_t i = 0; i < (test_brief() ? 1 : TEST_COUNT(sizes)); i++)
        reduce_run(sparse_cases_more, sizes[i], ranks_run);
}

static void of_long_vectors(void **state)
{
    (void)state;
    reduce_run(long_cases, 2, ranks_run);
    if (!test_brief()) reduce_run(long_cases, 3, ranks_run);
    if (!test_brief()) reduce_run(long_cases, 4, ranks_run);
}

static void on_many(void **state)
{
    static const int sizes[] = {16, 17, 33, 64};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        reduce_run(sparse_cases, sizes[i], ranks_run);
    reduce_run(sparse_cases_more, 17, ranks_run);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest few[] = {cmocka_unit_test(on_few), cmocka_unit_test(on_few_more),
                                     cmocka_unit_test(of_long_vectors)};
    const struct CMUnitTest many[] = {cmocka_unit_test(on_many)};

    if (argc > 1 && strcmp(argv[1], "many") == 0) return cmocka_run_group_tests(many, NULL, NULL);
    return cmocka_run_group_tests(few, NULL, NULL);
}
