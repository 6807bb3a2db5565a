/* SPDX-License-Identifier: BSD-3-Clause */
/* digits.c: read the digits, one image a line: 64 pixels from 0 to 16, then the class. */
#include "dataset.h"
#include "fail.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PIXELS = 64, BRIGHTEST = 16, LINE_BYTES = 512 };

struct image {
    uint8_t pixels[PIXELS];
    uint8_t label;
};

static int parse_line(const char *line, struct image *image)
{
    for (int i = 0; i <= PIXELS; i++) {
        char *end;
        const long value = strtol(line, &end, 10);
        const long most = i < PIXELS ? BRIGHTEST : DATASET_CLASSES - 1;

        if (end == line || value < 0 || value > most) return 0;
        if (i < PIXELS)
            image->pixels[i] = (uint8_t)value;
        else
            image->label = (uint8_t)value;
        if (i < PIXELS && *end != ',') return 0;
        line = end + 1;
    }
    return 1;
}

static void copy_images(struct samples *to, const struct image *from, size_t count)
{
    to->count = count;
    to->pixels = alloc_or_fail(count, PIXELS);
    to->labels = alloc_or_fail(count, 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(to->pixels + i * PIXELS, from[i].pixels, PIXELS);
        to->labels[i] = from[i].label;
    }
}

const char *dataset_read_csv(struct dataset *data, const char *file)
{
    char line[LINE_BYTES];
    struct image *images = NULL;
    size_t count = 0, cap = 0;
    const char *wrong = NULL;
    gzFile in = gzopen(file, "rb"); /* which reads plain files as they are */

    if (in == NULL) return "cannot be opened";
    while (wrong == NULL && gzgets(in, line, sizeof line) != NULL) {
        if (count == cap) {
            struct image *more = alloc_or_fail(cap = 2 * cap + 1024, sizeof *images);
            if (count > 0) memcpy(more, images, count * sizeof *images);
            free(images);
            images = more;
        }
        if (!parse_line(line, &images[count++]))
            wrong = "has a line that is not 64 pixels from 0 to 16 and a class from 0 to 9";
    }
    gzclose(in);
    if (wrong == NULL && count < 10) wrong = "has too few images";

    if (wrong == NULL) {
        /* The file is ordered by writer.  The split is the same for every --seed, so that
         * accuracies can be compared. */
        const uint64_t key = random_key(0, 0);
        for (size_t i = count - 1; i > 0; i--) {
            const size_t j = (size_t)(random_bits(key, i) % (i + 1));
            const struct image swap = images[i];
            images[i] = images[j];
            images[j] = swap;
        }
        data->features = PIXELS;
        data->scale = 1.0f / BRIGHTEST;
        copy_images(&data->train, images, count - count / 5);
        copy_images(&data->test, images + count - count / 5, count / 5);
    }
    free(images);
    return wrong;
}
