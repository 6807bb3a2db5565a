/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_SCENE_H
#define CSGD_SCENE_H

/* scene.h: a team of threads on the in-process transport, for the tests of it.
 *
 * Every rank runs on a thread of its own, where cmocka must not fail: a rank counts what is wrong
 * in `bad`, and the main thread asserts that nothing was.
 */

#include <stdatomic.h>
#include "comm/team.h"
#include "comm/transport_parts.h"

typedef struct scene {
    csgd_team *team;
    int n_ranks;
    atomic_int bad;
    atomic_int arrived; /* a barrier of the test's own */
} scene;

/* What a rank claims: `rank` is its own. */
#define check(s, claim)                         \
    do {                                        \
        int check_bad = 0;                      \
        PARTS_CHECK(&check_bad, rank, claim);   \
        atomic_fetch_add(&(s)->bad, check_bad); \
    } while (0)

/* What a rank does in a scene; arg is the scene. */
typedef void (*scene_work)(int rank, void *arg);

/* Run work on a team of n_ranks with these faults, and assert that no rank found anything wrong. */
void scene_play_on(int n_ranks, scene_work work, const csgdi_fault *faults, size_t n_faults);

/* The same on teams of several sizes, 1 and PARTS_RANKS among them. */
void scene_play(scene_work work, const csgdi_fault *faults, size_t n_faults);

/* All ranks wait here for each other, without the transport. */
void scene_barrier(scene *s, int nth);

/* A scene_work: what every transport does. */
void scene_parts(int rank, void *arg);

#endif
