/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_SLOT_CALLS_H
#define CSGD_SLOT_CALLS_H

/* slot_calls.h: every slot of a kernel table behind one signature, so that a test can walk over
 * them.  The arguments that are no vectors are chosen by a number, the variant. */

#include <stddef.h>
#include <stdint.h>
#include "kernels/kernels.h"

enum { HISTOGRAM_COUNTS = 32 };

/* The arguments of a call.  out begins as a copy of e where the slot's output is ELEMENTS, as
 * anything else otherwise; index and value hold n. */
typedef struct call {
    const csgdi_kernels *k;
    size_t n;
    unsigned variant; /* of the arguments that are no vectors */
    const void *x, *e;
    void *out, *value;
    uint32_t *index;
    uint64_t result; /* what the slot returned, as bits */
} call;

typedef struct slot {
    const char *name;
    void (*call)(call *c);
    unsigned variants;
    /* What out is: n of BYTES and of HALVES. */
    enum { NOTHING, ELEMENTS, BITS, HISTOGRAM, BYTES, HALVES } output;
} slot;

/* All of them, ending with one without a name. */
extern const slot slots[];

#endif
