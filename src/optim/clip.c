/* SPDX-License-Identifier: BSD-3-Clause */

/* clip.c: gradients scaled down before compression, by one factor for all workers.
 *
 *     min(1, c / sqrt(mean over workers of |g_i|^2))
 *
 * Before, because a residual that has swallowed an outlier gives it back later; one factor, because
 * with one for each worker the mean would be of something else.  It costs one sum of a number.
 */

#include <math.h>
#include "optim/optimizer.h"

csgd_status csgdi_optimizer_clip(csgd_optimizer *o, csgd_status failure, double *factor)
{
    double *sum = &o->number, root;
    csgd_status st;

    *sum = 0;
    for (int i = 0; i < o->workers.count && failure == CSGD_OK; i++)
        *sum += csgdi_sum_blocks(o->kernels, o->kernels->square_sum, o->b[i], o->n);
    st = o->workers.plain_sum(o->workers.self, sum, 1, CSGD_F64, failure, sum);
    if (st != CSGD_OK) return st;
    root = sqrt(*sum / o->workers.n_workers);
    *factor = root > o->clip ? o->clip / root : 1;
    return CSGD_OK;
}
