/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_STREAM_H
#define CSGDI_STREAM_H

/* stream.h: what writer and reader of sparse streams share. */

#include "wire/index.h"

/* Bytes of the first 8, which sparse.h explains; k is at 0. */
enum {
    CSGDI_STREAM_INDEX = 4,
    CSGDI_STREAM_VALUE = 5,
    CSGDI_STREAM_CHANNELS = 6,
    CSGDI_STREAM_PARAMETER = 7,
    CSGDI_STREAM_HEADER = 8
};

/* The coder with a number of csgdi_index_coder; NULL if there is none. */
const csgdi_index_ops *csgdi_index_of(unsigned coder);

#endif
