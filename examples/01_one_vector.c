/* SPDX-License-Identifier: BSD-3-Clause */
/* 01_one_vector.c: a vector becomes a short message, and a message becomes a vector again.
 *
 * What this shows: one spec string chooses the compressor; fewer bytes cost more error.  The
 * vector is made like a gradient, few of its entries are large: the r-th largest is 1 / sqrt(r).
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    build/release/examples/01_one_vector
 *
 * Expected output:
 *
 *     spec                bytes    error
 *     none                40048     0.0%
 *     sign                 1344    77.3%
 *     topk ratio=0.1       4648    48.5%
 *     topk ratio=0.01       560    68.6%
 *     topk k=10             112    83.7%
 *
 * Next: 02_error_feedback.c, where what was left out is not lost.
 */
#include <csgd/csgd.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 10000 };

static int die(void)
{
    fprintf(stderr, "%s\n", csgd_error_detail());
    return EXIT_FAILURE;
}

int main(void)
{
    static const char *const specs[] = {"none", "sign", "topk ratio=0.1", "topk ratio=0.01",
                                        "topk k=10"};
    static float x[N], y[N];
    double norm = 0.0;

    for (unsigned i = 0; i < N; i++) {
        const unsigned r = 1 + i * 7919u % N; /* each of 1 .. N once, shuffled */
        x[i] = (i % 2 ? -1.0f : 1.0f) / sqrtf((float)r);
        norm += (double)x[i] * (double)x[i];
    }

    printf("%-16s %8s %8s\n", "spec", "bytes", "error");
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        csgd_compressor *c;
        if (csgd_compressor_create(specs[s], N, &c) != CSGD_OK) return die();

        const size_t cap = csgd_compressor_bound(c); /* no message is longer */
        uint8_t *message = malloc(cap);
        size_t len;
        if (message == NULL || csgd_compressor_compress(c, x, message, cap, &len) != CSGD_OK ||
            csgd_compressor_decompress(c, message, len, y) != CSGD_OK)
            return die();

        double lost = 0.0;
        for (size_t i = 0; i < N; i++)
            lost += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        printf("%-16s %8zu %7.1f%%\n", specs[s], len, 100.0 * sqrt(lost / norm));

        free(message);
        csgd_compressor_destroy(&c);
    }
    return EXIT_SUCCESS;
}
