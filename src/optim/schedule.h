/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_SCHEDULE_H
#define CSGDI_SCHEDULE_H

/* schedule.h: the learning rate of a step, the same bits on all ranks.
 *
 * With s the steps since the warm-up and S those from there to the end of the run:
 *
 *     constant    lr
 *     cosine      lr (1 + cos(pi s / S)) / 2
 *     step        lr decay^floor(s / decay_every)
 *     sqrt        lr / sqrt(1 + s / decay_every)
 *
 * and in the warm-up, of W steps, lr (t + 1) / W for t = 0 .. W - 1.  Past the end of the run the
 * rate stays what it was.  Never 0.
 */

#include "base/spec.h"

typedef struct csgdi_schedule {
    double lr;
    uint64_t warmup, steps, decay_every; /* steps: 0 where the spec does not say */
    double decay;
    enum { CSGDI_CONSTANT, CSGDI_COSINE, CSGDI_STEP, CSGDI_SQRT } shape;
} csgdi_schedule;

extern const csgdi_keys csgdi_schedule_keys;

/* Read the keys, and drop those without effect. */
csgd_status csgdi_schedule_read(csgdi_schedule *s, csgdi_spec *spec);

/* The rate of step t. */
double csgdi_schedule_rate(const csgdi_schedule *s, uint64_t t);

#endif
