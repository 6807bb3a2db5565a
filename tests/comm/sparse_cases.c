/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse_cases.c: the cases of reduce_parts.h for algorithms that carry one family of messages
 * alone. */

#include "comm/reduce_parts.h"

#include <stddef.h>

/* With and without feedback, started and called. */
#define BOTH(name, keys, type, n, algorithm)            \
    {name, keys, type, n, true, algorithm, 4, true},    \
    {                                                   \
        name, keys, type, n, false, algorithm, 1, false \
    }

/* Coders of all kinds; a union that is dense, and one that is nearly empty. */
#define CASES(type, n, algorithm)                                   \
    BOTH("topk", " ratio=0.1 indices=raw", type, n, algorithm),     \
        BOTH("topk", " ratio=0.6 values=int4", type, n, algorithm), \
        BOTH("topk", " ratio=0.1 values=bf16", type, n, algorithm), \
        BOTH("threshold", " lambda=20 kmax=1000 indices=rice", type, n, algorithm)

#define MORE_CASES(type, n, algorithm)                                        \
    BOTH("topk", " ratio=0.1 indices=bitmap values=f16", type, n, algorithm), \
        BOTH("blocktopk", " ratio=0.125 block=64", type, n, algorithm),       \
        BOTH("blocktopk", " ratio=0.125 block=64 values=int8", type, n, algorithm)

/* Sums that are encoded again; with rules whose owners follow others. */
#define RECODED(type, n)                                                                      \
    BOTH("topk", " ratio=0.1 recode=bf16", type, n, "dsar"),                                  \
        BOTH("topk", " ratio=0.6 values=int4 recode=int8", type, n, "dsar"),                  \
        BOTH("threshold", " lambda=20 kmax=1000 indices=rice recode=int4", type, n, "dsar"),  \
        BOTH("blocktopk", " ratio=0.125 block=64 recode=f16", type, n, "dsar"),               \
        {"topk", " ratio=0.1 recode=int8 feedback=ef21", type, n, true, "dsar", 4, true},     \
    {                                                                                         \
        "topk", " ratio=0.1 recode=int8 feedback=dgc momentum=0.3", type, n, true, "dsar", 4, \
            false                                                                             \
    }

/* Dense codes: no randomness, words of elements, blocks that differ in size from others'. */
#define CODES(type, n)                                                                      \
    BOTH("sign", " block=64", type, n, "qring"),                                            \
        BOTH("qsgd", " bits=4 bucket=64", type, n, "qring"),                                \
        BOTH("int", " bits=4 block=64 rounding=nearest", type, n, "qring"),                 \
        BOTH("onebit", " block=64 mask=yes", type, n, "qring"),                             \
        BOTH("natural", " block=64", type, n, "qring"), BOTH("bf16", "", type, n, "qring"), \
        {"sign", " block=64 feedback=ecx rho=0.9", type, n, true, "qring", 4, true},        \
    {                                                                                       \
        "none", "", type, n, false, "qring", 2, false                                       \
    }

#define ALL(macro, type, n) \
    macro(type, n, "doubling"), macro(type, n, "split"), macro(type, n, "dsar")

const reduce_case sparse_cases[] = {
    ALL(CASES, CSGD_F32, 1), ALL(CASES, CSGD_F32, 65), ALL(CASES, CSGD_F64, 130),
    CODES(CSGD_F32, 65),     CODES(CSGD_F64, 700),     RECODED(CSGD_F32, 3),
    RECODED(CSGD_F64, 130),  {.compressor = NULL},
};

const reduce_case sparse_cases_more[] = {
    ALL(CASES, CSGD_F32, 0),        ALL(CASES, CSGD_F32, 7),        ALL(CASES, CSGD_F32, 500),
    ALL(MORE_CASES, CSGD_F32, 500), ALL(MORE_CASES, CSGD_F64, 131), RECODED(CSGD_F32, 2500),
    {.compressor = NULL},
};

const reduce_case long_cases[] = {
    {"none", "", CSGD_F32, 300001, false, "ring", 1, true},
    {"none", "", CSGD_F32, 300001, false, "rabenseifner", 1, true},
    {"topk", " ratio=0.1", CSGD_F32, 70001, true, "doubling", 1, false},
    {"topk", " ratio=0.1", CSGD_F32, 70001, true, "split", 1, false},
    {"topk", " ratio=0.1", CSGD_F32, 70001, true, "dsar", 1, false},
    {"topk", " ratio=0.1 recode=int8", CSGD_F32, 70001, true, "dsar", 1, false},
    {.compressor = NULL},
};
