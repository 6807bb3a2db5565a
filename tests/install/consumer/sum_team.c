/* SPDX-License-Identifier: BSD-3-Clause */

/* sum_team.c: sum_mpi.c without MPI, its ranks threads of one process.  Valid C and C++. */

#include <csgd/csgd.h>

#include "spikes.h"

struct shared {
    csgd_team *team;
    int wrong[RANKS];
};

static void work(int rank, void *arg)
{
    struct shared *shared = (struct shared *)arg;
    float grad[N];
    csgd_reducer *r;

    if (csgd_reducer_create_team(shared->team, rank, N, "topk ratio=0.01", &r) != CSGD_OK) {
        shared->wrong[rank] = 1;
        return;
    }
    for (int step = 0; step < STEPS; step++) {
        spikes_fill(grad, rank, step);
        shared->wrong[rank] += csgd_reducer_allreduce(r, NULL, grad, N) != CSGD_OK;
        shared->wrong[rank] += spikes_check(grad, step);
    }
    csgd_reducer_destroy(&r);
}

int main(void)
{
    static struct shared shared;
    int wrong = 0;

    if (csgd_team_create(RANKS, &shared.team) != CSGD_OK ||
        csgd_team_run(shared.team, work, &shared) != CSGD_OK ||
        csgd_team_destroy(&shared.team) != CSGD_OK) {
        fprintf(stderr, "%s\n", csgd_error_detail());
        return 1;
    }
    for (int rank = 0; rank < RANKS; rank++)
        wrong += shared.wrong[rank];
    if (wrong == 0) printf("libcsgd %s: the sum is right\n", csgd_version());
    return wrong != 0;
}
