/* SPDX-License-Identifier: BSD-3-Clause */

/* bench_auto.c: is what algorithm=auto takes ever slower than the best dense allreduce?
 *
 *     mpirun -n 4 bench_auto --n 1 --n 1000 --n 25e6 --spec none --spec "topk ratio=0.01"
 *
 * One repetition is, one after the other and with the same vectors, calls of
 *
 *     MPI_Allreduce as shipped      twice, first and last, which tells its spread against itself
 *     MPI_Allreduce of 32 bytes     what ranks agree by before each call
 *     our own dense algorithms      ring and rabenseifner, by name
 *     the spec, whose algorithm is auto
 *
 * each so often that it takes about --batch milliseconds, in the time of the slowest rank.  Of medians,
 *
 *     bound_ms = dense_best_ms + agree_ms + max(3 %, spread) of dense_best_ms
 *
 * where dense_best_ms is the least of all dense ones; over is auto_ms / bound_ms, to be at most 1.
 */

#include <csgd/mpi.h>

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "allreduce_local.h"
#include "comm/reducer.h"
#include "options.h"
#include "timing.h"

#define HEADER \
    "bench,spec,auto_is,dense_best,ranks,n,auto_ms,dense_best_ms,agree_ms,spread,bound_ms,over"

/* What is timed in a repetition, in this order. */
enum { SHIPPED, AGREE, RING, RABENSEIFNER, AUTO, AGAIN, KINDS };

enum { LENGTHS = 16, CALLS_MOST = 1000 };

typedef struct bench {
    int rank, n_ranks;
    size_t n, reps;
    double batch; /* milliseconds that a sample takes */
    float *x, *y;
    csgd_reducer *r[KINDS];
} bench;

static _Noreturn void fail(const bench *b, const char *what)
{
    fprintf(stderr, "bench_auto: rank %d: %s\n", b->rank, what);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort(); /* not reached, but MPI_Abort is not declared to stay away */
}

static void call(const bench *b, int kind)
{
    uint64_t word[4] = {0}, most[4];
    int code;

    if (kind == AGREE)
        code = MPI_Allreduce(word, most, 4, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
    else if (b->r[kind] == NULL)
        code = MPI_Allreduce(b->x, b->y, (int)b->n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    else
        code = csgd_allreduce(b->x, b->y, (int)b->n, MPI_FLOAT, MPI_SUM, b->r[kind]);
    if (code != MPI_SUCCESS) fail(b, "a call failed");
}

/* Milliseconds of a call, of the slowest rank, on all ranks. */
static double time_calls(const bench *b, int kind, size_t calls)
{
    double start, mine, slowest;

    MPI_Barrier(MPI_COMM_WORLD);
    start = timing_ms();
    for (size_t i = 0; i < calls; i++)
        call(b, kind);
    mine = (timing_ms() - start) / (double)calls;
    MPI_Allreduce(&mine, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return slowest;
}

/* How many calls make a sample; warms up. */
static size_t calls_of(const bench *b, int kind)
{
    const double once = (time_calls(b, kind, 1), time_calls(b, kind, 1));
    const double wanted = once > 0 ? b->batch / once : CALLS_MOST;

    return wanted < 1 ? 1 : wanted > CALLS_MOST ? CALLS_MOST : (size_t)wanted;
}

static void print_row(const bench *b, const char *spec, const double ms[KINDS])
{
    static const int dense[] = {SHIPPED, RING, RABENSEIFNER};
    static const char *const names[KINDS] = {
        [SHIPPED] = "MPI_Allreduce", [RING] = "ring", [RABENSEIFNER] = "rabenseifner"};
    const double spread = fabs(ms[SHIPPED] - ms[AGAIN]) / fmin(ms[SHIPPED], ms[AGAIN]);
    int best = SHIPPED;
    double bound;

    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++)
        if (ms[dense[i]] < ms[best]) best = dense[i];
    bound = ms[best] * (1 + fmax(0.03, spread)) + ms[AGREE];
    printf("auto,%s,%.*s %s,%s,%d,%zu,%.4g,%.4g,%.4g,%.3g,%.4g,%.3g\n", spec,
           (int)strcspn(csgd_reducer_spec(b->r[AUTO]), " "), csgd_reducer_spec(b->r[AUTO]),
           b->r[AUTO]->algorithm->name, names[best], b->n_ranks, b->n, ms[AUTO], ms[best],
           ms[AGREE], spread, bound, ms[AUTO] / bound);
    fprintf(stderr, "# %s\n", csgd_reducer_explain(b->r[AUTO]));
    fflush(stdout);
}

static void measure(bench *b, const char *spec)
{
    static const char *const specs[KINDS] = {
        [RING] = "none algorithm=ring", [RABENSEIFNER] = "none algorithm=rabenseifner"};
    double sample[KINDS][TIMING_REPS], ms[KINDS];
    size_t calls[KINDS];

    for (int kind = 0; kind < KINDS; kind++) {
        const char *text = kind == AUTO ? spec : specs[kind];

        if (text != NULL &&
            csgd_reducer_create_mpi(MPI_COMM_WORLD, b->n, text, &b->r[kind]) != MPI_SUCCESS)
            fail(b, csgd_error_detail());
        calls[kind] = calls_of(b, kind);
    }
    for (size_t rep = 0; rep < b->reps; rep++)
        for (int kind = 0; kind < KINDS; kind++)
            sample[kind][rep] = time_calls(b, kind, calls[kind]);
    for (int kind = 0; kind < KINDS; kind++)
        ms[kind] = timing_median(sample[kind], b->reps);
    if (b->rank == 0) print_row(b, spec, ms);
    for (int kind = 0; kind < KINDS; kind++)
        csgd_reducer_destroy(&b->r[kind]);
}

/* Lengths of the command line, as counts from 1. */
static size_t read_lengths(const option_texts *texts, size_t *lengths)
{
    static const size_t by_itself[] = {1, 1000, 100000, 1000000};
    size_t count = 0;

    for (size_t i = 0; i < texts->n && count < LENGTHS; i++) {
        char *end;
        const double n = strtod(texts->item[i], &end);

        if (end == texts->item[i] || *end != '\0' || !(n >= 1) || n > INT_MAX || floor(n) != n)
            return 0;
        lengths[count++] = (size_t)n;
    }
    if (texts->n > 0) return count;
    memcpy(lengths, by_itself, sizeof by_itself);
    return sizeof by_itself / sizeof *by_itself;
}

static void run(bench *b, const size_t *lengths, size_t n_lengths, const option_texts *specs)
{
    static const char *const by_itself[] = {"none", "topk ratio=0.01", "sign"};
    const size_t n_specs = specs->n > 0 ? specs->n : sizeof by_itself / sizeof *by_itself;

    for (size_t i = 0; i < n_lengths; i++) {
        b->n = lengths[i];
        b->x = malloc(b->n * sizeof(float));
        b->y = calloc(b->n, sizeof(float));
        if (b->x == NULL || b->y == NULL) fail(b, "no memory for the vectors");
        local_gradient(b->rank, 0, b->x, b->n);
        for (size_t s = 0; s < n_specs; s++)
            measure(b, specs->n > 0 ? specs->item[s] : by_itself[s]);
        free(b->x);
        free(b->y);
    }
}

int main(int argc, char **argv)
{
    bench b = {.reps = 15, .batch = 2};
    option_texts lengths = {0}, specs = {0};
    const option table[] = {
        {"n", "N", "elements of the vector; may be repeated; by itself 1 to 1e6",
         .texts = &lengths},
        {"spec", "SPEC", "with algorithm=auto; may be repeated; by itself none, topk and sign",
         .texts = &specs},
        {"reps", "N", "repetitions", .count = &b.reps, .least = 1, .most = TIMING_REPS},
        {"batch", "MS", "milliseconds of calls that a sample is the mean of", .real = &b.batch,
         .least = 1e-3, .most = 1e6},
    };
    const size_t n_options = sizeof table / sizeof *table;
    size_t length[LENGTHS], n_lengths = 0;
    options_outcome outcome;
    char sentence[1024];

    MPI_Init(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &b.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &b.n_ranks);
    outcome = options_read(table, n_options, argc, argv, sentence, sizeof sentence);
    if (outcome == OPTIONS_RUN) {
        n_lengths = read_lengths(&lengths, length);
        if (n_lengths == 0) {
            snprintf(sentence, sizeof sentence, "--n must be a whole number from 1 to %d", INT_MAX);
            outcome = OPTIONS_WRONG;
        }
    }
    if (outcome == OPTIONS_HELP && b.rank == 0) {
        puts("usage: mpirun -n RANKS bench_auto [--OPTION VALUE | --OPTION=VALUE] ...\n\n"
             "Is what algorithm=auto takes ever slower than dense?  CSV on stdout.\n");
        options_help(table, n_options, stdout);
    }
    if (outcome == OPTIONS_WRONG && b.rank == 0) fprintf(stderr, "bench_auto: %s\n", sentence);
    if (outcome == OPTIONS_RUN) {
        if (b.rank == 0) {
            timing_machine(stderr);
            puts(HEADER);
        }
        run(&b, length, n_lengths, &specs);
    }
    MPI_Barrier(MPI_COMM_WORLD); /* a code ends the job as soon as the launcher sees it */
    MPI_Finalize();
    return outcome == OPTIONS_WRONG ? 2 : 0;
}
