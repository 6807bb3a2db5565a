/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_FUSED_H
#define CSGDI_FUSED_H

/* fused.h: a vector, its message, and what the message leaves out, in one pass over memory.
 *
 * Error feedback compresses m = g + e and keeps m - q, with q the decoded message.  Step by step
 * that is: read g and e, write m; read m, write the message; read m again and write m - q.  Here a
 * chunk of m is made, encoded, and the decoded codes taken off while it is in the first cache; what
 * is left goes to memory: g and e are read once, m - q is written once.  A selection cuts its entries
 * out as it makes m, past the caches where the vector is larger than they are.
 */

#include "compressors/compressor.h"

/* Make all n elements of the vector in m; whether they are finite. */
bool csgdi_source_fill(csgdi_compressor *c, const csgdi_source *source, void *m);

/* Write the message of the vector that the source makes, for step c->step, and leave that vector
 * less the decoded message in m, n elements.  False if it is not finite: then dst and m are
 * undefined.  m must not overlap what the source reads. */
bool csgdi_fused_write(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                       size_t *len);

#endif
