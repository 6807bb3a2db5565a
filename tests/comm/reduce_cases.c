/* SPDX-License-Identifier: BSD-3-Clause */

/* reduce_cases.c: the cases of reduce_parts.h: each compressor at settings that matter there. */

#include "comm/reduce_parts.h"

#include <stddef.h>

#define DENSE(type, n)                                          \
    {"none", "", type, n, false, "vendor", 3, false},           \
        {"none", "", type, n, false, "ring", 3, false},         \
        {"none", "", type, n, false, "ring", 3, true},          \
        {"none", "", type, n, false, "rabenseifner", 3, false}, \
        {"none", "", type, n, false, "rabenseifner", 3, true},  \
        {"none", "", type, n, false, "sra", 3, false},          \
    {                                                           \
        "none", "", type, n, false, "allgather", 3, false       \
    }

/* With and without feedback, called and started, over each algorithm that can. */
#define LOSSY(name, keys, type, n, algorithm)           \
    {name, keys, type, n, true, algorithm, 12, true},   \
    {                                                   \
        name, keys, type, n, false, algorithm, 3, false \
    }

/* Without feedback alone, for what is no contraction: residuals would grow. */
#define FORGETFUL(name, keys, type, n, algorithm)       \
    {                                                   \
        name, keys, type, n, false, algorithm, 3, false \
    }

#define BITS_CASES(type, n)                                                                     \
    LOSSY("onebit", " block=64", type, n, "allgather"),                                         \
        LOSSY("onebit", " block=64", type, n, "sra"),                                           \
        LOSSY("onebit", " block=64 mask=yes", type, n, "sra"),                                  \
        LOSSY("natural", " block=64", type, n, "allgather"),                                    \
        LOSSY("natural", " block=64", type, n, "sra"), LOSSY("bf16", "", type, n, "allgather"), \
        LOSSY("bf16", "", type, n, "sra"), LOSSY("bf16", " rounding=nearest", type, n, "sra"),  \
        LOSSY("f16", " block=64", type, n, "allgather"),                                        \
        LOSSY("f16", " block=64", type, n, "sra"),                                              \
        LOSSY("f16", " block=64 rounding=nearest", type, n, "allgather"),                       \
        {"majority", "", type, n, false, "linear", 3, false},                                   \
    {                                                                                           \
        "majority", "", type, n, false, "linear", 3, true                                       \
    }

#define SELECT_CASES(type, n)                                                          \
    LOSSY("topk", " ratio=0.1 indices=raw", type, n, "allgather"),                     \
        LOSSY("topk", " ratio=0.1 indices=auto", type, n, "allgather"),                \
        LOSSY("topk", " ratio=0.1 indices=bitmap values=f16", type, n, "allgather"),   \
        LOSSY("topk", " ratio=0.6 values=int4", type, n, "allgather"),                 \
        LOSSY("topk", " ratio=0.1 values=bf16", type, n, "allgather"),                 \
        LOSSY("blocktopk", " ratio=0.125 block=64", type, n, "allgather"),             \
        LOSSY("blocktopk", " ratio=0.125 block=64 values=int8", type, n, "allgather"), \
        LOSSY("threshold", " lambda=20 kmax=1000 indices=raw", type, n, "allgather"),  \
        LOSSY("threshold", " lambda=20 kmax=1000 indices=rice", type, n, "allgather")

/* Other rules of feedback, over each algorithm that can. */
#define RULE(name, keys, type, n, algorithm)           \
    {                                                  \
        name, keys, type, n, true, algorithm, 12, true \
    }

#define RULE_CASES(type, n)                                                                        \
    RULE("topk", " ratio=0.1 feedback=ef21", type, n, "allgather"),                                \
        RULE("topk", " ratio=0.1 values=bf16 feedback=ef21 momentum=0.3", type, n, "allgather"),   \
        RULE("threshold", " lambda=20 kmax=1000 indices=raw feedback=ef21", type, n, "allgather"), \
        RULE("sign", " block=64 feedback=ef21 momentum=0.3", type, n, "sra"),                      \
        RULE("int", " bits=4 block=64 rounding=nearest feedback=ef21", type, n, "sra"),            \
        RULE("onebit", " block=64 feedback=ef21", type, n, "allgather"),                           \
        RULE("randk", " ratio=0.1 feedback=ef21 momentum=0.3", type, n, "linear"),                 \
        RULE("randk", " ratio=0.1 support=private feedback=ef21", type, n, "allgather")

#define TWO_STEP_CASES(type, n)                                                            \
    RULE("sign", " block=64 feedback=ecx rho=0.9", type, n, "allgather"),                  \
        RULE("sign", " block=64 feedback=ecx rho=0.99", type, n, "sra"),                   \
        RULE("int", " bits=4 block=64 feedback=ecx rho=0.9", type, n, "sra"),              \
        RULE("onebit", " block=64 mask=yes feedback=ecx rho=1", type, n, "sra"),           \
        RULE("f16", " block=64 rounding=nearest feedback=ecx rho=0.9", type, n, "sra"),    \
        RULE("topk", " ratio=0.6 values=bf16 feedback=ecx rho=0.9", type, n, "allgather"), \
        RULE("randk", " ratio=0.1 feedback=ecx rho=0.5", type, n, "linear")

#define OWN_MOMENTUM_CASES(type, n)                                                              \
    RULE("topk", " ratio=0.1 feedback=dgc momentum=0.3", type, n, "allgather"),                  \
        RULE("topk", " ratio=0.1 values=bf16 feedback=dgc momentum=0.3 nesterov=yes", type, n,   \
             "allgather"),                                                                       \
        RULE("blocktopk", " ratio=0.125 block=64 feedback=dgc momentum=0.3 masking=no", type, n, \
             "allgather"),                                                                       \
        RULE("topk", " ratio=0.1 feedback=dgc momentum=0.3", type, n, "doubling"),               \
        RULE("topk", " ratio=0.1 feedback=dgc momentum=0.3", type, n, "split"),                  \
        RULE("topk", " ratio=0.1 feedback=ef21 momentum=0.3", type, n, "doubling"),              \
        RULE("threshold", " lambda=20 kmax=1000 feedback=ef21", type, n, "split"),               \
        RULE("topk", " ratio=0.1 feedback=ef21", type, n, "dsar")

#define TWO_VALUE_CASES(type, n)                                                                \
    RULE("topk", " ratio=0.1 feedback=ecx2 rho=0.9", type, n, "allgather"),                     \
        RULE("topk", " ratio=0.1 values=bf16 indices=raw feedback=ecx2 rho=0.5", type, n,       \
             "allgather"),                                                                      \
        RULE("blocktopk", " ratio=0.125 block=64 values=int8 feedback=ecx2 rho=0.9", type, n,   \
             "allgather"),                                                                      \
        RULE("threshold", " lambda=20 kmax=1000 feedback=ecx2 rho=0.99", type, n, "allgather"), \
        RULE("randk", " ratio=0.1 feedback=ecx2 rho=0.9", type, n, "linear"),                   \
        RULE("randk", " ratio=0.1 feedback=ecx2 rho=0.9", type, n, "allgather"),                \
        RULE("randk", " ratio=0.1 support=private feedback=ecx2 rho=0.9", type, n, "allgather")

/* sra in several parts, of a block each, and of some; allgather in pieces. */
#define PARTS_CASES(type, n)                                                                   \
    {"none", " piece=1", type, n, false, "sra", 3, true},                                      \
        LOSSY("sign", " block=64 piece=1", type, n, "sra"),                                    \
        LOSSY("int", " bits=4 block=64 piece=60", type, n, "sra"),                             \
        LOSSY("qsgd", " bits=4 bucket=64 piece=100", type, n, "sra"),                          \
        LOSSY("onebit", " block=64 mask=yes piece=1", type, n, "sra"),                         \
        LOSSY("topk", " ratio=0.1 piece=16", type, n, "allgather"),                            \
        LOSSY("sign", " block=64 piece=50", type, n, "allgather"),                             \
        RULE("topk", " ratio=0.1 piece=8 feedback=ecx2 rho=0.9", type, n, "allgather"),        \
        LOSSY("threshold", " lambda=20 kmax=1000 indices=rice piece=9", type, n, "allgather"), \
        LOSSY("randk", " ratio=0.1 support=private piece=8", type, n, "allgather"),            \
        FORGETFUL("terngrad", " block=64 piece=1", type, n, "sra"),                            \
        RULE("sign", " block=64 piece=1 feedback=ef21 momentum=0.3", type, n, "sra"),          \
        RULE("sign", " block=64 piece=1 feedback=ecx rho=0.99", type, n, "sra"),               \
        RULE("f16", " block=64 piece=200 rounding=nearest feedback=ecx rho=0.9", type, n, "sra")

#define CASES(type, n)                                                                           \
    DENSE(type, n), SELECT_CASES(type, n), LOSSY("sign", " block=64", type, n, "allgather"),     \
        LOSSY("sign", " block=64", type, n, "sra"),                                              \
        LOSSY("qsgd", " bits=4 bucket=64", type, n, "allgather"),                                \
        LOSSY("qsgd", " bits=4 bucket=64", type, n, "sra"),                                      \
        LOSSY("int", " bits=4 block=64", type, n, "allgather"),                                  \
        LOSSY("int", " bits=4 block=64", type, n, "sra"),                                        \
        LOSSY("int", " bits=4 block=64 rounding=nearest", type, n, "allgather"),                 \
        LOSSY("int", " bits=4 block=64 rounding=nearest", type, n, "sra"), BITS_CASES(type, n),  \
        FORGETFUL("terngrad", " block=64", type, n, "allgather"),                                \
        FORGETFUL("terngrad", " block=64", type, n, "sra"),                                      \
        LOSSY("randk", " ratio=0.1", type, n, "linear"),                                         \
        LOSSY("randk", " ratio=0.1", type, n, "allgather"),                                      \
        LOSSY("randk", " ratio=0.1 support=private", type, n, "allgather"), RULE_CASES(type, n), \
        TWO_STEP_CASES(type, n), OWN_MOMENTUM_CASES(type, n), TWO_VALUE_CASES(type, n)

const reduce_case reduce_cases[] = {
    CASES(CSGD_F32, 0),       CASES(CSGD_F32, 1),         CASES(CSGD_F32, 7),
    CASES(CSGD_F32, 65),      CASES(CSGD_F32, 500),       CASES(CSGD_F64, 130),
    PARTS_CASES(CSGD_F32, 1), PARTS_CASES(CSGD_F32, 500), PARTS_CASES(CSGD_F64, 130),
    {.compressor = NULL},
};
