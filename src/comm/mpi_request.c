/* SPDX-License-Identifier: BSD-3-Clause */

/* mpi_request.c: requests: operations that are started now and completed later, once or again.
 *
 *     csgd_iallreduce                 r->once, which becomes CSGD_REQUEST_NULL when it completes
 *     csgd_allreduce_init, csgd_start a request that stays; any number for a reducer, one active
 *
 * Requests lie in the reducer's arena.  Those given back wait in r->spare for the next init, so that
 * making and freeing them again and again takes no more memory.
 */

#include <csgd/mpi.h>

#include <stdio.h>
#include "base/error.h"
#include "comm/mpi_call.h"

/* ---- starting ---- */

int csgd_iallreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                      MPI_Op op, csgd_reducer *r, csgd_request **request)
{
    const csgd_request q = csgdi_mpi_call(sendbuf, recvbuf, count, datatype, op, r);
    csgd_status st;

    if (request != NULL) *request = CSGD_REQUEST_NULL;
    if (r == NULL || request == NULL)
        return csgdi_mpi_call_report(r, csgdi_fail(CSGD_E_INVAL,
                                                   "the reducer or the request is NULL"));
    st = csgdi_mpi_call_begin(&q, false);
    if (st == CSGD_OK) {
        r->once = q;
        r->once.active = true;
        *request = &r->once;
    }
    return csgdi_mpi_call_report(r, st);
}

int csgd_iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                    csgd_reducer *r, csgd_request **request)
{
    return csgd_iallreduce_c(sendbuf, recvbuf, count, datatype, op, r, request);
}

int csgd_allreduce_init_c(const void *sendbuf, void *recvbuf, MPI_Count count,
                          MPI_Datatype datatype, MPI_Op op, csgd_reducer *r, csgd_request **request)
{
    csgd_request *q;

    if (request != NULL) *request = CSGD_REQUEST_NULL;
    if (r == NULL || request == NULL)
        return csgdi_mpi_call_report(r, csgdi_fail(CSGD_E_INVAL,
                                                   "the reducer or the request is NULL"));
    q = r->spare;
    if (q != NULL)
        r->spare = q->next;
    else
        q = csgdi_arena_alloc(&r->arena, 1, sizeof *q);
    if (q == NULL) return csgdi_mpi_call_report(r, CSGD_E_NOMEM);
    *q = csgdi_mpi_call(sendbuf, recvbuf, count, datatype, op, r);
    q->persistent = true;
    *request = q;
    return MPI_SUCCESS;
}

int csgd_allreduce_init(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype,
                        MPI_Op op, csgd_reducer *r, csgd_request **request)
{
    return csgd_allreduce_init_c(sendbuf, recvbuf, count, datatype, op, r, request);
}

int csgd_start(csgd_request **request)
{
    csgd_request *q = request != NULL ? *request : NULL;
    csgd_status st;

    if (q == NULL)
        return csgdi_mpi_call_report(NULL, csgdi_fail(CSGD_E_INVAL, "the request is NULL"));
    if (!q->persistent)
        return csgdi_mpi_call_report(
            q->reducer,
            csgdi_fail(CSGD_E_INVAL, "only requests of csgd_allreduce_init can be started"));
    st = csgdi_mpi_call_begin(q, false); /* CSGD_E_BUSY where one of the reducer's is active */
    if (st == CSGD_OK) q->active = true;
    return csgdi_mpi_call_report(q->reducer, st);
}

/* ---- completing ---- */

/* It has an outcome.  A request that stays can be started again. */
static void complete(csgd_request **request)
{
    (*request)->active = false;
    if (!(*request)->persistent) *request = CSGD_REQUEST_NULL;
}

int csgd_test(csgd_request **request, int *flag)
{
    csgd_reducer *r;
    csgd_status st;

    if (request == NULL || flag == NULL)
        return csgdi_mpi_call_report(NULL,
                                     csgdi_fail(CSGD_E_INVAL, "the request or the flag is NULL"));
    *flag = 1;
    if (*request == CSGD_REQUEST_NULL || !(*request)->active) return MPI_SUCCESS;
    r = (*request)->reducer;
    st = csgd_reducer_test(r);
    *flag = !r->busy; /* it is busy too where another thread must complete it */
    if (st == CSGD_MORE) return MPI_SUCCESS;
    if (!r->busy) complete(request);
    return csgdi_mpi_call_report(r, st);
}

int csgd_wait(csgd_request **request)
{
    csgd_reducer *r;
    csgd_status st;

    if (request == NULL)
        return csgdi_mpi_call_report(NULL, csgdi_fail(CSGD_E_INVAL, "the request is NULL"));
    if (*request == CSGD_REQUEST_NULL || !(*request)->active) return MPI_SUCCESS;
    r = (*request)->reducer;
    st = csgd_reducer_wait(r);
    if (!r->busy) complete(request); /* else another thread must complete it */
    return csgdi_mpi_call_report(r, st);
}

int csgd_waitall(int count, csgd_request *requests[])
{
    int first = MPI_SUCCESS;

    if (count < 0 || (count > 0 && requests == NULL))
        return csgdi_mpi_call_report(NULL, csgdi_fail(CSGD_E_INVAL, "%d requests at %s", count,
                                                      requests == NULL ? "NULL" : "an address"));
    /* Each wait advances the others too, so their order does not matter; the sentence that stays is
     * of the error that is returned. */
    for (int i = 0; i < count; i++) {
        char sentence[512];
        int code;

        snprintf(sentence, sizeof sentence, "%s", csgd_error_detail());
        code = csgd_wait(&requests[i]);
        if (first != MPI_SUCCESS)
            (void)csgdi_fail(CSGD_OK, "%s", sentence);
        else
            first = code;
    }
    return first;
}

int csgd_request_free(csgd_request **request)
{
    csgd_request *q = request != NULL ? *request : NULL;

    if (q == NULL) return MPI_SUCCESS;
    if (q->active || !q->persistent)
        return csgdi_mpi_call_report(q->reducer,
                                     csgdi_fail(CSGD_E_BUSY,
                                                "the request is in flight: wait for it"));
    q->next = q->reducer->spare;
    q->reducer->spare = q;
    *request = CSGD_REQUEST_NULL;
    return MPI_SUCCESS;
}
