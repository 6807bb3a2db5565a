/* SPDX-License-Identifier: BSD-3-Clause */

/* plot.c: see plot.h. */

#include "plot.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 760, HEIGHT = 460, LEFT = 80, RIGHT = 200, TOP = 40, BOTTOM = 60, TICKS = 6 };

/* Okabe and Ito's colours, which colour-blind readers tell apart, and darker ones where they are not enough. */
static const char *const colour[PLOT_SERIES] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                "#e69f00", "#56b4e9", "#000000", "#999999",
                                                "#882255", "#332288", "#117733", "#44aa99",
                                                "#8b4513", "#ddcc77"};

/* From a value to the place on an axis. */
typedef struct axis {
    bool logarithmic;
    double low, high; /* in the axis's own measure */
    double from, to;  /* in pixels */
} axis;

static bool shown(const axis *a, double value)
{
    return isfinite(value) && (!a->logarithmic || value > 0);
}

static double measure(const axis *a, double value)
{
    return a->logarithmic ? log10(value) : value;
}

static double place(const axis *a, double value)
{
    return a->from + (measure(a, value) - a->low) / (a->high - a->low) * (a->to - a->from);
}

static void widen(axis *a, double value)
{
    if (!shown(a, value)) return;
    if (measure(a, value) < a->low) a->low = measure(a, value);
    if (measure(a, value) > a->high) a->high = measure(a, value);
}

/* Give an axis that saw one value, or none, a length. */
static void settle(axis *a)
{
    if (!(a->low <= a->high)) a->low = 0, a->high = 1;
    if (a->low == a->high) a->low -= 0.5, a->high += 0.5;
}

static void put_text(FILE *to, double x, double y, const char *anchor, const char *text)
{
    fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    for (; *text != '\0'; text++) {
        if (*text == '<')
            fputs("&lt;", to);
        else if (*text == '&')
            fputs("&amp;", to);
        else
            fputc(*text, to);
    }
    fputs("</text>\n", to);
}

static void put_frame(FILE *to, const char *title, const char *x_label, const char *y_label)
{
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_text(to, (LEFT + WIDTH - RIGHT) / 2.0, TOP / 2.0, "middle", title);
    put_text(to, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 15, "middle", x_label);
    fprintf(to, "<g transform=\"rotate(-90 18 %d)\">", (TOP + HEIGHT - BOTTOM) / 2);
    put_text(to, 18, (TOP + HEIGHT - BOTTOM) / 2.0, "middle", y_label);
    fputs("</g>\n", to);
}

static void put_ticks(FILE *to, const axis *x, const axis *y)
{
    char text[32];

    for (int i = 0; i <= TICKS; i++) {
        const double at_x = x->low + (x->high - x->low) * i / TICKS;
        const double at_y = y->low + (y->high - y->low) * i / TICKS;
        const double px = x->from + (x->to - x->from) * i / TICKS;
        const double py = y->from + (y->to - y->from) * i / TICKS;

        fprintf(
            to,
            "<path d=\"M%.1f %.1f V%.1f M%.1f %.1f H%.1f\" stroke=\"#dddddd\" fill=\"none\"/>\n",
            px, y->from, y->to, x->from, py, x->to);
        snprintf(text, sizeof text, "%.3g", x->logarithmic ? pow(10, at_x) : at_x);
        put_text(to, px, y->from + 18, "middle", text);
        snprintf(text, sizeof text, "%.3g", y->logarithmic ? pow(10, at_y) : at_y);
        put_text(to, x->from - 6, py + 4, "end", text);
    }
}

static void put_series(FILE *to, const plot *p, size_t s, const axis *x, const axis *y)
{
    const plot_series *one = &p->series[s];
    const double legend = TOP + 10 + 20.0 * (double)s;
    bool down = false;

    if (!p->points) fprintf(to, "<path fill=\"none\" stroke=\"%s\" d=\"", colour[s]);
    for (size_t i = 0; i < one->n; i++) {
        if (!shown(x, one->x[i]) || !shown(y, one->y[i])) {
            down = false;
            continue;
        }
        if (p->points)
            fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
                    place(x, one->x[i]), place(y, one->y[i]), colour[s]);
        else
            fprintf(to, "%c%.1f %.1f", down ? 'L' : 'M', place(x, one->x[i]), place(y, one->y[i]));
        down = true;
    }
    if (!p->points) fputs("\"/>\n", to);
    fprintf(to, "<rect x=\"%d\" y=\"%.1f\" width=\"14\" height=\"4\" fill=\"%s\"/>\n",
            WIDTH - RIGHT + 12, legend - 6, colour[s]);
    put_text(to, WIDTH - RIGHT + 32, legend, "start", one->label);
}

static bool finish(FILE *to)
{
    const bool good = fputs("</svg>\n", to) >= 0 && !ferror(to);

    return fclose(to) == 0 && good;
}

bool plot_chart(const plot *p, const char *file)
{
    axis x = {p->log_x, INFINITY, -INFINITY, LEFT, WIDTH - RIGHT};
    axis y = {p->log_y, INFINITY, -INFINITY, HEIGHT - BOTTOM, TOP};
    FILE *to = fopen(file, "w");

    if (to == NULL) return false;
    for (size_t s = 0; s < p->n_series; s++)
        for (size_t i = 0; i < p->series[s].n; i++) {
            widen(&x, p->series[s].x[i]);
            widen(&y, p->series[s].y[i]);
        }
    settle(&x);
    settle(&y);
    put_frame(to, p->title, p->x_label, p->y_label);
    put_ticks(to, &x, &y);
    for (size_t s = 0; s < p->n_series; s++)
        put_series(to, p, s, &x, &y);
    return finish(to);
}

bool plot_write_map(const plot_map *m, const char *file)
{
    const double width = (double)(WIDTH - LEFT - RIGHT) / (double)m->columns;
    const double height = (double)(HEIGHT - TOP - BOTTOM) / (double)m->rows;
    FILE *to = fopen(file, "w");
    char text[32];

    if (to == NULL) return false;
    put_frame(to, m->title, m->x_label, m->y_label);
    for (size_t j = 0; j < m->rows; j++) {
        const double top = HEIGHT - BOTTOM - height * (double)(j + 1);

        for (size_t i = 0; i < m->columns; i++) {
            const double v = fmin(fmax(m->value[j * m->columns + i], 0), 1);

            fprintf(to,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                    "fill=\"rgb(%.0f,%.0f,%.0f)\" stroke=\"white\"/>\n",
                    LEFT + width * (double)i, top, width, height, 240 - 210 * v, 245 - 160 * v,
                    250 - 100 * v);
        }
        snprintf(text, sizeof text, "%.3g", m->y[j]);
        put_text(to, LEFT - 6, top + height / 2 + 4, "end", text);
    }
    for (size_t i = 0; i < m->columns; i++) {
        snprintf(text, sizeof text, "%.3g", m->x[i]);
        put_text(to, LEFT + width * ((double)i + 0.5), HEIGHT - BOTTOM + 18, "middle", text);
    }
    put_text(to, WIDTH - RIGHT + 12, TOP + 10, "start", m->legend);
    return finish(to);
}
