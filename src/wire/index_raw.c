/* SPDX-License-Identifier: BSD-3-Clause */

/* index_raw.c: indices as they are.
 *
 *     index[0..k) : u32 | zeros to a multiple of 8
 */

#include "base/bytes.h"
#include "base/error.h"
#include "wire/index.h"

static uint64_t raw_bound(size_t n, size_t k)
{
    (void)n;
    return 4 * (uint64_t)k;
}

static uint64_t raw_size(const uint32_t *index, size_t k, size_t n, unsigned *parameter)
{
    (void)index;
    (void)n;
    *parameter = 0;
    return 4 * (uint64_t)k;
}

static size_t raw_length(const uint8_t *src, size_t k, size_t n, unsigned parameter)
{
    (void)src;
    (void)n;
    (void)parameter;
    return csgdi_round8(4 * k);
}

static uint8_t *raw_write(const csgdi_kernels *kernels, const uint32_t *index, size_t k, size_t n,
                          unsigned parameter, uint8_t *dst)
{
    (void)kernels;
    (void)n;
    (void)parameter;
    memcpy(dst, index, 4 * k);
    memset(dst + 4 * k, 0, csgdi_round8(4 * k) - 4 * k);
    return dst + csgdi_round8(4 * k);
}

/* The sentence about the first index that is wrong. */
static csgd_status wrong(const uint8_t *src, size_t k, size_t n)
{
    uint64_t least = 0; /* what the next index must be at least */

    for (size_t j = 0; j < k; j++) {
        const uint32_t i = csgdi_load32(src + 4 * j);
        if (i < least || i >= n)
            return csgdi_fail(CSGD_E_CORRUPT, "index %u of entry %zu is not in [%llu, %zu)", i, j,
                              (unsigned long long)least, n);
        least = (uint64_t)i + 1;
    }
    return CSGD_OK;
}

static csgd_status raw_check(const uint8_t *src, size_t bytes, size_t k, size_t n,
                             unsigned parameter)
{
    bool bad = false;

    if (bytes != csgdi_round8(4 * k))
        return csgdi_fail(CSGD_E_CORRUPT, "%zu indices of a sparse payload have %zu bytes, not %zu",
                          k, bytes, csgdi_round8(4 * k));
    if (parameter != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "raw indices have no parameter, and it is %u", parameter);
    for (size_t j = 1; j < k; j++)
        bad |= csgdi_load32(src + 4 * j - 4) >= csgdi_load32(src + 4 * j);
    if (bad || csgdi_load32(src + 4 * k - 4) >= n) return wrong(src, k, n);
    if (k % 2 != 0 && csgdi_load32(src + 4 * k) != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "a sparse payload is filled up with other bytes than 0");
    return CSGD_OK;
}

static void raw_open(csgdi_index_cursor *c)
{
    (void)c;
}

static void raw_next(csgdi_index_cursor *c, size_t count, uint32_t *index)
{
    memcpy(index, c->src + 4 * c->done, 4 * count);
    c->done += count;
}

const csgdi_index_ops csgdi_index_raw = {
    .name = "raw",
    .bound = raw_bound,
    .size = raw_size,
    .write = raw_write,
    .check = raw_check,
    .length = raw_length,
    .open = raw_open,
    .next = raw_next,
};
