/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix_team.c: the product of matrix.h over threads.
 *
 *     matrix_team RANKS [FILTER]
 */

#include <stdio.h>
#include <stdlib.h>
#include "comm/matrix.h"
#include "comm/team.h"

typedef struct job {
    csgd_team *team;
    const char *filter;
    int failed; /* written by rank 0 */
} job;

static csgd_status create(void *object, int rank, size_t n, const char *spec, csgd_reducer **r)
{
    return csgd_reducer_create_team(((job *)object)->team, rank, n, spec, r);
}

static void part(int rank, void *arg)
{
    job *j = arg;
    csgdi_transport t;
    int failed = 1;

    if (csgdi_transport_open_team(&t, j->team, rank) == CSGD_OK) {
        failed = matrix_run(&t, create, j, j->filter);
        t.ops->close(&t, false);
    }
    if (rank == 0) j->failed = failed;
}

int main(int argc, char **argv)
{
    const int ranks = argc > 1 ? atoi(argv[1]) : 3;
    job j = {.filter = argc > 2 ? argv[2] : NULL};

    if (csgd_team_create(ranks, &j.team) != CSGD_OK || csgd_team_run(j.team, part, &j) != CSGD_OK ||
        csgd_team_destroy(&j.team) != CSGD_OK) {
        fprintf(stderr, "matrix_team: %s\n", csgd_error_detail());
        return 1;
    }
    return j.failed > 0;
}
