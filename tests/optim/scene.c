/* SPDX-License-Identifier: BSD-3-Clause */

/* scene.c: see scene.h. */

#include "optim/scene.h"

void open_scene(scene *s, const char *sum, const char *spec)
{
    double start[SCENE_N];

    assert_ok(csgd_simulation_create(sum, SCENE_N, SCENE_WORKERS, &s->sim));
    assert_ok(csgd_simulation_workers(s->sim, &s->w));
    s->pr =
        (problem){.n = SCENE_N, .type = s->w.type, .n_workers = SCENE_WORKERS, .fail_worker = -1};
    s->oracle = problem_oracle(&s->pr);
    assert_ok(csgd_optimizer_create(spec, SCENE_N, &s->w, &s->oracle, &s->opt));
    problem_start(SCENE_N, start);
    memset(s->x, 0, sizeof s->x);
    problem_store(s->w.type, start, SCENE_N, s->x);
}

void close_scene(scene *s)
{
    csgd_optimizer_destroy(&s->opt);
    assert_null(s->opt);
    csgd_simulation_destroy(&s->sim);
    assert_null(s->sim);
}
