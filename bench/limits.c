/* SPDX-License-Identifier: BSD-3-Clause */

/* limits.c: see limits.h.  One body, compiled for each width of vectors by attributes on the
 * functions: a file with its own flags each would be three times the text. */

#include "limits.h"

#include <stdint.h>
#include <string.h>

static volatile uint32_t sink; /* what was read is used: no compiler may leave the loop out */

/* Four accumulators hide the latency of an exclusive or; more do not help. */
#define LIMITS(isa, attributes, width)                                                       \
    typedef uint32_t words_##isa __attribute__((vector_size(width), aligned(4), may_alias)); \
    typedef float floats_##isa __attribute__((vector_size(width), aligned(4), may_alias));   \
                                                                                             \
    attributes static void read_##isa(const float *x, size_t n)                              \
    {                                                                                        \
        enum { LANES = (width) / 4 };                                                        \
        words_##isa a = {0}, b = {0}, c = {0}, d = {0};                                      \
        uint32_t all = 0, word;                                                              \
        size_t i = 0;                                                                        \
                                                                                             \
        for (; i + 4 * LANES <= n; i += 4 * LANES) {                                         \
            const words_##isa *from = (const words_##isa *)(const void *)(x + i);            \
            a ^= from[0];                                                                    \
            b ^= from[1];                                                                    \
            c ^= from[2];                                                                    \
            d ^= from[3];                                                                    \
        }                                                                                    \
        a ^= b ^ c ^ d;                                                                      \
        for (int lane = 0; lane < LANES; lane++)                                             \
            all ^= a[lane];                                                                  \
        for (; i < n; i++) {                                                                 \
            memcpy(&word, x + i, sizeof word);                                               \
            all ^= word;                                                                     \
        }                                                                                    \
        sink = all;                                                                          \
    }                                                                                        \
                                                                                             \
    attributes static void bump_##isa(float *y, size_t n)                                    \
    {                                                                                        \
        enum { LANES = (width) / 4 };                                                        \
        size_t i = 0;                                                                        \
                                                                                             \
        for (; i + 2 * LANES <= n; i += 2 * LANES) {                                         \
            floats_##isa *to = (floats_##isa *)(void *)(y + i);                              \
            to[0] += 0.5f;                                                                   \
            to[1] += 0.5f;                                                                   \
        }                                                                                    \
        for (; i < n; i++)                                                                   \
            y[i] += 0.5f;                                                                    \
    }                                                                                        \
                                                                                             \
    attributes static void add_##isa(const float *a, float *b, size_t n)                     \
    {                                                                                        \
        enum { LANES = (width) / 4 };                                                        \
        size_t i = 0;                                                                        \
                                                                                             \
        for (; i + 2 * LANES <= n; i += 2 * LANES) {                                         \
            const floats_##isa *from = (const floats_##isa *)(const void *)(a + i);          \
            floats_##isa *to = (floats_##isa *)(void *)(b + i);                              \
            to[0] += from[0];                                                                \
            to[1] += from[1];                                                                \
        }                                                                                    \
        for (; i < n; i++)                                                                   \
            b[i] += a[i];                                                                    \
    }

LIMITS(any, , 16)
#if defined(__x86_64__)
LIMITS(avx2, __attribute__((target("avx2"))), 32)
LIMITS(avx512, __attribute__((target("avx512f"))), 64)
#    define DISPATCH(name, ...)                      \
        do {                                         \
            if (__builtin_cpu_supports("avx512f"))   \
                name##_avx512(__VA_ARGS__);          \
            else if (__builtin_cpu_supports("avx2")) \
                name##_avx2(__VA_ARGS__);            \
            else                                     \
                name##_any(__VA_ARGS__);             \
        } while (0)
#else
#    define DISPATCH(name, ...) name##_any(__VA_ARGS__)
#endif

static size_t threads = 1;

bool limit_threads(size_t wanted)
{
#ifndef _OPENMP
    if (wanted > 1) return false;
#endif
    threads = wanted;
    return true;
}

/* Whole lines of the caches, but for the last part. */
static size_t begin_of(size_t n, size_t part)
{
    return part < threads ? n / threads / 16 * 16 * part : n;
}

static void read_part(const float *a, float *b, size_t n)
{
    (void)b;
    DISPATCH(read, a, n);
}

static void bump_part(const float *a, float *b, size_t n)
{
    (void)a;
    DISPATCH(bump, b, n);
}

static void add_part(const float *a, float *b, size_t n)
{
    DISPATCH(add, a, b, n);
}

static void run(void (*loop)(const float *a, float *b, size_t n), const float *a, float *b,
                size_t n)
{
    if (threads == 1) {
        loop(a, b, n);
        return;
    }
#ifdef _OPENMP
#    pragma omp parallel for num_threads((int)threads) schedule(static, 1)
#endif
    for (size_t part = 0; part < threads; part++) {
        const size_t i = begin_of(n, part);
        loop(a + i, b != NULL ? b + i : NULL, begin_of(n, part + 1) - i);
    }
}

void limit_read(const float *x, size_t n)
{
    run(read_part, x, NULL, n);
}

void limit_bump(float *y, size_t n)
{
    run(bump_part, y, y, n);
}

void limit_add(const float *a, float *b, size_t n)
{
    run(add_part, a, b, n);
}
