/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SHARE_H
#define CSGDI_SHARE_H

/* share.h: how n things are split among p ranks. */

#include <stddef.h>

/* Where the part of rank i begins: parts differ by one at most, the longer ones come first, and part
 * p begins at n. */
static inline size_t csgdi_share(size_t n, int p, int i)
{
    const size_t parts = (size_t)p, part = (size_t)i, rest = n % parts;

    return n / parts * part + (part < rest ? part : rest);
}

#endif
