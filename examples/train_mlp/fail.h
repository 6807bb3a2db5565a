/* SPDX-License-Identifier: BSD-3-Clause */
/* fail.h: the two ways in which the program gives up.
 *
 * Both end all ranks, so that none waits for one that is gone.
 */
#ifndef TRAIN_MLP_FAIL_H
#define TRAIN_MLP_FAIL_H

#include <stddef.h>

/* What the user asked for cannot be done, and every rank found so: rank 0 says why and all exit
 * with code 2.  Collective. */
_Noreturn void fail_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something broke on this rank: say what and abort the job.  Local. */
_Noreturn void fail_here(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Return count zeroed elements of size bytes each; fail_here() where there is no memory. */
void *alloc_or_fail(size_t count, size_t size);

#endif
