/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_FUZZ_H
#define CSGD_FUZZ_H

/* fuzz.h: what a fuzz target is.
 *
 * A target is one source file that hands bytes from anywhere to one decoder.  It is built twice:
 *
 *     fuzz_NAME      with replay.c, in every build: its seeds, its corpus, and mutations of both
 *     fuzzer_NAME    with libFuzzer, under -DCSGD_FUZZ=ON (preset fuzz), which tests/fuzz/run.sh runs
 *
 * Bytes and vectors stand in blocks of exactly their length, so a sanitizer sees any step outside.
 * What a target finds wrong ends the program, as libFuzzer expects it. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_COUNT(array) (sizeof(array) / sizeof *(array))

enum { FUZZ_MOST = 1 << 16 }; /* bytes of the longest seed, and of the longest mutation of one */

/* --- what each target has --- */

/* One input.  libFuzzer's name for it; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Write the i-th input that gets past the first checks to dst, FUZZ_MOST bytes, and return its
 * length; 0 past the last. */
size_t fuzz_seed(size_t i, uint8_t *dst);

/* Cases too large for a fuzzer, each within fuzz_linear(). */
void fuzz_large(void);

/* --- what they have in common --- */

/* A promise of the library. */
#define fuzz_require(condition)                                                     \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

/* A block of just this size, which is not NULL. */
void *fuzz_block(size_t bytes);

/* work(arg) looks at so many bytes, of vectors and messages together: it takes no more than some
 * constant times the time to fill them.  What is quadratic is far beyond. */
void fuzz_linear(const char *what, size_t bytes, void (*work)(void *arg), void *arg);

#endif
