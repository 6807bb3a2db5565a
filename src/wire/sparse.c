/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse.c: sparse streams; their layout is in sparse.h. */

#include "wire/sparse.h"

#include "base/bytes.h"
#include "base/error.h"

enum { AT_INDEX = 8, CHUNK = 256 };

size_t csgdi_sparse_bytes(const csgdi_kernels *kernels, size_t k, unsigned channels)
{
    return AT_INDEX + csgdi_round8(4 * k) + csgdi_round8(kernels->size * channels * k);
}

/* Copy and fill up with zeros to a multiple of 8. */
static uint8_t *put(uint8_t *dst, const void *src, size_t len)
{
    if (len > 0) memcpy(dst, src, len);
    memset(dst + len, 0, csgdi_round8(len) - len);
    return dst + csgdi_round8(len);
}

size_t csgdi_sparse_write(const csgdi_kernels *kernels, const csgdi_sparse *sparse, uint8_t *dst)
{
    uint8_t *p = dst + AT_INDEX;

    csgdi_store64(dst, sparse->k);
    p = put(p, sparse->index, 4 * sparse->k);
    p = put(p, sparse->value, kernels->size * sparse->channels * sparse->k);
    return (size_t)(p - dst);
}

/* Only zeros between the len bytes of a section and the next multiple of 8. */
static bool padded(const uint8_t *section, size_t len)
{
    for (size_t i = len; i < csgdi_round8(len); i++)
        if (section[i] != 0) return false;
    return true;
}

csgd_status csgdi_sparse_check(const csgdi_kernels *kernels, const uint8_t *src, size_t len,
                               size_t n, size_t max_k, unsigned channels)
{
    uint64_t k;
    uint64_t least = 0; /* what the next index must be at least */

    if (len < AT_INDEX)
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload of %zu bytes has no room for its count",
                          len);
    k = csgdi_load64(src);
    if (k > max_k || k > n)
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload has %llu entries, at most %zu fit",
                          (unsigned long long)k, max_k < n ? max_k : n);
    if (len != csgdi_sparse_bytes(kernels, (size_t)k, channels))
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload of %zu entries has %zu bytes, not %zu",
                          (size_t)k, len, csgdi_sparse_bytes(kernels, (size_t)k, channels));
    for (size_t j = 0; j < k; j++) {
        const uint32_t i = csgdi_load32(src + AT_INDEX + 4 * j);
        if (i < least || i >= n)
            return csgdi_fail(CSGD_E_CORRUPT, "index %u of entry %zu is not in [%llu, %zu)", i, j,
                              (unsigned long long)least, n);
        least = (uint64_t)i + 1;
    }
    if (!padded(src + AT_INDEX, 4 * (size_t)k) ||
        !padded(src + AT_INDEX + csgdi_round8(4 * (size_t)k), kernels->size * channels * (size_t)k))
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload is filled up with other bytes than 0");
    return CSGD_OK;
}

void csgdi_sparse_apply(const csgdi_kernels *kernels, const uint8_t *src, size_t n,
                        unsigned channel, csgdi_mode mode, void *y)
{
    const size_t k = (size_t)csgdi_load64(src);
    const uint8_t *index = src + AT_INDEX;
    const uint8_t *value = index + csgdi_round8(4 * k) + kernels->size * channel * k;
    uint32_t index_chunk[CHUNK];
    double value_chunk[CHUNK];

    if (mode == CSGDI_SET && n > 0) memset(y, 0, n * kernels->size);

    /* Through small aligned copies: the bytes may stand anywhere. */
    for (size_t j = 0; j < k; j += CHUNK) {
        const size_t count = k - j < CHUNK ? k - j : CHUNK;
        memcpy(index_chunk, index + 4 * j, 4 * count);
        memcpy(value_chunk, value + kernels->size * j, kernels->size * count);
        kernels->scatter(index_chunk, value_chunk, count, mode, y);
    }
}
