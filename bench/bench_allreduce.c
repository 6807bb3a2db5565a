/* SPDX-License-Identifier: BSD-3-Clause */

/* bench_allreduce.c: is a compressed allreduce faster than MPI_Allreduce, and how near to the
 * time of its bytes and its local work?
 *
 *     mpirun -n 4 bench_allreduce --n 25e6 --rate 1000 --spec "topk ratio=0.01"
 *
 * One repetition is, one after the other and with the same vectors,
 *
 *     MPI_Allreduce as shipped                  dense_best_ms
 *     csgd_allreduce                            ms_median, ms_min of `full`
 *     csgd_allreduce once more                  the same of `collective`
 *     both over threads of rank 0 alone         local_ms (allreduce_local.h)
 *
 * and medians of each are printed.  Ranks meet in a barrier before each call; its time is that of
 * the slowest rank.  For the phase `collective` they meet once more inside of it, when each has its
 * message made, and only what follows is timed: agreement, exchange, decoding, the update of the
 * residual.  Gradients are independent normal numbers, other ones at each call, and
 * residuals build up as in training; supports of different ranks overlap by chance only, which is
 * the worst case for a sum of sparse vectors.
 *
 * An algorithm of MPI's can be forced only at launch.  `--rival NAME` measures MPI_Allreduce alone,
 * under that name, and `--dense-ms` takes the time of the best such launch; bench/net/run.sh does so.
 */

#include <csgd/mpi.h>

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "allreduce_floor.h"
#include "allreduce_local.h"
#include "options.h"
#include "timing.h"

#define HEADER                                                                   \
    "bench,spec,algorithm,phase,rate,ranks,n,ms_median,ms_min,local_ms,wire_ms," \
    "bytes_sent_max,bytes_recv_max,bytes_floor,dense_best_ms,speedup"

enum { QUIET_NS = 1000000 };

static const char *const default_specs[] = {
    "none", "none algorithm=ring", "topk ratio=0.001", "topk ratio=0.01", "randk ratio=0.01",
    "sign", "qsgd bits=4",         "qsgd bits=8",
};

typedef struct bench {
    int rank, n_ranks;
    size_t n, reps;
    double rate;     /* Mbit/s, 0: not given */
    double dense_ms; /* of the best algorithm forced at launch, 0: none was */
    const char *phase, *rival;
    option_texts specs;
    float *x[GRADIENTS], *y;
} bench;

/* What is measured of one spec. */
typedef struct samples {
    double dense[TIMING_REPS], full[TIMING_REPS], collective[TIMING_REPS];
    double local_full[TIMING_REPS], local_collective[TIMING_REPS];
    double sent, received, floor; /* bytes a call, of the rank that has most */
} samples;

static _Noreturn void fail(const bench *b, const char *what)
{
    fprintf(stderr, "bench_allreduce: rank %d: %s\n", b->rank, what);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort(); /* not reached, but MPI_Abort is not declared to stay away */
}

/* Say why on rank 0, and end on all with the code of a wrong command line. */
static int refuse(const bench *b, const char *sentence)
{
    if (b->rank == 0) fprintf(stderr, "bench_allreduce: %s\n", sentence);
    /* A code ends the job as soon as the launcher sees it: not before the sentence is out. */
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 2;
}

/* Wait for rank 0 without taking a core from it, as a barrier that polls would. */
static void wait_quietly(void)
{
    const struct timespec pause = {.tv_nsec = QUIET_NS};
    MPI_Request request;
    int done = 0;

    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE), !done)
        nanosleep(&pause, NULL);
}

/* --- measuring --- */

static double time_dense(const bench *b, size_t turn)
{
    double start;

    MPI_Barrier(MPI_COMM_WORLD);
    start = timing_ms();
    if (MPI_Allreduce(b->x[turn % GRADIENTS], b->y, (int)b->n, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD) != MPI_SUCCESS)
        fail(b, "MPI_Allreduce failed");
    return timing_ms() - start;
}

static double started;

static void meet(void *object)
{
    (void)object;
    MPI_Barrier(MPI_COMM_WORLD);
    started = timing_ms();
}

static double time_call(const bench *b, csgd_reducer *r, size_t turn, bool collective)
{
    r->ready = collective ? meet : NULL;
    meet(NULL);
    if (csgd_allreduce(b->x[turn % GRADIENTS], b->y, (int)b->n, MPI_FLOAT, MPI_SUM, r) !=
        MPI_SUCCESS)
        fail(b, csgd_error_detail());
    return timing_ms() - started;
}

static bool wants(const bench *b, const char *phase)
{
    return b->phase == NULL || strcmp(b->phase, phase) == 0;
}

/* One more repetition, its outcome as sample number `at`, valid on rank 0. */
static void repeat(const bench *b, csgd_reducer *r, local *l, size_t turn, size_t at, samples *s)
{
    double mine[3] = {0}, slowest[3] = {0};

    mine[0] = time_dense(b, turn);
    if (wants(b, "full")) mine[1] = time_call(b, r, turn, false);
    if (wants(b, "collective")) mine[2] = time_call(b, r, turn + 1, true);
    MPI_Reduce(mine, slowest, 3, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (b->rank == 0) {
        s->dense[at] = slowest[0];
        s->full[at] = slowest[1];
        s->collective[at] = slowest[2];
        if (wants(b, "full")) s->local_full[at] = local_call(l, turn, false);
        if (wants(b, "collective")) s->local_collective[at] = local_call(l, turn + 1, true);
    }
    wait_quietly();
}

static void measure(const bench *b, csgd_reducer *r, local *l, samples *s)
{
    const double calls = (double)b->reps * (b->phase == NULL ? 2 : 1);
    csgd_stats before, after;
    double mine[3] = {0}, most[3] = {0};

    repeat(b, r, l, 0, 0, s); /* warms up and is overwritten */
    csgd_reducer_stats(r, &before, sizeof before);
    for (size_t rep = 0; rep < b->reps; rep++) {
        repeat(b, r, l, rep + 1, rep, s);
        mine[2] += floor_bytes(r) / (double)b->reps; /* messages may differ in length */
    }
    csgd_reducer_stats(r, &after, sizeof after);
    mine[0] = (double)(after.sent_bytes - before.sent_bytes) / calls;
    mine[1] = (double)(after.received_bytes - before.received_bytes) / calls;
    MPI_Reduce(mine, most, 3, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    s->sent = most[0];
    s->received = most[1];
    s->floor = most[2];
}

/* --- rows --- */

static void print_row(const bench *b, const char *spec, const csgd_reducer *r, const char *phase,
                      const samples *s)
{
    const bool full = strcmp(phase, "full") == 0;
    const double *ms = full ? s->full : s->collective;
    const double median = timing_median(ms, b->reps);
    double dense = timing_median(s->dense, b->reps);

    if (!wants(b, phase)) return;
    if (b->dense_ms > 0 && b->dense_ms < dense) dense = b->dense_ms;
    printf("allreduce,%s,%s,%s,", spec, r->algorithm->name, phase);
    if (b->rate > 0) printf("%.6g", b->rate);
    printf(",%d,%zu,%.6g,%.6g,%.6g,", b->n_ranks, b->n, median, timing_min(ms, b->reps),
           timing_median(full ? s->local_full : s->local_collective, b->reps));
    if (b->rate > 0) printf("%.6g", s->received * 8 / (b->rate * 1e6) * 1e3);
    printf(",%.0f,%.0f,", s->sent, s->received);
    if (isfinite(s->floor)) printf("%.0f", s->floor);
    printf(",%.6g,%.4g\n", dense, dense / median);
    fflush(stdout);
}

static void measure_spec(const bench *b, const char *spec)
{
    csgd_reducer *r = NULL;
    local *l = NULL;
    char sentence[512];
    samples s;

    if (csgd_reducer_create_mpi(MPI_COMM_WORLD, b->n, spec, &r) != MPI_SUCCESS)
        fail(b, csgd_error_detail());
    if (b->rank == 0) {
        l = local_create(b->n_ranks, b->n, csgd_reducer_spec(r), sentence, sizeof sentence);
        if (l == NULL) fail(b, sentence);
    }
    wait_quietly();
    measure(b, r, l, &s);
    if (b->rank == 0) {
        print_row(b, spec, r, "full", &s);
        print_row(b, spec, r, "collective", &s);
    }
    local_destroy(&l);
    csgd_reducer_destroy(&r);
}

/* MPI_Allreduce by itself, as a row. */
static void measure_rival(const bench *b)
{
    const double moved = 8.0 * (double)b->n * (b->n_ranks - 1) / b->n_ranks;
    double ms[TIMING_REPS];

    (void)time_dense(b, 0); /* warms up */
    for (size_t rep = 0; rep < b->reps; rep++) {
        double mine = time_dense(b, rep);
        MPI_Reduce(&mine, &ms[rep], 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    }
    if (b->rank != 0) return;
    printf("allreduce,MPI_Allreduce,%s,full,", b->rival);
    if (b->rate > 0) printf("%.6g", b->rate);
    printf(",%d,%zu,%.6g,%.6g,,", b->n_ranks, b->n, timing_median(ms, b->reps),
           timing_min(ms, b->reps));
    if (b->rate > 0) printf("%.6g", moved * 8 / (b->rate * 1e6) * 1e3);
    printf(",,,%.0f,%.6g,1\n", moved, timing_median(ms, b->reps));
}

/* Whether a spec can be measured, found out before anything is: a typo should not end a long run.
 * The same answer on all ranks. */
static bool check_spec(const bench *b, const char *spec, char *sentence, size_t cap)
{
    csgd_reducer *r = NULL;
    bool well = csgd_reducer_create_mpi(MPI_COMM_WORLD, b->n, spec, &r) == MPI_SUCCESS;

    if (!well) {
        snprintf(sentence, cap, "--spec \"%s\": %s", spec, csgd_error_detail());
    } else if (r->compressor.kernels->type != CSGD_F32) {
        snprintf(sentence, cap, "--spec \"%s\": the vectors of this program are f32", spec);
        well = false;
    }
    csgd_reducer_destroy(&r);
    return well;
}

/* Set b->specs to what can be measured.  Of the defaults the others are left out. */
static bool choose_specs(bench *b, char *sentence, size_t cap)
{
    for (size_t i = 0; i < b->specs.n; i++)
        if (!check_spec(b, b->specs.item[i], sentence, cap)) return false;
    if (b->specs.n > 0) return true;
    for (size_t i = 0; i < sizeof default_specs / sizeof *default_specs; i++) {
        if (check_spec(b, default_specs[i], sentence, cap))
            b->specs.item[b->specs.n++] = default_specs[i];
        else if (b->rank == 0)
            fprintf(stderr, "# skipped: %s\n", sentence);
    }
    return true;
}

static bool phase_is_known(const char *phase)
{
    return phase == NULL || strcmp(phase, "full") == 0 || strcmp(phase, "collective") == 0;
}

static void make_vectors(bench *b)
{
    for (size_t i = 0; i < GRADIENTS; i++) {
        b->x[i] = malloc(b->n * sizeof(float));
        if (b->x[i] == NULL) fail(b, "no memory for the vectors");
        local_gradient(b->rank, i, b->x[i], b->n);
    }
    b->y = calloc(b->n, sizeof(float));
    if (b->y == NULL) fail(b, "no memory for the vectors");
}

int main(int argc, char **argv)
{
    bench b = {.n = 1000000, .reps = 9};
    const option table[] = {
        {"n", "N", "elements of the vector", .count = &b.n, .least = 1, .most = INT_MAX},
        {"reps", "N", "alternations with MPI_Allreduce", .count = &b.reps, .least = 1,
         .most = TIMING_REPS},
        {"spec", "SPEC", "what to measure; may be repeated; by itself a list of all kinds",
         .texts = &b.specs},
        {"rate", "MBIT", "rate of the link in Mbit/s, for wire_ms; not verified here",
         .real = &b.rate, .least = 1e-3, .most = 1e9},
        {"rival", "NAME",
         "measure only MPI_Allreduce, under this name: its algorithm is forced at "
         "launch",
         .text = &b.rival},
        {"dense-ms", "MS", "time of the best algorithm of MPI_Allreduce that was forced at launch",
         .real = &b.dense_ms, .least = 1e-6, .most = 1e9},
        {"phase", "full|collective", "only rows of that phase; by itself both", .text = &b.phase},
    };
    const size_t n_options = sizeof table / sizeof *table;
    options_outcome outcome;
    char sentence[1024];

    MPI_Init(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &b.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &b.n_ranks);
    outcome = options_read(table, n_options, argc, argv, sentence, sizeof sentence);
    if (outcome == OPTIONS_HELP) {
        if (b.rank == 0) {
            puts("usage: mpirun -n RANKS bench_allreduce [--OPTION VALUE | --OPTION=VALUE] ...\n\n"
                 "Is a compressed allreduce faster than MPI_Allreduce?  CSV on stdout.\n");
            options_help(table, n_options, stdout);
            puts(
                "\nThe phase collective is a call of its own, timed from when all ranks have made\n"
                "their messages.");
        }
        MPI_Finalize();
        return 0;
    }
    if (outcome == OPTIONS_WRONG) return refuse(&b, sentence);
    if (!phase_is_known(b.phase)) {
        snprintf(sentence, sizeof sentence, "--phase is \"%s\", but must be full or collective",
                 b.phase);
        return refuse(&b, sentence);
    }
    if (b.rival == NULL && !choose_specs(&b, sentence, sizeof sentence))
        return refuse(&b, sentence);
    if (b.rank == 0) {
        timing_machine(stderr);
        puts(HEADER);
    }
    make_vectors(&b);
    if (b.rival != NULL) measure_rival(&b);
    for (size_t i = 0; b.rival == NULL && i < b.specs.n; i++)
        measure_spec(&b, b.specs.item[i]);
    for (size_t i = 0; i < GRADIENTS; i++)
        free(b.x[i]);
    free(b.y);
    MPI_Finalize();
    return 0;
}
