/* SPDX-License-Identifier: BSD-3-Clause */

/* two_value.c: compensation in full for sparsifiers, by two values an entry.
 *
 * Under ecx a Top-k below half of the entries explodes.  feedback=ecx2 sends the residuals of momentum
 * and of displacement together and stays exact: nearer than one-step feedback wherever it sends.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include "open_loop.h"
#include "plot.h"
#include "repro.h"

enum { SEEDS = 9 };

static const struct subject {
    const char *spec;
    double rho;
    double one_step, two_value; /* of the numpy script, one seed */
} subjects[] = {
    {"topk ratio=0.1", 0.9, 46.56, 14.69},
    {"topk ratio=0.1", 0.99, 400.0, 17.54},
    {"topk ratio=0.01", 0.9, 584.96, 499.54},
    {"topk ratio=0.01", 0.99, 5358.78, 1528.16},
};

static double median_gap(repro *r, const struct subject *s, const char *rule, double *path)
{
    const size_t seeds = repro_brief(r) ? 3 : SEEDS;
    double gap[SEEDS];
    char spec[192];
    open_loop outcome;

    snprintf(spec, sizeof spec, "%s type=f64 algorithm=allgather feedback=%s", s->spec, rule);
    for (size_t seed = 0; seed < seeds; seed++) {
        if (open_loop_run(spec, s->rho, seed, seed == 0 ? path : NULL, &outcome) != 0) {
            fprintf(stderr, "repro: %s: %s\n", spec, csgd_error_detail());
            return NAN;
        }
        gap[seed] = outcome.gap;
    }
    return repro_median(gap, seeds);
}

static bool run(repro *r)
{
    static double step[OPEN_LOOP_STEPS], one_path[OPEN_LOOP_STEPS], two_path[OPEN_LOOP_STEPS];
    const plot p = {.title = "Top-10 %, rho = 0.99",
                    .x_label = "step",
                    .y_label = "|U| / alpha",
                    .log_y = true,
                    .series = {{"one-step (ef)", step, one_path, OPEN_LOOP_STEPS},
                               {"two values (ecx2)", step, two_path, OPEN_LOOP_STEPS}},
                    .n_series = 2};
    char quantity[128], rule[48];

    repro_csv(r, "spec,rho,one_step,two_value");
    for (size_t t = 0; t < OPEN_LOOP_STEPS; t++)
        step[t] = (double)t;
    for (size_t s = 0; s < sizeof subjects / sizeof *subjects; s++) {
        const bool shown = s == 1;
        double one, two;

        snprintf(rule, sizeof rule, "ecx2 rho=%g", subjects[s].rho);
        one = median_gap(r, &subjects[s], "ef", shown ? one_path : NULL);
        two = median_gap(r, &subjects[s], rule, shown ? two_path : NULL);
        if (isnan(one) || isnan(two)) return false;
        snprintf(quantity, sizeof quantity, "%s at rho %g: one-step", subjects[s].spec,
                 subjects[s].rho);
        repro_between(r, quantity, one, 0.8 * subjects[s].one_step, 1.2 * subjects[s].one_step);
        snprintf(quantity, sizeof quantity, "%s at rho %g: two values", subjects[s].spec,
                 subjects[s].rho);
        repro_between(r, quantity, two, 0.8 * subjects[s].two_value, 1.2 * subjects[s].two_value);
        if (shown)
            repro_at_least(r, "Top-10 % at rho 0.99: one-step over two values", one / two, 15);
        repro_row(r, "%s,%g,%.9g,%.9g", subjects[s].spec, subjects[s].rho, one, two);
    }
    return plot_chart(&p, repro_path(r, "svg"));
}

const repro_experiment repro_two_value = {
    .name = "two-value",
    .what = "what two values an entry are worth to Top-k under momentum",
    .run = run,
};
