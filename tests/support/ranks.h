/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_RANKS_H
#define CSGD_RANKS_H

/* ranks.h: a test that runs on several ranks, virtual or of MPI, from one source.
 *
 * A rank's part never asserts: a rank that left early would keep the others waiting.  It notes the
 * first thing that is not as it should be, goes on where it can, and the verdicts are asserted
 * together at the end:
 *
 *     static void part(ranks *all, int rank, void *arg)
 *     {
 *         RANK_CHECK(all, rank, csgd_reducer_test(r) == CSGD_OK);
 *     }
 *     ranks_run(8, part, arg);                   // team of 8; fails the test if any rank noted one
 */

#include <stdbool.h>
#include <csgd/csgd.h>

typedef struct ranks ranks;

struct ranks {
    csgd_team *team; /* NULL over MPI */
    int n_ranks;
    /* Collective: the reducer of a rank, by whatever transport this test runs over. */
    csgd_status (*create)(ranks *all, int rank, size_t n, const char *spec, csgd_reducer **r);
    void (*part)(ranks *all, int rank, void *arg);
    void *arg;
    char (*note)[256]; /* [n_ranks] for a team, [1] over MPI: "" or what was wrong first */
};

/* Note that a check failed on a rank, with the place and the library's own sentence. */
void ranks_note(ranks *all, int rank, const char *file, int line, const char *check);

#define RANK_CHECK(all, rank, condition) \
    ((condition) ? (void)0 : ranks_note(all, rank, __FILE__, __LINE__, #condition))

/* Run on a team of virtual ranks and assert that no rank noted anything. */
void ranks_run(int n_ranks, void (*part)(ranks *all, int rank, void *arg), void *arg);

/* The same of ranks on nodes, a number for each rank: those that have the same share one. */
void ranks_run_on(int n_ranks, const int *node, void (*part)(ranks *all, int rank, void *arg),
                  void *arg);

#endif
