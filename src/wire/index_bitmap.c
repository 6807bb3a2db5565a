/* SPDX-License-Identifier: BSD-3-Clause */

/* index_bitmap.c: one bit for each element, 1 where it has an entry: for dense supports.
 *
 *     bit i % 8 of byte i / 8 for i < n | zeros to a multiple of 8 bytes
 */

#include "base/error.h"
#include "wire/bits.h"
#include "wire/index.h"

static size_t section(size_t n)
{
    return csgdi_round8(n / 8 + (n % 8 != 0));
}

static uint64_t bitmap_bound(size_t n, size_t k)
{
    (void)k;
    return n / 8 + (n % 8 != 0);
}

static uint64_t bitmap_size(const uint32_t *index, size_t k, size_t n, unsigned *parameter)
{
    (void)index;
    *parameter = 0;
    return bitmap_bound(n, k);
}

static size_t bitmap_length(const uint8_t *src, size_t k, size_t n, unsigned parameter)
{
    (void)src;
    (void)k;
    (void)parameter;
    return section(n);
}

static uint8_t *bitmap_write(const csgdi_kernels *kernels, const uint32_t *index, size_t k,
                             size_t n, unsigned parameter, uint8_t *dst)
{
    csgdi_bits b = {.dst = dst};
    uint32_t before = UINT32_MAX;
    uint8_t *end;

    (void)kernels;
    (void)parameter;
    for (size_t j = 0; j < k; j++) {
        csgdi_bits_unary(&b, index[j] - before - 1);
        before = index[j];
    }
    end = csgdi_bits_end(&b);
    memset(end, 0, (size_t)(dst + section(n) - end));
    return dst + section(n);
}

static csgd_status bitmap_check(const uint8_t *src, size_t bytes, size_t k, size_t n,
                                unsigned parameter)
{
    uint64_t ones = 0;

    if (bytes != section(n))
        return csgdi_fail(CSGD_E_CORRUPT, "a bitmap of %zu elements has %zu bytes, not %zu", n,
                          bytes, section(n));
    if (parameter != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "a bitmap has no parameter, and it is %u", parameter);
    for (size_t at = 0; at < bytes; at += 8)
        ones += csgdi_ones(csgdi_load64(src + at));
    if (ones != k)
        return csgdi_fail(CSGD_E_CORRUPT, "a bitmap of %zu entries has %llu bits set", k,
                          (unsigned long long)ones);
    if (n % 64 != 0 && csgdi_load64(src + bytes - 8) >> n % 64 != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "a bitmap has entries beyond its %zu elements", n);
    return CSGD_OK;
}

static void bitmap_open(csgdi_index_cursor *c)
{
    c->ones = (csgdi_ones_cursor){.src = c->src, .word = csgdi_load64(c->src)};
}

static void bitmap_next(csgdi_index_cursor *c, size_t count, uint32_t *index)
{
    csgdi_ones_next(&c->ones, count, index);
    c->done += count;
}

const csgdi_index_ops csgdi_index_bitmap = {
    .name = "bitmap",
    .bound = bitmap_bound,
    .size = bitmap_size,
    .write = bitmap_write,
    .check = bitmap_check,
    .length = bitmap_length,
    .open = bitmap_open,
    .next = bitmap_next,
};
