/* SPDX-License-Identifier: BSD-3-Clause */

/* test_layout.c: vectors of tensors on teams of virtual ranks. */

#include "comm/layout_part.h"
#include "support/test.h"

static csgd_status create(ranks *all, int rank, const csgd_tensor *tensors, size_t n_tensors,
                          const char *spec, csgd_reducer **r)
{
    return csgd_reducer_create_layout_team(all->team, rank, tensors, n_tensors, spec, r);
}

static void layouts(void **state)
{
    static const int sizes[] = {1, 2, 3, 8};
    layout_create by_team = create;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        ranks_run(sizes[i], layout_part, &by_team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layouts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
