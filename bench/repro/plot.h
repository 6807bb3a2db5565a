/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_PLOT_H
#define REPRO_PLOT_H

/* plot.h: line charts and maps as SVG, as plain as they may be. */

#include <stdbool.h>
#include <stddef.h>

enum { PLOT_SERIES = 14 };

typedef struct plot_series {
    const char *label;
    const double *x,
        *y; /* n points; what is not finite, or not above 0 on a log axis, is left out */
    size_t n;
} plot_series;

typedef struct plot {
    const char *title, *x_label, *y_label;
    bool log_x, log_y;
    bool points; /* marks, not lines */
    plot_series series[PLOT_SERIES];
    size_t n_series;
} plot;

/* Write a chart; whether that went well. */
bool plot_chart(const plot *p, const char *file);

/* A map: cell (i, j), i to the right and j upwards, is coloured by value[j * columns + i], 0 the
 * lightest and 1 the darkest.  x and y are what a cell stands for. */
typedef struct plot_map {
    const char *title, *x_label, *y_label, *legend;
    const double *x, *y, *value;
    size_t columns, rows;
} plot_map;

bool plot_write_map(const plot_map *m, const char *file);

#endif
