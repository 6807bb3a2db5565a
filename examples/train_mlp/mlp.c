/* SPDX-License-Identifier: BSD-3-Clause */
/* mlp.c: forward and backward through fully connected layers, six matrix products a step.
 *
 * Shapes, for a batch of B samples and a layer of I inputs and O outputs:
 *
 *     forward    z[B][O] = a[B][I] w[I][O] + bias[O]        a' = max(z, 0), not after the last
 *     backward   dw[I][O] = a^T dz      dbias[O] = column sums of dz      da[B][I] = dz w^T
 *
 * where dz of the last layer is (softmax(z) - one_hot(label)) / B.
 */
#include "mlp.h"
#include "fail.h"
#include "random.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t layer_size(const struct mlp *net, int layer)
{
    return ((size_t)net->width[layer] + 1) * (size_t)net->width[layer + 1];
}

static size_t layer_offset(const struct mlp *net, int layer)
{
    size_t offset = 0;

    for (int i = 0; i < layer; i++)
        offset += layer_size(net, i);
    return offset;
}

void mlp_create(struct mlp *net, int inputs, int hidden, int classes, int max_batch)
{
    size_t widest = 0;

    *net = (struct mlp){.width = {inputs, hidden, hidden, classes}, .max_batch = max_batch};
    net->n_parameters = layer_offset(net, MLP_LAYERS);
    for (int i = 0; i <= MLP_LAYERS; i++) {
        const size_t width = (size_t)net->width[i];
        net->activation[i] = alloc_or_fail((size_t)max_batch * width, sizeof(float));
        widest = width > widest ? width : widest;
    }
    for (int i = 0; i < 2; i++)
        net->delta[i] = alloc_or_fail((size_t)max_batch * widest, sizeof(float));
}

void mlp_destroy(struct mlp *net)
{
    for (int i = 0; i <= MLP_LAYERS; i++)
        free(net->activation[i]);
    for (int i = 0; i < 2; i++)
        free(net->delta[i]);
    *net = (struct mlp){0};
}

void mlp_init(const struct mlp *net, uint64_t seed, float *parameters)
{
    memset(parameters, 0, net->n_parameters * sizeof *parameters);
    for (int i = 0; i < MLP_LAYERS; i++) {
        float *weight = parameters + layer_offset(net, i);
        const size_t n = (size_t)net->width[i] * (size_t)net->width[i + 1];
        const uint64_t key = random_key(seed, (uint64_t)i);
        /* Variance 2 / inputs keeps signals alive through ReLU (He et al. 2015).  Uniform, since
         * sqrt is correctly rounded everywhere and what a normal deviate needs is not. */
        const float bound = sqrtf(6.0f / (float)net->width[i]);

        for (size_t j = 0; j < n; j++)
            weight[j] = bound * random_symmetric(key, j);
    }
}

float *mlp_input(struct mlp *net)
{
    return net->activation[0];
}

static void forward(struct mlp *net, const float *parameters, int batch)
{
    for (int i = 0; i < MLP_LAYERS; i++) {
        const int in = net->width[i], out = net->width[i + 1];
        const float *weight = parameters + layer_offset(net, i);
        const float *bias = weight + (size_t)in * (size_t)out;
        float *z = net->activation[i + 1];

        for (int b = 0; b < batch; b++)
            memcpy(z + (size_t)b * (size_t)out, bias, (size_t)out * sizeof *z);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, batch, out, in, 1.0f,
                    net->activation[i], in, weight, out, 1.0f, z, out);
        if (i + 1 < MLP_LAYERS)
            for (size_t j = 0; j < (size_t)batch * (size_t)out; j++)
                z[j] = z[j] > 0.0f ? z[j] : 0.0f;
    }
}

static int largest(const float *x, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

/* Turn scores into probabilities, in place, and return the cross-entropy against the label. */
static double softmax(float *z, int n, uint8_t label)
{
    const float top = z[largest(z, n)]; /* subtracted so that no exponential overflows */
    const double score = (double)z[label] - (double)top;
    double sum = 0.0;

    for (int i = 0; i < n; i++) {
        z[i] = expf(z[i] - top);
        sum += (double)z[i];
    }
    for (int i = 0; i < n; i++)
        z[i] = (float)((double)z[i] / sum);
    return log(sum) - score;
}

double mlp_gradient(struct mlp *net, const float *parameters, const uint8_t *labels, int batch,
                    float *gradient)
{
    const int classes = net->width[MLP_LAYERS];
    float *dz = net->activation[MLP_LAYERS]; /* scores become probabilities become dz */
    double loss = 0.0;

    forward(net, parameters, batch);
    for (int b = 0; b < batch; b++) {
        float *row = dz + (size_t)b * (size_t)classes;
        loss += softmax(row, classes, labels[b]);
        row[labels[b]] -= 1.0f;
        cblas_sscal(classes, 1.0f / (float)batch, row, 1);
    }

    for (int i = MLP_LAYERS - 1; i >= 0; i--) {
        const int in = net->width[i], out = net->width[i + 1];
        const float *a = net->activation[i];
        const float *weight = parameters + layer_offset(net, i);
        float *dw = gradient + layer_offset(net, i);
        float *dbias = dw + (size_t)in * (size_t)out;
        float *da = net->delta[i % 2];

        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, out, batch, 1.0f, a, in, dz, out,
                    0.0f, dw, out);
        memset(dbias, 0, (size_t)out * sizeof *dbias);
        for (int b = 0; b < batch; b++)
            cblas_saxpy(out, 1.0f, dz + (size_t)b * (size_t)out, 1, dbias, 1);
        if (i == 0) break;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, batch, in, out, 1.0f, dz, out, weight,
                    out, 0.0f, da, in);
        for (size_t j = 0; j < (size_t)batch * (size_t)in; j++)
            if (a[j] <= 0.0f) da[j] = 0.0f;
        dz = da;
    }
    return loss / (double)batch;
}

double mlp_evaluate(struct mlp *net, const float *parameters, const uint8_t *labels, int batch,
                    size_t *correct)
{
    const int classes = net->width[MLP_LAYERS];
    double loss = 0.0;

    forward(net, parameters, batch);
    for (int b = 0; b < batch; b++) {
        float *row = net->activation[MLP_LAYERS] + (size_t)b * (size_t)classes;
        *correct += largest(row, classes) == labels[b];
        loss += softmax(row, classes, labels[b]);
    }
    return loss;
}
