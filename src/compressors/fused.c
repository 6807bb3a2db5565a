/* SPDX-License-Identifier: BSD-3-Clause */

/* fused.c: see fused.h. */

#include "compressors/fused.h"

#include "base/bytes.h"
#include "compressors/blocks.h"
#include "compressors/largest.h"
#include "compressors/outgoing.h"
#include "compressors/threads.h"
#include "wire/header.h"

enum {
    CHUNK = CSGDI_BLOCK, /* elements that are worked on together, in the first cache */
    GRAIN = 256          /* elements that are read, and written past the caches, in turn */
};

/* Whether what is left is written past the caches: where one loop reads and writes in turn, it is a
 * third faster. */
static bool streams(const csgdi_compressor *c)
{
    return c->n * c->kernels->size >= c->stream_bytes;
}

/* A vector that is made in parts. */
typedef struct making {
    csgdi_compressor *c;
    const csgdi_source *source;
    size_t first, n; /* elements [first, first + n) of it */
    unsigned parts;
    size_t unit;
    char *m;
    uint8_t *codes;                  /* of blocks */
    csgdi_search *search;            /* of a selection */
    size_t stop[CSGDI_THREADS_MOST]; /* what a part has cut, but for what had no room */
    bool finite[CSGDI_THREADS_MOST];
} making;

static size_t begin_of(const making *v, unsigned part)
{
    return v->first + csgdi_threads_first(v->n, v->unit, v->parts, part);
}

static bool run_parts(making *v, void (*work)(void *object, unsigned part))
{
    bool finite = true;

    csgdi_threads_run(v->parts, work, v);
    for (unsigned part = 0; part < v->parts; part++)
        finite = finite && v->finite[part];
    return finite;
}

static void fill_part(void *object, unsigned part)
{
    making *v = object;
    const size_t i = begin_of(v, part), end = begin_of(v, part + 1);

    v->finite[part] =
        v->source->fill(v->source->object, i, end - i, v->m + i * v->c->kernels->size);
}

bool csgdi_source_fill(csgdi_compressor *c, const csgdi_source *source, void *m)
{
    making v = {.c = c, .source = source, .n = c->n, .unit = CHUNK, .m = m};

    v.parts = csgdi_threads_parts(c->threads, c->n);
    return run_parts(&v, fill_part);
}

/* Make the vector, then the message, then subtract: for blocks larger than a chunk, and for what
 * has to see the whole vector. */
static bool write_plain(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                        size_t *len)
{
    if (!csgdi_source_fill(c, source, m)) return false;
    if (!csgdi_message_write(c, m, dst, len)) return false;
    csgdi_message_apply(c, dst, CSGDI_SUB, m);
    return true;
}

/* The first round of a projection as its vector is made. */
static bool write_projection(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                             size_t *len)
{
    if (!c->ops->project_sum(c, source->terms.g, source->terms.d, m, c->values)) return false;
    if (!csgdi_message_write_from(c, m, 1, dst, len)) return false;
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

/* The same a block at a time: the sum goes no further than the first cache, and the loop that encodes
 * it writes what is left, while the next block comes from memory.  Codes go to `out`, or in place. */
static bool leave_part(const making *v, size_t first, size_t end, csgdi_outgoing *out)
{
    const csgdi_compressor *c = v->c;
    const csgdi_source *source = v->source;
    const void *const reads[3] = {source->terms.g, source->terms.d, source->terms.e};
    const size_t size = c->kernels->size, bytes = c->ops->block_bytes(c, c->block);
    uint8_t *codes = v->codes + csgdi_blocks_bytes(c, first);
    const bool ranged = c->ops->ranged && source->terms.form == CSGDI_FORM_PLAIN;
    _Alignas(64) double sum[CHUNK];
    double range[2];
    bool finite = true;

    for (size_t i = first, b; i < end && finite; i += b, codes += bytes) {
        const csgdi_terms t = csgdi_terms_at(&source->terms, i, size);
        csgdi_leave left = {.y = v->m + i * size,
                            .past = streams(c),
                            .range = ranged ? range : NULL};

        b = end - i < c->block ? end - i : c->block;
        for (size_t j = 0; j < 3 && end - i - b >= b; j++)
            if (reads[j] != NULL) left.next[j] = (const char *)reads[j] + (i + b) * size;
        finite = (ranged ? c->kernels->add_min_max(t.g, t.d, b, sum, range)
                         : source->fill(source->object, i, b, sum)) &&
                 c->ops->leave_block(c, sum, c->first + i, b, c->step,
                                     out != NULL ? csgdi_outgoing_place(out) : codes, &left);
        if (out != NULL) csgdi_outgoing_push(out, c->ops->block_bytes(c, b));
    }
    c->kernels->stream_end();
    return finite;
}

static bool leaves(const csgdi_compressor *c)
{
    return c->ops->leave_block != NULL && !c->masked;
}

/* Whether all of a part is finite, which else is left. */
static bool write_part(const making *v, size_t first, size_t end)
{
    const csgdi_compressor *c = v->c;
    uint8_t *codes = v->codes + csgdi_blocks_bytes(c, first);

    if (leaves(c)) return leave_part(v, first, end, NULL);
    for (size_t i = first, count; i < end; i += count) {
        char *place = v->m + i * c->kernels->size;

        count = end - i < v->unit ? end - i : v->unit;
        if (!v->source->fill(v->source->object, i, count, place)) return false;
        if (!encode_group(c, place, i, count, &codes)) return false;
    }
    return true;
}

static void write_its_part(void *object, unsigned part)
{
    making *v = object;

    v->finite[part] = write_part(v, begin_of(v, part), begin_of(v, part + 1));
}

/* From one thread, of a vector beyond the caches. */
static bool write_past(const making *v, uint8_t *dst, size_t *len)
{
    const csgdi_compressor *c = v->c;
    const size_t bytes = csgdi_blocks_bytes(c, c->n);
    csgdi_outgoing out;

    csgdi_outgoing_begin(&out, c->kernels, v->codes);
    if (!leave_part(v, 0, c->n, &out)) return false;
    *len = csgdi_message_frame_hashed(c, dst, csgdi_round8(bytes), csgdi_outgoing_end(&out, bytes));
    return true;
}

static bool write_blocks(csgdi_compressor *c, const csgdi_source *source, void *m, uint8_t *dst,
                         size_t *len)
{
    making v = {.c = c, .source = source, .n = c->n, .m = m, .codes = dst + CSGDI_HEADER_BYTES};

    if (leaves(c) && csgdi_outgoing_pays(c)) return write_past(&v, dst, len);

    v.unit = csgdi_blocks_unit(c);
    v.parts = csgdi_threads_parts(c->threads, c->n);
    if (!run_parts(&v, write_its_part)) return false;
    *len = csgdi_message_frame(c, dst, csgdi_pad8(v.codes, csgdi_blocks_bytes(c, c->n)));
    return true;
}

/* Whether one loop makes the vector, cuts and writes past the caches. */
static bool in_one_loop(const making *v)
{
    return streams(v->c) && v->source->terms.form != CSGDI_FORM_OTHER;
}

static size_t grain_of(const making *v)
{
    return streams(v->c) && !in_one_loop(v) ? GRAIN : CHUNK;
}

/* Cut what is to be sent out of elements [i, end), as they are made, into the candidates of a part.
 * Returns what it has come to: the chunk there had no room, or is not finite. */
static size_t cut_chunks(const making *v, unsigned part, size_t i, size_t end, bool *finite)
{
    const csgdi_source *source = v->source;
    const csgdi_kernels *kernels = v->c->kernels;
    const bool past = streams(v->c), one_loop = in_one_loop(v);
    const size_t grain = grain_of(v), size = kernels->size;
    double scratch[GRAIN];

    for (size_t count; i < end; i += count) {
        char *place = v->m + i * size;
        void *chunk = past ? (void *)scratch : (void *)place;
        bool more;

        count = end - i < grain ? end - i : grain;
        if (one_loop) {
            const csgdi_terms terms = csgdi_terms_at(&source->terms, i, size);
            more = csgdi_largest_sums(v->search, part, &terms, i, count, place);
        } else {
            *finite = source->fill(source->object, i, count, chunk);
            if (!*finite) break;
            more = csgdi_largest_chunk(v->search, part, chunk, i, count);
            if (past) kernels->stream(chunk, count, place);
        }
        if (!more) break;
    }
    kernels->stream_end();
    return i;
}

static void cut_part(void *object, unsigned part)
{
    making *v = object;

    v->finite[part] = true;
    v->stop[part] = cut_chunks(v, part, begin_of(v, part), begin_of(v, part + 1), &v->finite[part]);
}

/* Go on where a part had no room of its own, at a chunk of which some may be taken.  Whether what was
 * made is finite. */
static bool cut_rest(const making *v, unsigned part)
{
    const size_t i = v->stop[part], end = begin_of(v, part + 1);
    const size_t grain = grain_of(v), count = end - i < grain ? end - i : grain;
    bool finite = true;

    if (in_one_loop(v)) { /* nothing of it is */
        cut_chunks(v, 0, i, end, &finite);
        return true;
    }
    if (count > 0 && csgdi_largest_chunk(v->search, 0, v->m + i * v->c->kernels->size, i, count))
        cut_chunks(v, 0, i + count, end, &finite);
    return finite;
}

/* The segment [first, end) of the vector. */
static csgdi_outcome cut(csgdi_compressor *c, csgdi_search *search, const csgdi_source *source,
                         size_t first, size_t end, void *m)
{
    making v = {.c = c, .source = source, .first = first, .n = end - first, .unit = CHUNK, .m = m};

    v.search = search;
    v.parts = csgdi_threads_parts(c->threads, v.n);
    if (v.parts == 1) search->m = m;
    if (!run_parts(&v, cut_part)) return CSGDI_NONFINITE;
    for (unsigned part = 1; part < v.parts; part++)
        if (csgdi_largest_join(search, part, m) && !cut_rest(&v, part)) return CSGDI_NONFINITE;
    return csgdi_largest_end(search, m);
}

/* Select from all segments so; RETRY where one of them has to be seen whole. */
static csgdi_outcome cut_all(csgdi_compressor *c, const csgdi_source *source, void *m)
{
    const size_t whole[2] = {0, c->n};
    const size_t *segment = c->segment != NULL ? c->segment : whole;

    c->stream.k = 0;
    for (size_t s = 0; s < (c->segment != NULL ? c->n_segments : 1); s++) {
        csgdi_search *search;
        csgdi_outcome outcome;

        if (segment[s] == segment[s + 1]) continue; /* it never gets a bracket */
        search = c->ops->begin(c, s, &c->stream);
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
        payload =
            exact ? csgdi_sparse_write(c->kernels, c->format, s, dst + CSGDI_HEADER_BYTES)
                  : csgdi_sparse_write_off(c->kernels, c->format, s, dst + CSGDI_HEADER_BYTES, m);
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
    if (c->n > 0 && c->ops->project_sum != NULL && source->terms.form == CSGDI_FORM_PLAIN &&
        csgdi_threads_parts(c->threads, c->n) == 1) /* one thread makes it */
        return write_projection(c, source, m, dst, len);
    return write_plain(c, source, m, dst, len);
}
