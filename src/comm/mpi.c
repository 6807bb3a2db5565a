/* SPDX-License-Identifier: BSD-3-Clause */

/* mpi.c: the calls of csgd/mpi.h, thin shells over the reducer's schedule. */

#include <csgd/mpi.h>

#include "base/error.h"
#include "comm/mpi_call.h"
#include "comm/mpi_error.h"
#include "comm/transport_mpi.h"

int csgdi_mpi_call_report(const csgd_reducer *r, csgd_status status)
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

csgd_request csgdi_mpi_call(const void *sendbuf, void *recvbuf, MPI_Count count,
                            MPI_Datatype datatype, MPI_Op op, csgd_reducer *r)
{
    csgd_request q = {.reducer = r,
                      .send = sendbuf == MPI_IN_PLACE ? NULL : sendbuf,
                      .recv = recvbuf,
                      .count = count,
                      .op = op == MPI_SUM ? CSGDI_OP_SUM : CSGDI_OP_OTHER,
                      .in_place = sendbuf == MPI_IN_PLACE};

    if (r != NULL && datatype == csgd_mpi_type(r->compressor.type))
        q.type = r->compressor.type;
    else if (datatype == MPI_FLOAT || datatype == MPI_DOUBLE)
        q.type = datatype == MPI_FLOAT ? CSGD_F32 : CSGD_F64;
    return q;
}

csgd_status csgdi_mpi_call_begin(const csgd_request *q, bool blocking)
{
    csgd_status failure = CSGD_OK;

    if (q->count < 0)
        failure = csgdi_fail(CSGD_E_INVAL, "count is %lld", (long long)q->count);
    else if (q->count > 0 && !q->in_place && q->send == NULL)
        failure = csgdi_fail(CSGD_E_INVAL, "the send buffer is NULL");
    else if (q->count > 0 && !q->in_place && q->send == q->recv)
        failure =
            csgdi_fail(CSGD_E_INVAL, "send and receive buffers are the same: pass MPI_IN_PLACE");
    if (!blocking)
        return csgdi_reducer_start(q->reducer, q->send, q->recv, (uint64_t)q->count, q->type, q->op,
                                   failure);
    return csgdi_reducer_begin(q->reducer, q->send, q->recv, (uint64_t)q->count, q->type, q->op,
                               true, failure);
}

int csgd_allreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                     MPI_Op op, csgd_reducer *r)
{
    const csgd_request q = csgdi_mpi_call(sendbuf, recvbuf, count, datatype, op, r);
    csgd_status st;

    if (r == NULL)
        return csgdi_mpi_call_report(NULL, csgdi_fail(CSGD_E_INVAL, "the reducer is NULL"));
    st = csgdi_mpi_call_begin(&q, true);
    return csgdi_mpi_call_report(r, st == CSGD_OK ? csgd_reducer_wait(r) : st);
}

int csgd_allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                   csgd_reducer *r)
{
    return csgd_allreduce_c(sendbuf, recvbuf, count, datatype, op, r);
}
