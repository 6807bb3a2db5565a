/* SPDX-License-Identifier: BSD-3-Clause */
/* report.h: what the user gets to see: a progress line, a CSV of every step, one line at the end.
 *
 * The CSV has the columns
 *
 *     step        counted from 1
 *     epoch       counted from 1
 *     rate        learning rate
 *     loss        mean over the batches of all ranks, before the update
 *     bytes_sent  by rank 0 since the start
 *     ms          of this step: batch, gradient, sum, update and comparison of parameters
 *     accuracy    on the test set, in percent, after the last step of an epoch; else empty
 *
 * and the summary, one line a run,
 *
 *     spec,lr,seed,ranks,parameters,steps,accuracy,train_loss,bytes_per_step,ms_per_step
 *
 * where train_loss is over the whole training set, bytes_per_step is of the rank that sent most
 * and ms_per_step is the median on rank 0.
 */
#ifndef TRAIN_MLP_REPORT_H
#define TRAIN_MLP_REPORT_H

#include "evaluate.h"
#include "options.h"

#include <stdio.h>

struct report {
    const struct options *options;
    int rank;
    FILE *terminal;      /* on rank 0, if there is one, for a progress line */
    FILE *csv, *summary; /* on rank 0, if asked for */
    double *ms;          /* [steps] */
    long steps, step;
};

/* What is known after a step. */
struct step_record {
    int epoch;
    double rate;
    double loss;       /* of this rank's batch */
    double bytes_sent; /* since the start; of rank 0 only */
    double ms;
    const struct score *test; /* after the last step of an epoch, else NULL */
};

/* Open the files.  Collective.  A file that cannot be written ends the program on all ranks. */
void report_create(struct report *report, const struct options *options, long steps);

void report_step(struct report *report, const struct step_record *record); /* Collective. */

/* Print and write what the run came to, and close the files.  Collective. */
void report_finish(struct report *report, size_t n_parameters, const struct score *train,
                   const struct score *test, double bytes_sent);

#endif
