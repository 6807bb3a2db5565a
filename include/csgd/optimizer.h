/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_OPTIMIZER_H
#define CSGD_OPTIMIZER_H

/** @file
 * Optimizers: SGD, momentum, STORM, SPIDER and others that own the whole body of the training loop.
 *
 *     csgd_reducer_workers(r, &workers);              // or csgd_simulation_workers(s, &workers)
 *     csgd_optimizer_create("storm alpha=0.1 lr=0.05", n, &workers, &oracle, &opt);
 *     for (...)
 *         csgd_optimizer_step(opt, x);                // x moves, the same bits on all ranks
 *
 * A step asks the *oracle*, which the caller provides, for gradients, makes of them what this
 * optimizer sends (the increment B_i of each worker i), hands it to the *workers*, who compress it
 * and sum it over all P of them, and moves x:
 *
 *     v = rho v + (sum over i of B_i, as delivered) / P
 *     x = x - lr (v + weight_decay x)
 *
 * Before each sum it tells the feedback rho and lr.  Which feedback goes with which optimizer:
 *
 *     feedback=ecx rho=step     any, with dense codes: what compression loses cancels in x, whatever rho
 *                               (Tang, Li, Liu, Yan 2021)
 *     feedback=ecx2 rho=step    any, with what selects entries: the same
 *     feedback=ef, ef21, none   any; under a rho near 1 losses of ef add up over 1 / (1 - rho) steps
 *     feedback=dgc              sgd alone: it holds a momentum of its own
 *     all but dgc               frozen_adam, which tells rho = 0
 *
 * In place of rho=step the spec may give the optimizer's own rho as a number.
 *
 * Vectors are arrays of n elements of the workers' type: double for CSGD_F64, float for CSGD_F32.
 * Sums over workers are *sums*; x, v and full gradients are means over workers or samples.  Element
 * by element arithmetic is done in double and rounded once.
 */

#include <csgd/reducer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- gradients: what the caller provides ------------------------------------------------ */

/** Gradients of the function to be minimised, f(x) = sum over workers of share * f_worker(x).
 *
 * A function returns CSGD_OK, or any error of its own, which ends the step: it is what
 * csgd_optimizer_step() returns then, and peers get CSGD_E_PEER.  x may not be changed, and g is
 * written in full. */
typedef struct csgd_oracle {
    size_t size; /**< sizeof(csgd_oracle), for fields that come later */
    void *self;  /**< first argument of the functions */

    /** g = gradient of the mean loss of one mini-batch of a worker at x; n elements each.
     *
     * Which mini-batch depends on worker and sample alone: optimizers that want the same one at a
     * second point ask twice with the same two numbers.  A step has its own sample, 0, 1, 2, ... */
    csgd_status (*gradient)(void *self, int worker, uint64_t sample, const void *x, void *g);

    /** g = gradient of f_worker, the mean loss of all that the worker holds, at x; *share = n_i / N,
     * the part of all samples that are the worker's, so that shares add up to 1.
     *
     * NULL where only optimizers are made that do not ask for it: all but svrg and sarah. */
    csgd_status (*full_gradient)(void *self, int worker, const void *x, void *g, double *share);
} csgd_oracle;

/* ---- the sum over workers --------------------------------------------------------------- */

/** Traits of the workers of an optimizer. */
enum {
    CSGD_WORKERS_LOSSY = 1,   /**< what `sum` delivers is not all of it */
    CSGD_WORKERS_SPARSE = 2,  /**< it selects entries */
    CSGD_WORKERS_MOMENTUM = 4 /**< its feedback holds the momentum itself (dgc) */
};

/** P workers, some or one of them played by this process, and how they sum.
 *
 * Filled by csgd_reducer_workers() or csgd_simulation_workers(); a program may write its own.  Calls
 * marked collective are made by all processes that play workers, in the same order.  Those with a
 * `failure` are how a process that failed by itself lets the others know: it passes its error, no
 * vectors are read then, and the call returns it, and CSGD_E_PEER to the others.  After any error
 * the memory of the workers is as it was, or the workers are broken. */
typedef struct csgd_workers {
    size_t size;     /**< sizeof(csgd_workers), for fields that come later */
    void *self;      /**< first argument of the functions */
    size_t n;        /**< elements of every vector */
    csgd_type type;  /**< CSGD_F32 or CSGD_F64 */
    int n_workers;   /**< P */
    int first;       /**< this process plays workers first .. first + count - 1 */
    int count;       /**< at least 1 */
    unsigned traits; /**< CSGD_WORKERS_... */

    /** result = sum over all P workers of what is delivered of vector[i], i = 0 .. count - 1 being
     * worker first + i.  Collective.  With exact != 0 all of it is, what feedback adds included, and
     * the residuals end.  result may be vector[0]; undefined on error. */
    csgd_status (*sum)(void *self, const void *const *vector, int exact, csgd_status failure,
                       void *result);

    /** result = sum over processes of their vector, `length` elements of `type`: nothing is
     * compressed, and no residual takes part.  Collective.  result may be vector, and is undefined on
     * error.  Both stay in place until the workers are gone where a call of theirs timed out. */
    csgd_status (*plain_sum)(void *self, const void *vector, size_t length, csgd_type type,
                             csgd_status failure, void *result);

    /** The next result goes under v = rho v + result, 0 <= rho <= 1.  Logically collective.  Ignored
     * where the feedback does not want to know. */
    csgd_status (*set_rho)(void *self, double rho);

    /** The next result will be multiplied by this, > 0.  Logically collective. */
    csgd_status (*set_step_size)(void *self, double step_size);

    /** Take all residuals out, exactly: for_x and for_v, n elements each, are sums such that
     * x - (last step size) for_x / P and v + for_v / P are what they would be had nothing been lost.
     * Collective. */
    csgd_status (*flush)(void *self, void *for_x, void *for_v);

    /** Forget all residuals.  Collective. */
    csgd_status (*clear)(void *self);

    /** e = what the workers of this process still owe to the sum, n elements.  Local. */
    csgd_status (*residual)(void *self, void *e);

    /** As csgd_reducer_stats(), of the workers of this process together.  Local. */
    csgd_status (*stats)(void *self, csgd_stats *stats, size_t size);
} csgd_workers;

/** Make the ranks of a reducer the workers of an optimizer, one each.  Local.
 *
 * Over MPI and over a team alike.  r must outlive whatever uses *workers; nothing is allocated.  An
 * optimizer's calls are collective as the reducer's are, and the reducer should not be used between
 * them by others.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL        r or workers is NULL.
 * @retval CSGD_E_UNSUPPORTED  its elements have 16 bits.
 */
CSGD_API csgd_status csgd_reducer_workers(csgd_reducer *r, csgd_workers *workers);

/** P workers simulated in this process, one after the other: for experiments. */
typedef struct csgd_simulation csgd_simulation;

/** Create n_workers simulated workers.  Local.
 *
 * @param[in]  spec       as of a reducer (csgd/spec.h), but of a reducer's own keys these alone:
 *                        `dense_steps`, and `algorithm`, which is one of
 *                        auto        vendor for "none", sra for dense codes, linear for maps that
 *                                    are shared, allgather for others
 *                        vendor      for "none": the exact sum, added in order of the workers
 *                        allgather   every message decoded and added, in order of the workers
 *                        sra         each of n_workers ranges of the sum compressed once more, with
 *                                    a residual of its own (dense codes alone)
 *                        server      the whole sum compressed once more, with a residual: the
 *                                    double pass of the papers, for any compressor of messages
 *                        linear      short vectors of a shared linear map summed, then expanded
 * @param[in]  n          elements of every vector, at least 1.
 * @param[in]  n_workers  1 to 4096.
 * @param[out] s          to be given to csgd_simulation_destroy(); NULL on error.
 *
 * All but server give the bits that a reducer with that algorithm over a team of n_workers gives.  No threads, no
 * messages; memory is one feedback a worker.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL        s is NULL, n is 0 or n_workers is out of range.
 * @retval CSGD_E_SPEC, CSGD_E_UNSUPPORTED, CSGD_E_NOMEM, CSGD_E_PLUGIN   as of a reducer.
 */
CSGD_API csgd_status csgd_simulation_create(const char *spec, size_t n, int n_workers,
                                            csgd_simulation **s);

/** Free a simulation and set *s to NULL.  Local.  NULL and *s == NULL are allowed. */
CSGD_API void csgd_simulation_destroy(csgd_simulation **s);

/** Fill the table of the simulated workers, all of which this process plays.  Local.
 *
 * s must outlive whatever uses *workers.
 * @retval CSGD_OK, CSGD_E_INVAL where a pointer is NULL.
 */
CSGD_API csgd_status csgd_simulation_workers(csgd_simulation *s, csgd_workers *workers);

/** Return the bytes of memory that this object holds; 0 for NULL.  Local. */
CSGD_API size_t csgd_simulation_memory_bytes(const csgd_simulation *s);

/** Return the spec with every key and its value in effect, "" for NULL.  Local.  Owned by s. */
CSGD_API const char *csgd_simulation_spec(const csgd_simulation *s);

/* ---- the optimizer ---------------------------------------------------------------------- */

typedef struct csgd_optimizer csgd_optimizer;

/** Create an optimizer.  Collective over the processes that play workers.
 *
 * All processes get one or none does: they agree on the spec.
 *
 * @param[in]  spec     NAME key=value ..., such as "momentum momentum=0.9 lr=0.1 schedule=cosine
 *                      steps=1000"; csgd_optimizer_help() prints all names and keys.
 * @param[in]  n        elements of x: the workers' n, at least 1.
 * @param[in]  workers  copied; what it points to must outlive the optimizer.
 * @param[in]  oracle   copied; the same.
 * @param[out] opt      NULL on error.
 *
 * Memory: v, an increment for each worker of this process, and for what needs them (see the help)
 * the last x, a second gradient, a snapshot, a second moment.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL        a pointer or function is NULL, sizes contradict each other.  Where
 *                             opt, workers or a function of it is the cause, peers cannot be told.
 * @retval CSGD_E_SPEC         unknown name, key or value.
 * @retval CSGD_E_UNSUPPORTED  a combination that is not sound, such as adam over lossy workers.
 * @retval CSGD_E_NOMEM
 * @retval CSGD_E_MISMATCH     processes differ in spec.
 * @retval CSGD_E_PEER         another process failed.
 */
CSGD_API csgd_status csgd_optimizer_create(const char *spec, size_t n, const csgd_workers *workers,
                                           const csgd_oracle *oracle, csgd_optimizer **opt);

/** Free an optimizer and set *opt to NULL.  Local.  NULL and *opt == NULL are allowed.
 *
 * Workers are not used by it.  Where a call of theirs ended in CSGD_E_TIMEOUT or CSGD_E_TRANSPORT,
 * memory of the optimizer may still be written to: then they are destroyed first, and over MPI the
 * optimizer after MPI_Finalize. */
CSGD_API void csgd_optimizer_destroy(csgd_optimizer **opt);

/** Do one step: ask for gradients, sum, move x.  Collective.
 *
 * @param[in,out] x  n elements, the same on all processes, as they are afterwards.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL  opt or x is NULL.  The peers are not told.
 * Else what the oracle or the workers returned.  On any error x and the optimizer are exactly as
 * before, so that the step may be repeated, with the same sample; but a reset that fell due in this
 * step (`reset_every`, `reset_radius`) stays done, and x is what it made of it.
 *
 * Cost: the oracle's, and a few passes over vectors of n elements for each worker of this process;
 * no allocation.
 */
CSGD_API csgd_status csgd_optimizer_step(csgd_optimizer *opt, void *x);

/** Bring what compression still owes into x and v, exactly, as at the end of training.  Collective.
 *
 * After it x and v are what they would be without compression of the gradients that were summed,
 * where the feedback's law says so (csgd/feedback.h), with nesterov=yes for a constant learning rate.
 * Adam's second moment stays as it is.  Nothing to do before the first step.
 *
 * @param[in,out] x  n elements, as of the last step.
 * @retval CSGD_OK, CSGD_E_INVAL, or what the workers returned, and nothing has changed then.
 */
CSGD_API csgd_status csgd_optimizer_flush(csgd_optimizer *opt, void *x);

/** Set the base learning rate, `lr`, that schedule and warm-up then multiply.  Logically collective.
 *
 * @param[in] lr  > 0 and finite.
 * @retval CSGD_OK, CSGD_E_INVAL.
 */
CSGD_API csgd_status csgd_optimizer_set_lr(csgd_optimizer *opt, double lr);

/** Copy the present estimate of the gradient, v of the last step, to v; zeros before it.  Local.
 *
 * A mean over workers, n elements.  For adam and frozen_adam it is the first moment.
 * @retval CSGD_OK, CSGD_E_INVAL where a pointer is NULL.
 */
CSGD_API csgd_status csgd_optimizer_v(const csgd_optimizer *opt, void *v);

/** Counters, and numbers of the last step. */
typedef struct csgd_optimizer_counters {
    uint64_t steps;          /**< that succeeded */
    uint64_t gradients;      /**< mini-batch gradients asked for, of the workers of this process */
    uint64_t full_gradients; /**< the same of full ones */
    uint64_t exact_steps;    /**< steps whose increments travelled exactly */
    uint64_t clipped_steps;  /**< steps that were scaled down by `clip` */
    uint64_t resets;         /**< that fell due */
    double lr, rho;          /**< of the last step */
    double clip_factor;      /**< of the last step, 1 where nothing was clipped */
} csgd_optimizer_counters;

/** Copy the counters.  Local.
 *
 * @param[in] size  sizeof(csgd_optimizer_counters) of the caller, as of csgd_reducer_stats().
 * @retval CSGD_OK, CSGD_E_INVAL where a pointer is NULL.
 */
CSGD_API csgd_status csgd_optimizer_stats(const csgd_optimizer *opt,
                                          csgd_optimizer_counters *counters, size_t size);

/** Return the bytes of memory that this object holds; 0 for NULL.  Local. */
CSGD_API size_t csgd_optimizer_memory_bytes(const csgd_optimizer *opt);

/** Return the spec with every key and its value in effect, "" for NULL.  Local.  Owned by opt. */
CSGD_API const char *csgd_optimizer_spec(const csgd_optimizer *opt);

/** Write every optimizer and key with its range, default, meaning and source.  Local.
 *
 * Arguments and errors as csgd_spec_help().
 */
CSGD_API csgd_status csgd_optimizer_help(csgd_help_format format, char *dst, size_t cap,
                                         size_t *len);

#ifdef __cplusplus
}
#endif
#endif
