/* SPDX-License-Identifier: BSD-3-Clause */

/* sim_allreduce.c: what a call takes on a simulated cluster; run.sh runs it under SimGrid.
 *
 * All ranks are one process, and the memory of a thousand vectors is not there.  So gradients are windows
 * on one vector of normal numbers, each rank's beginning elsewhere, which makes supports that overlap by
 * chance only; and results go to one vector of all ranks, which is the right one where it is only written,
 * and is not looked at.  Residuals are the ranks' own, where the spec has any.
 *
 * Specs are written with commas for blanks, as smpirun takes arguments apart.  The first call is not
 * counted: it has what is done once, or every 64 calls.  A call's time is that of the slowest rank; the
 * simulation has no noise, so there is nothing to take a median of.
 */

#include <csgd/mpi.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/philox.h"
#include "comm/reducer.h"
#include "comm/sparse_reducer.h"
#include "local_work.h"
#include "options.h"
#include "tuning.h"

int smpi_nanosleep(const struct timespec *time, struct timespec *left); /* of SimGrid */

typedef struct job {
    int rank, p;
    size_t n, calls, k;
    double mbit, us, ns[LOCAL_RATES];
    const char *rates, *vendor, *tuning;
    option_texts specs;
    float *x, *y;        /* 2 n and n elements, of all ranks */
    uint32_t *sum_index; /* n, likewise */
} job;

static void sleep_ns(long long ns)
{
    smpi_nanosleep(&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

static void fail(const job *j, const char *sentence)
{
    fprintf(stderr, "sim_allreduce: rank %d of %d: %s\n", j->rank, j->p, sentence);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* Numbers that are about normal: sums of four uniform ones. */
static void make_vectors(job *j)
{
    uintptr_t at[3] = {0};

    if (j->rank == 0) {
        const uint32_t key[2] = {20, 26};

        j->x = malloc(2 * j->n * sizeof *j->x);
        j->y = calloc(j->n, sizeof *j->y);
        j->sum_index = malloc(j->n * sizeof *j->sum_index);
        if (j->x == NULL || j->y == NULL || j->sum_index == NULL)
            fail(j, "no memory for the vectors");
        for (size_t i = 0; i < 2 * j->n; i++) {
            const uint32_t counter[4] = {(uint32_t)i};
            uint32_t w[4];

            csgdi_philox(key, counter, w);
            j->x[i] = (float)(((double)w[0] + w[1] + w[2] + w[3] - 8589934590.0) / 4294967296.0);
        }
        at[0] = (uintptr_t)j->x;
        at[1] = (uintptr_t)j->y;
        at[2] = (uintptr_t)j->sum_index;
    }
    MPI_Bcast(at, sizeof at, MPI_BYTE, 0, MPI_COMM_WORLD);
    j->x = (float *)at[0];
    j->y = (float *)at[1];
    j->sum_index = (uint32_t *)at[2];
}

/* A rank's gradient of one call. */
static const float *gradient(const job *j, size_t call)
{
    return j->x + ((size_t)j->rank * (j->n / (size_t)j->p) + call * 17) % j->n;
}

/* The largest of all ranks' numbers, on rank 0. */
static void largest(double *number, int count)
{
    double most[4] = {0};

    MPI_Reduce(number, most, count, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    memcpy(number, most, (size_t)count * sizeof *number);
}

static void print_row(const job *j, const char *spec, const char *algorithm, const double *most,
                      const char *reason)
{
    printf("sim,%s,%s,%.6g,%.6g,%d,%zu,%.6g,%.0f,%.0f,\"%s\"\n", spec, algorithm, j->mbit, j->us,
           j->p, j->n, 1e3 * most[0], most[1], most[2], reason);
    fflush(stdout);
}

static void measure_spec(const job *j, const char *spec)
{
    const double calls = (double)j->calls;
    double most[3] = {0};
    csgd_stats before = {0}, after = {0};
    csgd_reducer *r = NULL;

    if (j->tuning != NULL) {
        const char *wrong = tuning_write(j->tuning, j->n, spec, j->mbit, j->us, j->ns, j->x, j->y);

        if (wrong != NULL) fail(j, wrong);
    }
    if (csgd_reducer_create_mpi(MPI_COMM_WORLD, j->n, spec, &r) != MPI_SUCCESS)
        fail(j, csgd_error_detail());
    for (size_t call = 0; call <= j->calls; call++) {
        double start, seconds;

        if (call == 1) csgd_reducer_stats(r, &before, sizeof before);
        MPI_Barrier(MPI_COMM_WORLD);
        start = local_work_clock();
        if (csgd_allreduce(gradient(j, call), j->y, (int)j->n, MPI_FLOAT, MPI_SUM, r) !=
            MPI_SUCCESS)
            fail(j, csgd_error_detail());
        seconds = local_work_clock() - start;
        largest(&seconds, 1);
        if (call > 0) most[0] += seconds / calls;
    }
    csgd_reducer_stats(r, &after, sizeof after);
    most[1] = (double)(after.sent_bytes - before.sent_bytes) / calls;
    most[2] = (double)(after.received_bytes - before.received_bytes) / calls;
    largest(most + 1, 2);
    if (j->rank == 0) print_row(j, spec, r->algorithm->name, most, csgd_reducer_explain(r));
    csgd_reducer_destroy(&r);
}

/* MPI_Allreduce by itself, as SimGrid was told to do it.  Its additions take no time. */
static void measure_vendor(const job *j)
{
    double most[3] = {0}, start, seconds;

    for (size_t call = 0; call <= j->calls; call++) {
        MPI_Barrier(MPI_COMM_WORLD);
        start = local_work_clock();
        MPI_Allreduce(gradient(j, call), j->y, (int)j->n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        seconds = local_work_clock() - start;
        largest(&seconds, 1);
        if (call > 0) most[0] += seconds / (double)j->calls;
    }
    most[1] = most[2] = 8.0 * (double)j->n * (j->p - 1) / j->p;
    if (j->rank == 0) print_row(j, "MPI_Allreduce", j->vendor, most, "bytes by formula");
}

/* Rank's indices of one call: one at random out of each k-th part of the vector. */
static void draw_entries(const job *j, size_t call, uint32_t *index)
{
    for (size_t i = 0; i < j->k; i++) {
        const size_t first = i * j->n / j->k, end = (i + 1) * j->n / j->k;
        const uint32_t key[2] = {(uint32_t)j->rank, (uint32_t)call}, counter[4] = {(uint32_t)i};
        uint32_t w[4];

        csgdi_philox(key, counter, w);
        index[i] = (uint32_t)(first + w[0] % (end - first));
    }
}

/* The same of entries in and entries out. */
static void measure_entries(const job *j, const char *spec)
{
    const double calls = (double)j->calls;
    uint32_t *index = malloc(j->k * sizeof *index);
    csgd_sparse_reducer *s = NULL;
    double most[3] = {0};

    if (index == NULL) fail(j, "no memory for the entries");
    if (j->tuning != NULL) {
        char text[64];
        const char *wrong;

        /* What the library looks for in the file on behalf of entries. */
        snprintf(text, sizeof text, "topk ratio=%.9g feedback=none", (double)j->k / (double)j->n);
        wrong = tuning_write(j->tuning, j->n, text, j->mbit, j->us, j->ns, j->x, j->y);
        if (wrong != NULL) fail(j, wrong);
    }
    if (csgd_sparse_reducer_create_mpi(MPI_COMM_WORLD, j->n, j->k, spec, &s) != MPI_SUCCESS)
        fail(j, csgd_error_detail());
    for (size_t call = 0; call <= j->calls; call++) {
        const csgdi_transport *t = &s->core.transport;
        double number[3] = {0, (double)t->sent_bytes, (double)t->received_bytes}, start;
        size_t sum_k;

        draw_entries(j, call, index);
        MPI_Barrier(MPI_COMM_WORLD);
        start = local_work_clock();
        if (csgd_sparse_allreduce(index, gradient(j, call), j->k, j->sum_index, j->y, j->n, &sum_k,
                                  s) != MPI_SUCCESS)
            fail(j, csgd_error_detail());
        number[0] = local_work_clock() - start;
        number[1] = (double)t->sent_bytes - number[1];
        number[2] = (double)t->received_bytes - number[2];
        largest(number, 3);
        for (size_t i = 0; call > 0 && i < 3; i++)
            most[i] += number[i] / calls;
    }
    if (j->rank == 0)
        print_row(j, spec, s->core.algorithm->name, most, csgd_sparse_reducer_explain(s));
    csgd_sparse_reducer_destroy(&s);
    free(index);
}

static char *with_blanks(const char *spec)
{
    char *text = strdup(spec);

    for (char *c = text; c != NULL && *c != 0; c++)
        if (*c == ',') *c = ' ';
    return text;
}

int main(int argc, char **argv)
{
    job j = {.n = 1000000, .calls = 2, .k = 10000, .mbit = 0, .us = 0};
    const option table[] = {
        {"n", "N", "elements of the vector", .count = &j.n, .least = 1, .most = 1 << 30},
        {"k", "K", "entries of each rank, for specs that begin with sparse", .count = &j.k,
         .least = 1, .most = 1 << 30},
        {"calls", "N", "calls after the first", .count = &j.calls, .least = 1, .most = 1000},
        {"mbit", "MBIT", "rate of the simulated links, for the table", .real = &j.mbit,
         .least = 1e-3, .most = 1e9},
        {"us", "US", "latency, for the table", .real = &j.us, .least = 0, .most = 1e9},
        {"rates", "FILE", "what local work takes, by local_rates", .text = &j.rates},
        {"vendor", "NAME", "measure MPI_Allreduce, under this name", .text = &j.vendor},
        {"tuning", "FILE", "do not measure for algorithm=auto, but write this file (tuning.h)",
         .text = &j.tuning},
        {"spec", "SPEC", "with commas for blanks; may be repeated", .texts = &j.specs},
    };
    char sentence[512];

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &j.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &j.p);
    if (options_read(table, sizeof table / sizeof *table, argc, argv, sentence, sizeof sentence) !=
        OPTIONS_RUN)
        fail(&j, sentence);
    if (j.k > j.n) fail(&j, "--k is more than --n");
    if (j.rates == NULL || !local_work_rates(j.rates, j.ns))
        fail(&j, "--rates FILE has not all rates");
    csgdi_clock_set(local_work_clock);
    local_work_begin(j.ns, MPI_Wtime, sleep_ns);
    make_vectors(&j);
    if (j.vendor != NULL) measure_vendor(&j);
    for (size_t i = 0; i < j.specs.n; i++) {
        char *spec = with_blanks(j.specs.item[i]);

        if (strncmp(spec, "sparse", 6) == 0)
            measure_entries(&j, spec);
        else
            measure_spec(&j, spec);
        free(spec);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (j.rank == 0) {
        free(j.x);
        free(j.y);
        free(j.sum_index);
    }
    MPI_Finalize();
    return 0;
}
