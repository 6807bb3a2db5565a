/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_STATUS_H
#define CSGD_STATUS_H

/** @file
 * What a call returns, and the sentence that says why.
 *
 *     if (csgd_compressor_create("topk ratoi=0.01", n, &c) != CSGD_OK)
 *         fprintf(stderr, "%s\n", csgd_error_detail());
 *     // topk has no key "ratoi"; did you mean "ratio"?
 *
 * Zero is success, negative values are errors, and their numbers never change between versions.
 * The one positive value, CSGD_MORE, is returned only by the functions that advance a
 * non-blocking operation, and means that it is still in flight.
 *
 * Calls declared in csgd/mpi.h mirror MPI instead and return MPI error codes; csgd_status_of()
 * maps those back to the values below.
 */

#include <csgd/version.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum csgd_status {
    CSGD_OK = 0,
    CSGD_MORE = 1, /**< not an error: the operation is still in flight */

    /* What the caller passed. */
    CSGD_E_INVAL = -1,       /**< an argument is NULL, out of range or contradicts the object */
    CSGD_E_SPEC = -2,        /**< a spec has an unknown name or key, or a value out of range */
    CSGD_E_UNSUPPORTED = -3, /**< each part is valid, this combination or size is not possible */
    CSGD_E_SPACE = -4,       /**< the output buffer is smaller than the bound */
    CSGD_E_BUSY = -5,        /**< an operation on this object is still in flight */
    CSGD_E_STATE = -6,       /**< MPI is not initialised, or already finalised */

    /* What this process met. */
    CSGD_E_NOMEM = -20,     /**< memory could not be allocated */
    CSGD_E_NONFINITE = -21, /**< NaN or infinity in the input, or in a sum that overflows */
    CSGD_E_PLUGIN = -22,    /**< a plug-in broke a rule of csgd/plugin.h; the detail says which */

    /* What arrived from elsewhere. */
    CSGD_E_CORRUPT = -40, /**< a message is truncated, altered or contradicts itself */
    CSGD_E_VERSION = -41, /**< a message was written by an incompatible version */

    /* What the other ranks did. */
    CSGD_E_MISMATCH = -60,  /**< ranks passed different values where they must agree */
    CSGD_E_PEER = -61,      /**< another rank failed; the detail names it and its error */
    CSGD_E_TRANSPORT = -62, /**< MPI, or the transport in its place, reported an error */
    CSGD_E_TIMEOUT = -63,   /**< a peer did not arrive within `timeout=`; terminal */
    CSGD_E_BROKEN = -64     /**< an earlier call failed in mid-exchange; clear or destroy it */
} csgd_status;

/** Return the name of a status, such as "CSGD_E_NOMEM".  Local.
 *
 * Static; "CSGD_E_UNKNOWN" for a value that is none of the above.
 */
CSGD_API const char *csgd_status_name(csgd_status status);

/** Return what a status means in a few words, such as "out of memory".  Local, static. */
CSGD_API const char *csgd_status_message(csgd_status status);

/** Return the sentence that belongs to the last error of this thread, with its numbers.  Local.
 *
 * Never NULL; "" before the first error.  Each thread has its own, overwritten by the next
 * failing call in this thread and untouched by calls that succeed.  At most 511 characters,
 * no newline at the end.
 */
CSGD_API const char *csgd_error_detail(void);

#ifdef __cplusplus
}
#endif
#endif
