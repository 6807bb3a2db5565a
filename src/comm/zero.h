/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ZERO_H
#define CSGDI_ZERO_H

/* zero.h: recv becomes zeros a little at a time, while a sparse algorithm waits for its messages;
 * the entries of the sum are then all that is left to write. */

#include <string.h>
#include "comm/reducer.h"

enum { CSGDI_ZERO_SOME = 1 << 20 }; /* bytes, 50 to 100 us: short against the wire */

/* Zero some, or all, of what is left after the first *done bytes. */
static inline void csgdi_zero(const csgd_reducer *r, size_t *done, bool all)
{
    const size_t bytes = r->call.recv != NULL ? r->compressor.n * r->compressor.kernels->size : 0;
    const size_t left = bytes - *done;
    const size_t part = all || left < CSGDI_ZERO_SOME ? left : CSGDI_ZERO_SOME;

    if (part > 0) memset((char *)r->call.recv + *done, 0, part);
    *done += part;
}

#endif
