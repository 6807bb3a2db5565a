/* SPDX-License-Identifier: BSD-3-Clause */
/* shards.h: which samples each rank sees, and in which order.
 *
 * Every epoch each rank walks an equal share of the training set.
 *
 *     mixed    the whole set is shuffled anew each epoch and cut into shares: every rank sees
 *              every kind of sample, as one cluster in one room would
 *     sorted   the set is sorted by label and cut once: each rank has labels of its own and never
 *              sees the others', as hospitals or telephones would.  Far harder.
 */
#ifndef TRAIN_MLP_SHARDS_H
#define TRAIN_MLP_SHARDS_H

#include "dataset.h"

struct shards {
    int sorted;
    uint64_t seed;
    size_t count;    /* samples of the training set */
    size_t per_rank; /* of which each rank sees this many in an epoch */
    int n_ranks;
    uint32_t *order; /* [count]: rank r walks order[r * per_rank ...] */
};

void shards_create(struct shards *shards, const struct samples *train, int sorted, int n_ranks,
                   uint64_t seed);
void shards_destroy(struct shards *shards);

/* Shuffle for an epoch.  All ranks do all of it, so that all have the same order. */
void shards_shuffle(struct shards *shards, int epoch);

/* Return the index of the i-th sample of a rank in this epoch. */
size_t shards_sample(const struct shards *shards, int rank, size_t i);

#endif
