/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

/* options.h: a command line read by a table, which is the help as well.
 *
 * "--name value" and "--name=value" are the same.  Reading prints nothing: what is wrong comes
 * back as a sentence, since in an MPI program one rank speaks for all.
 */

#include <stddef.h>
#include <stdio.h>

enum { OPTION_TEXTS = 32 };

typedef struct option_texts {
    const char *item[OPTION_TEXTS];
    size_t n;
} option_texts;

/* An option sets exactly one of the four targets, which hold the defaults before. */
typedef struct option_row {
    const char *name;
    const char *value; /* what it takes, for the help */
    const char *help;
    const char **text;
    option_texts *texts; /* may be repeated */
    size_t *count;       /* 25e6 is a count too */
    double *real;
    double least, most; /* of count and real */
} option;

typedef enum options_outcome { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG } options_outcome;

/* Set the targets.  OPTIONS_WRONG leaves one line without a newline in sentence. */
options_outcome options_read(const option *table, size_t n, int argc, char **argv, char *sentence,
                             size_t cap);

/* Write a line for each option. */
void options_help(const option *table, size_t n, FILE *to);

#endif
