/* SPDX-License-Identifier: BSD-3-Clause */

/* mpi_sparse.c: the sparse allreduce of csgd/mpi.h. */

#include <csgd/mpi.h>

#include "base/error.h"
#include "comm/mpi_error.h"
#include "comm/sparse_reducer.h"
#include "comm/transport_mpi.h"

int csgd_sparse_reducer_create_mpi(MPI_Comm comm, size_t n, size_t max_k, const char *spec,
                                   csgd_sparse_reducer **s)
{
    csgdi_transport transport = {0};
    csgd_status st = csgdi_mpi_usable();

    if (s != NULL) *s = NULL;
    if (st != CSGD_OK) return csgdi_mpi_report(st, NULL);
    if (comm == MPI_COMM_NULL)
        return csgdi_mpi_report(csgdi_fail(CSGD_E_INVAL, "the communicator is MPI_COMM_NULL"),
                                NULL);
    st = csgdi_transport_open_mpi(&transport, comm);
    if (transport.ops == NULL) return csgdi_mpi_report(st, &comm);
    if (st == CSGD_OK && s == NULL)
        st = csgdi_fail(CSGD_E_INVAL, "the place for the sparse reducer is NULL");
    return csgdi_mpi_report(csgdi_sparse_reducer_create(&transport, n, max_k, spec, st, s), &comm);
}

int csgd_sparse_allreduce(const uint32_t *index, const void *value, size_t k, uint32_t *sum_index,
                          void *sum_value, size_t capacity, size_t *sum_k, csgd_sparse_reducer *s)
{
    const csgd_status st =
        csgd_sparse_reducer_allreduce(s, index, value, k, sum_index, sum_value, capacity, sum_k);
    MPI_Comm user;

    if (st == CSGD_OK) return MPI_SUCCESS;
    if (s != NULL && csgdi_transport_mpi_user(&s->core.transport, &user))
        return csgdi_mpi_report(st, &user);
    return csgdi_mpi_report(st, NULL);
}
