/* SPDX-License-Identifier: BSD-3-Clause */

/* owner.c: the second compression of an algorithm that encodes twice, and its residual.
 *
 * The rank that owns a range compresses the sum of it, and what that leaves out is remembered by
 * the same rule of feedback as the first compression's: one more feedback object, over the range.
 */

#include <string.h>
#include "comm/reducer.h"

csgd_status csgdi_owner_create(csgd_reducer *r, size_t first, size_t count)
{
    csgdi_owner *o = &r->owner;

    o->first = first;
    o->compressor = r->compressor;
    o->compressor.n = count;
    o->compressor.first = first;
    o->compressor.rounding = CSGDI_STREAM_OWNER;
    return csgdi_feedback_like(&o->feedback, &r->feedback, &o->compressor, &r->arena);
}

/* The owner's part of a vector of n elements. */
static void *part_of(const csgd_reducer *r, const void *vector)
{
    return (char *)(uintptr_t)vector + r->owner.first * r->compressor.kernels->size;
}

static void exchange(char *a, char *b, size_t bytes)
{
    char chunk[4096];

    for (size_t i = 0; i < bytes; i += sizeof chunk) {
        const size_t part = bytes - i < sizeof chunk ? bytes - i : sizeof chunk;

        memcpy(chunk, a + i, part);
        memcpy(a + i, b + i, part);
        memcpy(b + i, chunk, part);
    }
}

bool csgdi_owner_add_exact(csgd_reducer *r, void *m)
{
    csgdi_owner *o = &r->owner;
    const void *with_residual;
    bool finite;

    if (o->feedback.e == NULL || o->compressor.n == 0) return true;
    finite = csgdi_feedback_prepare(&o->feedback, part_of(r, m), &with_residual);
    exchange(part_of(r, m), o->feedback.m, o->compressor.n * o->compressor.kernels->size);
    return finite;
}

void csgdi_owner_commit_exact(csgd_reducer *r, void *m)
{
    csgdi_owner *o = &r->owner;

    if (o->feedback.ops == NULL) return;
    if (o->feedback.e != NULL && o->compressor.n > 0)
        exchange(part_of(r, m), o->feedback.m, o->compressor.n * o->compressor.kernels->size);
    csgdi_feedback_commit_exact(&o->feedback);
}

void csgdi_owner_add_residual(const csgd_reducer *r, void *e)
{
    const csgdi_owner *o = &r->owner;

    if (o->feedback.e != NULL)
        o->compressor.kernels->add(o->feedback.e, o->compressor.n, part_of(r, e));
}
