/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_H
#define REPRO_H

/* repro.h: an experiment, and what it has to say.
 *
 * An experiment is one file that ends in a const repro_experiment, and one line in repro.c.  It
 * computes figures and compares each with what a paper, the mathematics or the numpy scripts of the
 * design say:
 *
 *     repro,NAME,quantity,value,reference,pass|FAIL
 *
 * on standard output, a CSV with the data behind them, and a plot.  Everything random is Philox, so
 * a run gives the same lines again.  Workers are simulated in one process.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct repro repro;

typedef struct repro_experiment {
    const char *name;
    const char *what;      /* one line, for --help */
    bool (*run)(repro *r); /* false where it could not: the sentence is on standard error */
    int ranks;             /* of its form over MPI; 0: it has none */
} repro_experiment;

/* Say a figure that must be at most, at least, or in [low, high]; whether it is. */
bool repro_at_most(repro *r, const char *quantity, double value, double limit);
bool repro_at_least(repro *r, const char *quantity, double value, double limit);
bool repro_between(repro *r, const char *quantity, double value, double low, double high);

/* Say a verdict, such as "stable", that must equal the reference. */
bool repro_equal(repro *r, const char *quantity, const char *value, const char *reference);

/* Say a figure that nothing is promised of. */
void repro_report(repro *r, const char *quantity, double value);

/* The fast form, for tests: fewer seeds and steps, where the figures may miss their references. */
bool repro_brief(const repro *r);

/* --- files: NAME.csv, NAME.svg, in the directory that --out names --- */

/* Begin NAME.csv with a line of column names, and add rows.  Rows are printf's. */
void repro_csv(repro *r, const char *columns);
void repro_row(repro *r, const char *format, ...);

/* The path of a file of this experiment, "OUT/NAME.ending", valid until the next call. */
const char *repro_path(repro *r, const char *ending);

/* --- numbers --- */

/* The i-th standard normal number of a seed, and one that is uniform in [0, 1). */
double repro_normal(uint64_t seed, uint64_t i);
double repro_uniform(uint64_t seed, uint64_t i);

/* The median of n values, which are put in order. */
double repro_median(double *value, size_t n);

#endif
