/* SPDX-License-Identifier: BSD-3-Clause */
/* evaluate.c: every rank takes every n_ranks-th sample, and three doubles are summed.
 *
 * The sum is a plain MPI_Allreduce: what is measured must not pass through what is being measured.
 */
#include "evaluate.h"

#include <mpi.h>

struct score evaluate(struct mlp *net, const float *parameters, const struct dataset *data,
                      const struct samples *set)
{
    int rank, n_ranks;
    double sums[2] = {0.0, 0.0}; /* of losses; of samples recognised */
    uint8_t labels[64];
    const int most = net->max_batch < 64 ? net->max_batch : 64;
    size_t correct = 0;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    for (size_t i = (size_t)rank; i < set->count;) {
        int batch = 0;
        for (; batch < most && i < set->count; batch++, i += (size_t)n_ranks) {
            dataset_row(data, set, i, mlp_input(net) + (size_t)batch * (size_t)data->features);
            labels[batch] = set->labels[i];
        }
        sums[0] += mlp_evaluate(net, parameters, labels, batch, &correct);
    }
    sums[1] = (double)correct;
    MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return (struct score){.loss = sums[0] / (double)set->count,
                          .accuracy = 100.0 * sums[1] / (double)set->count};
}
