/* SPDX-License-Identifier: BSD-3-Clause */

/* transport_mpi_nodes.c: which ranks share memory, and a transport over some of the ranks, as MPI
 * has them.  Both are for creation, and wait. */

#include <string.h>
#include "base/error.h"
#include "comm/transport_mpi_state.h"

csgd_status csgdi_mpi_nodes(csgdi_transport *t, int *nodes)
{
    const csgdi_mpi_state *own = csgdi_mpi_state_of(t);
    MPI_Comm node = MPI_COMM_NULL;
    int lowest = t->rank;
    int code = MPI_Comm_split_type(own->comm, MPI_COMM_TYPE_SHARED, t->rank, MPI_INFO_NULL, &node);

    if (code != MPI_SUCCESS) return csgdi_mpi_code(code, "MPI_Comm_split_type");
    code = MPI_Bcast(&lowest, 1, MPI_INT, 0, node); /* ranks are in the order of ours */
    MPI_Comm_free(&node);
    if (code != MPI_SUCCESS) return csgdi_mpi_code(code, "MPI_Bcast");
    return csgdi_mpi_code(MPI_Allgather(&lowest, 1, MPI_INT, nodes, 1, MPI_INT, own->comm),
                          "MPI_Allgather");
}

csgd_status csgdi_mpi_part(csgdi_transport *t, const int *ranks, int count, csgdi_transport *part)
{
    const csgdi_mpi_state *own = csgdi_mpi_state_of(t);
    MPI_Comm comm = MPI_COMM_NULL;
    bool member = false;
    int code;

    for (int i = 0; i < count; i++)
        member = member || ranks[i] == t->rank;
    memset(part, 0, sizeof *part);
    code = MPI_Comm_split(own->comm, member ? 0 : MPI_UNDEFINED, t->rank, &comm);
    if (code != MPI_SUCCESS) return csgdi_mpi_code(code, "MPI_Comm_split");
    if (!member) return CSGD_OK;
    csgdi_mpi_state_of(part)->user = MPI_COMM_NULL;
    return csgdi_mpi_open(part, comm);
}
