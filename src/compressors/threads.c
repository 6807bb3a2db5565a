/* SPDX-License-Identifier: BSD-3-Clause */

/* threads.c: see threads.h.  The only file with a parallel region. */

#include "compressors/threads.h"

#ifdef _OPENMP
#    include <fenv.h>
#endif

unsigned csgdi_threads_allowed(uint64_t wanted)
{
#ifdef _OPENMP
    return wanted < CSGDI_THREADS_MOST ? (unsigned)wanted : CSGDI_THREADS_MOST;
#else
    (void)wanted;
    return 1;
#endif
}

size_t csgdi_threads_first(size_t n, size_t unit, unsigned parts, unsigned part)
{
    const size_t units = n / unit + (n % unit > 0);
    const size_t first = (units / parts * part + units % parts * part / parts) * unit;

    return first < n ? first : n;
}

void csgdi_threads_run(unsigned parts, void (*work)(void *object, unsigned part), void *object)
{
#ifdef _OPENMP
    if (parts > 1) {
        fenv_t caller,
            own; /* rounding and flushing belong to a thread: all work in the caller's mode */

        fegetenv(&caller);
        /* There may be fewer threads than parts: a loop takes all of these nevertheless. */
#    pragma omp parallel for num_threads((int)parts) schedule(static, 1) private(own)
        for (unsigned part = 0; part < parts; part++) {
            fegetenv(&own);
            fesetenv(&caller);
            work(object, part);
            fesetenv(&own);
        }
        return;
    }
#endif
    for (unsigned part = 0; part < parts; part++)
        work(object, part);
}
