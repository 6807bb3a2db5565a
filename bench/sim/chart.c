/* SPDX-License-Identifier: BSD-3-Clause */

/* chart.c: the table of run.sh as a chart: time or bytes of each algorithm against the number of ranks.
 *
 *     chart --mbit 10000 --column ms --out ms.svg < table.csv
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../options.h"
#include "../repro/plot.h"

enum { POINTS = 64, LINE = 2048, COMMAS = 10 };

typedef struct curve {
    char label[48];
    double p[POINTS], y[POINTS];
    size_t n;
} curve;

static curve curves[PLOT_SERIES];
static size_t n_curves;

static curve *find(const char *label)
{
    for (size_t i = 0; i < n_curves; i++)
        if (strcmp(curves[i].label, label) == 0) return &curves[i];
    if (n_curves == PLOT_SERIES) return NULL;
    snprintf(curves[n_curves].label, sizeof curves[n_curves].label, "%s", label);
    return &curves[n_curves++];
}

/* In order of p. */
static void insert(curve *c, double p, double y)
{
    size_t at = c->n;

    if (c->n == POINTS) return;
    for (; at > 0 && c->p[at - 1] > p; at--) {
        c->p[at] = c->p[at - 1];
        c->y[at] = c->y[at - 1];
    }
    c->p[at] = p;
    c->y[at] = y;
    c->n++;
}

/* A row of the table, if it is of this rate. */
static void take(char *line, double mbit, int column)
{
    char *field[COMMAS + 1];
    const char *label;
    int n = 0;
    curve *c;

    for (char *at = line; at != NULL && n <= COMMAS; n++) {
        field[n] = at;
        at = strchr(at, ',');
        if (at != NULL) *at++ = '\0';
    }
    if (n <= COMMAS || strcmp(field[0], "sim") != 0 || strtod(field[3], NULL) != mbit) return;
    if (strncmp(field[1], "sparse", 6) == 0) return; /* of another kind of call */
    label = strstr(field[1], "drop=yes") != NULL ? "topk, auto" : field[2];
    if (strcmp(field[1], "MPI_Allreduce") == 0) label = "MPI_Allreduce";
    c = find(label);
    if (c != NULL) insert(c, strtod(field[5], NULL), strtod(field[column], NULL));
}

int main(int argc, char **argv)
{
    double mbit = 10000;
    const char *column = "ms", *out = "chart.svg";
    const option table[] = {
        {"mbit", "MBIT", "rows of this rate", .real = &mbit, .least = 1e-3, .most = 1e9},
        {"column", "ms|bytes", "what to show", .text = &column},
        {"out", "FILE", "the SVG", .text = &out},
    };
    plot p = {.x_label = "ranks", .log_x = true, .log_y = true};
    char sentence[512], title[128], line[LINE];
    bool bytes;

    if (options_read(table, sizeof table / sizeof *table, argc, argv, sentence, sizeof sentence) !=
        OPTIONS_RUN) {
        fprintf(stderr, "chart: %s\n", sentence);
        return 2;
    }
    bytes = strcmp(column, "bytes") == 0;
    while (fgets(line, sizeof line, stdin) != NULL)
        take(line, mbit, bytes ? 8 : 7);
    snprintf(title, sizeof title, "%s of an allreduce, simulated, %g Gbit/s",
             bytes ? "Bytes a rank sends" : "Milliseconds", mbit / 1000);
    p.title = title;
    p.y_label = bytes ? "bytes sent" : "ms";
    for (size_t i = 0; i < n_curves; i++)
        p.series[p.n_series++] =
            (plot_series){curves[i].label, curves[i].p, curves[i].y, curves[i].n};
    if (n_curves == 0 || !plot_chart(&p, out)) {
        fprintf(stderr, "chart: %s\n",
                n_curves == 0 ? "no rows of that rate" : "cannot write the file");
        return 1;
    }
    return 0;
}
