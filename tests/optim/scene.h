/* SPDX-License-Identifier: BSD-3-Clause */

#ifndef CSGD_TESTS_SCENE_H
#define CSGD_TESTS_SCENE_H

/* scene.h: an optimizer over simulated workers on the test problem, at its start. */

#include "optim/loops.h"
#include "support/test.h"

enum { SCENE_N = LOOP_N, SCENE_WORKERS = 4 };

typedef struct scene {
    problem pr;
    csgd_oracle oracle;
    csgd_simulation *sim;
    csgd_workers w;
    csgd_optimizer *opt;
    double x[SCENE_N];
} scene;

/* `sum` is the spec of the simulation, `spec` that of the optimizer. */
void open_scene(scene *s, const char *sum, const char *spec);
void close_scene(scene *s);

#endif
