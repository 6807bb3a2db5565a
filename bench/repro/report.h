/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_REPORT_H
#define REPRO_REPORT_H

/* report.h: what repro.c gives an experiment to report with. */

#include <stdio.h>
#include "repro.h"

struct repro {
    const char *name; /* of the experiment */
    const char *out;  /* the directory of its files */
    const char *data; /* a file in LIBSVM's format, or NULL */
    bool products;    /* with all products of two features */
    bool brief;
    int ranks;   /* of MPI, whose workers these are; 0: workers are simulated */
    bool silent; /* another rank speaks */
    FILE *csv;   /* open while the experiment has one */
    size_t lines, failed;
    char path[1024];
};

#endif
