/* SPDX-License-Identifier: BSD-3-Clause */
/* dataset.h: labelled images, the same on every rank.
 *
 * Two sources: the digits that come with the project (CSV), and a directory in the format of MNIST
 * (IDX).  Both may be compressed with gzip or not.  Rank 0 reads, the others receive.
 */
#ifndef TRAIN_MLP_DATASET_H
#define TRAIN_MLP_DATASET_H

#include <stddef.h>
#include <stdint.h>

enum { DATASET_CLASSES = 10 };

/* Images with their labels.  Pixels stay bytes and are scaled to [0, 1] when a batch is made. */
struct samples {
    size_t count;
    uint8_t *pixels; /* [count][features] */
    uint8_t *labels; /* [count], each below DATASET_CLASSES */
};

struct dataset {
    int features;
    float scale; /* a pixel times this is in [0, 1] */
    struct samples train;
    struct samples test; /* held out: never trained on */
};

/* Load a data set on all ranks.  Collective.  Ends the program, on all ranks, where it cannot.
 *
 * idx_dir: directory with IDX files, or NULL to read csv_file, whose last fifth after a fixed
 * shuffle becomes the test set.
 */
void dataset_load(struct dataset *data, const char *csv_file, const char *idx_dir);
void dataset_free(struct dataset *data);

/* Copy one image to row, features floats in [0, 1]. */
void dataset_row(const struct dataset *data, const struct samples *from, size_t i, float *row);

/* The readers, called on one rank.  They fill *data and return NULL, or return a sentence. */
const char *dataset_read_csv(struct dataset *data, const char *file);
const char *dataset_read_idx(struct dataset *data, const char *dir);

#endif
