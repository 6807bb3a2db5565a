/* SPDX-License-Identifier: BSD-3-Clause */

/* hash.c: the hash of the library, for those that have none better (hash.h). */

#include <xxhash.h>
#include "kernels/ref.h"

uint64_t csgdi_library_hash(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}
