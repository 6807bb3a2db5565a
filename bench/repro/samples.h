/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REPRO_SAMPLES_H
#define REPRO_SAMPLES_H

/* samples.h: labelled rows, from the digits that come with the project or a file of the user's. */

#include <stddef.h>

typedef struct samples {
    size_t n, features;
    double *row; /* [n][features] */
    int *label;  /* [n] */
} samples;

/* The digits: 1,797 rows of 64 pixels scaled to [0, 1], labels 0 to 9; in a fixed random order. */
const char *samples_digits(samples *s);

/* A file in LIBSVM's format, "label index:value ...", compressed with gzip or not; labels as they are,
 * missing features 0.  Both return NULL or a sentence. */
const char *samples_libsvm(samples *s, const char *file);

/* Put behind the features all products of two of them. */
const char *samples_products(samples *s);

void samples_free(samples *s);

#endif
