/* SPDX-License-Identifier: BSD-3-Clause */

/* mpi.c: the calls of csgd/mpi.h, thin shells over the reducer's schedule. */

#include <csgd/mpi.h>

#include "base/error.h"
#include "comm/mpi_error.h"
#include "comm/reducer.h"
#include "comm/transport_mpi.h"

/* A request is its reducer: one operation is in flight at most. */
static csgd_reducer *reducer_of(csgd_request *request)
{
    return (csgd_reducer *)(void *)request;
}

/* Pass a reducer's error to whoever handles errors of the communicator it was created on. */
static int report(const csgd_reducer *r, csgd_status status)
{
    MPI_Comm user;

    if (status == CSGD_OK) return MPI_SUCCESS;
    if (r != NULL && csgdi_transport_mpi_user(&r->transport, &user))
        return csgdi_mpi_report(status, &user);
    return csgdi_mpi_report(status, NULL);
}

static int create(MPI_Comm comm, const csgdi_shape *shape, const char *spec, csgd_reducer **r)
{
    csgdi_transport transport = {0};
    csgd_status st = csgdi_mpi_usable();

    if (r != NULL) *r = NULL;
    if (st != CSGD_OK) return csgdi_mpi_report(st, NULL);
    if (comm == MPI_COMM_NULL)
        return csgdi_mpi_report(csgdi_fail(CSGD_E_INVAL, "the communicator is MPI_COMM_NULL"),
                                NULL);
    st = csgdi_transport_open_mpi(&transport, comm);
    if (transport.ops == NULL) return csgdi_mpi_report(st, &comm);
    if (st == CSGD_OK && r == NULL)
        st = csgdi_fail(CSGD_E_INVAL, "the place for the reducer is NULL");
    return csgdi_mpi_report(csgdi_reducer_create(&transport, shape, spec, st, r), &comm);
}

int csgd_reducer_create_mpi(MPI_Comm comm, size_t n, const char *spec, csgd_reducer **r)
{
    return create(comm, &(csgdi_shape){.n = n}, spec, r);
}

int csgd_reducer_create_layout_mpi(MPI_Comm comm, const csgd_tensor *tensors, size_t n_tensors,
                                   const char *spec, csgd_reducer **r)
{
    return create(comm, &(csgdi_shape){.tensors = tensors, .n_tensors = n_tensors}, spec, r);
}

MPI_Datatype csgd_mpi_type(csgd_type type)
{
    switch (type) {
    case CSGD_F32:
        return MPI_FLOAT;
    case CSGD_F64:
        return MPI_DOUBLE;
    case CSGD_BF16:
    case CSGD_F16:
        return MPI_UINT16_T;
    default:
        return MPI_DATATYPE_NULL;
    }
}

/* The common part of all calls that begin a reduction. */
static csgd_status begin(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                         MPI_Op op, csgd_reducer *r, bool blocking)
{
    const csgd_type type = datatype == csgd_mpi_type(r->compressor.type) ? r->compressor.type
                           : datatype == MPI_FLOAT                       ? CSGD_F32
                           : datatype == MPI_DOUBLE                      ? CSGD_F64
                                                                         : (csgd_type)0;
    csgd_status failure = CSGD_OK;

    if (count < 0)
        failure = csgdi_fail(CSGD_E_INVAL, "count is %lld", (long long)count);
    else if (count > 0 && sendbuf == recvbuf)
        failure =
            csgdi_fail(CSGD_E_INVAL, "send and receive buffers are the same: pass MPI_IN_PLACE");
    else if (count > 0 && sendbuf == NULL)
        failure = csgdi_fail(CSGD_E_INVAL, "the send buffer is NULL");
    if (sendbuf == MPI_IN_PLACE) sendbuf = NULL;
    if (!blocking)
        return csgdi_reducer_start(r, sendbuf, recvbuf, (uint64_t)count, type,
                                   op == MPI_SUM ? CSGDI_OP_SUM : CSGDI_OP_OTHER, failure);
    return csgdi_reducer_begin(r, sendbuf, recvbuf, (uint64_t)count, type,
                               op == MPI_SUM ? CSGDI_OP_SUM : CSGDI_OP_OTHER, true, failure);
}

int csgd_allreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                     MPI_Op op, csgd_reducer *r)
{
    csgd_status st;

    if (r == NULL) return report(NULL, csgdi_fail(CSGD_E_INVAL, "the reducer is NULL"));
    st = begin(sendbuf, recvbuf, count, datatype, op, r, true);
    return report(r, st == CSGD_OK ? csgd_reducer_wait(r) : st);
}

int csgd_allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                   csgd_reducer *r)
{
    return csgd_allreduce_c(sendbuf, recvbuf, count, datatype, op, r);
}

int csgd_iallreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                      MPI_Op op, csgd_reducer *r, csgd_request **request)
{
    csgd_status st;

    if (request != NULL) *request = CSGD_REQUEST_NULL;
    if (r == NULL || request == NULL)
        return report(r, csgdi_fail(CSGD_E_INVAL, "the reducer or the request is NULL"));
    st = begin(sendbuf, recvbuf, count, datatype, op, r, false);
    if (st == CSGD_OK) *request = (csgd_request *)(void *)r;
    return report(r, st);
}

int csgd_iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                    csgd_reducer *r, csgd_request **request)
{
    return csgd_iallreduce_c(sendbuf, recvbuf, count, datatype, op, r, request);
}

int csgd_test(csgd_request **request, int *flag)
{
    csgd_reducer *r;
    csgd_status st;

    if (request == NULL || flag == NULL)
        return report(NULL, csgdi_fail(CSGD_E_INVAL, "the request or the flag is NULL"));
    *flag = 1;
    if (*request == CSGD_REQUEST_NULL) return MPI_SUCCESS;
    r = reducer_of(*request);
    st = csgd_reducer_test(r);
    *flag = !r->busy; /* it is busy too where another thread must complete it */
    if (st == CSGD_MORE) return MPI_SUCCESS;
    if (!r->busy) *request = CSGD_REQUEST_NULL;
    return report(r, st);
}

int csgd_wait(csgd_request **request)
{
    csgd_reducer *r;
    csgd_status st;

    if (request == NULL) return report(NULL, csgdi_fail(CSGD_E_INVAL, "the request is NULL"));
    if (*request == CSGD_REQUEST_NULL) return MPI_SUCCESS;
    r = reducer_of(*request);
    st = csgd_reducer_wait(r);
    if (!r->busy) *request = CSGD_REQUEST_NULL; /* else another thread must complete it */
    return report(r, st);
}
