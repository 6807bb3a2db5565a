/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_workers.c: optimizers over MPI give the bits of simulated workers, where the library and
 * not MPI decides in which order is added. */

#include "optim/bits_part.h"
#include "support/ranks_mpi.h"
#include "support/test.h"

#include <csgd/mpi.h>

static void same_bits(void **state)
{
    static const bits_setting settings[] = {
        {"momentum alpha=0.1 lr=0.1", "sign block=64 algorithm=sra"},
        {"storm alpha=0.2 lr=0.05 schedule=sqrt", "sign block=32 feedback=ecx rho=step"},
        {"igt alpha=0.3 lr=0.05", "topk ratio=0.1 type=f64 algorithm=allgather"},
        {"sgd lr=0.1 noise=0.3", "qsgd bits=4 algorithm=allgather"},
    };
    static bits_run run;
    int n_ranks;

    (void)state;
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    for (size_t i = 0; i < TEST_COUNT(settings); i++) {
        bits_simulate(&run, &settings[i], n_ranks);
        ranks_run_mpi(bits_part, &run);
    }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits)};

RANKS_MPI_MAIN(tests)
