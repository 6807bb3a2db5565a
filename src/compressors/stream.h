/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_STREAM_H
#define CSGDI_STREAM_H

/* stream.h: the sparse stream of a selecting compressor, and the keys that say how it travels. */

#include "compressors/compressor.h"

/* The keys `indices` and `values`. */
extern const csgdi_keys csgdi_stream_keys;

/* Read the keys into c->format, completing the spec, and allocate c->stream. */
csgd_status csgdi_stream_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena);

#endif
