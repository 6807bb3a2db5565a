/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ENCODINGS_H
#define CSGD_ENCODINGS_H

/* encodings.h: what becomes of sums that are encoded again on their way, by the oracle's encoders. */

#include "comm/reduce_parts.h"
#include "oracle/oracle.h"

enum { ENCODINGS_BLOCK = 64 }; /* that cases say */

/* What `recode=` in the keys of a case says, where they have it. */
typedef struct recoding {
    const char *word, *compressor;
    unsigned bits; /* of int */
} recoding;

bool encodings_recode(const reduce_case *c, recoding *to);

/* First element of the range that a rank owns: whole blocks, as even as they go. */
size_t encodings_range(const reduce_case *c, size_t rank, size_t p);

/* Elements of a part of a rank's range, of those that sra cuts it into where the spec says `piece`: as
 * many as the codes of the longest range are pieces, rounded, and no more than it has blocks; blocks are
 * divided as evenly as they go, and the first parts have one more.  code_bytes: of that range. */
size_t encodings_part(const reduce_case *c, size_t rank, size_t p, size_t part, size_t parts);
size_t encodings_parts(const reduce_case *c, size_t p, size_t code_bytes);

/* What the owners of ranges make, of sra or with recode=, of the sum in place, with residuals es of their own, and for
 * ecx those of the step before at n. */
void encode_again(const reduce_case *c, const oracle_settings *settings, uint64_t step, size_t p,
                  double *sum, double *es);

/* What the hops of qring make of the messages, and of the residuals of those who encode. */
void encode_around(const reduce_case *c, const oracle_settings *settings, uint64_t step, oracle *o);

#endif
