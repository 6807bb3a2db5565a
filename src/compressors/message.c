/* SPDX-License-Identifier: BSD-3-Clause */

/* message.c: from any compressor to a whole message and back.  Of no elements it is a header. */

#include <inttypes.h>
#include <string.h>
#include "base/bytes.h"
#include "base/error.h"
#include "compressors/blocks.h"
#include "compressors/elements.h"
#include "compressors/mask.h"
#include "compressors/outgoing.h"
#include "compressors/stream.h"
#include "compressors/threads.h"
#include "wire/header.h"

enum { STREAM_BYTES = 16 << 20 }; /* about half of a last cache: where it pays, measured */

static csgd_type type_of(const char *name)
{
    if (strcmp(name, "f64") == 0) return CSGD_F64;
    if (strcmp(name, "bf16") == 0) return CSGD_BF16;
    return strcmp(name, "f16") == 0 ? CSGD_F16 : CSGD_F32;
}

csgd_status csgdi_compressor_init(csgdi_compressor *c, const csgdi_compressor_ops *ops,
                                  csgdi_spec *spec, size_t n, const size_t *segment,
                                  const size_t *segment_cols, size_t n_segments, unsigned n_ranks,
                                  csgdi_arena *arena)
{
    const csgd_type type = type_of(csgdi_spec_choice(spec, "type"));
    csgd_status st;

    *c = (csgdi_compressor){.ops = ops,
                            .kernels = csgdi_kernels_get(csgdi_elements_work(type)),
                            .type = type,
                            .n = n,
                            .seed = csgdi_spec_count(spec, "seed"),
                            .threads = csgdi_threads_allowed(csgdi_spec_count(spec, "threads")),
                            .n_ranks = n_ranks,
                            .channels = 1,
                            .block = 1,
                            .rounding = CSGDI_STREAM_ROUNDING,
                            .stream_bytes = STREAM_BYTES,
                            .biased = ops->biased,
                            .variable = ops->variable,
                            .segment = ops->by_tensor ? segment : NULL,
                            .segment_cols = ops->by_tensor ? segment_cols : NULL,
                            .n_segments = ops->by_tensor ? n_segments : 0};
    csgdi_spec_drop(spec, "threads"); /* of one rank alone, and all agree on what is written */
    if (n > SIZE_MAX / 64)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "%zu elements are more than memory can hold", n);
    if ((ops->family == CSGDI_SELECT || ops->family == CSGDI_PROJECT) && n > UINT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "%s of %zu elements: its indices have 32 bits, so at most %zu", ops->name,
                          n, (size_t)UINT32_MAX);
    st = ops->create != NULL ? ops->create(c, spec, arena) : CSGD_OK;
    if (st == CSGD_OK && ops->no_zero) st = csgdi_mask_read(c, spec);
    if (st != CSGD_OK) return st;
    if (ops->family == CSGDI_PROJECT) {
        c->values = csgdi_arena_alloc(arena, c->max_k, c->kernels->size);
        return c->values != NULL ? CSGD_OK : CSGD_E_NOMEM;
    }
    return ops->family == CSGDI_SELECT ? csgdi_stream_create(c, spec, arena) : CSGD_OK;
}

/* Bytes of a payload before it is filled up, for all families but select. */
static size_t payload_bytes(const csgdi_compressor *c)
{
    if (c->n == 0) return 0;
    if (c->ops->family == CSGDI_PROJECT) return c->channels * c->max_k * c->kernels->size;
    return csgdi_blocks_bytes(c, c->n);
}

size_t csgdi_message_bound(const csgdi_compressor *c)
{
    if (c->n > 0 && c->ops->family == CSGDI_SELECT)
        return CSGDI_HEADER_BYTES +
               csgdi_sparse_bound(c->kernels, c->format, c->n, c->max_k, c->channels);
    return CSGDI_HEADER_BYTES + csgdi_round8(payload_bytes(c));
}

static csgdi_header header_of(const csgdi_compressor *c, size_t payload)
{
    return (csgdi_header){.compressor = c->ops->wire_id,
                          .type = c->type,
                          .n = c->n,
                          .step = c->step,
                          .payload = payload};
}

size_t csgdi_message_frame(const csgdi_compressor *c, uint8_t *dst, size_t payload)
{
    const csgdi_header header = header_of(c, payload);

    csgdi_header_write(&header, dst);
    return CSGDI_HEADER_BYTES + payload;
}

size_t csgdi_message_frame_hashed(const csgdi_compressor *c, uint8_t *dst, size_t payload,
                                  uint64_t hash)
{
    const csgdi_header header = header_of(c, payload);

    csgdi_header_write_hashed(&header, hash, dst);
    return CSGDI_HEADER_BYTES + payload;
}

/* Codes of a vector beyond the caches; 0 where it is not finite, else the length of the message. */
static size_t write_past(const csgdi_compressor *c, const void *x, uint8_t *dst)
{
    const size_t unit = csgdi_blocks_unit(c), bytes = payload_bytes(c);
    csgdi_outgoing out;

    csgdi_outgoing_begin(&out, c->kernels, dst + CSGDI_HEADER_BYTES);
    for (size_t i = 0, count; i < c->n; i += count) {
        const char *from = (const char *)x + i * c->kernels->size;

        count = c->n - i < unit ? c->n - i : unit;
        if (!csgdi_blocks_encode(c, from, c->first + i, count, c->step, csgdi_outgoing_place(&out)))
            return 0;
        csgdi_outgoing_push(&out, csgdi_blocks_bytes(c, count));
    }
    return csgdi_message_frame_hashed(c, dst, csgdi_round8(bytes), csgdi_outgoing_end(&out, bytes));
}

/* The rounds of a projection of one vector alone from this one on; dst need not be aligned. */
static bool project(csgdi_compressor *c, const void *x, unsigned round, uint8_t *dst)
{
    for (; round < c->ops->rounds; round++)
        if (!c->ops->project(c, x, c->step, round, c->values, c->values)) return false;
    memcpy(dst, c->values, c->max_k * c->kernels->size);
    return true;
}

void csgdi_message_delivered(csgdi_compressor *c)
{
    if (c->n > 0 && c->ops->delivered != NULL) c->ops->delivered(c, c->values);
}

void csgdi_message_told(csgdi_compressor *c, double bytes)
{
    if (c->n > 0 && c->ops->told != NULL) c->ops->told(c, bytes);
}

bool csgdi_message_write(csgdi_compressor *c, const void *x, uint8_t *dst, size_t *len)
{
    uint8_t *payload = dst + CSGDI_HEADER_BYTES;
    size_t bytes = 0;

    if (c->n > 0 && csgdi_outgoing_pays(c)) {
        *len = write_past(c, x, dst);
        return *len > 0;
    }
    if (c->n > 0 && c->ops->family == CSGDI_SELECT) {
        if (!c->ops->select(c, x, &c->stream)) return false;
        bytes = csgdi_sparse_write(c->kernels, c->format, &c->stream, payload);
    } else if (c->n > 0) {
        bytes = payload_bytes(c);
        if (c->ops->family == CSGDI_PROJECT
                ? !project(c, x, 0, payload)
                : !csgdi_blocks_encode(c, x, c->first, c->n, c->step, payload))
            return false;
    }
    *len = csgdi_message_frame(c, dst, csgdi_pad8(payload, bytes));
    return true;
}

bool csgdi_message_write_from(csgdi_compressor *c, const void *x, unsigned round, uint8_t *dst,
                              size_t *len)
{
    uint8_t *payload = dst + CSGDI_HEADER_BYTES;

    if (!project(c, x, round, payload)) return false;
    *len = csgdi_message_frame(c, dst, csgdi_pad8(payload, payload_bytes(c)));
    return true;
}

/* The values of a projection, of all channels. */
static csgd_status check_finite(const csgdi_compressor *c, const uint8_t *src)
{
    enum { CHUNK = 256 };
    const size_t size = c->kernels->size, count = c->channels * c->max_k;
    double chunk[CHUNK]; /* aligned */

    for (size_t j = 0; j < count; j += CHUNK) {
        const size_t part = count - j < CHUNK ? count - j : CHUNK;

        memcpy(chunk, src + j * size, part * size);
        if (!c->kernels->finite(chunk, part))
            return csgdi_fail(CSGD_E_CORRUPT, "a value of %s is NaN or infinite", c->ops->name);
    }
    return CSGD_OK;
}

csgd_status csgdi_message_check(const csgdi_compressor *c, const uint8_t *src, size_t len,
                                const uint64_t *step)
{
    const uint8_t *payload;
    csgdi_header h;
    size_t bytes;
    csgd_status st = csgdi_header_read(src, len, &h);

    if (st != CSGD_OK) return st;
    payload = src + CSGDI_HEADER_BYTES; /* it is there */
    if (h.compressor != c->ops->wire_id)
        return csgdi_fail(CSGD_E_CORRUPT, "the message is of compressor number %u, not of %s (%u)",
                          h.compressor, c->ops->name, c->ops->wire_id);
    if (h.type != c->type || h.n != c->n)
        return csgdi_fail(CSGD_E_CORRUPT,
                          "the message is of %" PRIu64 " elements of %zu bytes, not %zu of %zu",
                          h.n, csgd_type_size(h.type), c->n, csgd_type_size(c->type));
    if (step != NULL && h.step != *step)
        return csgdi_fail(CSGD_E_CORRUPT,
                          "the message is of step %" PRIu64 ", not of step %" PRIu64, h.step,
                          *step);
    if (c->n > 0 && c->ops->family == CSGDI_SELECT)
        return csgdi_sparse_check(c->kernels, c->format, payload, (size_t)h.payload, c->n, c->max_k,
                                  c->channels);
    bytes = payload_bytes(c);
    if (h.payload != csgdi_round8(bytes))
        return csgdi_fail(CSGD_E_CORRUPT, "a payload of %s has %" PRIu64 " bytes, not %zu",
                          c->ops->name, h.payload, csgdi_round8(bytes));
    for (size_t i = bytes; i < h.payload; i++)
        if (payload[i] != 0)
            return csgdi_fail(CSGD_E_CORRUPT,
                              "a payload of %s is filled up with other bytes than 0", c->ops->name);
    if (c->n == 0 || c->ops->family != CSGDI_PROJECT) return csgdi_blocks_check(c, payload, c->n);
    st = check_finite(c, payload);
    for (unsigned i = 0; i < c->channels && st == CSGD_OK && c->ops->check != NULL; i++)
        st = c->ops->check(c, payload + i * c->max_k * c->kernels->size);
    return st;
}

void csgdi_message_apply_channel(const csgdi_compressor *c, const uint8_t *src, unsigned channel,
                                 csgdi_mode mode, void *y)
{
    const uint8_t *payload = src + CSGDI_HEADER_BYTES;

    if (c->n == 0) return;
    if (c->ops->family == CSGDI_SELECT)
        csgdi_sparse_apply(c->kernels, payload, c->n, channel, mode, y);
    else if (c->ops->family == CSGDI_PROJECT)
        c->ops->apply(c, payload + channel * c->max_k * c->kernels->size, csgdi_header_step(src),
                      mode, y);
    else
        csgdi_blocks_apply(c, payload, c->n, mode, y);
}

void csgdi_message_apply(const csgdi_compressor *c, const uint8_t *src, csgdi_mode mode, void *y)
{
    csgdi_message_apply_channel(c, src, 0, mode, y);
}
