/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_BRACKET_H
#define CSGDI_BRACKET_H

/* bracket.h: between which two keys the k-th largest magnitude is likely to be. */

#include "kernels/kernels.h"

/* Of one vector, or of one tensor of it: zero before the first call. */
typedef struct csgdi_bracket {
    uint64_t low, high;  /* keys; low is 0 where nothing is known */
    uint64_t last;       /* the k-th key of the call before */
    uint64_t fell, rose; /* how far it goes from one call to the next */
    size_t k;            /* that the above is about */
} csgdi_bracket;

/* The k-th key of this call was `limit`: from three times as far below it as it has fallen lately, and
 * a little, to three times as far above as it has risen.  A lower end that is too low costs little (room is
 * made for what is above it), one that is too high another pass. */
void csgdi_bracket_remember(csgdi_bracket *b, csgd_type type, uint64_t limit, size_t k);

/* From lines spread over x, `room` elements at most, for which and for counts (magnitude.h) there is
 * scratch: three standard deviations of the sample's count around its share of k.  What is known of
 * movements stays. */
void csgdi_bracket_guess(csgdi_bracket *b, const csgdi_kernels *kernels, const void *x, size_t n,
                         size_t k, char *sample, size_t room, uint64_t *counts);

#endif
