/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h: what can be asked for on the command line. */
#ifndef TRAIN_MLP_OPTIONS_H
#define TRAIN_MLP_OPTIONS_H

struct options {
    const char *spec;    /* of the reducer, or "mpi" for plain MPI_Allreduce */
    double lr;           /* the peak of the learning rate */
    int epochs;          /* passes over the training set */
    int batch;           /* samples per rank and step */
    int hidden;          /* width of the two hidden layers */
    int seed;            /* of parameters and shuffles */
    const char *shards;  /* "mixed" or "sorted": see shards.h */
    const char *data;    /* the digits */
    const char *idx;     /* directory of IDX files instead, or NULL */
    const char *csv;     /* file to write one line a step to, or NULL */
    const char *summary; /* file to append one line a run to, or NULL */
};

/* Read the command line, which is the same on all ranks.  Collective.
 *
 * --help prints the options and ends the program.  An option that is unknown or out of range
 * ends it with one sentence and exit code 2.
 */
void options_read(struct options *options, int argc, char **argv);

#endif
