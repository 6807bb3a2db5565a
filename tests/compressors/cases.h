/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_CASES_H
#define CSGD_CASES_H

/* cases.h: every compressor, at several settings, types and lengths, for tests of what they have
 * in common.
 *
 *     static void check(subject *s)
 *     {
 *         subject_gradient(s, 0);
 *         assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
 *     }
 *     static void test(void **state) { (void)state; cases_walk(check); }
 *
 * Vectors and message are blocks of exactly their length: a sanitizer sees any step outside. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>
#include "oracle/oracle.h"

/* A compressor at one setting: what its spec says, and the same for the oracle. */
typedef struct compressor_case {
    const char *name;
    const char *spec; /* without type */
    double ratio;     /* topk, randk */
    size_t block;     /* sign, qsgd, terngrad, int */
    bool biased;      /* randk: not scaled */
    bool own;         /* randk: support=private */
    bool nearest;     /* int, bf16, f16 */
    bool masked;
    double lambda; /* threshold */
    size_t kmax;
    unsigned bits; /* qsgd, int */
    bool l2;
    uint64_t seed;
    double clip;    /* terngrad */
    unsigned index; /* topk, blocktopk, threshold: coder by number; 0: auto */
    unsigned value; /* the same; 0: as the elements are */
} compressor_case;

/* Ends with a NULL name.  A new compressor needs a line. */
extern const compressor_case compressor_cases[];

/* A compressor of one case, type and n, and all that a call wants. */
typedef struct subject {
    const compressor_case *about;
    oracle_settings set; /* type, n and what the oracle is to do */
    csgd_compressor *c;
    size_t n, bytes;  /* of a vector */
    double *wide;     /* x in double */
    double *expected; /* C(x) by the oracle */
    void *x, *y, *z;  /* z: scratch */
    uint8_t *message; /* cap bytes */
    size_t cap, len;
} subject;

void subject_open(subject *s, const compressor_case *about, csgd_type type, size_t n);
void subject_close(subject *s);

/* Call check for every case, type and n. */
void cases_walk(void (*check)(subject *s));

/* A compressor like the subject's own. */
csgd_compressor *subject_twin(const subject *s);

/* Fill x and wide, and expected by the oracle for the step that c is at: from wide as it is, or with
 * the gradient of a step. */
void subject_take_wide(subject *s);
void subject_gradient(subject *s, uint64_t step);

/* Compress x, and assert that the message decodes to `expected`, bit for bit. */
void subject_check(subject *s);

#endif
