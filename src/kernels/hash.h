/* SPDX-License-Identifier: BSD-3-Clause */

/* hash.h: XXH3 for the instruction set that the including file is compiled for.
 *
 * The library's own is compiled for the least that its package supports, on x86-64 for SSE2: a third
 * as fast as with AVX2 (16.7 and 51 GB/s from the first caches, Zen 3), and every payload is hashed on
 * both sides.  Its header holds the whole of it for this purpose.  In files of AVX-512 it is that of
 * AVX2, which memory cannot follow as it is.  What is hashed piece by piece is hashed by the header
 * everywhere: only there the size of a state is known.
 */

#define XXH_INLINE_ALL
#ifdef __AVX2__
#    define XXH_VECTOR XXH_AVX2
#endif
#include <xxhash.h>

_Static_assert(sizeof(XXH3_state_t) <= sizeof(csgdi_hash), "a state has room");

static inline void hash_begin(csgdi_hash *hash)
{
    XXH3_64bits_reset((XXH3_state_t *)(void *)hash);
}

static inline void hash_more(csgdi_hash *hash, const void *bytes, size_t len)
{
    XXH3_64bits_update((XXH3_state_t *)(void *)hash, bytes, len);
}

static inline uint64_t hash_end(const csgdi_hash *hash)
{
    return XXH3_64bits_digest((const XXH3_state_t *)(const void *)hash);
}
