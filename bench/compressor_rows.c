/* SPDX-License-Identifier: BSD-3-Clause */

/* compressor_rows.c: see compressor_rows.h. */

#include "compressor_rows.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "compressors/compressor.h"
#include "feedback/feedback.h"
#include "limits.h"
#include "timing.h"

enum { EF, ECX, RULES };
enum { SAMPLE_ELEMENTS = 1 << 18, SAMPLE_CALLS = 1000, TEXT = 256 };

/* The compressor that is being measured. */
typedef struct subject {
    rows *r;
    const char *name, *param;
    csgdi_arena arena;
    csgd_compressor *compressor;
    csgd_feedback *feedback[RULES]; /* NULL where it refuses one */
    uint8_t *message[ROWS_VECTORS];
    size_t bound, len[ROWS_VECTORS];
    size_t last; /* which message was written last */
} subject;

/* --- operations, on vector or message number `at` --- */

static csgd_status run_encode(subject *s, size_t at)
{
    s->last = at;
    return csgd_compressor_compress(s->compressor, s->r->x[at], s->message[at], s->bound,
                                    &s->len[at]);
}

static csgd_status run_decode(subject *s, size_t at)
{
    return csgd_compressor_decompress(s->compressor, s->message[at], s->len[at], s->r->y);
}

static csgd_status run_decode_add(subject *s, size_t at)
{
    return csgd_compressor_decompress_add(s->compressor, s->message[at], s->len[at], s->r->y);
}

static csgd_status run_rule(subject *s, int rule, size_t at)
{
    s->last = at;
    return csgd_feedback_compress(s->feedback[rule], s->r->g, s->message[at], s->bound,
                                  &s->len[at]);
}

/* The gradient that the rule makes the vector of. */
static csgd_status prepare_rule(subject *s, int rule, size_t at)
{
    const csgdi_feedback *f = &s->feedback[rule]->core;
    float *g = s->r->g;

    memset(g, 0, s->r->n * sizeof *g);
    f->ops->fill(f, g, 0, s->r->n, g); /* what it adds to 0 */
    for (size_t i = 0; i < s->r->n; i++)
        g[i] = s->r->x[at][i] - g[i];
    return CSGD_OK;
}

static csgd_status run_ef(subject *s, size_t at)
{
    return run_rule(s, EF, at);
}

static csgd_status prepare_ef(subject *s, size_t at)
{
    return prepare_rule(s, EF, at);
}

static csgd_status run_ecx(subject *s, size_t at)
{
    return run_rule(s, ECX, at);
}

static csgd_status prepare_ecx(subject *s, size_t at)
{
    return prepare_rule(s, ECX, at);
}

static void read_x(const rows *r, size_t at)
{
    limit_read(r->x[at], r->n);
}

static void bump_y(const rows *r, size_t at)
{
    (void)at;
    limit_bump(r->y, r->n);
}

static void add_x(const rows *r, size_t at)
{
    limit_add(r->x[at], r->y, r->n);
}

typedef struct operation {
    const char *name;
    double bytes; /* that the limit moves for an element */
    void (*limit)(const rows *r, size_t at);
    csgd_status (*prepare)(subject *s, size_t at); /* not timed; NULL: nothing */
    csgd_status (*run)(subject *s, size_t at);
} operation;

static const operation operations[] = {
    {"encode", 4, read_x, NULL, run_encode},         {"decode", 4, read_x, NULL, run_decode},
    {"decode_add", 8, bump_y, NULL, run_decode_add}, {"ef", 12, add_x, prepare_ef, run_ef},
    {"ecx", 12, add_x, prepare_ecx, run_ecx},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* --- measuring --- */

static void must(csgd_status st, const subject *s, const char *what)
{
    if (st == CSGD_OK) return;
    fprintf(stderr, "bench_compressors: %s %s: %s: %s\n", s->name, s->param, what,
            csgd_error_detail());
    exit(1);
}

/* The one that an operation is about, NULL: none is. */
static const csgd_feedback *feedback_of(const subject *s, const operation *op)
{
    return op->run == run_ef ? s->feedback[EF] : op->run == run_ecx ? s->feedback[ECX] : NULL;
}

/* Elements that the last message tells about. */
static double kept(const subject *s, const operation *op)
{
    const csgd_feedback *f = feedback_of(s, op);
    const csgdi_compressor *c = f != NULL ? &f->inner.core : &s->compressor->core;

    if (c->ops->family == CSGDI_SELECT) return (double)c->stream.k;
    return (double)(c->ops->family == CSGDI_PROJECT ? c->max_k : c->n);
}

typedef struct samples {
    double ms[TIMING_REPS], limit_ms[TIMING_REPS], ratio[TIMING_REPS];
} samples;

static void print(const subject *s, const operation *op, const samples *t)
{
    rows *r = s->r;
    const double moved = op->bytes * (double)r->n / 1e6; /* MB, so MB / ms is GB/s */
    const double median = timing_median(t->ms, r->reps), entries = kept(s, op);

    if (r->printed == 0) puts(ROWS_HEADER);
    printf("compressors,%s,%s,%s,%zu,%zu,%s,%s,%.6g,%.6g,%.4g,%.4g,%.4g,%zu,", s->name, op->name,
           r->isa, r->threads, r->n, r->dist, s->param, median, timing_min(t->ms, r->reps),
           moved / median, moved / timing_median(t->limit_ms, r->reps),
           timing_median(t->ratio, r->reps), s->len[s->last]);
    if (entries > 0) printf("%.4g", 8 * (double)s->len[s->last] / entries);
    putchar('\n');
    fflush(stdout);
    r->printed++;
}

static void measure(subject *s, const operation *op)
{
    const rows *r = s->r;
    const size_t enough = SAMPLE_ELEMENTS / r->n + 1;
    const size_t calls = enough < SAMPLE_CALLS ? enough : SAMPLE_CALLS;
    samples t;
    size_t turn = 0;

    for (size_t rep = 0; rep <= r->reps; rep++) { /* the first warms up and is overwritten */
        const size_t at = rep > 0 ? rep - 1 : 0;
        t.ms[at] = t.limit_ms[at] = 0;
        for (size_t call = 0; call < calls; call++) {
            const size_t first = turn++ % ROWS_VECTORS, second = turn++ % ROWS_VECTORS;
            double start, between, end;
            csgd_status st;

            if (op->prepare != NULL) must(op->prepare(s, second), s, op->name);
            start = timing_ms();
            op->limit(r, first);
            between = timing_ms();
            st = op->run(s, second);
            end = timing_ms();
            must(st, s, op->name);
            t.limit_ms[at] += (between - start) / (double)calls;
            t.ms[at] += (end - between) / (double)calls;
        }
        t.ratio[at] = t.limit_ms[at] / t.ms[at];
    }
    print(s, op, &t);
}

static bool wanted(const subject *s, const operation *op)
{
    char text[TEXT];

    snprintf(text, sizeof text, "%s %s %s", s->name, op->name, s->param);
    return strstr(text, s->r->filter) != NULL;
}

/* Everything it needs, and three messages to decode. */
static bool create(subject *s)
{
    static const char *const rules[RULES] = {"ef", "ecx"};
    char spec[TEXT + 32], with[TEXT + 64];

    snprintf(spec, sizeof spec, "%s %s threads=%zu", s->name, s->param, s->r->threads);
    if (csgd_compressor_create(spec, s->r->n, &s->compressor) != CSGD_OK) return false;
    for (int rule = 0; rule < RULES; rule++) {
        snprintf(with, sizeof with, "%s feedback=%s force=yes", spec, rules[rule]);
        if (csgd_feedback_create(with, s->r->n, &s->feedback[rule]) != CSGD_OK)
            fprintf(stderr, "# no %s of %s: %s\n", rules[rule], spec, csgd_error_detail());
    }
    s->bound = csgd_compressor_bound(s->compressor);
    for (size_t at = 0; at < ROWS_VECTORS; at++) {
        s->message[at] = csgdi_arena_zalloc(&s->arena, s->bound, 1);
        if (s->message[at] == NULL) return false;
        must(run_encode(s, at), s, "encode");
    }
    memset(s->r->y, 0, s->r->n * sizeof *s->r->y);
    return true;
}

void rows_measure(rows *r, const char *name, const char *param)
{
    subject s = {.r = r, .name = name, .param = param};
    bool any = false;

    for (size_t i = 0; i < OPERATIONS; i++)
        any = any || wanted(&s, &operations[i]);
    if (!any) return;
    if (!create(&s)) fprintf(stderr, "# skipped %s %s: %s\n", name, param, csgd_error_detail());
    for (size_t i = 0; i < OPERATIONS && s.message[ROWS_VECTORS - 1] != NULL; i++) {
        if (!wanted(&s, &operations[i])) continue;
        if (operations[i].prepare == NULL || feedback_of(&s, &operations[i]) != NULL)
            measure(&s, &operations[i]);
    }
    csgd_compressor_destroy(&s.compressor);
    for (int rule = 0; rule < RULES; rule++)
        csgd_feedback_destroy(&s.feedback[rule]);
    csgdi_arena_free(&s.arena);
}
