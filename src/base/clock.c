/* SPDX-License-Identifier: BSD-3-Clause */

/* clock.c: the monotonic clock, or the one put in its place. */

#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

typedef double (*clock_function)(void);

static double machine_clock(void)
{
    /* Cannot fail: POSIX systems that we run on all have a monotonic clock. */
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Atomic because virtual ranks read it while a test thread may replace it. */
static _Atomic(clock_function) current = machine_clock;

double csgdi_clock(void)
{
    return atomic_load(&current)();
}

void csgdi_clock_set(double (*clock)(void))
{
    atomic_store(&current, clock != NULL ? clock : machine_clock);
}
