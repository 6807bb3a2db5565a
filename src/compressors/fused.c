/* SPDX-License-Identifier: BSD-3-Clause */

/* fused.c: see fused.h. */

#include "compressors/fused.h"

#include "base/bytes.h"
#include "compressors/blocks.h"
#include "compressors/largest.h"
#include "wire/header.h"

enum {
    GROUP = 4096, /* elements that are encoded together, in the first cache */
    GRAIN = 256   /* elements that are read, and written, in turn */
};

/* Whether m is written past the caches.  Then what goes there is made in a scratch, and a grain of it
 * is written after a grain of the next has been read: longer turns leave the memory waiting, either
 * for what comes or for what goes (with turns of 4096 elements the same pass takes 1.7 times as
 * long). */
static bool streams(const csgdi_compressor *c)
{
    return c->n * c->kernels->size >= c->stream_bytes;
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

/* Encode a group, and leave of it what the codes leave out. */
static bool encode_group(const csgdi_compressor *c, void *group, size_t first, size_t count,
                         uint8_t **codes)
{
    if (!csgdi_blocks_encode(c, group, c->first + first, count, c->step, *codes)) return false;
    csgdi_blocks_apply(c, *codes, count, CSGDI_SUB, group);
    *codes += csgdi_blocks_bytes(c, count);
    return true;
}

/* Make elements [next, next_end) of the vector in `to`, and in turns with that put `count` elements
 * from `from` in their place. */
static bool turns(const csgdi_compressor *c, const csgdi_source *source, size_t next,
                  size_t next_end, char *to, const char *from, size_t count, char *place)
{
    const size_t size = c->kernels->size, ahead = next_end - next;
    bool finite = true;

    for (size_t i = 0; i < count || next + i < next_end; i += GRAIN) {
        if (next + i < next_end) {
            const size_t grain = next_end - next - i < GRAIN ? next_end - next - i : GRAIN;
            if (next_end + i + grain <= c->n) source->soon(source->object, next + i + ahead, grain);
            finite = source->fill(source->object, next + i, grain, to + i * size) && finite;
        }
        if (i < count)
            c->kernels->stream(from + i * size, count - i < GRAIN ? count - i : GRAIN,
                               place + i * size);
    }
    return finite;
}

static bool write_blocks_past(csgdi_compressor *c, const csgdi_source *source, size_t group,
                              void *m, uint8_t *codes)
{
    double scratch[2][GROUP];
    size_t count = c->n < group ? c->n : group;
    bool finite = turns(c, source, 0, count, (char *)scratch[0], NULL, 0, NULL);

    for (size_t i = 0, turn = 0; i < c->n && finite; turn = 1 - turn) {
        const size_t next = i + count, left = c->n - next < group ? c->n - next : group;

        finite = encode_group(c, scratch[turn], i, count, &codes) &&
                 turns(c, source, next, next + left, (char *)scratch[1 - turn],
                       (const char *)scratch[turn], count, (char *)m + i * c->kernels->size);
        i = next;
        count = left;
    }
    c->kernels->stream_end();
    return finite;
}

static bool write_blocks(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                         size_t *len)
{
    const size_t size = c->kernels->size;
    const size_t least = streams(c) ? GRAIN : GROUP;
    const size_t group = c->block >= least ? c->block : least / c->block * c->block;
    uint8_t *codes = dst + CSGDI_HEADER_BYTES;

    if (streams(c)) {
        if (!write_blocks_past(c, source, group, m, codes)) return false;
    } else {
        for (size_t i = 0, count; i < c->n; i += count) {
            char *place = (char *)m + i * size;

            count = c->n - i < group ? c->n - i : group;
            if (!source->fill(source->object, i, count, place)) return false;
            if (!encode_group(c, place, i, count, &codes)) return false;
        }
    }
    codes = dst + CSGDI_HEADER_BYTES;
    *len = csgdi_message_frame(c, dst, csgdi_pad8(codes, csgdi_blocks_bytes(c, c->n)));
    return true;
}

/* Cut what is to be sent out of elements [first, end) of the vector, as they are made. */
static csgdi_outcome cut(csgdi_compressor *c, csgdi_search *search, const csgdi_source *source,
                         size_t first, size_t end, void *m)
{
    const bool sums = streams(c) && source->a != NULL;
    const size_t size = c->kernels->size, grain = streams(c) && !sums ? GRAIN : GROUP;
    double scratch[GRAIN];
    bool more = true, finite = true;

    for (size_t i = first, count; i < end && more && finite; i += count) {
        char *place = (char *)m + i * size;
        void *part = streams(c) ? (void *)scratch : (void *)place;

        count = end - i < grain ? end - i : grain;
        if (sums) {
            more = csgdi_largest_sums(search, (const char *)source->a + i * size,
                                      (const char *)source->b + i * size, i, count, place);
            continue;
        }
        finite = source->fill(source->object, i, count, part);
        more = csgdi_largest_chunk(search, part, i, count);
        if (streams(c)) c->kernels->stream(part, count, place);
    }
    c->kernels->stream_end();
    return finite ? csgdi_largest_end(search, m) : CSGDI_NONFINITE;
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
    if (c->n > 0 && c->ops->family == CSGDI_QUANTIZE && c->block <= GROUP)
        return write_blocks(c, source, m, dst, len);
    if (c->n > 0 && c->ops->family == CSGDI_SELECT && c->ops->begin != NULL)
        return write_selection(c, source, m, dst, len);
    return write_plain(c, source, m, dst, len);
}
