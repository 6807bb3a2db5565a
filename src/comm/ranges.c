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

static size_t piece_bytes(const csgd_reducer *r, size_t count)
{
    if (count == 0) return 0;
    return CSGDI_HEADER_BYTES + csgdi_round8(csgdi_blocks_bytes(&r->compressor, count));
}

size_t csgdi_range_bytes(const csgd_reducer *r, int range)
{
    return piece_bytes(r, csgdi_range_length(r, range));
}

csgdi_compressor csgdi_range_view(const csgd_reducer *r, int range)
{
    csgdi_compressor c = r->compressor;

    c.n = csgdi_range_length(r, range);
    return c;
}

/* Where a part begins in a range of so many elements. */
static size_t part_start(const csgd_reducer *r, size_t length, size_t part, size_t parts)
{
    const size_t block = r->compressor.block, blocks = length / block + (length % block != 0);
    const size_t start = (blocks / parts * part + (part < blocks % parts ? part : blocks % parts));

    return start * block < length ? start * block : length;
}

csgdi_part csgdi_range_part(const csgd_reducer *r, int range, size_t part, size_t parts)
{
    const size_t length = csgdi_range_length(r, range), start = part_start(r, length, part, parts);
    const size_t n = part_start(r, length, part + 1, parts) - start;

    return (csgdi_part){csgdi_range_start(r, range) + start, n, piece_bytes(r, n)};
}

/* The first parts have a block more than the others; the last one, which may have less, is before none. */
size_t csgdi_range_offset(const csgd_reducer *r, int range, size_t part, size_t parts)
{
    const size_t length = csgdi_range_length(r, range), block = r->compressor.block;
    const size_t blocks = length / block + (length % block != 0), longer = blocks % parts;
    const size_t first = part < longer ? part : longer;

    return first * csgdi_range_part(r, range, 0, parts).bytes +
           (part > first ? (part - first) * csgdi_range_part(r, range, first, parts).bytes : 0);
}

size_t csgdi_range_parts(const csgd_reducer *r, size_t bytes)
{
    const size_t length = csgdi_range_length(r, 0), block = r->compressor.block;
    const size_t blocks = length / block + (length % block != 0);
    const size_t parts = (csgdi_blocks_bytes(&r->compressor, length) + bytes / 2) / bytes;

    if (parts > blocks) return blocks > 0 ? blocks : 1;
    return parts > 0 ? parts : 1;
}

csgdi_compressor csgdi_part_view(const csgd_reducer *r, csgdi_part part)
{
    csgdi_compressor c = r->compressor;

    c.n = part.n;
    return c;
}

const uint8_t *csgdi_part_codes(const csgd_reducer *r, csgdi_part part)
{
    return r->message + CSGDI_HEADER_BYTES + csgdi_blocks_bytes(&r->compressor, part.first);
}

void csgdi_part_cut(const csgd_reducer *r, csgdi_part part, uint8_t *dst)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t bytes = csgdi_blocks_bytes(c, part.n);
    csgdi_header header = {.compressor = c->ops->wire_id,
                           .type = c->type,
                           .n = part.n,
                           .step = r->step,
                           .payload = csgdi_round8(bytes)};

    memcpy(dst + CSGDI_HEADER_BYTES, csgdi_part_codes(r, part), bytes);
    memset(dst + CSGDI_HEADER_BYTES + bytes, 0, header.payload - bytes);
    csgdi_header_write(&header, dst);
}
