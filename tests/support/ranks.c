/* SPDX-License-Identifier: BSD-3-Clause */

/* ranks.c: parts of a test on the threads of a team. */

#include "support/ranks.h"

#include "comm/team.h"
#include "support/test.h"

void ranks_note(ranks *all, int rank, const char *file, int line, const char *check)
{
    char *note = all->note[all->team != NULL ? rank : 0];

    if (note[0] == '\0')
        snprintf(note, sizeof *all->note, "%s:%d: rank %d: %s (%s)", file, line, rank, check,
                 csgd_error_detail());
}

static csgd_status create_team(ranks *all, int rank, size_t n, const char *spec, csgd_reducer **r)
{
    return csgd_reducer_create_team(all->team, rank, n, spec, r);
}

static void run_part(int rank, void *arg)
{
    ranks *all = arg;
    all->part(all, rank, all->arg);
}

void ranks_run_on(int n_ranks, const int *node, void (*part)(ranks *all, int rank, void *arg),
                  void *arg)
{
    ranks all = {.n_ranks = n_ranks, .create = create_team, .part = part, .arg = arg};

    all.note = calloc((size_t)n_ranks, sizeof *all.note);
    assert_non_null(all.note);
    assert_ok(csgd_team_create(n_ranks, &all.team));
    if (node != NULL) csgdi_team_nodes(all.team, node);
    assert_ok(csgd_team_run(all.team, run_part, &all));
    assert_ok(csgd_team_destroy(&all.team));
    for (int r = 0; r < n_ranks; r++)
        if (all.note[r][0] != '\0') fail_msg("%s", all.note[r]);
    free(all.note);
}

void ranks_run(int n_ranks, void (*part)(ranks *all, int rank, void *arg), void *arg)
{
    ranks_run_on(n_ranks, NULL, part, arg);
}
