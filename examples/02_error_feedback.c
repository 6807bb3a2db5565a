/* SPDX-License-Identifier: BSD-3-Clause */
/* 02_error_feedback.c: why what was not sent must be remembered.
 *
 * What this shows: four ranks, here threads of one process, look for the x with the least mean
 * squared distance to their targets.  In every element one rank wants 8 and three want 0, so the
 * answer is the mean: 2.  Without memory a compressor finds something else, however long it runs:
 * Top-k hears only who is farthest off and settles half-way, at 4; the sign counts votes and goes
 * to 0.  With feedback=ef what was not sent is added to the next gradient, so that it arrives
 * later instead of never, and both find 2 within a percent, with messages of the same size.
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    build/release/examples/02_error_feedback
 *
 * Expected output:
 *
 *     spec                                x
 *     none                             2.00
 *     topk ratio=0.05 feedback=none    4.00
 *     topk ratio=0.05 feedback=ef      1.99
 *     sign feedback=none               0.00
 *     sign feedback=ef                 2.01
 *
 * Next: 03_allreduce.c, ranks that are processes of MPI.
 */
#include <csgd/csgd.h>

#include <stdio.h>
#include <stdlib.h>

enum { RANKS = 4, N = 1000, STEPS = 3000 };

struct run {
    csgd_team *team;
    const char *spec;
    double mean; /* of the elements of x in the end, which is the same on all ranks */
};

static void check(csgd_status status)
{
    if (status == CSGD_OK) return;
    fprintf(stderr, "%s\n", csgd_error_detail());
    exit(EXIT_FAILURE);
}

static void descend(int rank, void *arg)
{
    struct run *run = arg;
    csgd_reducer *r;
    float x[N] = {0}, grad[N];

    check(csgd_reducer_create_team(run->team, rank, N, run->spec, &r));
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < N; i++)
            grad[i] = x[i] - (i % RANKS == rank ? 8.0f : 0.0f);
        check(csgd_reducer_allreduce(r, NULL, grad, N)); /* in place: grad becomes the sum */
        for (int i = 0; i < N; i++)
            x[i] -= 0.005f * grad[i] / RANKS;
    }
    if (rank == 0) {
        run->mean = 0.0;
        for (int i = 0; i < N; i++)
            run->mean += (double)x[i] / N;
    }
    csgd_reducer_destroy(&r);
}

int main(void)
{
    static const char *const specs[] = {"none", "topk ratio=0.05 feedback=none",
                                        "topk ratio=0.05 feedback=ef", "sign feedback=none",
                                        "sign feedback=ef"};
    struct run run;

    check(csgd_team_create(RANKS, &run.team));
    printf("%-30s %6s\n", "spec", "x");
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        run.spec = specs[s];
        check(csgd_team_run(run.team, descend, &run));
        printf("%-30s %6.2f\n", specs[s], run.mean);
    }
    csgd_team_destroy(&run.team);
    return EXIT_SUCCESS;
}
