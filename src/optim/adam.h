/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ADAM_H
#define CSGDI_ADAM_H

/* adam.h: the two moments of Adam, for adam.c and frozen_adam.c. */

#include "optim/optimizer.h"

/* The first is o->v. */
typedef struct csgdi_moments {
    void *second; /* V, not corrected for its beginning at 0; corrected once it is frozen */
    double power1, power2; /* beta1^t and beta2^t, by repeated multiplication: pow() is libm's */
    bool frozen;
} csgdi_moments;

#define CSGDI_ADAM_KEYS                                                                     \
    {.name = "beta1",                                                                       \
     .kind = CSGDI_REAL,                                                                    \
     .max = 0.999999,                                                                       \
     .fallback = "0.9",                                                                     \
     .help = "m = beta1 m + (1 - beta1) g"},                                                \
        {.name = "beta2",                                                                   \
         .kind = CSGDI_REAL,                                                                \
         .max = 0.999999999,                                                                \
         .fallback = "0.999",                                                               \
         .help = "V = beta2 V + (1 - beta2) g^2"},                                          \
    {                                                                                       \
        .name = "eps", .kind = CSGDI_REAL, .above_min = true, .max = 1, .fallback = "1e-8", \
        .help = "added to the root of V"                                                    \
    }

/* Read those keys, and allocate. */
csgd_status csgdi_moments_create(csgd_optimizer *o, csgdi_spec *spec, csgdi_moments *m);

/* AdamW: both moments take y / P, and
 * x -= lr (m / (1 - beta1^t) / (sqrt(V / (1 - beta2^t)) + eps) + weight_decay x), t = 1, 2, ... */
void csgdi_moments_step(csgd_optimizer *o, csgdi_moments *m, const csgdi_plan *plan, const void *y,
                        void *x);

/* x -= lr for_x / P / (1 - beta1^t) / (sqrt(V / (1 - beta2^t)) + eps). */
void csgdi_moments_flushed(csgd_optimizer *o, const csgdi_moments *m, const void *for_x, void *x);

#endif
