/* SPDX-License-Identifier: BSD-3-Clause */
/* dataset.c: read on rank 0, send to all. */
#include "dataset.h"
#include "fail.h"

#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static void broadcast_samples(struct samples *samples, int features, int rank)
{
    const size_t row = (size_t)features;
    const size_t chunk = INT_MAX / row; /* MPI counts are int */

    if (rank != 0) {
        samples->pixels = alloc_or_fail(samples->count * row, 1);
        samples->labels = alloc_or_fail(samples->count, 1);
    }
    for (size_t i = 0; i < samples->count; i += chunk) {
        const size_t rows = samples->count - i < chunk ? samples->count - i : chunk;
        MPI_Bcast(samples->pixels + i * row, (int)(rows * row), MPI_BYTE, 0, MPI_COMM_WORLD);
        MPI_Bcast(samples->labels + i, (int)rows, MPI_BYTE, 0, MPI_COMM_WORLD);
    }
}

void dataset_load(struct dataset *data, const char *csv_file, const char *idx_dir)
{
    int rank;
    const char *wrong = NULL;
    uint64_t shape[3] = {0, 0, 0}; /* all zero: rank 0 could not read */

    *data = (struct dataset){0};
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        wrong = idx_dir ? dataset_read_idx(data, idx_dir) : dataset_read_csv(data, csv_file);
        if (wrong == NULL) {
            shape[0] = (uint64_t)data->features;
            shape[1] = data->train.count;
            shape[2] = data->test.count;
        }
    }
    MPI_Bcast(shape, 3, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    if (shape[0] == 0)
        fail_usage("%s: %s", idx_dir ? idx_dir : csv_file, wrong ? wrong : "cannot be read");

    data->features = (int)shape[0];
    data->train.count = (size_t)shape[1];
    data->test.count = (size_t)shape[2];
    MPI_Bcast(&data->scale, 1, MPI_FLOAT, 0, MPI_COMM_WORLD);
    broadcast_samples(&data->train, data->features, rank);
    broadcast_samples(&data->test, data->features, rank);
}

void dataset_free(struct dataset *data)
{
    free(data->train.pixels);
    free(data->train.labels);
    free(data->test.pixels);
    free(data->test.labels);
    *data = (struct dataset){0};
}

void dataset_row(const struct dataset *data, const struct samples *from, size_t i, float *row)
{
    const uint8_t *pixels = from->pixels + i * (size_t)data->features;

    for (int j = 0; j < data->features; j++)
        row[j] = (float)pixels[j] * data->scale;
}
