/* SPDX-License-Identifier: BSD-3-Clause */
/* sgd.c: the update, the same bits on every rank because it is the same arithmetic on the same sum.
 *
 * Additions and multiplications only: they round alike on every machine, where a cosine need not.
 */
#include "sgd.h"
#include "fail.h"

#include <stdlib.h>

void sgd_create(struct sgd *sgd, size_t n, double lr, long steps)
{
    *sgd =
        (struct sgd){.n = n, .velocity = alloc_or_fail(n, sizeof(float)), .lr = lr, .steps = steps};
}

void sgd_destroy(struct sgd *sgd)
{
    free(sgd->velocity);
    *sgd = (struct sgd){0};
}

double sgd_rate(const struct sgd *sgd, long step)
{
    const long warm = sgd->steps / 10;

    if (step < warm) return sgd->lr * (double)(step + 1) / (double)warm;
    return sgd->lr * (double)(sgd->steps - step) / (double)(sgd->steps - warm);
}

void sgd_update(struct sgd *sgd, long step, const float *gradient, int n_ranks, float *parameters)
{
    const float rate = (float)sgd_rate(sgd, step);
    const float share = 1.0f / (float)n_ranks;

    for (size_t i = 0; i < sgd->n; i++) {
        sgd->velocity[i] = 0.9f * sgd->velocity[i] + share * gradient[i];
        parameters[i] -= rate * sgd->velocity[i];
    }
}
