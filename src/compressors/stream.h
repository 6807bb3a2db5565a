/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_STREAM_H
#define CSGDI_STREAM_H

/* stream.h: the sparse stream of a selecting compressor, and the keys that say how it travels. */

#include "compressors/compressor.h"

/* The keys `indices` and `values`. */
extern const csgdi_keys csgdi_stream_keys;

/* Read the keys into c->format, completing the spec, and allocate c->stream. */
csgd_status csgdi_stream_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena);

/* y = 0 where the first vector of a message that passed csgdi_message_check() is not 0. */
void csgdi_stream_zero(const csgdi_compressor *c, const uint8_t *src, void *y);

#endif
