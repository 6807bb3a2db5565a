/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_OUTGOING_H
#define CSGDI_OUTGOING_H

/* outgoing.h: a payload of codes that is too long for the caches, on its way to memory.
 *
 * Written in place, it is read for ownership, written, and read again for its hash: three times the
 * bytes, for 16-bit codes more than the vector itself.  Here codes are made in a stage in the first
 * cache, hashed there, and written once, past the caches.  The bytes and the hash are the same.
 */

#include "compressors/compressor.h"

enum {
    CSGDI_OUTGOING_ROOM = 16384, /* bytes that there is always a place for */
    CSGDI_OUTGOING_FLUSH = 4096
};

typedef struct csgdi_outgoing {
    const csgdi_kernels *kernels;
    uint8_t *to;   /* where the first byte of the stage goes */
    size_t staged; /* bytes there, of which those before `hashed` have been hashed */
    size_t hashed;
    csgdi_hash hash;
    _Alignas(64) uint8_t stage[64 + CSGDI_OUTGOING_FLUSH + CSGDI_OUTGOING_ROOM];
} csgdi_outgoing;

/* Whether it pays for what c writes from one thread, and a unit of its blocks has room. */
bool csgdi_outgoing_pays(const csgdi_compressor *c);

/* Begin a payload at dst. */
void csgdi_outgoing_begin(csgdi_outgoing *o, const csgdi_kernels *kernels, uint8_t *dst);

/* Where the next bytes are to be written, at most CSGDI_OUTGOING_ROOM; and that they have been. */
static inline uint8_t *csgdi_outgoing_place(csgdi_outgoing *o)
{
    return o->stage + o->staged;
}

void csgdi_outgoing_push(csgdi_outgoing *o, size_t bytes);

/* Fill the payload, which has that many bytes, up to a multiple of 8; it is at dst then.  Its hash. */
uint64_t csgdi_outgoing_end(csgdi_outgoing *o, size_t bytes);

#endif
