/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_KEYS_H
#define CSGDI_KEYS_H

/* keys.h: keys that several compressors have, with the same range and what they are read as. */

#include "compressors/compressor.h"

/* To a level at random, or to the nearest. */
#define CSGDI_KEY_ROUNDING(text)                                                 \
    {                                                                            \
        .name = "rounding", .kind = CSGDI_CHOICE, .choice = csgdi_rounding_name, \
        .fallback = "stochastic", .help = (text)                                 \
    }

const char *csgdi_rounding_name(size_t i);

/* Whether it is to the nearest. */
bool csgdi_rounding_nearest(const csgdi_spec *spec);

/* Of a code. */
#define CSGDI_KEY_BITS(otherwise, text)                                                   \
    {                                                                                     \
        .name = "bits", .kind = CSGDI_COUNT, .min = 2, .max = 8, .fallback = (otherwise), \
        .help = (text)                                                                    \
    }

/* Elements of a block, under the name that its authors gave it. */
#define CSGDI_KEY_BLOCK(called, otherwise, text)                                                  \
    {                                                                                             \
        .name = (called), .kind = CSGDI_COUNT, .min = 8, .max = 1 << 30, .fallback = (otherwise), \
        .help = (text)                                                                            \
    }

/* c->block of it, which is to be a multiple of 8. */
csgd_status csgdi_block_read(csgdi_compressor *c, const csgdi_spec *spec, const char *called);

#endif
