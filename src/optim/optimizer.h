/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_OPTIMIZER_H
#define CSGDI_OPTIMIZER_H

/* optimizer.h: one step from end to end, and what an estimator is.
 *
 *     reset       where it falls due, x and v take what compression owes           collective
 *     refresh     full gradients, where the estimator wants them now               collective
 *     increment   gradients of every worker of this process, rho, and their weight  local
 *     clip        one factor for all of them                                       collective
 *     finish      B_i, by default weight * factor times the gradients               local
 *     sum         y = sum over workers of what is delivered of B_i                 collective
 *     update      v, x and what else the estimator remembers; cannot fail          local
 *
 * What fails locally is told to the others in the next collective part, so that nobody waits.
 * Nothing that the next step depends on changes before the sum has succeeded.
 *
 * An estimator is one file that ends in a const csgdi_estimator, and one line in estimators.c.
 */

#include <stdbool.h>
#include <csgd/optimizer.h>
#include "base/alloc.h"
#include "kernels/kernels.h"
#include "optim/reset.h"
#include "optim/schedule.h"
#include "optim/vectors.h"

/* What a step is about to do. */
typedef struct csgdi_plan {
    double lr;
    double rho;     /* v = rho v + y / P, and what feedback is told */
    double weight;  /* of the gradients in the increments, `clip` included */
    double clipped; /* what it was multiplied with by `clip` */
    bool exact;     /* y shall be exact */
} csgdi_plan;

typedef struct csgdi_estimator {
    const char *name;
    const char *summary; /* one phrase, for the help */
    const char *source;
    csgdi_keys keys;   /* its own */
    bool clips;        /* its increments are gradients, which may be scaled down */
    bool wants_before; /* o->before: x of the step before, for update without a slot */
    bool wants_full;   /* asks for full gradients */

    /* Read the keys into o->set, refuse what is not sound with o->workers, and allocate o->state. */
    csgd_status (*create)(csgd_optimizer *o, csgdi_spec *spec);

    /* Full gradients, before the increments.  Collective; NULL: none.  May be repeated for the same
     * o->t, so what it overwrites is not wanted again. */
    csgd_status (*refresh)(csgd_optimizer *o, const void *x);

    /* Write o->b[i] for every worker i, and complete the plan, rho also where a gradient fails.
     * Changes nothing else but o->second. */
    csgd_status (*increment)(csgd_optimizer *o, const void *x, csgdi_plan *plan);

    /* Write the increments where o->send says, out of o->b and plan->weight.  NULL: they are o->b times
     * the weight. */
    void (*finish)(csgd_optimizer *o, const csgdi_plan *plan);

    /* Move.  NULL: v = rho v + y / P, x -= lr (v + weight_decay x). */
    void (*update)(csgd_optimizer *o, const csgdi_plan *plan, const void *y, void *x);

    /* x and v take what was flushed, both sums.  NULL: x -= lr for_x / P, v += for_v / P. */
    void (*flushed)(csgd_optimizer *o, const void *for_x, const void *for_v, void *x);
} csgdi_estimator;

/* Keys of estimators, as far as they have them. */
typedef struct csgdi_settings {
    double alpha, momentum;
    bool nesterov;
    uint64_t refresh;
    double beta1, beta2, eps;
    uint64_t freeze;
} csgdi_settings;

struct csgd_optimizer {
    csgdi_arena arena;
    const csgdi_estimator *estimator;
    const csgdi_kernels *kernels;
    const csgdi_vectors *vectors;
    csgd_workers workers;
    csgd_oracle oracle;
    size_t n;
    csgdi_schedule schedule;
    csgdi_settings set;
    csgdi_reset reset;
    double weight_decay;
    double clip;       /* 0: none */
    double noise;      /* radius, 0: none */
    uint64_t seed;     /* of the noise */
    bool rescale;      /* residuals change with the step size */
    void **b;          /* workers.count increments; b[0] then the sum, and scratch between steps */
    const void **send; /* workers.count: what is summed, o->b unless the estimator has its own */
    double number;     /* that is summed over processes: in memory of ours, as calls may time out */
    void *v;           /* the estimate */
    void *second;      /* scratch */
    void *before;      /* x of the last step, where it is wanted */
    void *xi;          /* noise of this step, where there is any */
    void *state;       /* the estimator's own */
    uint64_t t;        /* steps done, and the sample of the next */
    csgd_optimizer_counters counters;
    char spec[2 * CSGDI_SPEC_MAX];
};

/* Every estimator: the i-th, NULL past the last, and by name. */
const csgdi_estimator *csgdi_estimator_list(size_t i);

/* Read a whole spec: the estimator's keys and the common ones. */
csgd_status csgdi_estimator_parse(const char *text, csgdi_spec *spec, const csgdi_estimator **e);

/* The keys of every optimizer. */
extern const csgdi_keys csgdi_optimizer_keys;

/* n elements, and the same all zero. */
void *csgdi_optimizer_vector(csgd_optimizer *o);
void *csgdi_optimizer_zeros(csgd_optimizer *o);

/* g = the gradient of worker i of this process at x, for this step's sample, with the noise. */
csgd_status csgdi_optimizer_gradient(csgd_optimizer *o, int i, const void *x, void *g);

/* o->b[i] = P n_i / N times the full gradient of every worker, so that their mean is that of f. */
csgd_status csgdi_optimizer_full(csgd_optimizer *o, const void *x);

/* o->b[i] = gradient of every worker at x. */
csgd_status csgdi_optimizer_gradients(csgd_optimizer *o, const void *x);

/* o->b[i] = gradient at x of every worker minus c times the gradient at `other`. */
csgd_status csgdi_optimizer_differences(csgd_optimizer *o, const void *x, double c,
                                        const void *other);

/* o->b[i] += noise, of every worker, where there is noise. */
void csgdi_optimizer_add_noise(csgd_optimizer *o);

/* *factor = min(1, clip / sqrt(mean over all workers of |o->b[i]|^2)).  failure: this process failed
 * before. */
csgd_status csgdi_optimizer_clip(csgd_optimizer *o, csgd_status failure, double *factor);

extern const csgdi_estimator csgdi_estimator_sgd, csgdi_estimator_momentum, csgdi_estimator_storm,
    csgdi_estimator_rootsgd, csgdi_estimator_igt, csgdi_estimator_svrg, csgdi_estimator_sarah,
    csgdi_estimator_adam, csgdi_estimator_frozen_adam;

#endif
