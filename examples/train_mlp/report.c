/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c: rank 0 writes, and sums what it needs from the others outside the measured time. */
#include "report.h"
#include "fail.h"

#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

/* Under mpirun standard output is a terminal of mpirun's own and standard error never is one, so
 * the user's terminal, if there is one, is asked for by its name. */
static FILE *open_terminal(int rank)
{
    return rank == 0 && isatty(STDOUT_FILENO) ? fopen("/dev/tty", "w") : NULL;
}

static FILE *open_shared(const char *path, const char *mode, int rank)
{
    FILE *file = NULL;
    int ok = 1;

    if (path == NULL) return NULL;
    if (rank == 0) {
        file = fopen(path, mode);
        ok = file != NULL;
    }
    MPI_Bcast(&ok, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (!ok) fail_usage("%s: cannot be written", path);
    return file;
}

static void close_checked(FILE *file, const char *path)
{
    if (file == NULL) return;
    const int failed = ferror(file);
    if (fclose(file) != 0 || failed) fail_here("%s: could not be written to the end", path);
}

void report_create(struct report *report, const struct options *options, long steps)
{
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    *report = (struct report){.options = options,
                              .rank = rank,
                              .terminal = open_terminal(rank),
                              .csv = open_shared(options->csv, "w", rank),
                              .summary = open_shared(options->summary, "a", rank),
                              .ms = alloc_or_fail((size_t)steps, sizeof(double)),
                              .steps = steps};
    if (report->csv != NULL) fputs("step,epoch,rate,loss,bytes_sent,ms,accuracy\n", report->csv);
}

void report_step(struct report *report, const struct step_record *record)
{
    int n_ranks;
    double loss = 0.0;

    report->ms[report->step++] = record->ms;
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    MPI_Reduce(&record->loss, &loss, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    loss /= (double)n_ranks;

    if (report->csv != NULL) {
        fprintf(report->csv, "%ld,%d,%.6g,%.6g,%.0f,%.3f,", report->step, record->epoch,
                record->rate, loss, record->bytes_sent, record->ms);
        if (record->test != NULL) fprintf(report->csv, "%.3f", record->test->accuracy);
        fputc('\n', report->csv);
    }
    if (report->terminal != NULL && (report->step % 10 == 0 || record->test != NULL)) {
        fprintf(report->terminal, "\rstep %ld of %ld, epoch %d of %d: loss %.4f", report->step,
                report->steps, record->epoch, report->options->epochs, loss);
        if (record->test != NULL)
            fprintf(report->terminal, ", test accuracy %.2f %%", record->test->accuracy);
        fputs("\033[K", report->terminal); /* erase what is left of a longer line */
        fflush(report->terminal);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *x, long n)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    return (x[(n - 1) / 2] + x[n / 2]) / 2.0;
}

void report_finish(struct report *report, size_t n_parameters, const struct score *train,
                   const struct score *test, double bytes_sent)
{
    const struct options *options = report->options;
    const double ms = median(report->ms, report->steps);
    double bytes = bytes_sent / (double)report->steps;
    int n_ranks;

    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    if (report->rank == 0) {
        if (report->terminal != NULL) {
            fputs("\r\033[K", report->terminal);
            fclose(report->terminal);
        }
        printf("%s: test accuracy %.2f %%, training loss %.5f, %.0f bytes sent per step, "
               "%.2f ms per step\n",
               options->spec, test->accuracy, train->loss, bytes, ms);
    }
    if (report->summary != NULL)
        fprintf(report->summary, "%s,%g,%d,%d,%zu,%ld,%.4f,%.6g,%.0f,%.3f\n", options->spec,
                options->lr, options->seed, n_ranks, n_parameters, report->steps, test->accuracy,
                train->loss, bytes, ms);
    close_checked(report->csv, options->csv);
    close_checked(report->summary, options->summary);
    free(report->ms);
}
