/* SPDX-License-Identifier: BSD-3-Clause */

/* fused.c: see fused.h. */

#include "compressors/fused.h"

#include "base/bytes.h"
#include "compressors/blocks.h"
#include "compressors/largest.h"
#include "wire/header.h"

enum {
    CHUNK = 4096,           /* elements: with the streams of g and e it fits the first cache */
    STREAM_BYTES = 16 << 20 /* vectors from here on are written past the caches */
};

/* Where a chunk is made before it goes to its place in m: there, while m stays in the caches. */
typedef struct workshop {
    double scratch[CHUNK];
    bool stream;
} workshop;

static void *chunk_of(workshop *w, void *place)
{
    return w->stream ? (void *)w->scratch : place;
}

static void put_chunk(const workshop *w, const csgdi_kernels *k, size_t count, void *place)
{
    if (w->stream) k->stream(w->scratch, count, place);
}

/* Make the vector, then the message, then subtract: for blocks larger than a chunk, and for what
 * has to see the whole vector. */
static bool write_plain(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                        size_t *len)
{
    if (!source->fill(source->object, 0, c->n, m)) return false;
    if (!csgdi_message_write(c, m, dst, len)) return false;
    csgdi_message_apply(c, dst, CSGDI_SUB, m);
    return true;
}

static bool write_blocks(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                         size_t *len)
{
    const size_t size = c->kernels->size, chunk = CHUNK / c->block * c->block;
    workshop w;
    uint8_t *codes = dst + CSGDI_HEADER_BYTES;
    size_t count;

    w.stream = c->n >= STREAM_BYTES / size;
    for (size_t i = 0; i < c->n; i += count) {
        char *place = (char *)m + i * size;
        void *part = chunk_of(&w, place);

        count = c->n - i < chunk ? c->n - i : chunk;
        if (!source->fill(source->object, i, count, part)) return false;
        if (!csgdi_blocks_encode(c, part, c->first + i, count, c->step, codes)) return false;
        csgdi_blocks_apply(c, codes, count, CSGDI_SUB, part);
        put_chunk(&w, c->kernels, count, place);
        codes += csgdi_blocks_bytes(c, count);
    }
    codes = dst + CSGDI_HEADER_BYTES;
    *len = csgdi_message_frame(c, dst, csgdi_pad8(codes, csgdi_blocks_bytes(c, c->n)));
    return true;
}

/* Cut what is to be sent out of elements [first, end) of the vector, as they are made. */
static csgdi_outcome cut(csgdi_compressor *c, csgdi_search *search, const csgdi_source *source,
                         size_t first, size_t end, void *m)
{
    const size_t size = c->kernels->size;
    bool more = true;
    workshop w;

    w.stream = c->n >= STREAM_BYTES / size;
    for (size_t i = first, count; i < end && more; i += count) {
        char *place = (char *)m + i * size;
        void *part = chunk_of(&w, place);

        count = end - i < CHUNK ? end - i : CHUNK;
        if (!source->fill(source->object, i, count, part)) return CSGDI_NONFINITE;
        more = csgdi_largest_chunk(search, part, i, count);
        put_chunk(&w, c->kernels, count, place);
    }
    return csgdi_largest_end(search, m);
}

/* Select from all segments so; RETRY where one of them has to be seen whole. */
static csgdi_outcome cut_all(csgdi_compressor *c, const csgdi_source *source, void *m)
{
    const size_t whole[2] = {0, c->n};
    const size_t *segment = c->segment != NULL ? c->segment : whole;

    c->stream.k = 0;
    for (size_t s = 0; s < (c->segment != NULL ? c->n_segments : 1); s++) {
        csgdi_search *search = c->ops->begin(c, s, &c->stream);
        csgdi_outcome outcome;

        if (search == NULL) return CSGDI_RETRY;
        outcome = cut(c, search, source, segment[s], segment[s + 1], m);
        if (outcome != CSGDI_DONE) return outcome;
    }
    return CSGDI_DONE;
}

static bool write_selection(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                            size_t *len)
{
    const bool exact = csgdi_sparse_exact(c->kernels, c->format);
    csgdi_sparse *s = &c->stream;
    size_t payload;

    switch (cut_all(c, source, m)) {
    case CSGDI_NONFINITE:
        return false;
    case CSGDI_RETRY:
        return write_plain(c, source, m, dst, len);
    default:
        if (!exact) c->kernels->scatter(s->index, s->value, s->k, CSGDI_SET, m);
        payload = csgdi_sparse_write(c->kernels, c->format, s, dst + CSGDI_HEADER_BYTES);
        if (!exact) c->kernels->scatter(s->index, s->value, s->k, CSGDI_SUB, m);
        *len = csgdi_message_frame(c, dst, payload);
        return true;
    }
}

bool csgdi_fused_write(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                       size_t *len)
{
    if (c->n > 0 && c->ops->family == CSGDI_QUANTIZE && c->block <= CHUNK)
        return write_blocks(c, source, m, dst, len);
    if (c->n > 0 && c->ops->family == CSGDI_SELECT && c->ops->begin != NULL)
        return write_selection(c, source, m, dst, len);
    return write_plain(c, source, m, dst, len);
}
