/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_MPI_H
#define CSGD_MPI_H

/** @file
 * The calls that stand where MPI_Allreduce stood.
 *
 *     csgd_reducer *r;
 *     csgd_reducer_create_mpi(MPI_COMM_WORLD, n, "topk ratio=0.01", &r);  // once per vector
 *     for (...) {
 *         backward(model, grad);                                          // n floats
 *         csgd_allreduce(MPI_IN_PLACE, grad, n, MPI_FLOAT, MPI_SUM, r);   // was ..., MPI_COMM_WORLD)
 *         update(model, grad, lr / ranks);
 *     }
 *     csgd_reducer_destroy(&r);
 *
 * A reducer stands in the communicator's place: a communicator with a memory.  What it promises
 * about agreement, bits, memory and failures is at the top of csgd/reducer.h, and everything
 * declared there works on reducers made here.
 *
 * Errors: each call returns MPI_SUCCESS or an error code of libcsgd's own error class, after
 * passing it to the error handler of the communicator that the reducer was created on, as MPI
 * does.  Under MPI_ERRORS_ARE_FATAL, MPI's default, the job ends; the sentence that says why is
 * written to stderr first.  Under MPI_ERRORS_RETURN the code comes back: csgd_status_of() maps it
 * to a csgd_status, MPI_Error_string() to a short text, csgd_error_detail() to the sentence.
 * If the communicator was freed in the meantime, errors are only returned.
 *
 * Threads: MPI_THREAD_SINGLE is enough when one thread makes all calls; MPI's own rules apply
 * otherwise.  Creation, and destruction, are not to be run by two threads at once on the same
 * communicator, nor while another thread frees it.
 */

#include <mpi.h>
#include <csgd/reducer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Create a reducer over the ranks of a communicator.  Collective over comm.
 *
 * @param[in]  comm  an intracommunicator.  It is duplicated: no message of ours can meet one of
 *                   the program's.  It may be freed while the reducer lives.
 * @param[in]  n     length of the vector, the same on all ranks.
 * @param[in]  spec  the same on all ranks; see csgd/spec.h.  NULL reads the environment.
 * @param[out] r     to be given to csgd_reducer_destroy() before MPI_Finalize; NULL on error.
 *
 * Errors, as csgd_status: CSGD_E_STATE (MPI not initialised or finalised), CSGD_E_INVAL,
 * CSGD_E_SPEC, CSGD_E_UNSUPPORTED, CSGD_E_NOMEM on this rank; CSGD_E_MISMATCH (ranks differ in n
 * or spec; two ranks and their values are named); CSGD_E_PEER (another rank failed);
 * CSGD_E_TRANSPORT.  Either all ranks get a reducer or none does.
 */
CSGD_API int csgd_reducer_create_mpi(MPI_Comm comm, size_t n, const char *spec, csgd_reducer **r);

/** Create a reducer for a vector of tensors.  Collective over comm.
 *
 * As csgd_reducer_create_mpi(), with n the sum of rows * cols over the n_tensors tensors; what a
 * layout means is said at csgd_tensor in csgd/reducer.h.  The tensors are copied; they are the same
 * on all ranks, else CSGD_E_MISMATCH.
 */
CSGD_API int csgd_reducer_create_layout_mpi(MPI_Comm comm, const csgd_tensor *tensors,
                                            size_t n_tensors, const char *spec, csgd_reducer **r);

/** Return the MPI datatype that goes with an element type, MPI_DATATYPE_NULL for an unknown one.
 * Local.
 *
 * MPI 3.1 has no types of 16 bits that are floating-point: vectors of them are passed as
 * MPI_UINT16_T, which says how they are stored; what they mean is the reducer's `type`.
 */
CSGD_API MPI_Datatype csgd_mpi_type(csgd_type type);

/** Sum a vector over all ranks: MPI_Allreduce with a reducer for the communicator.  Collective.
 *
 * @param[in]  sendbuf   count elements, or MPI_IN_PLACE to take them from recvbuf.
 * @param[out] recvbuf   count elements: the sum, identical on all ranks.
 * @param[in]  count     the n of creation, or 0 on all ranks, which does nothing.
 * @param[in]  datatype  csgd_mpi_type() of the reducer's type: MPI_FLOAT for `type=f32`, MPI_DOUBLE
 *                       for `type=f64`, MPI_UINT16_T for `type=bf16` and `type=f16`.
 * @param[in]  op        MPI_SUM.
 *
 * As csgd_reducer_allreduce(), with its errors and guarantees; another datatype or op is
 * CSGD_E_INVAL when all ranks pass it and CSGD_E_MISMATCH when some do.  A negative count, or the
 * same buffer twice without MPI_IN_PLACE, is CSGD_E_INVAL there and CSGD_E_PEER elsewhere.
 * The result of "none algorithm=vendor" equals that of MPI_Allreduce bit for bit (with `timeout`
 * that of MPI_Iallreduce).
 */
CSGD_API int csgd_allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype,
                            MPI_Op op, csgd_reducer *r);

/** As csgd_allreduce(), with a 64-bit count.  Collective. */
CSGD_API int csgd_allreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count,
                              MPI_Datatype datatype, MPI_Op op, csgd_reducer *r);

/** A reduction in flight.  At most one per reducer, owned by it: nothing is to be freed. */
typedef struct csgd_request csgd_request;

#define CSGD_REQUEST_NULL ((csgd_request *)0)

/** Start csgd_allreduce() without waiting for it.  Collective.
 *
 * Buffers must be left alone until the request has completed.  All ranks start the operation
 * this way, or none does.  `algorithm=vendor` then uses MPI_Iallreduce, whose order of addition
 * may differ from MPI_Allreduce's.  What csgd_reducer_start() says of several in flight holds here.
 *
 * @param[out] request  completed by csgd_test() or csgd_wait(); CSGD_REQUEST_NULL on error.
 *
 * Errors that concern only this rank (r or request NULL, r busy or only to be destroyed, a count for
 * a reducer of 0 elements) are returned here; all others when the request completes.
 */
CSGD_API int csgd_iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype,
                             MPI_Op op, csgd_reducer *r, csgd_request **request);

/** As csgd_iallreduce(), with a 64-bit count.  Collective. */
CSGD_API int csgd_iallreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count,
                               MPI_Datatype datatype, MPI_Op op, csgd_reducer *r,
                               csgd_request **request);

/** Advance a request.  Local; never blocks.  For the thread that started it.
 *
 * @param[in,out] request  set to CSGD_REQUEST_NULL when completed, with or without an error.
 * @param[out]    flag     1 when completed (also for a null request), 0 while in flight.
 * @return the outcome of the reduction when it completed, MPI_SUCCESS before.
 */
CSGD_API int csgd_test(csgd_request **request, int *flag);

/** Complete a request.  Local, but returns only after all ranks have started theirs.  For the thread
 * that started it.
 *
 * @param[in,out] request  set to CSGD_REQUEST_NULL.
 * @return the outcome of the reduction; MPI_SUCCESS for a null request.
 */
CSGD_API int csgd_wait(csgd_request **request);

/** Return the status behind an error code of libcsgd's class.  Local.
 *
 * CSGD_OK for MPI_SUCCESS, CSGD_E_TRANSPORT for codes of MPI's own.  CSGD_E_STATE has a code that
 * MPI itself does not know, as it cannot be asked for one then.
 */
CSGD_API csgd_status csgd_status_of(int code);

#ifdef __cplusplus
}
#endif
#endif
