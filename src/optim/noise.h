/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_NOISE_H
#define CSGDI_NOISE_H

/* noise.h: artificial noise, the same on all ranks, so that it costs no traffic.
 *
 *     xi_t ~ N(0, r^2 / n I),  so E |xi_t|^2 = r^2
 *
 * Normal numbers by Box and Muller (1958): of two words u, w of Philox (base/philox.h),
 *
 *     sqrt(-2 ln((u + 1/2) / 2^32)) cos(2 pi w / 2^32)   and the same with sin,
 *
 * with our own logarithm, sine and cosine (base/elementary.h).  None is beyond 6.77 in magnitude,
 * which one in 10^11 would be.  Elements 2 i and 2 i + 1 take words 2 i and 2 i + 1.
 */

#include <csgd/compressor.h>

/* to[0..n) = standard normal numbers of one step times `scale`, rounded to the type. */
void csgdi_noise_fill(csgd_type type, uint64_t seed, uint64_t step, double scale, size_t n,
                      void *to);

#endif
