/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_FEEDBACK_H
#define CSGD_FEEDBACK_H

/** @file
 * Feedback: a compressor that remembers what it did not send, and adds it to the next vector.
 *
 *     csgd_feedback *f;
 *     csgd_feedback_create("topk ratio=0.01", n, &f);         // feedback=ef is the default here
 *     for (...)
 *         csgd_feedback_compress(f, g, msg, cap, &len);       // sends C(g + e), keeps the rest
 *
 * For `feedback=ef` (Seide et al. 2014; Karimireddy et al. 2019), with residual e = 0 at first:
 *
 *     m = g + e;    send C(m);    e = m - C(m)
 *
 * so that at any time  sum of sent + e = sum of g:  nothing is lost, it only arrives later.  The
 * residual is taken from the decoded message, so rounding on the wire is remembered as well.
 * `feedback=none` sends C(g) and remembers nothing.  `feedback=ef21` sends changes: the receiver adds
 * up the messages, to h, which follows v, an average of gradients, v = (1 - momentum) v + momentum g
 * (Richtarik et al. 2021; momentum=1 unless given).  Its residual is v - h:
 *
 *     send C(v - h);    h = h + C(v - h)
 *
 * `feedback=dgc` has a momentum of its own, for plain SGD at the receiver (Lin et al. 2018); its residual
 * is v, which is 0 where it is sent, but for what values= rounds off, as u is then:
 *
 *     u = momentum u + g;    v = v + u;    send C(v)
 *
 * For `feedback=ecx rho=RHO` (Tang et al. 2021), with residuals d of the last two steps:
 *
 *     m = g + (1 + RHO) d1 - RHO d2;    send C(m);    d2 = d1, d1 = m - C(m)
 *
 * which is for a receiver that makes v = RHO v + (sum of what was sent) of it and takes steps along v:
 * v + d1 - d2 is then what v would be without compression, and the sum of all v + d1 the sum of those.
 * With changing step sizes and RHO the general form stands in src/feedback/ecx.c.
 *
 * This is for programs that have their own way of moving bytes; with MPI, csgd/mpi.h does all of
 * it.  Every call is local.  One object is used by one thread at a time.
 */

#include <csgd/compressor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csgd_feedback csgd_feedback;

/** Create a feedback for vectors of n elements; its residual is zero.  Local.
 *
 * Arguments and errors as csgd_compressor_create(); the spec may also have the key `feedback`.
 * @retval CSGD_E_UNSUPPORTED  this feedback has no meaning for this compressor.
 */
CSGD_API csgd_status csgd_feedback_create(const char *spec, size_t n, csgd_feedback **f);

/** Free a feedback and set *f to NULL.  Local.  NULL and *f == NULL are allowed. */
CSGD_API void csgd_feedback_destroy(csgd_feedback **f);

/** Return the compressor inside, to decode messages with; owned by f.  Local.  NULL for NULL. */
CSGD_API const csgd_compressor *csgd_feedback_compressor(const csgd_feedback *f);

/** Return the bytes of memory that this object holds; 0 for NULL.  Local. */
CSGD_API size_t csgd_feedback_memory_bytes(const csgd_feedback *f);

/** Write the message C(g + e), or what the rule of feedback has in its place, and keep what it leaves
 * out.  Local.
 *
 * Arguments as csgd_compressor_compress().  g must not overlap dst.
 *
 * @retval CSGD_OK           the message is complete, the residual and the step are advanced.
 * @retval CSGD_E_INVAL      a pointer is NULL, or the spec says rho=step and none was given.
 * @retval CSGD_E_SPACE      cap is below the bound.
 * @retval CSGD_E_NONFINITE  g or g + e has NaN or infinity, which must not enter the residual.
 * @retval CSGD_E_PLUGIN     a plug-in broke a rule (csgd/plugin.h).
 * On any error residual, step and *len are exactly as before, so the call may be repeated; dst too,
 * except that the last two leave its bytes undefined.
 */
CSGD_API csgd_status csgd_feedback_compress(csgd_feedback *f, const void *g, uint8_t *dst,
                                            size_t cap, size_t *len);

/** Give the step size that the next message will be multiplied with.  Local.
 *
 * What that does is said at csgd_reducer_set_step_size() in csgd/reducer.h.
 * @param[in] step_size  > 0 and finite.
 * @retval CSGD_OK, or CSGD_E_INVAL, after which all is as before.
 */
CSGD_API csgd_status csgd_feedback_set_step_size(csgd_feedback *f, double step_size);

/** Give the rho of the next message, for `rho=step`.  Local.
 *
 * What that does is said at csgd_reducer_set_rho() in csgd/reducer.h.
 * @param[in] rho  in [0, 1].
 * @retval CSGD_OK, or CSGD_E_INVAL, after which all is as before.
 */
CSGD_API csgd_status csgd_feedback_set_rho(csgd_feedback *f, double rho);

/** Copy the residual to e, n elements; zeros for `feedback=none`.  Local.
 *
 * Its elements are double for `type=f64` and float for every other type, 16-bit ones included: what
 * a narrow message leaves out would be lost in a narrow residual.
 *
 * @retval CSGD_OK, or CSGD_E_INVAL where a pointer is NULL.
 */
CSGD_API csgd_status csgd_feedback_residual(const csgd_feedback *f, void *e);

/** Forget the residual: set it to zero.  Local.  The step goes on.
 *
 * @retval CSGD_OK, or CSGD_E_INVAL where f is NULL.
 */
CSGD_API csgd_status csgd_feedback_clear(csgd_feedback *f);

#ifdef __cplusplus
}
#endif
#endif
