/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_ALLREDUCE_FLOOR_H
#define BENCH_ALLREDUCE_FLOOR_H

/* allreduce_floor.h: the bytes that a rank must receive, by the algorithm's formula and with
 * messages as short as information allows.
 *
 * With P ranks, n elements of s bytes, and m bytes of one rank's message without header:
 *
 *     vendor, ring     2 n s (P - 1) / P     m = n s; rabenseifner too for P a power of two
 *     sra, qring,
 *     linear           2 m (P - 1) / P
 *     dsar             (m + n s) (P - 1) / P
 *     allgather        (P - 1) m
 *     split            (m + the sum's bytes) (P - 1) / P, of supports that overlap by chance
 *
 *     exact            m = n s
 *     quantize         m = the codes, scales included
 *     project          m = k s: the indices follow from a shared seed
 *     select           m = log2 C(n, k) / 8 + v k: no code for all sets of k indices is shorter;
 *                      k of the rank's own last message, v bytes of a value by the spec's `values`
 *
 * Headers and the agreement are left out.  Sums of sparse messages travel in the element type.
 */

#include "comm/reducer.h"

/* Bytes received by a rank in its last call, if all messages were as long as its own; NAN for an
 * algorithm that is not in the list above. */
double floor_bytes(const csgd_reducer *r);

#endif
