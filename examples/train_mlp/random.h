/* SPDX-License-Identifier: BSD-3-Clause */
/* random.h: random numbers that every rank draws alike.
 *
 * Ranks that start from different parameters, or walk the data in different orders, do not train
 * one network.  So a number here is a function of a key and a counter and of nothing else: no
 * state, no libm, no clock.  The mixing function is that of SplitMix64 (Steele, Lea, Flood 2014).
 */
#ifndef TRAIN_MLP_RANDOM_H
#define TRAIN_MLP_RANDOM_H

#include <stdint.h>

static inline uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Derive an independent stream from a key: one for each layer, epoch or shard. */
static inline uint64_t random_key(uint64_t key, uint64_t stream)
{
    return random_mix(key + 0x9e3779b97f4a7c15u * (stream + 1));
}

/* Return 64 random bits. */
static inline uint64_t random_bits(uint64_t key, uint64_t counter)
{
    return random_mix(random_key(key, counter));
}

/* Return a number in [-1, 1), a multiple of 2^-23 and therefore exact in a float. */
static inline float random_symmetric(uint64_t key, uint64_t counter)
{
    return (float)(random_bits(key, counter) >> 40) * 0x1p-23f - 1.0f;
}

#endif
