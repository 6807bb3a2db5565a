/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_PROBE_H
#define CSGD_PROBE_H

/** @file
 * Probing: what a spec would do to the program's own gradients, before a run is spent on it.
 *
 *     csgd_probe_report report;
 *     csgd_probe("sign", n, gradients, 16, 0.9, &report, sizeof report);
 *     puts(report.reason);
 *
 * Constants of papers are worst cases.  Here the constants are measured on a few gradients, which the
 * program saved in a row from a run without compression, and compensation is tried out on them.
 * `csgd probe` does the same for files.
 */

#include <stddef.h>
#include <csgd/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum csgd_advice {
    CSGD_ADVICE_TAKE = 0,   /**< nothing speaks against it */
    CSGD_ADVICE_CARE = 1,   /**< it works, but at a price that the reason names */
    CSGD_ADVICE_REFUSE = 2, /**< it will lose the gradient, or explode */
} csgd_advice;

/** What was found.  Norms are 2-norms; errors are relative to the vector, squared. */
typedef struct csgd_probe_report {
    double bits;        /**< of a message, for each element, mean over the gradients */
    double error;       /**< mean of |C(x) - x|^2 / |x|^2 */
    double worst_error; /**< largest of the same over gradients */
    double delta;       /**< 1 - worst_error: C is a contraction of these gradients if above 0 */
    double omega;       /**< worst_error where C is unbiased (`feedback=none` is its default), else
                             infinite */
    int one_step;       /**< whether `feedback=ef` holds, which no rho changes */
    double two_step;    /**< largest rho tried up to which `feedback=ecx` holds; negative: none */
    double two_value;   /**< the same of `feedback=ecx2`; negative also for what cannot have it */
    csgd_advice advice; /**< for the rho given */
    char spec[512];   /**< what to use: the spec with the feedback that suits rho; empty where it is
                             to be refused */
    char reason[512]; /**< why, in a sentence with the numbers in it */
} csgd_probe_report;

/** Try a spec on gradients.  Local.
 *
 * @param[in]  spec      a compressor with its keys, as for csgd_compressor_create(); feedback is what
 *                       the report recommends, so it is not given.
 * @param[in]  n         elements of each gradient, at least 1.
 * @param[in]  gradient  count vectors of n elements of the spec's `type`, in the order in which they
 *                       came.
 * @param[in]  count     1 to 65536; 8 or more tell something.
 * @param[in]  rho       of the momentum that will use the results, in [0, 1).
 * @param[out] report    undefined on error.
 * @param[in]  size      sizeof(csgd_probe_report) of the caller: fields may be added at the end.
 *
 * The rules of feedback are tried with rho in 0, .5, .9, .95, .99 and the one given: 256 steps through
 * the gradients, again and again; a rule holds where its residual stops growing.  Deterministic.
 *
 * @retval CSGD_OK             also where the advice is to refuse.
 * @retval CSGD_E_INVAL        a pointer is NULL, or n, count or rho out of range.
 * @retval CSGD_E_SPEC         the spec is wrong, or has the key feedback.
 * @retval CSGD_E_UNSUPPORTED  the compressor cannot take this n, or makes no messages of its own
 *                             (majority).
 * @retval CSGD_E_NONFINITE    a gradient has NaN or infinity; or all are zero.
 * @retval CSGD_E_NOMEM, CSGD_E_PLUGIN
 *
 * Cost: about 3,500 compressions of n elements; memory for a feedback and two vectors, freed again.
 * (Stability: Tang, Li, Liu, Yan 2021, whose theorem assumes what is measured here.)
 */
CSGD_API csgd_status csgd_probe(const char *spec, size_t n, const void *const *gradient,
                                size_t count, double rho, csgd_probe_report *report, size_t size);

#ifdef __cplusplus
}
#endif
#endif
