/* SPDX-License-Identifier: BSD-3-Clause */

/* bench_overlap.c: how much of an allreduce hides behind computation?
 *
 *     mpirun -n 4 bench_overlap --n 25e6 --spec "topk ratio=0.01"
 *
 * One repetition is
 *
 *     exchange    csgd_iallreduce, csgd_wait                   exchange_ms
 *     compute     as long a computation as an exchange takes   compute_ms
 *     both        csgd_iallreduce, compute, csgd_wait          both_ms
 *
 * once with `progress=call`, where nothing but the network moves by itself, and once with
 * `progress=thread`.  hidden is (exchange + compute - both) / min(exchange, compute): 1 where the
 * shorter of the two costs nothing, 0 where they take as long as one after the other.  The
 * computation keeps one core of each rank busy, so where ranks share cores less can be hidden.
 */

#include <csgd/mpi.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "distributions.h"
#include "options.h"
#include "timing.h"

enum { LONG_MS = 100 };

typedef struct bench {
    int rank, n_ranks;
    size_t n, reps;
    const char *spec;
    float *x, *y;
    double work; /* of compute() */
} bench;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_overlap: %s\n", what);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

/* Arithmetic that stays in registers, `work` million steps of it. */
static double compute(double work)
{
    double a = 1, b = 0.5;

    for (double i = 0; i < work * 1e6; i++) {
        a = a * 0.999999 + b;
        b = b * 0.999998 + 1e-9;
    }
    return a;
}

static volatile double sink; /* so that computing is not left out */

/* Milliseconds of the slowest rank, on all ranks. */
static double slowest(double start)
{
    double ms = timing_ms() - start;

    MPI_Allreduce(MPI_IN_PLACE, &ms, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return ms;
}

static double run(const bench *b, csgd_reducer *r, bool exchanges, bool computes)
{
    csgd_request *q = CSGD_REQUEST_NULL;
    double start;

    MPI_Barrier(MPI_COMM_WORLD);
    start = timing_ms();
    if (exchanges &&
        csgd_iallreduce(b->x, b->y, (int)b->n, MPI_FLOAT, MPI_SUM, r, &q) != MPI_SUCCESS)
        fail(csgd_error_detail());
    if (computes) sink = compute(b->work);
    if (csgd_wait(&q) != MPI_SUCCESS) fail(csgd_error_detail());
    return slowest(start);
}

static void measure(bench *b, const char *progress)
{
    double exchange[TIMING_REPS], computed[TIMING_REPS], both[TIMING_REPS], e, c, t;
    csgd_reducer *r;
    char spec[512];

    snprintf(spec, sizeof spec, "%s progress=%s", b->spec, progress);
    if (csgd_reducer_create_mpi(MPI_COMM_WORLD, b->n, spec, &r) != MPI_SUCCESS)
        fail(csgd_error_detail());
    (void)run(b, r, true, false);
    /* Long enough to be timed, by all ranks at once; then as long as an exchange. */
    for (b->work = 1; (c = run(b, r, false, true)) < LONG_MS; b->work *= 2) {
    }
    b->work *= run(b, r, true, false) / c;
    for (size_t i = 0; i < b->reps; i++) {
        exchange[i] = run(b, r, true, false);
        computed[i] = run(b, r, false, true);
        both[i] = run(b, r, true, true);
    }
    csgd_reducer_destroy(&r);
    if (b->rank != 0) return;
    e = timing_median(exchange, b->reps);
    c = timing_median(computed, b->reps);
    t = timing_median(both, b->reps);
    printf("overlap,%s,%s,%d,%zu,%.6g,%.6g,%.6g,%.4g\n", b->spec, progress, b->n_ranks, b->n, e, c,
           t, (e + c - t) / (e < c ? e : c));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bench b = {.n = 1000000, .reps = 9, .spec = "topk ratio=0.01"};
    const option table[] = {
        {"n", "N", "elements of the vector", .count = &b.n, .least = 1, .most = INT_MAX},
        {"reps", "N", "repetitions", .count = &b.reps, .least = 1, .most = TIMING_REPS},
        {"spec", "SPEC", "of the reducer", .text = &b.spec},
    };
    options_outcome outcome;
    char sentence[1024];
    int level;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &b.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &b.n_ranks);
    outcome =
        options_read(table, sizeof table / sizeof *table, argc, argv, sentence, sizeof sentence);
    if (outcome != OPTIONS_RUN) {
        if (b.rank == 0 && outcome == OPTIONS_HELP) {
            puts("usage: mpirun -n RANKS bench_overlap [--OPTION VALUE] ...\n\n"
                 "How much of an allreduce hides behind computation?  CSV on stdout.\n");
            options_help(table, sizeof table / sizeof *table, stdout);
        } else if (b.rank == 0) {
            fprintf(stderr, "bench_overlap: %s\n", sentence);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Finalize();
        return outcome == OPTIONS_HELP ? 0 : 2;
    }
    b.x = malloc(b.n * sizeof *b.x);
    b.y = malloc(b.n * sizeof *b.y);
    if (b.x == NULL || b.y == NULL) fail("no memory for the vectors");
    distribution_fill(DIST_GAUSS, (uint64_t)b.rank, b.x, b.n);
    if (b.rank == 0) {
        timing_machine(stderr);
        puts("bench,spec,progress,ranks,n,exchange_ms,compute_ms,both_ms,hidden");
    }
    measure(&b, "call");
    if (level == MPI_THREAD_MULTIPLE)
        measure(&b, "thread");
    else if (b.rank == 0)
        fprintf(stderr, "# skipped: progress=thread: no MPI_THREAD_MULTIPLE\n");
    free(b.x);
    free(b.y);
    MPI_Finalize();
    return 0;
}
