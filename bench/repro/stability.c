/* SPDX-License-Identifier: BSD-3-Clause */

/* stability.c: which compressors hold under one-step and two-step compensation, and which explode.
 *
 * ErrorCompensatedX adds (1 + rho) d - rho d' to an increment, a gain above 1: a residual may grow
 * without bound although the compressor is a contraction.  The verdicts are those of the numpy script;
 * Random-k with a keep probability between .4 and .67 depends on the seed there, and is left out.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include "open_loop.h"
#include "plot.h"
#include "repro.h"

static const double rhos[] = {0.5, 0.9, 0.99};

static const struct subject {
    const char *spec;
    const char *two_step[3]; /* for each rho; one-step holds in all rows */
} subjects[] = {
    {"topk ratio=0.5", {"stable", "stable", "stable"}},
    {"topk ratio=0.25", {"stable", "DIVERGE", "DIVERGE"}},
    {"topk ratio=0.1", {"stable", "DIVERGE", "DIVERGE"}},
    {"topk ratio=0.01", {"stable", "DIVERGE", "DIVERGE"}},
    {"randk ratio=0.9", {"stable", "stable", "stable"}},
    {"randk ratio=0.1", {"stable", "DIVERGE", "DIVERGE"}},
    {"sign block=200", {"stable", "stable", "stable"}},
    {"onebit block=200", {"stable", "stable", "stable"}},
    {"sign block=24", {"stable", "stable", "stable"}},
    {"qsgd bits=2 bucket=200", {"DIVERGE", "DIVERGE", "DIVERGE"}},
    {"qsgd bits=4 bucket=200", {"stable", "stable", "stable"}},
    {"qsgd bits=8 bucket=200", {"stable", "stable", "stable"}},
    {"threshold lambda=0.3 kmax=200", {"stable", "stable", "stable"}},
    {"threshold lambda=1 kmax=200", {"stable", "stable", "stable"}},
};

enum { SUBJECTS = sizeof subjects / sizeof *subjects, SHOWN = 4 };

static bool one(repro *r, const struct subject *s, size_t i, const char *rule, const char *verdict,
                double *path)
{
    char spec[256], quantity[192], keys[64] = "";
    open_loop outcome;

    if (rule[2] == 'x') snprintf(keys, sizeof keys, " rho=%g guard=no", rhos[i]);
    snprintf(spec, sizeof spec, "%s type=f64 algorithm=allgather feedback=%s%s force=yes", s->spec,
             rule, keys);
    if (open_loop_run(spec, rhos[i], 0, path, &outcome) != 0) {
        fprintf(stderr, "repro: %s: %s\n", spec, csgd_error_detail());
        return false;
    }
    snprintf(quantity, sizeof quantity, "%s %s at rho %g", s->spec, rule, rhos[i]);
    repro_equal(r, quantity, outcome.diverged ? "DIVERGE" : "stable", verdict);
    repro_row(r, "%s,%s,%g,%.9g,%.4f,%d", s->spec, rule, rhos[i], outcome.gap, outcome.density,
              outcome.diverged);
    return true;
}

/* How the gap of some goes over the steps, at rho .9. */
static bool draw(repro *r)
{
    static const char *const shown[SHOWN] = {"sign block=200", "qsgd bits=4 bucket=200",
                                             "topk ratio=0.5", "topk ratio=0.1"};
    static double step[OPEN_LOOP_STEPS], path[SHOWN][OPEN_LOOP_STEPS];
    plot p = {.title = "Distance of the models under ecx, rho = 0.9",
              .x_label = "step",
              .y_label = "|U| / alpha",
              .log_y = true,
              .n_series = SHOWN};
    char spec[192];
    open_loop outcome;

    for (size_t t = 0; t < OPEN_LOOP_STEPS; t++)
        step[t] = (double)t;
    for (size_t s = 0; s < SHOWN; s++) {
        snprintf(spec, sizeof spec,
                 "%s type=f64 algorithm=allgather feedback=ecx rho=0.9 guard=no force=yes",
                 shown[s]);
        if (open_loop_run(spec, 0.9, 0, path[s], &outcome) != 0) return false;
        p.series[s] = (plot_series){shown[s], step, path[s], OPEN_LOOP_STEPS};
    }
    return plot_chart(&p, repro_path(r, "svg"));
}

static bool run(repro *r)
{
    repro_csv(r, "spec,feedback,rho,gap,density,diverged_at");
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t i = repro_brief(r) ? 2 : 0; i < 3; i++)
            if (!one(r, &subjects[s], i, "ef", "stable", NULL) ||
                !one(r, &subjects[s], i, "ecx", subjects[s].two_step[i], NULL))
                return false;
    return draw(r);
}

const repro_experiment repro_stability = {
    .name = "stability",
    .what = "which compressors hold under two-step compensation, and which explode",
    .run = run,
};
