/* SPDX-License-Identifier: BSD-3-Clause */
/* scene.c: a team of threads on the in-process transport. */

#include "comm/scene.h"
#include <time.h>
#include "support/test.h"

void scene_play_on(int n_ranks, scene_work work, const csgdi_fault *faults, size_t n_faults)
{
    scene s = {.n_ranks = n_ranks};

    assert_ok(csgd_team_create(n_ranks, &s.team));
    for (size_t i = 0; i < n_faults; i++)
        csgdi_team_fault(s.team, faults[i]);
    assert_ok(csgd_team_run(s.team, work, &s));
    assert_int_equal(s.bad, 0);
    assert_ok(csgd_team_destroy(&s.team));
    assert_null(s.team);
}

void scene_play(scene_work work, const csgdi_fault *faults, size_t n_faults)
{
    static const int sizes[] = {1, 2, 3, 8, PARTS_RANKS};

    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        scene_play_on(sizes[i], work, faults, n_faults);
}

void scene_barrier(scene *s, int nth)
{
    const struct timespec nap = {0, 100000};

    atomic_fetch_add(&s->arrived, 1);
    while (atomic_load(&s->arrived) < nth * s->n_ranks)
        nanosleep(&nap, NULL);
}

void scene_parts(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    atomic_fetch_add(&s->bad, parts_ring(&t));
    atomic_fetch_add(&s->bad, parts_all_to_all(&t));
    atomic_fetch_add(&s->bad, parts_open(&t));
    atomic_fetch_add(&s->bad, parts_collectives(&t));
    check(s, t.formula_bytes == 0);
    t.ops->close(&t, false);
}
