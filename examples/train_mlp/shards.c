/* SPDX-License-Identifier: BSD-3-Clause */
/* shards.c: equal shares, and shuffles that every rank repeats alike. */
#include "shards.h"
#include "fail.h"
#include "random.h"

#include <stdlib.h>

void shards_create(struct shards *shards, const struct samples *train, int sorted, int n_ranks,
                   uint64_t seed)
{
    size_t next = 0;

    *shards = (struct shards){.sorted = sorted,
                              .seed = random_key(seed, UINT32_MAX), /* not a layer's key */
                              .count = train->count,
                              .per_rank = train->count / (size_t)n_ranks,
                              .n_ranks = n_ranks,
                              .order = alloc_or_fail(train->count, sizeof(uint32_t))};
    if (sorted) {
        for (int label = 0; label < DATASET_CLASSES; label++)
            for (size_t i = 0; i < train->count; i++)
                if (train->labels[i] == label) shards->order[next++] = (uint32_t)i;
    } else {
        for (size_t i = 0; i < train->count; i++)
            shards->order[i] = (uint32_t)i;
    }
}

void shards_destroy(struct shards *shards)
{
    free(shards->order);
    *shards = (struct shards){0};
}

static void shuffle(uint32_t *order, size_t count, uint64_t key)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = (size_t)(random_bits(key, i) % i);
        const uint32_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

void shards_shuffle(struct shards *shards, int epoch)
{
    const uint64_t key = random_key(shards->seed, (uint64_t)epoch);

    if (!shards->sorted) {
        shuffle(shards->order, shards->count, key);
        return;
    }
    for (int rank = 0; rank < shards->n_ranks; rank++)
        shuffle(shards->order + (size_t)rank * shards->per_rank, shards->per_rank,
                random_key(key, (uint64_t)rank));
}

size_t shards_sample(const struct shards *shards, int rank, size_t i)
{
    return shards->order[(size_t)rank * shards->per_rank + i];
}
