/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_PROBLEM_H
#define CSGD_PROBLEM_H

/* problem.h: something to minimise, of which every worker holds other samples, and not as many.
 *
 * A sample s of worker i has a curvature h and a centre c of its own in every element j, and the loss
 *
 *     sum over j of  h_j (x_j - c_j)^2 / 2 + x_j^4 / 40
 *
 * so that gradients of the same sample at two points differ by something that depends on the sample.
 */

#include <csgd/csgd.h>

enum { PROBLEM_WORKERS_MAX = 64 };

typedef struct problem {
    size_t n;
    csgd_type type;
    int n_workers;
    int fail_worker; /* gradient() fails for it at this sample; -1: never */
    uint64_t fail_sample;
    uint64_t asked; /* mini-batch gradients */
} problem;

/* Samples that a worker holds, and of all of them together. */
int problem_samples(int worker);
int problem_all(int n_workers);

/* The gradients in double, of what csgd_oracle.gradient and full_gradient shall give. */
void problem_gradient(const problem *p, int worker, uint64_t sample, const double *x, double *g);
void problem_full(const problem *p, int worker, const double *x, double *g);

/* The oracle of a problem, which keeps pointing to it.  Not for several threads: a copy for each. */
csgd_oracle problem_oracle(problem *p);

/* To and from the elements of vectors. */
void problem_load(csgd_type type, const void *from, size_t n, double *to);
void problem_store(csgd_type type, const double *from, size_t n, void *to);

/* Where to start: n elements. */
void problem_start(size_t n, double *x);

#endif
