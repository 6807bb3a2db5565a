/* SPDX-License-Identifier: BSD-3-Clause */

/* bench_compressors.c: how far is each compressor from the speed of memory?
 *
 *     bench_compressors --n 25e6 --dist laplace --filter topk
 *
 * Rows on stdout as compressor_rows.h says, one line of header before them; all else on stderr.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "compressor_rows.h"
#include "compressors/compressor.h"
#include "compressors/threads.h"
#include "distributions.h"
#include "limits.h"
#include "options.h"
#include "timing.h"

static const struct {
    const char *name, *param;
    double density; /* > 0: param is the lambda that this part of a vector reaches */
} subjects[] = {
    {"none", "", 0},
    {"topk", "ratio=0.001", 0},
    {"topk", "ratio=0.01", 0},
    {"topk", "ratio=0.1", 0},
    {"threshold", NULL, 0.001},
    {"threshold", NULL, 0.01},
    {"topk", "ratio=0.01 values=bf16", 0},
    {"topk", "ratio=0.01 values=int4", 0},
    {"topk", "ratio=0.01 method=sampled", 0},
    {"topk", "ratio=0.01 method=sidco", 0},
    {"blocktopk", "ratio=0.01", 0},
    {"randk", "ratio=0.01", 0},
    {"sign", "", 0},
    {"onebit", "", 0},
    {"int", "bits=8", 0},
    {"int", "bits=4", 0},
    {"qsgd", "bits=8", 0},
    {"qsgd", "bits=4", 0},
    {"bf16", "", 0},
    {"powersgd", "rank=4", 0},
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static void measure_subjects(rows *r)
{
    const csgdi_compressor_ops *ops;

    for (size_t i = 0; i < SUBJECTS; i++) {
        char lambda[64];

        if (csgdi_compressor_find(subjects[i].name) == NULL) {
            fprintf(stderr, "# skipped %s: this build has no such compressor\n", subjects[i].name);
            continue;
        }
        if (subjects[i].density > 0)
            snprintf(lambda, sizeof lambda, "lambda=%.4g",
                     distribution_limit(r->x[0], r->n, subjects[i].density));
        rows_measure(r, subjects[i].name, subjects[i].density > 0 ? lambda : subjects[i].param);
    }
    /* A compressor that the table does not know yet is measured with its defaults. */
    for (size_t i = 0; (ops = csgdi_compressor_list(i)) != NULL; i++) {
        bool known = false;
        for (size_t j = 0; j < SUBJECTS; j++)
            known = known || strcmp(subjects[j].name, ops->name) == 0;
        if (!known) rows_measure(r, ops->name, "");
    }
}

static int refuse(const char *sentence)
{
    fprintf(stderr, "bench_compressors: %s\n", sentence);
    return 2;
}

/* Have the library use the instruction set; false with a sentence where it cannot. */
static bool choose_isa(const char *isa, char *sentence, size_t cap)
{
    size_t len;

    if (isa == NULL) return true;
    if (csgdi_kernels_find(isa, CSGD_F32) != NULL) return setenv("CSGD_ISA", isa, 1) == 0;
    snprintf(sentence, cap, "--isa is \"%s\", but this machine and build have", isa);
    for (size_t i = 0; csgdi_kernels_isa(i) != NULL; i++) {
        len = strlen(sentence);
        if (csgdi_kernels_find(csgdi_kernels_isa(i), CSGD_F32) != NULL)
            snprintf(sentence + len, cap - len, " %s", csgdi_kernels_isa(i));
    }
    return false;
}

static bool make_vectors(rows *r, distribution dist, csgdi_arena *arena)
{
    for (size_t i = 0; i < ROWS_VECTORS; i++) {
        r->x[i] = csgdi_arena_alloc(arena, r->n, sizeof *r->x[i]);
        if (r->x[i] == NULL) return false;
        distribution_fill(dist, i, r->x[i], r->n);
    }
    r->y = csgdi_arena_zalloc(arena, r->n, sizeof *r->y);
    r->g = csgdi_arena_zalloc(arena, r->n, sizeof *r->g);
    return r->y != NULL && r->g != NULL;
}

int main(int argc, char **argv)
{
    rows r = {.n = 25000000, .threads = 1, .reps = 9, .dist = "gauss", .filter = ""};
    const char *isa = NULL;
    const option table[] = {
        {"n", "N", "elements of the vector; about twelve vectors of memory", .count = &r.n,
         .least = 1, .most = UINT32_MAX},
        {"threads", "N", "threads of the library, and of the limits", .count = &r.threads,
         .least = 1, .most = CSGDI_THREADS_MOST},
        {"isa", "NAME", "instruction set; by itself CSGD_ISA, or the best", .text = &isa},
        {"filter", "TEXT", "only rows whose \"NAME OP PARAM\" contains it", .text = &r.filter},
        {"dist", "gauss|laplace|student3", "what the vectors are drawn from", .text = &r.dist},
        {"reps", "N", "alternations of operation and limit", .count = &r.reps, .least = 1,
         .most = TIMING_REPS},
    };
    const size_t n_options = sizeof table / sizeof *table;
    char sentence[512];
    csgdi_arena arena = {0};
    distribution dist;

    switch (options_read(table, n_options, argc, argv, sentence, sizeof sentence)) {
    case OPTIONS_HELP:
        puts("usage: bench_compressors [--OPTION VALUE | --OPTION=VALUE] ...\n\n"
             "How far is each compressor from the speed of memory?  CSV on stdout.\n");
        options_help(table, n_options, stdout);
        return 0;
    case OPTIONS_WRONG:
        return refuse(sentence);
    default:
        break;
    }
    if (csgdi_threads_allowed(r.threads) != r.threads || !limit_threads(r.threads))
        return refuse("--threads must be 1: this build has no OpenMP");
    if (!distribution_find(r.dist, &dist)) {
        snprintf(sentence, sizeof sentence,
                 "--dist is \"%s\", but must be gauss, laplace or student3", r.dist);
        return refuse(sentence);
    }
    if (!choose_isa(isa, sentence, sizeof sentence)) return refuse(sentence);
    r.isa = csgdi_kernels_get(CSGD_F32)->isa;
    timing_machine(stderr);
    if (!make_vectors(&r, dist, &arena)) {
        fprintf(stderr, "bench_compressors: %s\n", csgd_error_detail());
        return 1;
    }
    measure_subjects(&r);
    csgdi_arena_free(&arena);
    if (r.printed > 0) return 0;
    snprintf(sentence, sizeof sentence, "--filter is \"%s\", which no row contains", r.filter);
    return refuse(sentence);
}
