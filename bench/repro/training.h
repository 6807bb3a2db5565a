/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_TRAINING_H
#define REPRO_TRAINING_H

/* training.h: an optimizer of the library on a problem, over simulated workers or ranks of MPI.
 *
 * Everything is in double.  Workers are simulated in this process unless the run is one of MPI, where
 * each rank is a worker; both give the same bits.
 */

#include <csgd/csgd.h>
#include <csgd/optimizer.h>
#include "repro.h"

/* A function to be minimised by P workers. */
typedef struct problem {
    size_t n;
    int n_workers;
    csgd_oracle oracle;
    void *self;
    double (*measure)(void *self, const double *x); /* what is to become small */
} problem;

typedef struct training {
    const char *workers;   /* spec of what sums, without type= */
    const char *optimizer; /* spec of the optimizer */
    size_t steps;
    size_t tail;         /* the measure's mean is over the last so many steps, */
    size_t every;        /* of which each so-manieth is measured */
    double *path;        /* the measure after each `every` steps of the whole run, or NULL */
    const double *start; /* x at first; NULL: zeros */
    double *x;           /* n elements: where it came to; or NULL */
    double below; /* stop as soon as the measure is below this, at each `every`; NAN: do not */
} training;

typedef struct outcome {
    double mean;  /* of the measure; infinite where it diverged */
    size_t steps; /* that were done */
    double bytes; /* of messages of all workers of this process */
} outcome;

/* False where a spec is refused; the sentence is on standard error. */
bool train(repro *r, const problem *p, const training *t, outcome *o);

/* Workers by a spec: simulated, or this rank of MPI.  Close them whatever open returned. */
typedef struct repro_workers {
    csgd_workers table;
    csgd_simulation *simulation;
    csgd_reducer *reducer;
} repro_workers;

csgd_status repro_workers_open(repro *r, const char *spec, size_t n, int n_workers,
                               repro_workers *w);
void repro_workers_close(repro_workers *w);

/* The part of this that knows MPI; ranks_none.c stands for it where MPI is left out. */
bool repro_ranks_start(int *argc, char ***argv, int *rank, int *n_ranks);
void repro_ranks_stop(void);
csgd_status repro_ranks_reducer(const char *spec, size_t n, csgd_reducer **r);

#endif
