/* SPDX-License-Identifier: BSD-3-Clause */

/* drop_cases.c: the cases of reduce_parts.h for algorithms that drop on the way. */

#include <stddef.h>
#include "comm/reduce_parts.h"

/* With and without feedback, called and started. */
#define BOTH(name, keys, type, n, algorithm)            \
    {name, keys, type, n, true, algorithm, 10, true},   \
    {                                                   \
        name, keys, type, n, false, algorithm, 2, false \
    }

#define CASES(type, n, algorithm)                                                               \
    BOTH("topk", " ratio=0.1", type, n, algorithm),                                             \
        BOTH("topk", " ratio=0.6 values=bf16", type, n, algorithm),                             \
        BOTH("blocktopk", " ratio=0.125 block=64 indices=raw values=int8", type, n, algorithm), \
        BOTH("threshold", " lambda=20 kmax=1000", type, n, algorithm)

#define ALL(type, n)                                                             \
    CASES(type, n, "gtopk"), CASES(type, n, "spardl"), CASES(type, n, "oktopk"), \
        BOTH("topk", " ratio=0.1 tau=4", type, n, "oktopk")

const reduce_case drop_cases[] = {
    ALL(CSGD_F32, 0),   ALL(CSGD_F32, 1),   ALL(CSGD_F32, 7),     ALL(CSGD_F32, 65),
    ALL(CSGD_F32, 500), ALL(CSGD_F64, 130), {.compressor = NULL},
};
