/* SPDX-License-Identifier: BSD-3-Clause */

/* rates.c: rates of local work as a text. */

#include <stdio.h>
#include <string.h>
#include "local_work.h"

const char *const local_rate_name[LOCAL_RATES] = {
    [LOCAL_SELECT] = "select", [LOCAL_CODES] = "codes", [LOCAL_DECODE] = "decode",
    [LOCAL_ADD] = "add",       [LOCAL_ZERO] = "zero",   [LOCAL_SCATTER] = "scatter",
    [LOCAL_SUM] = "sum",       [LOCAL_WRITE] = "write", [LOCAL_READ] = "read",
    [LOCAL_CUT] = "cut",       [LOCAL_CHECK] = "check",
};

bool local_work_rates(const char *file, double ns[LOCAL_RATES])
{
    FILE *from = fopen(file, "r");
    char line[256], name[32];
    size_t found = 0;
    double value;

    for (size_t i = 0; i < LOCAL_RATES; i++)
        ns[i] = -1;
    while (from != NULL && fgets(line, sizeof line, from) != NULL) {
        if (line[0] == '#' || sscanf(line, "%31s %lf", name, &value) != 2 || !(value >= 0))
            continue;
        for (size_t i = 0; i < LOCAL_RATES; i++)
            if (ns[i] < 0 && strcmp(name, local_rate_name[i]) == 0) {
                ns[i] = value;
                found++;
            }
    }
    if (from != NULL) fclose(from);
    return found == LOCAL_RATES;
}
