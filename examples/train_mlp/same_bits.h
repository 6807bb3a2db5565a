/* SPDX-License-Identifier: BSD-3-Clause */
/* same_bits.h: the proof, after every step, that all ranks hold the same network.
 *
 * Data-parallel training is wrong, and says nothing, once ranks differ in one bit: each then
 * follows a network of its own.  A hash of 64 bits costs little and is never switched off.
 */
#ifndef TRAIN_MLP_SAME_BITS_H
#define TRAIN_MLP_SAME_BITS_H

#include <stddef.h>

/* Compare parameters over ranks.  Collective.  Ends the job where they differ, exit code 1. */
void same_bits_check(const float *parameters, size_t n, long step);

#endif
