/* SPDX-License-Identifier: BSD-3-Clause */

/* ranges.c: see ranges.h. */

#include "comm/ranges.h"

#include <string.h>
#include "base/bytes.h"
#include "comm/share.h"
#include "compressors/blocks.h"
#include "wire/header.h"

size_t csgdi_range_start(const csgd_reducer *r, int range)
{
    const size_t block = r->compressor.block, n = r->compressor.n;
    const size_t blocks = n / block + (n % block != 0);
    const size_t start = csgdi_share(blocks, r->transport.n_ranks, range) * block;

    return start < n ? start : n;
}

size_t csgdi_range_length(const csgd_reducer *r, int range)
{
    return csgdi_range_start(r, range + 1) - csgdi_range_start(r, range);
}

size_t csgdi_range_bytes(const csgd_reducer *r, int range)
{
    const size_t count = csgdi_range_length(r, range);

    if (count == 0) return 0;
    return CSGDI_HEADER_BYTES + csgdi_round8(csgdi_blocks_bytes(&r->compressor, count));
}

csgdi_compressor csgdi_range_view(const csgd_reducer *r, int range)
{
    csgdi_compressor c = r->compressor;

    c.n = csgdi_range_length(r, range);
    return c;
}

void csgdi_range_cut(const csgd_reducer *r, int range, uint8_t *dst)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t count = csgdi_range_length(r, range), bytes = csgdi_blocks_bytes(c, count);
    const uint8_t *codes = r->message + CSGDI_HEADER_BYTES;
    csgdi_header header = {.compressor = c->ops->wire_id,
                           .type = c->type,
                           .n = count,
                           .step = r->step,
                           .payload = csgdi_round8(bytes)};

    memcpy(dst + CSGDI_HEADER_BYTES, codes + csgdi_blocks_bytes(c, csgdi_range_start(r, range)),
           bytes);
    memset(dst + CSGDI_HEADER_BYTES + bytes, 0, header.payload - bytes);
    csgdi_header_write(&header, dst);
}
