/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKES_H
#define SPIKES_H

/* spikes.h: gradients that "topk ratio=0.01" loses nothing of, so that their sum is known exactly.
 * Of N elements each rank has 1 % that are not zero, in places of its own. */

#include <stdio.h>

enum { N = 300, RANKS = 3, KEPT = 3, STEPS = 4 };

static float spike(int rank, int i, int step)
{
    return i % (N / KEPT) == rank ? (float)((step + 1) * (rank + 1) * (i + 1)) : 0.0f;
}

static void spikes_fill(float *grad, int rank, int step)
{
    for (int i = 0; i < N; i++)
        grad[i] = spike(rank, i, step);
}

/* Return the number of elements that are not the sum over all ranks, after naming the first. */
static int spikes_check(const float *grad, int step)
{
    int wrong = 0;

    for (int i = 0; i < N; i++) {
        float sum = 0.0f;
        for (int rank = 0; rank < RANKS; rank++)
            sum += spike(rank, i, step);
        if (grad[i] != sum && wrong++ == 0)
            fprintf(stderr, "step %d, element %d: %g instead of %g\n", step, i, (double)grad[i],
                    (double)sum);
    }
    return wrong;
}

#endif
