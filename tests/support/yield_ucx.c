/* SPDX-License-Identifier: BSD-3-Clause */

/* yield_ucx.c: ranks of MPICH that wait let others run; to be preloaded.
 *
 * MPICH over UCX asks again and again while it waits, and gives its core away only when the kernel takes
 * it.  Where ranks share cores, an exchange then takes time slices, of which a test has thousands.  Here a
 * question to UCX that finds nothing yields.
 */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

unsigned ucp_worker_progress(void *worker);

unsigned ucp_worker_progress(void *worker)
{
    static unsigned (*real)(void *);
    unsigned events;

    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "ucp_worker_progress");

        if (found == NULL) abort();
        memcpy(&real, &found, sizeof real);
    }
    events = real(worker);
    if (events == 0) sched_yield();
    return events;
}
