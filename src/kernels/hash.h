/* SPDX-License-Identifier: BSD-3-Clause */

/* hash.h: XXH3 for the instruction set that the including file is compiled for.
 *
 * The library's own is compiled for the least that its package supports, on x86-64 for SSE2: a third
 * as fast as with AVX2 (16.7 and 51 GB/s from the first caches, Zen 3), and every payload is hashed on
 * both sides.  Its header holds the whole of it for this purpose.  In files of AVX-512 it is that of
 * AVX2, which memory cannot follow as it is; without an optimizer the library's is the faster one.
 */

#if defined __AVX2__ && defined __OPTIMIZE__
#    define XXH_INLINE_ALL
#    define XXH_VECTOR XXH_AVX2
#endif
#include <xxhash.h>
