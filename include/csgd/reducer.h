/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_REDUCER_H
#define CSGD_REDUCER_H

/** @file
 * Reducers: a group of ranks with a memory, that sums one vector over them, step after step.
 *
 * A reducer holds a private way to the other ranks, a compressor, the residual of what was not
 * sent, and a step count.  Make one for each gradient vector.  Over MPI it is created and called
 * through csgd/mpi.h; this header has all that does not need MPI, and the *team*: ranks that are
 * threads of one process, for tests, experiments and programs without MPI.
 *
 *     csgd_reducer_allreduce(r, NULL, grad, n);       // grad = sum over ranks, in place
 *
 * The rules, for every call:
 *
 * - *Collective* calls are made by all ranks of the reducer, in the same order.  *Local* calls
 *   are made by any rank at any time.
 * - One reducer is used by one thread at a time; different reducers are independent.
 * - All memory is allocated at creation.  A call allocates nothing.
 * - Same bits: after a call all ranks hold identical results, and a repetition with the same
 *   spec, ranks and inputs gives them again, whatever the timing, instruction set or thread count.
 *   Where `algorithm=auto` is measured (csgd_reducer_explain()), timing decides between algorithms:
 *   then the spec to repeat is what csgd_reducer_spec() returns.  With `adapt=yes` timing decides at
 *   any call, for all ranks alike: all hold the same bits, and a repetition may have others.
 * - Before anything is exchanged the ranks agree on what they are about to do.  If they do not,
 *   every rank returns CSGD_E_MISMATCH; if one failed by itself it returns its own error and the
 *   others CSGD_E_PEER.  Nothing has changed then: output, residual and step are as before on
 *   every rank, and the reducer can be used again.
 * - What goes wrong later leaves the output undefined and the reducer *broken*: it answers
 *   CSGD_E_BROKEN, and its peers CSGD_E_PEER, until csgd_reducer_clear().  Nobody is left waiting
 *   for a rank that found a message corrupt.
 * - A timeout or a transport error is final: the reducer can only be destroyed, and messages may
 *   still be under way.  The buffers of that call must stay allocated and untouched until it is
 *   destroyed, over MPI until MPI_Finalize.  `timeout` counts seconds in which nothing arrives,
 *   where a collective of MPI is one arrival; without it a rank waits for its peers as long as MPI
 *   does, also for one that met a transport error.  Creation always does.
 */

#include <csgd/compressor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csgd_reducer csgd_reducer;

/** One tensor of a layout: a vector may be told as the tensors that it consists of, one after the
 * other.  Tensors of one row or column, or of fewer than `dense_below` elements, are then sent
 * exactly: they are few bytes, and biases bear no delay.  Of the others, topk selects in each by
 * itself (`scope=tensor`) or in all together (`scope=global`); what else there is compresses all of
 * them as one vector.  The spec "none" has no use for a layout.
 *
 * Feedback sees nothing of what is sent exactly.  So with `feedback=dgc`, and with `feedback=ef21
 * momentum=` below 1, those tensors get plain sums, without the momentum or average of the others, and
 * `clip_norm` neither counts nor shortens them: the caller puts them under a momentum of his own, or
 * says `dense_below=0`. */
typedef struct csgd_tensor {
    size_t rows, cols;
} csgd_tensor;

/* ---- every step ------------------------------------------------------------------------- */

/** Sum a vector over all ranks.  Collective.
 *
 * @param[in]  send  n elements, not modified; NULL means recv (in place).
 * @param[out] recv  n elements: the sum over ranks of what was sent for `send`, identical on
 *                   all ranks.  Must not overlap send.
 * @param[in]  n     the n of creation, or 0 on every rank, which does nothing and succeeds.
 *
 * With a lossy compressor the result is the sum of the decoded messages (for `algorithm=sra`, and with
 * `recode`, that sum encoded again), for `feedback=ef21` all that was delivered so far, and what was not
 * delivered goes into residuals.  Elements of 16 bits are summed as floats, `none` among them, and rounded
 * to nearest once, at the end.  Where any rank's vector holds NaN or infinity the call is a
 * dense allreduce of the vectors as they are, so NaN arrives everywhere as it would with MPI,
 * and no residual changes.
 *
 * @retval CSGD_OK           residual and step are advanced.
 * @retval CSGD_E_INVAL      r or recv is NULL, the buffers overlap, all ranks passed the same wrong
 *                           n, or the spec says rho=step and none was given.
 * @retval CSGD_E_BUSY       an operation started on r is in flight.  Returned at once, on this
 *                           rank only; nothing is sent.
 * @retval CSGD_E_MISMATCH   ranks differ in n, step, step size, rho or floating-point mode.
 * @retval CSGD_E_PEER       another rank failed.
 *     After each of these nothing has changed (see above).
 * @retval CSGD_E_CORRUPT    a message was altered; recv is undefined, r is broken.
 * @retval CSGD_E_NONFINITE  `algorithm=sra`, `recode`: a sum of finite values overflows and cannot be encoded
 *                           again; recv is undefined, r is broken, on all ranks.
 *                           `algorithm=linear` with powersgd: what it makes of finite vectors
 *                           overflows in the sum; nothing has changed then, on all ranks.
 * @retval CSGD_E_PLUGIN     a plug-in broke a rule (csgd/plugin.h); recv is as before, but where it
 *                           was a second encoding recv is undefined and r broken.
 * @retval CSGD_E_TRANSPORT, CSGD_E_TIMEOUT   recv is undefined, r can only be destroyed.
 * @retval CSGD_E_BROKEN     r is broken since an earlier call; recv is as before.
 */
CSGD_API csgd_status csgd_reducer_allreduce(csgd_reducer *r, const void *send, void *recv,
                                            size_t n);

/** Start the same without waiting.  Collective.
 *
 * send and recv must stay valid, send unchanged and recv untouched, until csgd_reducer_test() or
 * csgd_reducer_wait() has returned something else than CSGD_MORE; those are called by the thread
 * that started.  One operation may be in flight per reducer; any number of reducers may have one,
 * and ranks may complete them in different orders, as each test or wait advances all operations
 * that its thread has started.  As in MPI, all ranks start, or all ranks call
 * csgd_reducer_allreduce(): the two do not match.  Over MPI a blocking call, clear, creation and
 * destruction among them, advances nothing else while it is inside MPI, so ranks that make one
 * while others are in flight do so in the same order.  A thread that ends before it has completed
 * what it started leaves those reducers unusable.
 *
 * Between the calls nothing moves on its own, but for what the network does by itself, except with
 * `progress=thread`: then a thread that the reducer holds advances it from here on, messages,
 * sums and residual included, and any one thread may complete it.  It sleeps while it has
 * nothing to do, and works in the floating-point mode of this call.  The bits are the same.
 *
 * @retval CSGD_OK       started; errors are reported by test or wait.
 * @retval CSGD_E_INVAL  r is NULL.
 * @retval CSGD_E_BUSY   as above.
 * @retval CSGD_E_BROKEN, CSGD_E_TRANSPORT   r can only be destroyed.
 */
CSGD_API csgd_status csgd_reducer_start(csgd_reducer *r, const void *send, void *recv, size_t n);

/** Advance an operation that was started.  Local; never blocks.
 *
 * @return CSGD_MORE while it is in flight, else the result, as of csgd_reducer_allreduce().
 * With nothing in flight, CSGD_OK.  CSGD_E_INVAL where r is NULL or another thread started it.
 */
CSGD_API csgd_status csgd_reducer_test(csgd_reducer *r);

/** Complete an operation that was started.  Local, but returns only after the peers started too.
 *
 * @return as csgd_reducer_test(), never CSGD_MORE.
 */
CSGD_API csgd_status csgd_reducer_wait(csgd_reducer *r);

/* ---- the life of a reducer -------------------------------------------------------------- */

/** Free a reducer and set *r to NULL.  Collective.
 *
 * r == NULL and *r == NULL are allowed.  Its residual is lost.
 * @retval CSGD_OK
 * @retval CSGD_E_BUSY  an operation is in flight; nothing is freed.
 */
CSGD_API csgd_status csgd_reducer_destroy(csgd_reducer **r);

/** Forget the residual and mend a broken reducer; the step goes on from the largest.  Collective.
 *
 * After it every rank's residual is zero, all have the same step, and calls work again.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL    r is NULL.
 * @retval CSGD_E_BUSY     an operation is in flight.
 * @retval CSGD_E_TIMEOUT  r ended in a timeout or a transport error and can only be destroyed, or a
 *                         peer does not arrive in time now.
 * @retval CSGD_E_TRANSPORT
 */
CSGD_API csgd_status csgd_reducer_clear(csgd_reducer *r);

/** Bring out what the ranks still owe, exactly, and empty the residuals.  Collective.
 *
 * At the end of training, or where x jumps, is restored or is measured:
 *
 *     csgd_reducer_flush(r, for_x, for_v);
 *     x -= step_size * for_x / ranks;        // of the last result
 *     v += for_v / ranks;                    // where there is a momentum v = rho v + result / ranks
 *
 * With `feedback=ecx` x and v are then what they would be had nothing ever been compressed (of the
 * vectors that were summed).  With `feedback=ef` they are what they would be had the last result
 * carried all residuals, so that the sum of results is that of the vectors, and with step sizes told
 * that of step size times either; a caller without momentum leaves for_v.  `feedback=ecx2` as ecx;
 * `feedback=dgc` owes x its residual, and its momentum goes on.  Zeros where nothing is owed, as for
 * `feedback=ef21`, which goes on as if nothing had been.
 *
 * @param[out] for_x, for_v  n elements each, sums over ranks, the same on all; double for `type=f64`,
 *                           float for every other type.
 *
 * @retval CSGD_OK        the residuals are zero on all ranks, but ef21's; the step and what the compressor has
 *                        learned stay.
 * @retval CSGD_E_INVAL   a pointer is NULL or both are the same; CSGD_E_PEER on the others, who are
 *                        not told where r is NULL.
 * @retval CSGD_E_BUSY    an operation is in flight.
 * @retval CSGD_E_MISMATCH, CSGD_E_PEER, CSGD_E_BROKEN   as of csgd_reducer_allreduce().
 *     After each of these residuals are as before; for_x and for_v are undefined.
 * @retval CSGD_E_TRANSPORT, CSGD_E_TIMEOUT   r can only be destroyed, and for_x and for_v stay in
 *                        place until then.
 *
 * Cost: two dense allreduces of n elements, no memory.
 */
CSGD_API csgd_status csgd_reducer_flush(csgd_reducer *r, void *for_x, void *for_v);

/** Say which step the next call is.  Logically collective.
 *
 * Steps count calls from 0 by themselves.  A program that passes its own iteration number here
 * turns a rank that skipped a call into CSGD_E_MISMATCH at the next one, instead of silent
 * confusion.  Random choices depend on the step.
 *
 * @retval CSGD_OK, CSGD_E_INVAL where r is NULL, CSGD_E_BUSY while an operation is in flight.
 */
CSGD_API csgd_status csgd_reducer_set_step(csgd_reducer *r, uint64_t step);

/** Give the step size that the next result will be multiplied with.  Logically collective.
 *
 * Where the learning rate changes from one step to the next, residuals in gradient units are
 * worth less or more than they were.  With this call `feedback=ef` scales its residual by (last
 * step size) / (this one), so that the sum of step size times result, plus step size times
 * residual, is conserved (Zheng et al. 2019), and `feedback=ecx` what it adds alike.  Never calling it
 * leaves residuals unscaled, which is what most published experiments do.  What is given stands until
 * it is given again; the first one scales nothing.
 *
 * `feedback=ef21` and `feedback=dgc` have no use for it.  `feedback=ecx2` keeps a residual that it
 * multiplies: where it was never told it is 1.
 *
 * @param[in] step_size  > 0 and finite.
 * @retval CSGD_OK, CSGD_E_INVAL, CSGD_E_BUSY while an operation is in flight.
 */
CSGD_API csgd_status csgd_reducer_set_step_size(csgd_reducer *r, double step_size);

/** Give the weight of the caller's momentum in the next step, for `rho=step`.  Logically collective.
 *
 * `feedback=ecx` is for a caller that makes v = rho v + result of the results and takes steps along v:
 * heavy-ball momentum, where the vectors are gradients, or an average 1 - rho of them.  Where rho
 * changes, as it does for ROOT-SGD (1 - 1/t) or SPIDER (1, and 0 at a refresh), the spec says `rho=step`
 * and this call comes before each allreduce.  What is given stands until it is given again.
 *
 * @param[in] rho  in [0, 1]: that of the v which the next result will be added to.
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL  r is NULL, rho is not in [0, 1], or the spec does not say `rho=step`.
 * @retval CSGD_E_BUSY   while an operation is in flight.
 * Where ranks give different ones, their next call is CSGD_E_MISMATCH.  A call before the first of
 * this one is CSGD_E_INVAL.
 */
CSGD_API csgd_status csgd_reducer_set_rho(csgd_reducer *r, double rho);

/* ---- numbers to look at ----------------------------------------------------------------- */

/** Counters since creation.  Bytes are payload, headers and agreement, of this rank. */
typedef struct csgd_stats {
    uint64_t calls;            /**< calls that succeeded */
    uint64_t dense_calls;      /**< of those, sent exactly: NaN or infinity, `dense_steps`, an
                                    optimizer's exact step, the way back of `guard`, or as
                                    `adapt` has it */
    uint64_t nonfinite_calls;  /**< of those, because some rank had NaN or infinity */
    uint64_t failed_calls;     /**< calls that returned an error */
    uint64_t message_bytes;    /**< messages of this rank that were delivered, once each */
    uint64_t sent_bytes;       /**< handed to the transport, for all peers together */
    uint64_t received_bytes;   /**< received from all peers */
    uint64_t bytes_by_formula; /**< of sent_bytes, what went through a vendor's collective: its
                                      stated formula, not a measurement */
    double encode_seconds;     /**< residual, selection, encoding: before anything is sent */
    double agree_seconds;      /**< agreement, which includes waiting for the last rank */
    double exchange_seconds;   /**< messages on the wire, and decoding them */
    double residual_norm;      /**< 2-norm of this rank's residuals, after the last call */
    uint64_t clipped_messages; /**< messages that left out entries that qualified (`kmax`) */
    uint64_t dropped_entries;  /**< partial sums that gtopk, oktopk or spardl dropped on this rank:
                                      they went back to its residual, with feedback=none they are
                                      lost */
    double total_error;   /**< sum over calls of the squared norm of what each left in this rank's
                              residuals: the total error of Sahu et al. 2021.  Beyond 65,536
                              elements an estimate from a sixteenth of them at a time, each in turn */
    double certificate;   /**< bound on the distance between x and what it would be had nothing been
                              lost, before the last call: step size * (mean norm of residuals + that
                              of the second compression's / ranks), by the largest of any rank; in
                              units of the step size where none was told; an estimate as above.  For
                              plain steps along the results with `feedback=ef`, and along a momentum of
                              them with ecx; of no meaning with others */
    uint64_t guard_trips; /**< times that residuals began to grow without end (`guard`) */
    const char *rule;     /**< the feedback that is followed: that of the spec, or "ef" after ecx
                               tripped.  Static */
    uint64_t plan_changes;  /**< times that `adapt=yes` went from compressed to dense or back */
    uint64_t between_bytes; /**< of sent_bytes, what `algorithm=hier` sent to other nodes: 0 on
                               ranks that do not lead one, and with other algorithms */
} csgd_stats;

/** Copy the counters.  Local.
 *
 * @param[in] size  sizeof(csgd_stats) of the caller: fields may be added at the end, and as many
 *                  bytes as both sides know are written.
 * @retval CSGD_OK, CSGD_E_INVAL where a pointer is NULL.
 *
 * Cost: the residual's norm is computed here, one pass over n elements.
 */
CSGD_API csgd_status csgd_reducer_stats(const csgd_reducer *r, csgd_stats *stats, size_t size);

/** Return why this algorithm is taken, in one line; "" for NULL.  Local.
 *
 * Such as "split: split predicted 52.1 ms, dense (ring) 1310 ms; a message takes 45 us + 8.5 ns a byte,
 * encoding 0.31 ns an element".  With `algorithm=auto`, over MPI and for 65,536 elements or more, the
 * ranks measure the link, the dense algorithms and this compressor at creation, which takes the time
 * of about ten dense calls of 262,144 elements; rank 0 chooses for all by the slowest rank's figures; a lossy
 * compressor whose best algorithm is predicted to be slower than sending vectors as they are becomes
 * `none`, and csgd_reducer_spec() says so; `plan=compressed` rules that out.  Where the environment
 * variable CSGD_TUNING names a file on rank 0, figures are read from it, and put there where it has
 * none for these ranks, length and spec.  The choice is made once: afterwards the same spec that
 * csgd_reducer_spec() returns makes the same reducer without measuring.
 *
 * With `adapt=yes`, which every lossy spec without `budget` takes, the reducer keeps both ways: messages
 * by its algorithm, and vectors with residuals as they are, which leaves none.  What a call takes, from
 * its vector to the result but for the wait for the last rank, by the slowest rank, is watched, the other
 * way is tried for three calls now and then, which takes less than a fiftieth of all time, and it is
 * followed once it takes less than 7/8 (src/comm/adapt.h).  Of calls that are started the time that the
 * caller does not test or wait counts as well: where a sum hides behind other work neither way is better.
 * The line goes on with which way it is: "...; now dense (ring), 1.31 ms a call, compressed (split) 2.52 ms;
 * changed 1 times"; with `algorithm=hier` it does so on ranks that lead a node.  csgd_reducer_clear() begins
 * anew.  It costs no message: times ride on the agreement.  Made again of what csgd_reducer_spec() returns,
 * where nothing is measured, it begins with messages, and has MPI_Allreduce for the other way.
 *
 * Owned by r; the next call of this function writes it anew.
 */
CSGD_API const char *csgd_reducer_explain(const csgd_reducer *r);

/** Return the bytes of memory that this reducer holds, this struct included; 0 for NULL.  Local.
 *
 * What MPI allocates for the private communicator is not known to us and not counted.
 */
CSGD_API size_t csgd_reducer_memory_bytes(const csgd_reducer *r);

/** Return the spec with every key and its value in effect, "" for NULL.  Local.
 *
 * But for `threads` and `progress`, which decide nothing but speed, so that ranks may differ in them.
 * Owned by r.  Reducers with equal strings (and layout, ranks, library version) behave alike.
 */
CSGD_API const char *csgd_reducer_spec(const csgd_reducer *r);

/** Copy what this rank still owes to the sum to e, n elements; zeros for `feedback=none`.  Local.
 *
 * That is the residual of its own vectors and, where the algorithm encodes sums a second time, the
 * residual of that for the range that this rank owns; for `algorithm=hier` that of its node's vectors
 * on the rank that leads the node, and zeros on others.  So at any time the sum of all results plus
 * the sum of all ranks' residuals is the sum of all vectors (for constant step sizes).  For
 * `feedback=ef21`, whose results follow an average v of a rank's vectors, v = (1 - momentum) v +
 * momentum g, it is how far they are behind: the last result plus the sum of all residuals is the sum of
 * all v.  For `feedback=dgc` it is v of src/feedback/dgc.c, and for `feedback=ecx2` what x is still to
 * move by, the step sizes included.
 *
 * Its elements are double for `type=f64`, float for every other type.
 *
 * @retval CSGD_OK, CSGD_E_INVAL where a pointer is NULL, CSGD_E_BUSY while in flight.
 */
CSGD_API csgd_status csgd_reducer_residual(const csgd_reducer *r, void *e);

/* ---- entries instead of vectors ---------------------------------------------------------- */

/** A group of ranks that sum sparse vectors and keep the sum sparse.
 *
 * For programs that hold entries, not vectors: what they select, and what becomes of the rest,
 * is theirs.  Nothing is compressed but how entries are written down, nothing remembered. */
typedef struct csgd_sparse_reducer csgd_sparse_reducer;

/** Sum sparse vectors over all ranks.  Collective.
 *
 * @param[in]  index      k indices, strictly increasing and below n; may be NULL where k is 0.
 * @param[in]  value      k values, all finite, of the `type` of creation: float or double.
 * @param[in]  k          entries of this rank, at most max_k; 0 and others elsewhere are fine.
 * @param[out] sum_index  capacity indices: the union of all ranks' supports, strictly increasing.
 * @param[out] sum_value  capacity values: of each index the sum over the ranks that have it.
 * @param[in]  capacity   entries that there is room for, the same on all ranks.  n is always enough,
 *                        and so is n_ranks * max_k.
 * @param[out] sum_k      entries of the sum; the rest of the two arrays is as before.
 *
 * With `algorithm=allgather` and `split` values are added in rank order, from 0, each sum rounded to the
 * type: the bits that the sum of the full vectors in that order would have.  `doubling` adds in the
 * order of a tree.  Either way all ranks and repetitions have the same bits, entries whose values
 * cancel stay, as zeros, and a sum of finite values may overflow to infinity.  `gtopk`, `oktopk` and
 * `spardl` keep about max_k of the largest sums, and leave others out on the way:
 * csgd_sparse_reducer_leftover().  The outputs may be the inputs' own memory.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL      on this rank: s or an array is NULL, k is above max_k, an index is not
 *                           below n, or not above the one before it.
 * @retval CSGD_E_NONFINITE  on this rank: a value is NaN or infinite.
 * @retval CSGD_E_PEER       another rank failed.
 * @retval CSGD_E_MISMATCH   ranks differ in capacity or floating-point mode, or one skipped a call.
 * @retval CSGD_E_SPACE      the sum has more entries than capacity, on all ranks; the sentence says
 *                           how many.
 * @retval CSGD_E_CORRUPT, CSGD_E_VERSION   a message was altered on its way to this rank; ranks may
 *                           differ in it.
 *     After each of these the outputs are as before, and s can be used again; after the last two with
 *     `algorithm=allgather` alone: any other is broken then on this rank, which answers CSGD_E_BROKEN,
 *     its peers CSGD_E_PEER, and can only be destroyed.
 * @retval CSGD_E_NONFINITE  also, on all ranks, of gtopk, oktopk and spardl: a sum of finite values
 *                           overflows.  Outputs are as before, s is broken.
 * @retval CSGD_E_TRANSPORT  s can only be destroyed, and answers CSGD_E_BROKEN until then.
 *
 * Cost, with k entries a rank: allgather sends k (P - 1), split and doubling up to as many, where supports
 * overlap as little as 2 k and k log2 P; oktopk and spardl at most 6 k and 4 k words whatever P is,
 * gtopk 4 k log2 P through its root (src/comm has a file of each).  Time is linear in the entries that a
 * rank sends and receives.  No allocation.
 */
CSGD_API csgd_status csgd_sparse_reducer_allreduce(csgd_sparse_reducer *s, const uint32_t *index,
                                                   const void *value, size_t k, uint32_t *sum_index,
                                                   void *sum_value, size_t capacity, size_t *sum_k);

/** Copy what the last call left out of the sum on this rank.  Local.
 *
 * Entries, of this rank's or of sums of several ranks', that `algorithm=gtopk`, `oktopk` or `spardl` dropped
 * on the way: the sum over ranks of what was brought is the result plus the sum of all ranks' leftovers, to
 * rounding.  A program that compensates adds them to its residual.  None with another algorithm, and after
 * a call that failed.
 *
 * @param[out] index, value  capacity entries, indices strictly increasing; may be NULL where there are none.
 * @param[out] k             entries that there are.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_SPACE  more than capacity; *k says how many, the arrays are as before.
 * @retval CSGD_E_INVAL  s, k, or an array that is needed is NULL.
 */
CSGD_API csgd_status csgd_sparse_reducer_leftover(const csgd_sparse_reducer *s, uint32_t *index,
                                                  void *value, size_t capacity, size_t *k);

/** Return why this algorithm is taken, in one line; "" for NULL.  Local.
 *
 * As csgd_reducer_explain(): with `algorithm=auto`, over MPI and for n of 65,536 or more, the ranks measure
 * the link at creation, and rank 0 chooses for all.  Owned by s.
 */
CSGD_API const char *csgd_sparse_reducer_explain(const csgd_sparse_reducer *s);

/** Free a sparse reducer and set *s to NULL.  Collective.  NULL and *s == NULL are allowed. */
CSGD_API csgd_status csgd_sparse_reducer_destroy(csgd_sparse_reducer **s);

/** Return the bytes of memory that it holds; 0 for NULL.  Local. */
CSGD_API size_t csgd_sparse_reducer_memory_bytes(const csgd_sparse_reducer *s);

/* ---- ranks that are threads of one process ---------------------------------------------- */

typedef struct csgd_team csgd_team;

/** Create a team of n_ranks virtual ranks.  Local.
 *
 * @param[in]  n_ranks  1 to 4096.
 * @param[out] team     to be given to csgd_team_destroy() after all its reducers are gone.
 * @retval CSGD_OK, CSGD_E_INVAL, CSGD_E_NOMEM; *team is NULL on error.
 */
CSGD_API csgd_status csgd_team_create(int n_ranks, csgd_team **team);

/** Free a team and set *team to NULL.  Local.
 *
 * @retval CSGD_OK      also where team or *team is NULL.
 * @retval CSGD_E_BUSY  a reducer of it still lives; nothing is freed.
 */
CSGD_API csgd_status csgd_team_destroy(csgd_team **team);

/** Call work(rank, arg) for every rank, each on a thread of its own, and wait for all.  Local.
 *
 * A convenience: ranks may as well be threads that the program made itself.
 * @retval CSGD_OK       all have returned.
 * @retval CSGD_E_INVAL  team or work is NULL.
 * @retval CSGD_E_NOMEM  a thread could not be started; none has begun its work.
 */
CSGD_API csgd_status csgd_team_run(csgd_team *team, void (*work)(int rank, void *arg), void *arg);

/** Create the reducer of one rank of a team.  Collective over the team.
 *
 * Every rank calls it from a thread of its own; all get a reducer, or none does.
 *
 * @param[in]  rank  0 .. n_ranks - 1; each rank once.
 * @param[in]  n     length of the vector, the same on all ranks.
 * @param[in]  spec  the same on all ranks; see csgd/spec.h.
 * @param[out] r     NULL on error.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL        r or team is NULL or rank out of range.  Where team or rank is the
 *                             cause the peers cannot be told, and wait.
 * @retval CSGD_E_SPEC, CSGD_E_UNSUPPORTED, CSGD_E_NOMEM, CSGD_E_PLUGIN   on this rank.
 * @retval CSGD_E_MISMATCH     ranks differ in n or spec; the detail names two and their values.
 * @retval CSGD_E_PEER         another rank failed.
 */
CSGD_API csgd_status csgd_reducer_create_team(csgd_team *team, int rank, size_t n, const char *spec,
                                              csgd_reducer **r);

/** Create the reducer of one rank of a team for a vector of tensors.  Collective over the team.
 *
 * As csgd_reducer_create_team(), with n the sum of rows * cols.
 *
 * @param[in] tensors    n_tensors of them, in the order in which they lie in the vector; copied;
 *                       the same on all ranks.
 *
 * Memory: one more vector of n elements where a tensor is sent exactly; cost: two copies of it a
 * call.  Elements of 16 bits cost the same, of floats, with and without a layout; what of them is
 * sent exactly travels as floats.
 * @retval CSGD_E_INVAL     also where tensors is NULL but n_tensors is not 0, or n overflows.
 * @retval CSGD_E_MISMATCH  also where ranks differ in the tensors.
 */
CSGD_API csgd_status csgd_reducer_create_layout_team(csgd_team *team, int rank,
                                                     const csgd_tensor *tensors, size_t n_tensors,
                                                     const char *spec, csgd_reducer **r);

/** Create the sparse reducer of one rank of a team.  Collective over the team.
 *
 * @param[in]  n      length of the vectors, below 2^32; the same on all ranks, as the next two.
 * @param[in]  max_k  entries that a rank may bring, at most n.
 * @param[in]  spec   "sparse", and keys: `type=f32|f64` (f32), `indices=auto|raw|rice|bitmap` (auto),
 *                    `algorithm=auto|allgather|doubling|split|gtopk|oktopk|spardl` (auto: the one of the
 *                    first three, with `drop=yes` of all, that is predicted to be the fastest where
 *                    that was measured, else allgather), `tau` (64: calls from one exact limit of oktopk
 *                    to the next); NULL means "sparse".  Of the environment only CSGD_TUNING is read.
 * @param[out] s      NULL on error.
 *
 * Errors as csgd_reducer_create_team().  Memory: the entries of the union, up to n_ranks * max_k; and of
 * allgather and split n_ranks messages of max_k entries each, of doubling four times the union, of
 * gtopk, oktopk and spardl O(max_k log2 n_ranks).
 */
CSGD_API csgd_status csgd_sparse_reducer_create_team(csgd_team *team, int rank, size_t n,
                                                     size_t max_k, const char *spec,
                                                     csgd_sparse_reducer **s);

#ifdef __cplusplus
}
#endif
#endif
