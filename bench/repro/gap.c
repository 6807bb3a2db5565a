/* SPDX-License-Identifier: BSD-3-Clause */

/* gap.c: what two-step compensation is worth for dense codes.
 *
 * One step leaves a geometric pile of residuals, up to 1 / (1 - rho) of them; two steps leave one.
 * The references are medians of nine seeds of the numpy script, with blocks of 24 where it has 20,
 * which is no multiple of 8; streams of random numbers differ, so within 15 %.
 */

#include <csgd/csgd.h>
#include <math.h>
#include <stdio.h>
#include "open_loop.h"
#include "plot.h"
#include "repro.h"

enum { SEEDS = 9, RHOS = 4 };

static const struct subject {
    const char *spec;
    struct {
        double rho, one_step, two_step;
    } reference[2];
} subjects[] = {
    {"sign block=200", {{0.9, 76.97, 12.62}, {0.99, 589.4, 17.07}}},
    {"onebit block=200", {{0.9, 55.31, 11.95}, {0.99, 378.3, 16.23}}},
    {"sign block=24", {{0.9, 18.5, 9.479}, {0.99, 112.6, 13.55}}},
    {"qsgd bits=4 bucket=200", {{0.9, 3.771, 1.703}, {0.99, 11.89, 1.709}}},
    {"qsgd bits=8 bucket=200", {{0.9, 0.2083, 0.09019}, {0.99, 0.6529, 0.08995}}},
};

enum { SUBJECTS = sizeof subjects / sizeof *subjects };

/* The median gap over seeds; NAN where the spec is refused. */
static double median_gap(repro *r, const char *spec, const char *rule, double rho)
{
    const size_t seeds = repro_brief(r) ? 3 : SEEDS;
    double gap[SEEDS];
    char whole[256];
    open_loop outcome;

    for (size_t seed = 0; seed < seeds; seed++) {
        snprintf(whole, sizeof whole, "%s type=f64 algorithm=allgather seed=%zu feedback=%s", spec,
                 seed, rule);
        if (open_loop_run(whole, rho, seed, NULL, &outcome) != 0) {
            fprintf(stderr, "repro: %s: %s\n", whole, csgd_error_detail());
            return NAN;
        }
        gap[seed] = outcome.gap;
    }
    return repro_median(gap, seeds);
}

static double two_step(repro *r, const char *spec, double rho)
{
    char rule[48];

    snprintf(rule, sizeof rule, "ecx rho=%g", rho);
    return median_gap(r, spec, rule, rho);
}

static bool compare(repro *r, const char *spec, double rho, double one_reference,
                    double two_reference)
{
    const double one = median_gap(r, spec, "ef", rho), two = two_step(r, spec, rho);
    char quantity[128];

    if (isnan(one) || isnan(two)) return false;
    snprintf(quantity, sizeof quantity, "%s at rho %g: one-step", spec, rho);
    repro_between(r, quantity, one, 0.85 * one_reference, 1.15 * one_reference);
    snprintf(quantity, sizeof quantity, "%s at rho %g: two-step", spec, rho);
    repro_between(r, quantity, two, 0.85 * two_reference, 1.15 * two_reference);
    repro_row(r, "%s,%g,%.9g,%.9g", spec, rho, one, two);
    if (spec == subjects[0].spec && rho == 0.99)
        repro_at_least(r, "sign at rho 0.99: one-step over two-step", one / two, 25);
    return true;
}

/* Scaled sign over rho. */
static bool draw(repro *r)
{
    static const double rho[RHOS] = {0.5, 0.9, 0.97, 0.99};
    double one[RHOS], two[RHOS], memory[RHOS];
    const plot p = {.title = "Scaled sign: distance of the models, median of seeds",
                    .x_label = "1 / (1 - rho)",
                    .y_label = "|U| / alpha",
                    .log_x = true,
                    .log_y = true,
                    .series = {{"one-step (ef)", memory, one, RHOS},
                               {"two-step (ecx)", memory, two, RHOS}},
                    .n_series = 2};

    for (size_t i = 0; i < RHOS; i++) {
        memory[i] = 1 / (1 - rho[i]);
        one[i] = median_gap(r, subjects[0].spec, "ef", rho[i]);
        two[i] = two_step(r, subjects[0].spec, rho[i]);
    }
    return plot_chart(&p, repro_path(r, "svg"));
}

static bool run(repro *r)
{
    repro_csv(r, "spec,rho,one_step,two_step");
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t i = 0; i < 2; i++)
            if (!compare(r, subjects[s].spec, subjects[s].reference[i].rho,
                         subjects[s].reference[i].one_step, subjects[s].reference[i].two_step))
                return false;
    return draw(r);
}

const repro_experiment repro_gap = {
    .name = "gap",
    .what = "how much nearer two-step compensation keeps the models, for dense codes",
    .run = run,
};
