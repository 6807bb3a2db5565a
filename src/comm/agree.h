/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_AGREE_H
#define CSGDI_AGREE_H

/* agree.h: all ranks find out that they are about to do the same thing, before any of them does.
 *
 * Every rank brings a record: how it fared so far, a few flags, and fields that must be equal.
 * The outcome is the same on all ranks, in this order of precedence:
 *
 *     a rank failed        its own error there, CSGD_E_PEER on the others, naming it
 *     a field differs      CSGD_E_MISMATCH on all, naming the field, two ranks and both values
 *     else                 CSGD_OK, and the flags that any rank raised
 *
 * It costs one MAX over four words: {failure, flags, h, ~h} with h a hash of the fields, since
 * the words agree just if max(h) = ~max(~h).  Only where they do not, a second MAX over
 * {field, ~field} finds the first that differs and both extremes, a third their ranks, and for
 * the spec a fourth both texts.  Nothing is allocated, so agreement cannot run out of memory.
 *
 * A time may ride on the record, in a fifth word, or above the length: the upper 16 bits of a float.
 *
 * Where an algorithm needs the length of every rank's message anyway, the record rides on that
 * exchange: four words, the length and a hash of them are gathered instead, into room of 6 words a
 * rank.  A record that was altered on the way is a transport error: what the others think is then
 * unknown.
 */

#include "comm/transport.h"

typedef enum csgdi_field {
    CSGDI_FIELD_N,
    CSGDI_FIELD_TYPE,
    CSGDI_FIELD_OP,
    CSGDI_FIELD_STEP,
    CSGDI_FIELD_ENTRIES,  /* of a sparse reducer, at most */
    CSGDI_FIELD_CAPACITY, /* of what it is to return, in entries */
    CSGDI_FIELD_LAYOUT,
    CSGDI_FIELD_SEED,
    CSGDI_FIELD_START,   /* blocking or started */
    CSGDI_FIELD_SCALE,   /* bits of the step size */
    CSGDI_FIELD_RHO,     /* bits of the weight of momentum */
    CSGDI_FIELD_FP_MODE, /* rounding and flushing of denormals */
    CSGDI_FIELD_PLAN,
    CSGDI_FIELD_WIRE,
    CSGDI_FIELD_SPEC, /* hash of the text */
    CSGDI_FIELDS
} csgdi_field;

enum { CSGDI_AGREE_TEXT = 224, CSGDI_AGREE_WORDS = 6 };

/* What a rank brings beside: this flag, which is raised for all where any rank raises it; or the bits of
 * a double that is not negative, the largest of which all get where no rank raises the flag. */
#define CSGDI_FLAG_NONFINITE (UINT64_C(1) << 63)

typedef struct csgdi_agreement {
    /* in: what this rank brings */
    csgd_status failure; /* CSGD_OK, or what this rank failed with; its sentence is kept */
    uint64_t flags;
    uint64_t field[CSGDI_FIELDS];
    const char *spec; /* text behind CSGDI_FIELD_SPEC */
    bool blocking;    /* as the transport's */
    uint64_t *gather; /* 6 * n_ranks words where lengths are wanted, else NULL */
    size_t *layout;   /* with gather: 2 * n_ranks lengths and offsets, scratch */
    uint64_t length;  /* with gather: this rank's */
    bool timed;       /* the largest of `seconds` is asked for, on all ranks or on none */
    double seconds;   /* not negative */

    /* out: the flags of all, seconds, to 1 %, and with gather, csgdi_agreed_length(gather, rank) */

    /* between */
    int round;
    csgdi_request request;
    csgd_status outcome;
    char sentence[512]; /* of this rank's failure, which later calls may overwrite */
    int ranks[2];       /* that hold the largest and the smallest value */
    size_t differing;
    uint64_t
        word[2 * CSGDI_FIELDS > CSGDI_AGREE_TEXT / 4 ? 2 * CSGDI_FIELDS : CSGDI_AGREE_TEXT / 4];
} csgdi_agreement;

/* Start.  The inputs are set, and the sentence of a failure is this thread's. */
csgd_status csgdi_agree_begin(csgdi_agreement *a, csgdi_transport *t);

/* Advance: CSGD_MORE, or the outcome.  After CSGD_E_TRANSPORT there is no agreement. */
csgd_status csgdi_agree_step(csgdi_agreement *a, csgdi_transport *t);

/* Start, and step until it is done: for creation, where waiting is all there is to do. */
csgd_status csgdi_agree(csgdi_agreement *a, csgdi_transport *t);

/* word[i] = largest of all ranks' word[i], in place: for creation as well. */
csgd_status csgdi_agree_max(csgdi_transport *t, uint64_t *word, size_t n);

/* The length that a rank brought. */
static inline uint64_t csgdi_agreed_length(const uint64_t *gather, size_t rank)
{
    return gather[rank * CSGDI_AGREE_WORDS + 4] & (UINT64_MAX >> 16);
}

/* How this thread rounds and whether it flushes denormals: ranks that differ in it would not
 * share bits. */
uint64_t csgdi_fp_mode(void);

#endif
