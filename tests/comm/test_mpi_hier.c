/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_hier.c: the cases of hier_parts.h over MPI: on the node that there is, and on nodes of
 * two ranks and of three by the spec, with the leaders' twin on a communicator of their own. */

#include <csgd/mpi.h>
#include "comm/hier_parts.h"
#include "support/ranks_mpi.h"
#include "support/test.h"

enum { MOST = 64 };

static csgd_status twin_over_mpi(const hier_job *job, int place, size_t n, const char *spec,
                                 csgd_reducer **r)
{
    (void)place;
    return csgd_status_of(csgd_reducer_create_mpi(*(MPI_Comm *)job->object, n, spec, r));
}

static void run(int row, const hier_case *c, bool started,
                void (*part)(ranks *all, int rank, void *arg))
{
    int node[MOST], rank, p;
    MPI_Comm leaders;
    hier_job job = {.c = c,
                    .node = node,
                    .in_a_row = row,
                    .steps = 4,
                    .started = started,
                    .twin = twin_over_mpi,
                    .object = &leaders};

    MPI_Comm_size(MPI_COMM_WORLD, &p);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    assert_in_range(p, 1, MOST);
    for (int r = 0; r < p; r++) {
        node[r] = row > 0 ? r - r % row : 0;
        job.n_nodes += node[r] == r;
    }
    MPI_Comm_split(MPI_COMM_WORLD, node[rank] == rank ? 0 : MPI_UNDEFINED, rank, &leaders);
    ranks_run_mpi(part, &job);
    if (leaders != MPI_COMM_NULL) MPI_Comm_free(&leaders);
}

static void cases(void **state)
{
    (void)state;
    for (int row = 0; row < 4; row++)
        for (size_t c = 0; hier_cases[c].compressor != NULL; c++)
            if (row == 2 || c < 3) run(row, &hier_cases[c], c % 2 == 1, hier_part);
}

static void of_long_vectors(void **state)
{
    static const hier_case topk = {"topk ratio=0.01", "split", 150001, false};

    (void)state;
    run(2, &topk, false, hier_part);
    run(3, &topk, true, hier_part);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cases),
    cmocka_unit_test(of_long_vectors),
};

RANKS_MPI_MAIN(tests)
