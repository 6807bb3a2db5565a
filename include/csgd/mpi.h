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
 * otherwise, and `progress=thread` needs MPI_THREAD_MULTIPLE: creation is refused with
 * CSGD_E_UNSUPPORTED on the ranks that want it without.  Creation, and destruction, are not to be run by two threads at once on the same
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

/** A reduction that is started by one call and completed by another.
 *
 * That of csgd_iallreduce() is completed once and then gone: nothing is to be freed.  That of
 * csgd_allreduce_init() stays, *inactive*, until it is started, is *active* until it has been
 * completed, and can then be started again.  All belong to their reducer, go with it, and of one
 * reducer's at most one is active.
 */
typedef struct csgd_request csgd_request;

#define CSGD_REQUEST_NULL ((csgd_request *)0)

/** Start csgd_allreduce() without waiting for it.  Collective.
 *
 * Buffers must be left alone until the request has completed.  All ranks start the operation
 * this way, or none does.  `algorithm=vendor` then uses MPI_Iallreduce, whose order of addition
 * may differ from MPI_Allreduce's.  What csgd_reducer_start() says of several in flight holds here.
 *
 * @param[out] request  completed by csgd_test(), csgd_wait() or csgd_waitall(); CSGD_REQUEST_NULL on
 *                      error.
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

/** Describe a csgd_allreduce() that will be started many times: MPI_Allreduce_init with a reducer.
 * Local.
 *
 * The arguments are those of csgd_allreduce(), and are used again at every start: the request
 * keeps addresses, not what stands there.  As with MPI 4.0's persistent collectives, all ranks
 * make requests of the same reduction, and start them in the same order; but nothing is exchanged
 * here, and arguments are judged at each start, when all ranks can hear of it.  A reducer is the
 * plan already, so that a start costs what csgd_iallreduce() costs, and matches it on other ranks.
 *
 * @param[out] request  inactive, to be given to csgd_start(); CSGD_REQUEST_NULL on error.  Gone with
 *                      its reducer, or earlier by csgd_request_free().
 *
 * Errors: CSGD_E_INVAL (r or request NULL), CSGD_E_NOMEM.  This call takes memory, once for each
 * request that is held at a time; starting does not.
 */
CSGD_API int csgd_allreduce_init(const void *sendbuf, void *recvbuf, int count,
                                 MPI_Datatype datatype, MPI_Op op, csgd_reducer *r,
                                 csgd_request **request);

/** As csgd_allreduce_init(), with a 64-bit count.  Local. */
CSGD_API int csgd_allreduce_init_c(const void *sendbuf, void *recvbuf, MPI_Count count,
                                   MPI_Datatype datatype, MPI_Op op, csgd_reducer *r,
                                   csgd_request **request);

/** Start a request of csgd_allreduce_init().  Collective.
 *
 * As csgd_iallreduce(): buffers must be left alone until it has completed, and what concerns
 * more than this rank is told then.
 *
 * Errors that concern only this rank: CSGD_E_INVAL (a null request, or one that was not made by
 * csgd_allreduce_init()), CSGD_E_BUSY (it is active, or another operation of its reducer is),
 * CSGD_E_BROKEN (its reducer can only be destroyed).  The request is as before.
 */
CSGD_API int csgd_start(csgd_request **request);

/** Advance a request.  Local; never blocks.  For the thread that started it.
 *
 * @param[in,out] request  when completed, with or without an error, set to CSGD_REQUEST_NULL, or, if
 *                         made by csgd_allreduce_init(), inactive.
 * @param[out]    flag     1 when completed (also for a null or inactive request), 0 while in flight.
 * @return the outcome of the reduction when it completed, MPI_SUCCESS before.
 */
CSGD_API int csgd_test(csgd_request **request, int *flag);

/** Complete a request.  Local, but returns only after all ranks have started theirs.  For the thread
 * that started it.
 *
 * @param[in,out] request  set to CSGD_REQUEST_NULL, or inactive, as by csgd_test().
 * @return the outcome of the reduction; MPI_SUCCESS for a null or inactive request.
 */
CSGD_API int csgd_wait(csgd_request **request);

/** Complete several requests, in whatever order they come.  Local, but as csgd_wait().
 *
 * Ranks may list theirs in different orders.  All are completed, also where some fail.
 *
 * @param[in]     count     how many.
 * @param[in,out] requests  each as by csgd_wait(); null and inactive ones are allowed.
 * @return MPI_SUCCESS, or the error of the first in the list that has one, whose sentence
 *         csgd_error_detail() gives; CSGD_E_INVAL for a negative count, or a NULL list, which
 *         completes nothing.
 */
CSGD_API int csgd_waitall(int count, csgd_request *requests[]);

/** Give an inactive request of csgd_allreduce_init() back and set *request to CSGD_REQUEST_NULL.
 * Local.
 *
 * NULL and a null request are allowed.  Its memory is used by the next csgd_allreduce_init() of the
 * reducer.  CSGD_E_BUSY where it is active, or not made by csgd_allreduce_init(): unlike MPI's it is
 * then not freed, but as before.
 */
CSGD_API int csgd_request_free(csgd_request **request);

/** Create a sparse reducer over the ranks of a communicator.  Collective over comm.
 *
 * As csgd_sparse_reducer_create_team() in csgd/reducer.h, over a duplicate of comm; errors as
 * csgd_reducer_create_mpi(), and memory.  To be given to csgd_sparse_reducer_destroy() before
 * MPI_Finalize.
 */
CSGD_API int csgd_sparse_reducer_create_mpi(MPI_Comm comm, size_t n, size_t max_k, const char *spec,
                                            csgd_sparse_reducer **s);

/** Sum sparse vectors over all ranks, entries in and entries out.  Collective.
 *
 *     csgd_sparse_reducer_create_mpi(MPI_COMM_WORLD, n, k, NULL, &s);
 *     csgd_sparse_allreduce(index, value, k, sum_index, sum_value, capacity, &sum_k, s);
 *
 * As csgd_sparse_reducer_allreduce() in csgd/reducer.h, which says what each argument is.
 */
CSGD_API int csgd_sparse_allreduce(const uint32_t *index, const void *value, size_t k,
                                   uint32_t *sum_index, void *sum_value, size_t capacity,
                                   size_t *sum_k, csgd_sparse_reducer *s);

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
