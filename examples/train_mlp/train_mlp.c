/* SPDX-License-Identifier: BSD-3-Clause */
/* train_mlp.c: train a network on images, data-parallel over MPI, with any compressor.
 *
 * Every rank holds the whole network.  In each step it computes the gradient of its own batch, the
 * gradients are summed over the ranks, and all ranks make the same update:
 *
 *     mpirun -n 4 build/release/examples/train_mlp --spec "topk ratio=0.01"
 *     mpirun -n 4 build/release/examples/train_mlp --spec mpi          # plain MPI_Allreduce
 *     build/release/examples/train_mlp --help
 *
 * This file is the loop.  Where to look further:
 *
 *     exchange.c    the sum over ranks: all that libcsgd has to do with it
 *     sgd.c         momentum and learning rate
 *     same_bits.c   the check, after every step, that ranks agree
 *     mlp.c         the network           evaluate.c  loss and accuracy of a whole set
 *     dataset.c     the images            digits.c    and idx.c, their two formats
 *     shards.c      who sees which image  random.h    the same random numbers everywhere
 *     options.c     the command line      report.c    progress line, CSV and summary
 */
#include "dataset.h"
#include "evaluate.h"
#include "exchange.h"
#include "fail.h"
#include "mlp.h"
#include "options.h"
#include "report.h"
#include "same_bits.h"
#include "sgd.h"
#include "shards.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* Gather this rank's batch of a step into the network's input. */
static void load_batch(struct mlp *net, const struct dataset *data, const struct shards *shards,
                       int rank, long step_of_epoch, int batch, uint8_t *labels)
{
    for (int b = 0; b < batch; b++) {
        const size_t i = shards_sample(shards, rank, (size_t)(step_of_epoch * batch + b));
        dataset_row(data, &data->train, i, mlp_input(net) + (size_t)b * (size_t)data->features);
        labels[b] = data->train.labels[i];
    }
}

int main(int argc, char **argv)
{
    int rank, n_ranks;
    struct options options;
    struct dataset data;
    struct shards shards;
    struct mlp net;
    struct exchange exchange;
    struct sgd sgd;
    struct report report;
    struct score test = {0}, train;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);

    options_read(&options, argc, argv);
    dataset_load(&data, options.data, options.idx);
    shards_create(&shards, &data.train, strcmp(options.shards, "sorted") == 0, n_ranks,
                  (uint64_t)options.seed);
    const long steps_per_epoch = (long)shards.per_rank / options.batch;
    if (steps_per_epoch == 0)
        fail_usage("a batch of %d on each of %d ranks is more than the %zu training images",
                   options.batch, n_ranks, data.train.count);
    const long steps = steps_per_epoch * options.epochs;

    mlp_create(&net, data.features, options.hidden, DATASET_CLASSES, options.batch);
    float *parameters = alloc_or_fail(net.n_parameters, sizeof *parameters);
    float *gradient = alloc_or_fail(net.n_parameters, sizeof *gradient);
    uint8_t *labels = alloc_or_fail((size_t)options.batch, sizeof *labels);
    mlp_init(&net, (uint64_t)options.seed, parameters);
    exchange_create(&exchange, options.spec, net.n_parameters);
    sgd_create(&sgd, net.n_parameters, options.lr, steps);
    report_create(&report, &options, steps);

    for (long step = 0; step < steps; step++) {
        const int epoch = (int)(step / steps_per_epoch);
        const long step_of_epoch = step % steps_per_epoch;
        const int epoch_ends = step_of_epoch == steps_per_epoch - 1;

        if (step_of_epoch == 0) shards_shuffle(&shards, epoch);

        const double start = MPI_Wtime();
        load_batch(&net, &data, &shards, rank, step_of_epoch, options.batch, labels);
        const double loss = mlp_gradient(&net, parameters, labels, options.batch, gradient);
        exchange_sum(&exchange, gradient);
        sgd_update(&sgd, step, gradient, n_ranks, parameters);
        same_bits_check(parameters, net.n_parameters, step);
        const double ms = 1e3 * (MPI_Wtime() - start);

        if (epoch_ends) test = evaluate(&net, parameters, &data, &data.test);
        report_step(&report,
                    &(struct step_record){.epoch = epoch + 1,
                                          .rate = sgd_rate(&sgd, step),
                                          .loss = loss,
                                          .bytes_sent = rank == 0 ? exchange_bytes(&exchange) : 0.0,
                                          .ms = ms,
                                          .test = epoch_ends ? &test : NULL});
    }
    train = evaluate(&net, parameters, &data, &data.train);
    report_finish(&report, net.n_parameters, &train, &test, exchange_bytes(&exchange));

    exchange_destroy(&exchange);
    sgd_destroy(&sgd);
    mlp_destroy(&net);
    shards_destroy(&shards);
    dataset_free(&data);
    free(labels);
    free(gradient);
    free(parameters);
    MPI_Finalize();
    return 0;
}
