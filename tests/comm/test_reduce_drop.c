/* SPDX-License-Identifier: BSD-3-Clause */

/* test_reduce_drop.c: gtopk, oktopk and spardl on teams of virtual ranks; with `many` as its argument, of
 * many. */

#include "comm/reduce_parts.h"
#include "support/test.h"

static void on_few(void **state)
{
    static const int sizes[] = {2, 3, 1, 8, 5};

    (void)state;
    for (size_t i = 0; i < (test_brief() ? 2 : TEST_COUNT(sizes)); i++)
        reduce_run(drop_cases, sizes[i], ranks_run);
}

static void on_many(void **state)
{
    static const int sizes[] = {4, 6, 7, 9, 16, 17, 33, 64};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        reduce_run(drop_cases, sizes[i], ranks_run);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest few[] = {cmocka_unit_test(on_few)};
    const struct CMUnitTest many[] = {cmocka_unit_test(on_many)};

    if (argc > 1 && strcmp(argv[1], "many") == 0) return cmocka_run_group_tests(many, NULL, NULL);
    return cmocka_run_group_tests(few, NULL, NULL);
}
