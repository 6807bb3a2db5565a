/* SPDX-License-Identifier: BSD-3-Clause */
/* exchange.c: the six lines, and the same without libcsgd.
 *
 * A failure in mid-training goes to MPI's default error handler: the sentence is printed and the
 * job ends.  Only creation is asked to return its error, because what is wrong there is most
 * likely the spec, and a typing error deserves better than an aborted job.
 */
#include "exchange.h"
#include "fail.h"

#include <limits.h>
#include <string.h>

void exchange_create(struct exchange *exchange, const char *spec, size_t n)
{
    int code;

    if (n > INT_MAX) fail_usage("%zu parameters are more than an MPI count can hold", n);
    *exchange = (struct exchange){.n = n};
    if (strcmp(spec, "mpi") == 0) return;

    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    code = csgd_reducer_create_mpi(MPI_COMM_WORLD, n, spec, &exchange->reducer);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    if (code != MPI_SUCCESS) fail_usage("--spec \"%s\": %s", spec, csgd_error_detail());
}

void exchange_destroy(struct exchange *exchange)
{
    csgd_reducer_destroy(&exchange->reducer);
}

void exchange_sum(struct exchange *exchange, float *gradient)
{
    const int n = (int)exchange->n;
    int n_ranks;

    if (exchange->reducer != NULL) {
        csgd_allreduce(MPI_IN_PLACE, gradient, n, MPI_FLOAT, MPI_SUM, exchange->reducer);
        return;
    }
    MPI_Allreduce(MPI_IN_PLACE, gradient, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);

    /* MPI does not tell what it sends.  No allreduce of floats can send less than a ring does. */
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    exchange->plain_bytes += 8.0 * (double)n * (double)(n_ranks - 1) / (double)n_ranks;
}

double exchange_bytes(const struct exchange *exchange)
{
    csgd_stats stats;

    if (exchange->reducer == NULL) return exchange->plain_bytes;
    csgd_reducer_stats(exchange->reducer, &stats, sizeof stats);
    return (double)stats.sent_bytes;
}
