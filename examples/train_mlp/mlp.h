/* SPDX-License-Identifier: BSD-3-Clause */
/* mlp.h: a multi-layer perceptron: fully connected layers, ReLU between them, softmax cross-entropy.
 *
 * All parameters live in one vector of floats, and so do all gradients: one vector, one reducer.
 * The vector holds, layer after layer,
 *
 *     weight[in][out], row-major | bias[out]
 *
 * Everything here is local.  BLAS sums in whatever order it likes, which is harmless: only the
 * gradient leaves this file, and ranks need not agree on their gradients.
 */
#ifndef TRAIN_MLP_MLP_H
#define TRAIN_MLP_MLP_H

#include <stddef.h>
#include <stdint.h>

enum { MLP_LAYERS = 3 };

struct mlp {
    int width[MLP_LAYERS + 1]; /* inputs, hidden, hidden, classes */
    int max_batch;             /* most samples at a time */
    size_t n_parameters;
    float *activation[MLP_LAYERS + 1]; /* [max_batch][width[i]]; the first is the input */
    float *delta[2];                   /* [max_batch][widest]: d loss / d activation */
};

/* Lay out the network and allocate what a batch needs. */
void mlp_create(struct mlp *net, int inputs, int hidden, int classes, int max_batch);
void mlp_destroy(struct mlp *net);

/* Fill n_parameters floats: He-scaled uniform weights, zero biases.  Equal seeds give equal bits. */
void mlp_init(const struct mlp *net, uint64_t seed, float *parameters);

/* Where the samples of a batch come from: net->activation[0], [batch][inputs], to be filled. */
float *mlp_input(struct mlp *net);

/* Write the gradient of the batch's mean loss, n_parameters floats, and return that loss. */
double mlp_gradient(struct mlp *net, const float *parameters, const uint8_t *labels, int batch,
                    float *gradient);

/* Return the sum of the batch's losses, and add to *correct how many samples were recognised. */
double mlp_evaluate(struct mlp *net, const float *parameters, const uint8_t *labels, int batch,
                    size_t *correct);

#endif
