/* SPDX-License-Identifier: BSD-3-Clause */

/* local_rates.c: what local work takes on this machine, as text for the simulation.
 *
 *     build/release/bench/sim/local_rates > rates.txt
 *
 * Medians over some repetitions, one thread, vectors of 4,194,304 floats of which 1 % are selected, lists
 * of 40,000 entries.
 */

#include "local_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <csgd/csgd.h>
#include "base/clock.h"
#include "comm/lists.h"
#include "timing.h"
#include "wire/sparse_sum.h"

enum { N = 1 << 22, K = N / 100, REPS = 15 };

static float *x, *y;

static void *take(size_t count, size_t size)
{
    void *p = calloc(count, size);

    if (p == NULL) {
        fputs("local_rates: no memory\n", stderr);
        exit(1);
    }
    return p;
}

static void check(csgd_status st)
{
    if (st == CSGD_OK) return;
    fprintf(stderr, "local_rates: %s\n", csgd_error_detail());
    exit(1);
}

static void print(local_rate rate, const double *seconds, double amount)
{
    printf("%s %.4g\n", local_rate_name[rate], 1e9 * timing_median(seconds, REPS) / amount);
}

/* A message with error feedback, judged and added. */
static void time_messages(const char *spec, local_rate encode, local_rate decode)
{
    double made[REPS], judged[REPS], added[REPS];
    csgd_feedback *f = NULL;
    size_t cap, len = 0;
    uint8_t *message;

    check(csgd_feedback_create(spec, N, &f));
    cap = csgd_compressor_bound(csgd_feedback_compressor(f));
    message = take(cap, 1);
    for (int i = -3; i < REPS; i++) {
        const csgdi_compressor *c = &csgd_feedback_compressor(f)->core;
        double now, start = csgdi_clock();

        check(csgd_feedback_compress(f, x, message, cap, &len));
        now = csgdi_clock();
        made[i < 0 ? 0 : i] = now - start;
        start = now;
        check(csgdi_message_check(c, message, len, NULL));
        now = csgdi_clock();
        judged[i < 0 ? 0 : i] = now - start;
        start = now;
        csgdi_message_apply(c, message, CSGDI_ADD, y);
        added[i < 0 ? 0 : i] = csgdi_clock() - start;
    }
    print(encode, made, N);
    print(decode, added, decode == LOCAL_SCATTER ? K : N);
    if (decode == LOCAL_SCATTER) print(LOCAL_CHECK, judged, (double)len);
    free(message);
    csgd_feedback_destroy(&f);
}

static void time_vectors(void)
{
    const csgdi_kernels *k = csgdi_kernels_get(CSGD_F32);
    double added[REPS], zeroed[REPS];

    for (int i = 0; i < REPS; i++) {
        double start = csgdi_clock();

        k->add(x, N, y);
        added[i] = csgdi_clock() - start;
        start = csgdi_clock();
        memset(y, 0, N * sizeof *y);
        zeroed[i] = csgdi_clock() - start;
    }
    print(LOCAL_ADD, added, N);
    print(LOCAL_ZERO, zeroed, N);
}

static csgdi_sparse list(size_t room)
{
    return (csgdi_sparse){.n = N,
                          .room = room,
                          .channels = 1,
                          .index = take(room, sizeof(uint32_t)),
                          .value = take(room, sizeof(float))};
}

/* Two lists of K entries are added, half of the sum is kept, and written, judged and read. */
static void time_lists(void)
{
    const csgdi_kernels *k = csgdi_kernels_get(CSGD_F32);
    const csgdi_sparse_format format = {.index = CSGDI_INDEX_AUTO, .value = CSGDI_VALUE_F32};
    double summed[REPS], cut[REPS], written[REPS], read[REPS];
    const csgdi_compressor c = {.kernels = k, .n = N};
    csgdi_sparse a = list(K), b = list(K), sum = list(2 * K + CSGDI_LANES);
    csgdi_sparse left = list(2 * K + CSGDI_LANES), copy = list(2 * K + CSGDI_LANES);
    uint8_t *bytes = take(csgdi_sparse_bound(k, format, N, 2 * K, 1), 1);
    csgdi_arena arena = {0};
    csgdi_search search;
    size_t len, got = 0;

    if (!csgdi_search_create(&search, k, 2 * K, K, 0, 1, &arena)) check(CSGD_E_NOMEM);
    a.k = b.k = K;
    for (uint32_t j = 0; j < K; j++) {
        a.index[j] = j * (N / K) + (j * 7919) % 50;
        b.index[j] = j * (N / K) + 50 + (j * 104729) % 50;
        ((float *)a.value)[j] = x[j];
        ((float *)b.value)[j] = x[K + j];
    }
    for (int i = 0; i < REPS; i++) {
        csgdi_sparse_reader reader;
        double now, start = csgdi_clock();

        csgdi_list_add(&c, &a, &b, &sum);
        now = csgdi_clock();
        summed[i] = now - start;
        left.k = 0;
        start = now;
        csgdi_list_cut(&search, &sum, K, &left);
        now = csgdi_clock();
        cut[i] = now - start;
        start = now;
        len = csgdi_sparse_write(k, format, &sum, bytes);
        (void)k->hash(bytes, len, 0);
        now = csgdi_clock();
        written[i] = now - start;
        start = now;
        (void)k->hash(bytes, len, 0);
        check(csgdi_sparse_check(k, format, bytes, len, N, K, 1));
        csgdi_sparse_open(&reader, k, bytes, N, 0);
        copy.k = 0;
        while ((got = csgdi_sparse_next(&reader, copy.index + copy.k,
                                        (float *)copy.value + copy.k)) > 0)
            copy.k += got;
        read[i] = csgdi_clock() - start;
    }
    print(LOCAL_SUM, summed, 2 * K);
    print(LOCAL_CUT, cut, 2 * K);
    print(LOCAL_WRITE, written, K);
    print(LOCAL_READ, read, K);
    csgdi_arena_free(&arena);
}

int main(void)
{
    uint32_t state = 1;

    timing_machine(stdout);
    x = take(N, sizeof *x);
    y = take(N, sizeof *y);
    for (size_t i = 0; i < N; i++) {
        x[i] = 0;
        for (int j = 0; j < 4; j++) {
            state = state * 1664525U + 1013904223U;
            x[i] += (float)(state >> 8) / 16777216.0F - 0.5F;
        }
    }
    puts("# nanoseconds an element, an entry or a byte (local_work.h)");
    time_messages("topk ratio=0.01 feedback=ef", LOCAL_SELECT, LOCAL_SCATTER);
    time_messages("int bits=8 feedback=ef", LOCAL_CODES, LOCAL_DECODE);
    time_vectors();
    time_lists();
    free(x);
    free(y);
    return 0;
}
