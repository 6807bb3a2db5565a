/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_layout.c: vectors of tensors over MPI. */

#include <csgd/mpi.h>
#include "comm/layout_part.h"
#include "support/ranks_mpi.h"
#include "support/test.h"

static csgd_status create(ranks *all, int rank, const csgd_tensor *tensors, size_t n_tensors,
                          const char *spec, csgd_reducer **r)
{
    (void)all;
    (void)rank;
    return csgd_status_of(
        csgd_reducer_create_layout_mpi(MPI_COMM_WORLD, tensors, n_tensors, spec, r));
}

static void layouts(void **state)
{
    layout_create by_mpi = create;

    (void)state;
    ranks_run_mpi(layout_part, &by_mpi);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(layouts)};

RANKS_MPI_MAIN(tests)
