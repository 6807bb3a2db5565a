/* SPDX-License-Identifier: BSD-3-Clause */

/* fuzz.c: see fuzz.h. */

#include "fuzz/fuzz.h"

#include <string.h>
#include <time.h>

/* memset() goes at the pace of memory.  Decoders under a sanitizer are within a hundred times of it;
 * at a million elements what is quadratic is a hundred thousand times slower. */
enum { TIMES_FILL = 300, REPEATS = 3 };
static const double floor_seconds = 0.05;

void *fuzz_block(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);

    fuzz_require(memory != NULL);
    return memory;
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The least of a few, for others run on this machine as well. */
static double seconds_of(void (*work)(void *arg), void *arg)
{
    double least = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        const double start = cpu_seconds();
        double seconds;

        work(arg);
        seconds = cpu_seconds() - start;
        if (seconds < least) least = seconds;
    }
    return least;
}

typedef struct block {
    volatile unsigned char *memory; /* volatile: it is never read */
    size_t bytes;
} block;

static void fill(void *arg)
{
    const block *b = arg;

    memset((void *)b->memory, b->memory[0] + 1, b->bytes);
}

void fuzz_linear(const char *what, size_t bytes, void (*work)(void *arg), void *arg)
{
    block b = {fuzz_block(bytes), bytes};
    double most, seconds;

    b.memory[0] = 0;
    most = floor_seconds + TIMES_FILL * seconds_of(fill, &b);
    free((void *)b.memory);
    seconds = seconds_of(work, arg);
    if (seconds > most)
        fprintf(stderr, "%s: %g seconds of CPU for %zu bytes, more than %g\n", what, seconds, bytes,
                most);
    fuzz_require(seconds <= most);
}
