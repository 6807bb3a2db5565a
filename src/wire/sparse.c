/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse.c: sparse streams, written and judged; their layout is in sparse.h. */

#include "wire/sparse.h"

#include "base/bytes.h"
#include "base/error.h"
#include "wire/stream.h"
#include "wire/value.h"

static const csgdi_index_ops *const coders[] = {
    [CSGDI_INDEX_RAW] = &csgdi_index_raw,
    [CSGDI_INDEX_RICE] = &csgdi_index_rice,
    [CSGDI_INDEX_BITMAP] = &csgdi_index_bitmap,
};

const csgdi_index_ops *csgdi_index_of(unsigned coder)
{
    return coder < sizeof coders / sizeof *coders ? coders[coder] : NULL;
}

static size_t value_section(csgdi_value_coder coder, size_t k, unsigned channels)
{
    return csgdi_round8(channels * csgdi_value_bytes(coder, k));
}

bool csgdi_sparse_exact(const csgdi_kernels *kernels, csgdi_sparse_format format)
{
    return format.value == CSGDI_VALUE_F64 ||
           (format.value == CSGDI_VALUE_F32 && kernels->type == CSGD_F32);
}

size_t csgdi_sparse_bound(const csgdi_kernels *kernels, csgdi_sparse_format format, size_t n,
                          size_t max_k, unsigned channels)
{
    uint64_t least = UINT64_MAX;

    (void)kernels;
    if (max_k > n) max_k = n;
    for (unsigned coder = CSGDI_INDEX_RAW; coder <= CSGDI_INDEX_BITMAP; coder++)
        if (format.index == CSGDI_INDEX_AUTO || format.index == coder) {
            const uint64_t bytes = coders[coder]->bound(n, max_k);
            if (bytes < least) least = bytes;
        }
    return CSGDI_STREAM_HEADER + csgdi_round8((size_t)least) +
           value_section(format.value, max_k, channels);
}

/* The coder to write with, and its parameter.  No entries take no bytes, but in a bitmap. */
static csgdi_index_coder choose(csgdi_index_coder asked, const csgdi_sparse *sparse,
                                unsigned *parameter)
{
    csgdi_index_coder best = asked == CSGDI_INDEX_AUTO ? CSGDI_INDEX_RAW : asked;
    uint64_t least = UINT64_MAX;

    *parameter = 0;
    if (sparse->k == 0) return best;
    for (unsigned coder = CSGDI_INDEX_RAW; coder <= CSGDI_INDEX_BITMAP; coder++)
        if (asked == CSGDI_INDEX_AUTO || asked == coder) {
            unsigned its;
            const uint64_t bytes = coders[coder]->size(sparse->index, sparse->k, sparse->n, &its);
            if (bytes >= least) continue;
            least = bytes;
            best = (csgdi_index_coder)coder;
            *parameter = its;
        }
    return best;
}

/* The values of one channel, and what rounding takes off them into m. */
static void write_rounded(const csgdi_kernels *kernels, csgdi_value_coder coder,
                          const uint32_t *index, char *value, size_t k, uint8_t *dst, void *m)
{
    double left[CSGDI_VALUE_CHUNK]; /* or as many floats */

    for (size_t count; k > 0; k -= count) {
        count = k < CSGDI_VALUE_CHUNK ? k : CSGDI_VALUE_CHUNK;
        memcpy(left, value, count * kernels->size);
        csgdi_value_write(kernels, coder, value, count, dst);
        kernels->sub(value, count, left);
        kernels->scatter(index, left, count, CSGDI_SET, m);
        dst += csgdi_value_bytes(coder, count);
        value += count * kernels->size;
        index += count;
    }
}

static size_t write(const csgdi_kernels *kernels, csgdi_sparse_format format, csgdi_sparse *sparse,
                    uint8_t *dst, void *m)
{
    const size_t k = sparse->k, channel_bytes = csgdi_value_bytes(format.value, k);
    const size_t bytes = sparse->channels * channel_bytes;
    unsigned parameter;
    const csgdi_index_coder coder = choose(format.index, sparse, &parameter);
    uint8_t *p = dst + CSGDI_STREAM_HEADER;

    csgdi_store32(dst, (uint32_t)k);
    dst[CSGDI_STREAM_INDEX] = (uint8_t)coder;
    dst[CSGDI_STREAM_VALUE] = (uint8_t)format.value;
    dst[CSGDI_STREAM_CHANNELS] = (uint8_t)sparse->channels;
    dst[CSGDI_STREAM_PARAMETER] = (uint8_t)parameter;
    if (k > 0 || coder == CSGDI_INDEX_BITMAP)
        p = coders[coder]->write(kernels, sparse->index, k, sparse->n, parameter, p);
    if (k == 0) return (size_t)(p - dst);

    for (unsigned c = 0; c < sparse->channels; c++) {
        char *value = (char *)sparse->value + kernels->size * c * k;
        if (m != NULL)
            write_rounded(kernels, format.value, sparse->index, value, k, p, m);
        else
            csgdi_value_write(kernels, format.value, value, k, p + c * channel_bytes);
    }
    memset(p + bytes, 0, csgdi_round8(bytes) - bytes);
    return (size_t)(p - dst) + csgdi_round8(bytes);
}

size_t csgdi_sparse_write(const csgdi_kernels *kernels, csgdi_sparse_format format,
                          csgdi_sparse *sparse, uint8_t *dst)
{
    return write(kernels, format, sparse, dst, NULL);
}

size_t csgdi_sparse_write_off(const csgdi_kernels *kernels, csgdi_sparse_format format,
                              csgdi_sparse *sparse, uint8_t *dst, void *m)
{
    return write(kernels, format, sparse, dst, m);
}

/* The first 8 bytes and the length, as far as the indices do not decide it. */
static csgd_status check_header(csgdi_sparse_format format, const uint8_t *src, size_t len,
                                size_t n, size_t max_k, unsigned channels)
{
    const unsigned index = src[CSGDI_STREAM_INDEX], value = src[CSGDI_STREAM_VALUE];
    const size_t k = csgdi_load32(src);

    if (k > max_k || k > n)
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload has %zu entries, at most %zu fit", k,
                          max_k < n ? max_k : n);
    if (csgdi_index_of(index) == NULL ||
        (format.index != CSGDI_INDEX_AUTO && index != (unsigned)format.index))
        return csgdi_fail(CSGD_E_CORRUPT, "the indices of a sparse payload are in code %u, not %u",
                          index, (unsigned)format.index);
    if (value != (unsigned)format.value)
        return csgdi_fail(CSGD_E_CORRUPT, "the values of a sparse payload are in code %u, not %u",
                          value, (unsigned)format.value);
    if (src[CSGDI_STREAM_CHANNELS] != channels)
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload has %u channels, not %u",
                          src[CSGDI_STREAM_CHANNELS], channels);
    if (len % 8 != 0 || len - CSGDI_STREAM_HEADER < value_section(format.value, k, channels))
        return csgdi_fail(CSGD_E_CORRUPT,
                          "a sparse payload of %zu entries has %zu bytes, not a multiple of 8 from "
                          "%zu",
                          k, len, CSGDI_STREAM_HEADER + value_section(format.value, k, channels));
    return CSGD_OK;
}

static csgd_status check_indices(const uint8_t *src, size_t bytes, size_t k, size_t n)
{
    const unsigned coder = src[CSGDI_STREAM_INDEX], parameter = src[CSGDI_STREAM_PARAMETER];

    if (k > 0 || coder == CSGDI_INDEX_BITMAP)
        return coders[coder]->check(src + CSGDI_STREAM_HEADER, bytes, k, n, parameter);
    if (bytes != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload without entries has %zu bytes, not %d",
                          CSGDI_STREAM_HEADER + bytes, CSGDI_STREAM_HEADER);
    if (parameter != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "no indices have no parameter, and it is %u", parameter);
    return CSGD_OK;
}

static csgd_status check(csgdi_sparse_format format, const uint8_t *src, size_t len, size_t n,
                         size_t max_k, unsigned channels, bool finite)
{
    size_t k, section, channel_bytes;
    const uint8_t *value;
    csgd_status st;

    if (len < CSGDI_STREAM_HEADER)
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload of %zu bytes has no room for its count",
                          len);
    st = check_header(format, src, len, n, max_k, channels);
    if (st != CSGD_OK) return st;
    k = csgdi_load32(src);
    section = value_section(format.value, k, channels);
    st = check_indices(src, len - CSGDI_STREAM_HEADER - section, k, n);
    if (st != CSGD_OK) return st;

    value = src + len - section;
    channel_bytes = csgdi_value_bytes(format.value, k);
    for (unsigned c = 0; c < channels && finite; c++)
        if (!csgdi_value_valid(format.value, value + c * channel_bytes, k))
            return csgdi_fail(CSGD_E_CORRUPT,
                              "channel %u of a sparse payload has values that are not finite, or "
                              "codes of none",
                              c);
    for (size_t i = channels * channel_bytes; i < section; i++)
        if (value[i] != 0)
            return csgdi_fail(CSGD_E_CORRUPT,
                              "a sparse payload is filled up with other bytes than 0");
    return CSGD_OK;
}

csgd_status csgdi_sparse_check(const csgdi_kernels *kernels, csgdi_sparse_format format,
                               const uint8_t *src, size_t len, size_t n, size_t max_k,
                               unsigned channels)
{
    (void)kernels;
    return check(format, src, len, n, max_k, channels, true);
}

csgd_status csgdi_sparse_check_sum(const csgdi_kernels *kernels, csgdi_index_coder index,
                                   const uint8_t *src, size_t len, size_t n, size_t max_k)
{
    const csgdi_value_coder value = kernels->type == CSGD_F64 ? CSGDI_VALUE_F64 : CSGDI_VALUE_F32;

    return check((csgdi_sparse_format){index, value}, src, len, n, max_k, 1, false);
}
