/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_errors.c: error_parts.h over MPI, and errors as MPI has them: codes, classes, strings,
 * handlers, wrong types and operations. */

#include <csgd/mpi.h>
#include "comm/error_parts.h"
#include "support/ranks_mpi.h"
#include "support/test.h"

enum { N = 10 };

static void shared_parts(void **state)
{
    (void)state;
    ranks_run_mpi(error_creation, NULL);
    ranks_run_mpi(error_calls, NULL);
    ranks_run_mpi(error_nonfinite, NULL);
    ranks_run_mpi(error_steps, NULL);
    ranks_run_mpi(error_orders, NULL);
}

static void arguments_part(ranks *all, int rank, void *arg)
{
    const bool last = rank == all->n_ranks - 1, alone = all->n_ranks == 1;
    csgd_reducer *r = NULL;
    csgd_request *q;
    float x[N] = {1}, y[N];
    int flag;

    (void)arg;
    RANK_CHECK(all, rank, all->create(all, rank, N, "topk k=2", &r) == CSGD_OK);
    if (r == NULL) return;
#define STATUS(type, op, n, send, recv) csgd_status_of(csgd_allreduce(send, recv, n, type, op, r))
    RANK_CHECK(all, rank, STATUS(MPI_INT, MPI_SUM, N, x, y) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, STATUS(MPI_DOUBLE, MPI_SUM, N, x, y) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, STATUS(MPI_FLOAT, MPI_MAX, N, x, y) == CSGD_E_INVAL);
    RANK_CHECK(all, rank,
               STATUS(last ? MPI_DOUBLE : MPI_FLOAT, MPI_SUM, N, x, y) ==
                   (alone ? CSGD_E_INVAL : CSGD_E_MISMATCH));
    RANK_CHECK(all, rank,
               STATUS(MPI_FLOAT, last ? MPI_MAX : MPI_SUM, N, x, y) ==
                   (alone ? CSGD_E_INVAL : CSGD_E_MISMATCH));
    RANK_CHECK(all, rank,
               STATUS(MPI_FLOAT, MPI_SUM, last ? -1 : N, x, y) ==
                   (last ? CSGD_E_INVAL : CSGD_E_PEER));
    RANK_CHECK(all, rank,
               STATUS(MPI_FLOAT, MPI_SUM, N, last ? y : x, y) ==
                   (last ? CSGD_E_INVAL : CSGD_E_PEER));
    RANK_CHECK(all, rank,
               STATUS(MPI_FLOAT, MPI_SUM, N, last ? NULL : x, y) ==
                   (last ? CSGD_E_INVAL : CSGD_E_PEER));
    RANK_CHECK(all, rank, STATUS(MPI_FLOAT, MPI_SUM, N, MPI_IN_PLACE, NULL) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, strcmp(csgd_error_detail(), "the receive buffer is NULL") == 0);
    RANK_CHECK(all, rank, STATUS(MPI_FLOAT, MPI_SUM, N, x, y) == CSGD_OK);
#undef STATUS
    RANK_CHECK(all, rank, y[0] == (float)all->n_ranks);

    RANK_CHECK(all, rank,
               csgd_status_of(csgd_allreduce(x, y, N, MPI_FLOAT, MPI_SUM, NULL)) == CSGD_E_INVAL);
    RANK_CHECK(all, rank,
               csgd_status_of(csgd_iallreduce(x, y, N, MPI_FLOAT, MPI_SUM, r, NULL)) ==
                   CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_status_of(csgd_test(NULL, &flag)) == CSGD_E_INVAL);
    q = CSGD_REQUEST_NULL;
    RANK_CHECK(all, rank, csgd_wait(&q) == MPI_SUCCESS);
    RANK_CHECK(all, rank,
               csgd_status_of(csgd_reducer_create_mpi(MPI_COMM_NULL, N, "none", &r)) ==
                   CSGD_E_INVAL);
    RANK_CHECK(all, rank, r == NULL);
    /* One rank has no place for its reducer. */
    RANK_CHECK(all, rank,
               csgd_status_of(
                   csgd_reducer_create_mpi(MPI_COMM_WORLD, N, "none", last ? NULL : &r)) ==
                   (last ? CSGD_E_INVAL : CSGD_E_PEER));
}

static void arguments(void **state)
{
    (void)state;
    ranks_run_mpi(arguments_part, NULL);
}

static int handled;

static void count_error(MPI_Comm *comm, int *code, ...)
{
    (void)comm;
    handled += csgd_status_of(*code) == CSGD_E_SPEC;
}

/* Codes are of a class of our own, have strings, and go to the handler of the user's communicator. */
static void handler_part(ranks *all, int rank, void *arg)
{
    MPI_Errhandler handler;
    csgd_reducer *r = NULL;
    char text[MPI_MAX_ERROR_STRING];
    MPI_Comm comm;
    int code, class, length;

    (void)arg;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_create_errhandler(count_error, &handler);
    MPI_Comm_set_errhandler(comm, handler);
    handled = 0;
    code = csgd_reducer_create_mpi(comm, N, "topk k=99", &r);
    RANK_CHECK(all, rank, handled == 1 && csgd_status_of(code) == CSGD_E_SPEC);
    MPI_Error_class(code, &class);
    RANK_CHECK(all, rank, class > MPI_ERR_LASTCODE);
    MPI_Error_string(code, text, &length);
    RANK_CHECK(all, rank, strstr(text, "CSGD_E_SPEC") != NULL);
    RANK_CHECK(all, rank, csgd_status_of(MPI_SUCCESS) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_status_of(MPI_ERR_COUNT) == CSGD_E_TRANSPORT);
    MPI_Errhandler_free(&handler);
    MPI_Comm_free(&comm);
}

static void handlers(void **state)
{
    (void)state;
    ranks_run_mpi(handler_part, NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(shared_parts),
    cmocka_unit_test(arguments),
    cmocka_unit_test(handlers),
};

RANKS_MPI_MAIN(tests)
