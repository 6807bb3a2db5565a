/* SPDX-License-Identifier: BSD-3-Clause */

/* outgoing.c: see outgoing.h. */

#include "compressors/outgoing.h"

#include <string.h>
#include "base/bytes.h"
#include "compressors/blocks.h"
#include "compressors/threads.h"

enum { LINE = 64 };

bool csgdi_outgoing_pays(const csgdi_compressor *c)
{
    return c->ops->family == CSGDI_QUANTIZE && c->n * c->kernels->size >= c->stream_bytes &&
           csgdi_threads_parts(c->threads, c->n) == 1 &&
           csgdi_blocks_bytes(c, csgdi_blocks_unit(c)) <= CSGDI_OUTGOING_ROOM;
}

void csgdi_outgoing_begin(csgdi_outgoing *o, const csgdi_kernels *kernels, uint8_t *dst)
{
    o->kernels = kernels;
    o->to = dst;
    o->staged = o->hashed = 0;
    kernels->hash_begin(&o->hash);
}

/* The first bytes of the stage leave it. */
static void leave(csgdi_outgoing *o, size_t bytes, bool past)
{
    if (past)
        o->kernels->stream(o->stage, bytes / o->kernels->size, o->to);
    else
        memcpy(o->to, o->stage, bytes);
    o->to += bytes;
    o->staged -= bytes;
    o->hashed = o->staged;
    memmove(o->stage, o->stage + bytes, o->staged);
}

static void hash_staged(csgdi_outgoing *o)
{
    o->kernels->hash_more(&o->hash, o->stage + o->hashed, o->staged - o->hashed);
    o->hashed = o->staged;
}

/* Whole lines only, so that none is written in two parts: the first bytes reach up to one. */
void csgdi_outgoing_push(csgdi_outgoing *o, size_t bytes)
{
    const size_t before = (size_t)(-(uintptr_t)o->to % LINE);

    o->staged += bytes;
    if (o->staged < CSGDI_OUTGOING_FLUSH) return;
    hash_staged(o);
    if (before > 0) leave(o, before, false);
    leave(o, o->staged / LINE * LINE, true);
}

uint64_t csgdi_outgoing_end(csgdi_outgoing *o, size_t bytes)
{
    const size_t fill = csgdi_round8(bytes) - bytes;

    memset(csgdi_outgoing_place(o), 0, fill);
    o->staged += fill;
    hash_staged(o);
    leave(o, o->staged, false);
    o->kernels->stream_end();
    return o->kernels->hash_end(&o->hash);
}
