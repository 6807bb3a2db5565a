/* SPDX-License-Identifier: BSD-3-Clause */
/* idx.c: read images and labels in the IDX format of MNIST.
 *
 *     images   00 00 08 03 | count | rows | columns : u32 big-endian | pixels : u8
 *     labels   00 00 08 01 | count                  : u32 big-endian | labels : u8
 *
 * A directory has four such files, each under its own name or with ".gz" after it.
 */
#include "dataset.h"
#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { LARGEST_SIDE = 4096, MOST_IMAGES = 100000000 };

static gzFile open_either(const char *dir, const char *name)
{
    char path[4096];
    gzFile in = NULL;

    for (int zipped = 1; zipped >= 0 && in == NULL; zipped--) {
        const int len = snprintf(path, sizeof path, "%s/%s%s", dir, name, zipped ? ".gz" : "");
        if (len > 0 && (size_t)len < sizeof path) in = gzopen(path, "rb");
    }
    return in;
}

/* Read big-endian numbers; 0 where the file ends early. */
static int read_u32(gzFile in, uint32_t *values, int n)
{
    uint8_t bytes[4];

    for (int i = 0; i < n; i++) {
        if (gzread(in, bytes, 4) != 4) return 0;
        values[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                    (uint32_t)bytes[3];
    }
    return 1;
}

static int read_bytes(gzFile in, uint8_t *to, size_t len)
{
    while (len > 0) {
        const unsigned want = len < 1u << 30 ? (unsigned)len : 1u << 30;
        if (gzread(in, to, want) != (int)want) return 0;
        to += want;
        len -= want;
    }
    return 1;
}

static const char *read_images(gzFile in, struct samples *samples, int *features)
{
    uint32_t head[4];

    if (in == NULL) return "lacks a file of images in the IDX format";
    if (!read_u32(in, head, 4) || head[0] != 0x803)
        return "has a file of images that does not begin as IDX images do";
    if (head[1] == 0 || head[1] > MOST_IMAGES || head[2] == 0 || head[2] > LARGEST_SIDE ||
        head[3] == 0 || head[3] > LARGEST_SIDE)
        return "has a file of images with an impossible number or size of images";
    *features = (int)(head[2] * head[3]);
    samples->count = head[1];
    samples->pixels = alloc_or_fail(samples->count, (size_t)*features);
    if (!read_bytes(in, samples->pixels, samples->count * (size_t)*features))
        return "has a file of images that is shorter than it says";
    return NULL;
}

static const char *read_labels(gzFile in, struct samples *samples)
{
    uint32_t head[2];

    if (in == NULL) return "lacks a file of labels in the IDX format";
    if (!read_u32(in, head, 2) || head[0] != 0x801)
        return "has a file of labels that does not begin as IDX labels do";
    if (head[1] != samples->count) return "has not as many labels as images";
    samples->labels = alloc_or_fail(samples->count, 1);
    if (!read_bytes(in, samples->labels, samples->count))
        return "has a file of labels that is shorter than it says";
    for (size_t i = 0; i < samples->count; i++)
        if (samples->labels[i] >= DATASET_CLASSES) return "has a label above 9";
    return NULL;
}

static const char *read_pair(const char *dir, const char *images_name, const char *labels_name,
                             struct samples *samples, int *features)
{
    gzFile images = open_either(dir, images_name);
    gzFile labels = open_either(dir, labels_name);
    const char *wrong = read_images(images, samples, features);

    if (wrong == NULL) wrong = read_labels(labels, samples);
    if (images != NULL) gzclose(images);
    if (labels != NULL) gzclose(labels);
    return wrong;
}

const char *dataset_read_idx(struct dataset *data, const char *dir)
{
    int test_features = 0;
    const char *wrong = read_pair(dir, "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                  &data->train, &data->features);

    if (wrong == NULL)
        wrong = read_pair(dir, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", &data->test,
                          &test_features);
    if (wrong == NULL && test_features != data->features)
        wrong = "has training and test images of different sizes";
    data->scale = 1.0f / 255.0f;
    return wrong;
}
