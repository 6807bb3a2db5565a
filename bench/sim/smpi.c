/* SPDX-License-Identifier: BSD-3-Clause */

/* smpi.c: what the library asks of MPI, where SimGrid's does it otherwise or not at all.
 *
 * The library polls: MPI_Test, and between two rounds of tests sched_yield().  In a simulation a poll
 * either takes no time, and then never ends, or takes some, and then moves the clock.  Here a test takes
 * none, and sched_yield() returns at the moment when the next operation of this rank completes.  An
 * operation is known by the address of its MPI_Request, which stays where it is while the operation
 * lasts.
 *
 * What local work takes is paid (local_work.h) before anything that others could see.
 *
 * The linker puts these functions in place of the calls (--wrap).
 */

#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include "local_work.h"

#define WRAPPED(f) extern __typeof__(f) __real_##f, __wrap_##f

WRAPPED(MPI_Isend);
WRAPPED(MPI_Irecv);
WRAPPED(MPI_Iallreduce);
WRAPPED(MPI_Iallgather);
WRAPPED(MPI_Allreduce);
WRAPPED(MPI_Allgather);
WRAPPED(MPI_Allgatherv);
WRAPPED(MPI_Test);
WRAPPED(sched_yield);
WRAPPED(MPI_Get_elements_x);
WRAPPED(MPI_Add_error_class);

enum { MOST = 8192 };

/* Statics are the rank's own: each has a copy of the program. */
static MPI_Request *active[MOST];
static int n_active;

/* What the wait has completed, and the test has not told yet. */
static struct {
    MPI_Request *request;
    MPI_Status status;
} done[MOST];
static int n_done;

static int watch(int code, MPI_Request *request)
{
    if (code != MPI_SUCCESS || *request == MPI_REQUEST_NULL) return code;
    if (n_active == MOST) {
        fputs("smpi.c: too many operations at once\n", stderr);
        abort();
    }
    active[n_active++] = request;
    return code;
}

static void forget(const MPI_Request *request)
{
    for (int i = n_active - 1; i >= 0; i--)
        if (active[i] == request) {
            active[i] = active[--n_active];
            return;
        }
}

int __wrap_MPI_Isend(const void *buffer, int count, MPI_Datatype type, int to, int tag,
                     MPI_Comm comm, MPI_Request *request)
{
    local_work_pay();
    return watch(__real_MPI_Isend(buffer, count, type, to, tag, comm, request), request);
}

int __wrap_MPI_Irecv(void *buffer, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
                     MPI_Request *request)
{
    return watch(__real_MPI_Irecv(buffer, count, type, from, tag, comm, request), request);
}

int __wrap_MPI_Iallreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op,
                          MPI_Comm comm, MPI_Request *request)
{
    local_work_pay();
    return watch(__real_MPI_Iallreduce(from, to, count, type, op, comm, request), request);
}

int __wrap_MPI_Iallgather(const void *from, int n_from, MPI_Datatype from_type, void *to, int n_to,
                          MPI_Datatype to_type, MPI_Comm comm, MPI_Request *request)
{
    local_work_pay();
    return watch(__real_MPI_Iallgather(from, n_from, from_type, to, n_to, to_type, comm, request),
                 request);
}

int __wrap_MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op,
                         MPI_Comm comm)
{
    local_work_pay();
    return __real_MPI_Allreduce(from, to, count, type, op, comm);
}

int __wrap_MPI_Allgather(const void *from, int n_from, MPI_Datatype from_type, void *to, int n_to,
                         MPI_Datatype to_type, MPI_Comm comm)
{
    local_work_pay();
    return __real_MPI_Allgather(from, n_from, from_type, to, n_to, to_type, comm);
}

int __wrap_MPI_Allgatherv(const void *from, int n_from, MPI_Datatype from_type, void *to,
                          const int *n_to, const int *at, MPI_Datatype to_type, MPI_Comm comm)
{
    local_work_pay();
    return __real_MPI_Allgatherv(from, n_from, from_type, to, n_to, at, to_type, comm);
}

int __wrap_MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
{
    int code;

    for (int i = 0; i < n_done; i++)
        if (done[i].request == request) {
            if (status != MPI_STATUS_IGNORE) *status = done[i].status;
            done[i] = done[--n_done];
            *request = MPI_REQUEST_NULL; /* what stood there is gone since */
            *flag = 1;
            return MPI_SUCCESS;
        }
    code = __real_MPI_Test(request, flag, status);
    if (*flag) forget(request);
    return code;
}

int __wrap_sched_yield(void)
{
    static MPI_Request waited[MOST];
    MPI_Status status;
    int which;

    local_work_pay();
    if (n_active == 0) return 0;
    for (int i = 0; i < n_active; i++)
        waited[i] = *active[i];
    if (MPI_Waitany(n_active, waited, &which, &status) != MPI_SUCCESS || which == MPI_UNDEFINED) {
        fputs("smpi.c: MPI_Waitany failed\n", stderr);
        abort();
    }
    done[n_done].request = active[which];
    done[n_done++].status = status;
    active[which] = active[--n_active];
    return 0;
}

/* Not there in SimGrid 3.32, which ends the program where it is called. */

int __wrap_MPI_Get_elements_x(MPI_Status *status, MPI_Datatype type, MPI_Count *count)
{
    int items = 0, bytes = 0;
    const int code = MPI_Get_count(status, type, &items);

    MPI_Type_size(type, &bytes);
    *count = type == MPI_UINT64_T ? items : (MPI_Count)items * bytes; /* else of bytes, in blocks */
    return code;
}

/* Errors are told by rank 0 of a simulation, and end it. */
int __wrap_MPI_Add_error_class(int *class)
{
    (void)class;
    return MPI_ERR_OTHER;
}
