/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_REPORT_H
#define REPRO_REPORT_H

/* report.h: what repro.c gives an experiment to report with. */

#include <stdio.h>
#include "repro.h"

struct repro {
    const char *name; /* of the experiment */
    const char *out;  /* the directory of its files */
    bool brief;
    bool silent; /* another rank speaks */
    FILE *csv;   /* open while the experiment has one */
    size_t lines, failed;
    char path[1024];
};

#endif
