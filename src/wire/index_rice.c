/* SPDX-License-Identifier: BSD-3-Clause */

/* index_rice.c: the gaps between indices in a Rice code, which for a random support comes close to
 * the fewest bits possible.
 *
 * Gap j is index[j] - index[j - 1] - 1, as if index[-1] were -1.  It is cut into its low b bits and
 * the quotient gap >> b.  The section is one string of bits, bit i being bit i % 8 of byte i / 8:
 *
 *     low b bits of gaps 0 .. k - 1, each lowest bit first |
 *     quotients 0 .. k - 1, each as so many zeros and a one | zeros to a multiple of 8 bytes
 *
 * In two parts, because then the place of each low part is known beforehand, and the ones of the
 * quotients can be found and made a word at a time.  So for the one of quotient j at bit `at` of
 * its part, sum of quotients 0 .. j is at - j, and index[j] = ((at - j) << b) + sum of lows + j.
 *
 * The parameter b is at most 31: the writer takes the shortest of three around the one that is best
 * for a random support, the largest b with 2^b k <= n ln 2, and the smallest of equals; a reader
 * takes any.
 */

#include "base/error.h"
#include "wire/bits.h"
#include "wire/index.h"

enum {
    MOST = 31,
    TAIL = 128, /* entries that are written one by one at the end */
    GROUPS = 64 /* of four entries, whose codes are made at once */
};

/* n ln 2, of which 2^b is to be about the k-th part. */
static uint64_t target(size_t n)
{
    return (uint64_t)n * 45426 >> 16;
}

/* The largest b with 2^b k <= n ln 2; 0 where there is none. */
static unsigned usual(size_t n, size_t k)
{
    unsigned b = 0;

    while (b < MOST && k <= target(n) >> (b + 1))
        b++;
    return b;
}

static uint64_t bytes_of(uint64_t k, unsigned b, uint64_t quotients)
{
    return (k * (b + 1) + quotients + 7) / 8;
}

/* With the usual b.  Where k grows and b stays so does the length, so the longest is at the largest
 * k that has some b. */
static uint64_t rice_bound(size_t n, size_t k)
{
    uint64_t most = 0;

    for (unsigned b = usual(n, k); b <= MOST; b++) {
        const uint64_t last = b == 0 || k < target(n) >> b ? k : target(n) >> b;
        const uint64_t bytes = last > 0 ? bytes_of(last, b, (n - last) >> b) : 0;
        if (bytes > most) most = bytes;
    }
    return most;
}

/* All sums of gaps are below n, so 32 bits hold them. */
static uint64_t rice_size(const uint32_t *index, size_t k, size_t n, unsigned *parameter)
{
    const unsigned b = usual(n, k), less = b > 0 ? b - 1 : 0, more = b < MOST ? b + 1 : MOST;
    uint32_t sum_less = index[0] >> less, sum = index[0] >> b, sum_more = index[0] >> more;
    uint64_t best;

    for (size_t j = 1; j < k; j++) {
        const uint32_t gap = index[j] - index[j - 1] - 1;
        sum_less += gap >> less;
        sum += gap >> b;
        sum_more += gap >> more;
    }
    best = bytes_of(k, less, sum_less);
    *parameter = less;
    if (bytes_of(k, b, sum) < best) best = bytes_of(k, b, sum), *parameter = b;
    if (bytes_of(k, more, sum_more) < best) best = bytes_of(k, more, sum_more), *parameter = more;
    return best;
}

static inline uint32_t gap_of(const uint32_t *index, size_t j)
{
    return j > 0 ? index[j] - index[j - 1] - 1 : index[0];
}

/* How many whole groups, at most GROUPS, are left before the last TAIL entries. */
static size_t groups_left(size_t k, size_t j)
{
    if (k <= TAIL || k - TAIL <= j) return 0;
    return (k - TAIL - j) / 4 < GROUPS ? (k - TAIL - j) / 4 : GROUPS;
}

/* The low parts of all but the last entries, and how many: stores of 8 bytes at any byte must not reach
 * past the section, of which every entry has a bit.  Two groups at once where they fit. */
static size_t write_lows_ahead(const csgdi_kernels *kernels, csgdi_bits *out, const uint32_t *index,
                               size_t k, unsigned b)
{
    uint64_t low[GROUPS];
    csgdi_byte_bits bytes;
    size_t j = 1, groups;

    if (b > 14 || groups_left(k, j) == 0) return 0;
    csgdi_bits_append(out, index[0] & csgdi_low_mask(b), b);
    bytes = csgdi_byte_bits_from(out);
    for (; (groups = groups_left(k, j)) > 0; j += 4 * groups) {
        size_t g = 0;

        kernels->gap_lows(index + j, groups, b, low);
        for (; b <= 7 && groups - g >= 2; g += 2)
            csgdi_byte_bits_append(&bytes, low[g] | low[g + 1] << 4 * b, 8 * b);
        for (; g < groups; g++)
            csgdi_byte_bits_append(&bytes, low[g], 4 * b);
    }
    *out = csgdi_byte_bits_to(&bytes);
    return j;
}

static void append_quotients(csgdi_byte_bits *bytes, const uint32_t *index, unsigned b)
{
    csgdi_bits out = csgdi_byte_bits_to(bytes);

    for (size_t j = 0; j < 4; j++)
        csgdi_bits_unary(&out, (index[j] - index[j - 1] - 1) >> b);
    *bytes = csgdi_byte_bits_from(&out);
}

/* The same for quotients.  Two groups fit into 56 bits nearly always. */
static size_t write_quotients_ahead(const csgdi_kernels *kernels, csgdi_bits *out,
                                    const uint32_t *index, size_t k, unsigned b)
{
    uint64_t unary[GROUPS];
    uint32_t bits[GROUPS];
    csgdi_byte_bits bytes;
    size_t j = 1, groups;

    if (groups_left(k, j) == 0) return 0;
    csgdi_bits_unary(out, index[0] >> b);
    bytes = csgdi_byte_bits_from(out);
    for (; (groups = groups_left(k, j)) > 0; j += 4 * groups) {
        size_t g = 0;

        kernels->gap_quotients(index + j, groups, b, unary, bits);
        while (g < groups) {
            const uint64_t both = g + 1 < groups ? (uint64_t)bits[g] + bits[g + 1] : UINT64_MAX;

            if (both <= 56) {
                csgdi_byte_bits_append(&bytes, unary[g] | unary[g + 1] << bits[g], (unsigned)both);
                g += 2;
                continue;
            }
            if (bits[g] <= 56)
                csgdi_byte_bits_append(&bytes, unary[g], bits[g]);
            else
                append_quotients(&bytes, index + j + 4 * g, b);
            g++;
        }
    }
    *out = csgdi_byte_bits_to(&bytes);
    return j;
}

static uint8_t *rice_write(const csgdi_kernels *kernels, const uint32_t *index, size_t k, size_t n,
                           unsigned parameter, uint8_t *dst)
{
    const uint32_t mask = (uint32_t)csgdi_low_mask(parameter);
    csgdi_bits out = {.dst = dst};

    (void)n;
    if (parameter > 0)
        for (size_t j = write_lows_ahead(kernels, &out, index, k, parameter); j < k; j++)
            csgdi_bits_append(&out, gap_of(index, j) & mask, parameter);
    for (size_t j = write_quotients_ahead(kernels, &out, index, k, parameter); j < k; j++)
        csgdi_bits_unary(&out, gap_of(index, j) >> parameter);
    return csgdi_bits_end(&out);
}

/* Of bits that begin at bit `at`, below `end`, a multiple of 64: the word that `at` is in, without
 * the bits before it. */
static uint64_t first_word(const uint8_t *src, uint64_t at)
{
    return csgdi_load64(src + at / 64 * 8) & ~csgdi_low_mask(at % 64);
}

/* Low parts first .. first + count - 1; b > 0, and first a multiple of 4.  Any 8 bytes hold 57 bits
 * from any bit of the first; and four parts begin at bit 0 of a byte, where b is odd at bit 0 or 4,
 * so that they hold four parts of up to 16. */
static void read_lows(const uint8_t *src, size_t first, size_t count, unsigned b, uint32_t *low)
{
    const uint64_t mask = csgdi_low_mask(b);
    uint64_t at = (uint64_t)first * b;
    size_t j = 0;

    if (b <= 16)
        for (; count - j >= 4; j += 4, at += 4 * b) {
            const uint64_t word = csgdi_load64(src + at / 8) >> at % 8;
            low[j] = (uint32_t)(word & mask);
            low[j + 1] = (uint32_t)(word >> b & mask);
            low[j + 2] = (uint32_t)(word >> 2 * b & mask);
            low[j + 3] = (uint32_t)(word >> 3 * b & mask);
        }
    for (; j < count; j++, at += b)
        low[j] = (uint32_t)(csgdi_load64(src + at / 8) >> at % 8 & mask);
}

static uint64_t sum_lows(const uint8_t *src, size_t k, unsigned b)
{
    uint32_t low[CSGDI_INDEX_CHUNK];
    uint64_t sum = 0;

    for (size_t first = 0, count; first < k && b > 0; first += count) {
        count = k - first < CSGDI_INDEX_CHUNK ? k - first : CSGDI_INDEX_CHUNK;
        read_lows(src, first, count, b, low);
        for (size_t j = 0; j < count; j++)
            sum += low[j];
    }
    return sum;
}

/* What follows bounds every sum before it is made, so that none overflows: then the indices
 * increase whatever the bits, and the last one tells whether all are below n. */
static csgd_status rice_check(const uint8_t *src, size_t bytes, size_t k, size_t n,
                              unsigned parameter)
{
    const uint64_t end = 8 * (uint64_t)bytes;
    uint64_t lows, ones, word, last, quotients;

    if (parameter > MOST)
        return csgdi_fail(CSGD_E_CORRUPT, "a Rice parameter of %u is above %d", parameter, MOST);
    lows = (uint64_t)k * parameter;
    if (end < lows + k || end - lows - k > ((uint64_t)n >> parameter) + 63)
        return csgdi_fail(CSGD_E_CORRUPT,
                          "%zu entries below %zu do not take %zu bytes in a Rice code of %u bits",
                          k, n, bytes, parameter);
    word = first_word(src, lows);
    ones = csgdi_ones(word);
    for (size_t at = (size_t)(lows / 64 * 8) + 8; at < bytes; at += 8) {
        word = csgdi_load64(src + at);
        ones += csgdi_ones(word);
    }
    if (ones != k)
        return csgdi_fail(CSGD_E_CORRUPT, "%zu entries in a Rice code have %llu quotients", k,
                          (unsigned long long)ones);
    if (word == 0)
        return csgdi_fail(CSGD_E_CORRUPT, "%zu entries in a Rice code end before their %zu bytes",
                          k, bytes);
    quotients = end - 1 - (uint64_t)__builtin_clzll(word) - lows - (k - 1);
    last = (quotients << parameter) + sum_lows(src, k, parameter) + (k - 1);
    if (last >= n)
        return csgdi_fail(CSGD_E_CORRUPT, "index %llu of entry %zu is not in [%zu, %zu)",
                          (unsigned long long)last, k - 1, k - 1, n);
    return CSGD_OK;
}

/* The word of the k-th one is the last. */
static size_t rice_length(const uint8_t *src, size_t k, size_t n, unsigned parameter)
{
    const uint64_t lows = (uint64_t)k * parameter;
    size_t at = (size_t)(lows / 64 * 8) + 8;
    uint64_t ones = csgdi_ones(first_word(src, lows));

    (void)n;
    for (; ones < k; at += 8)
        ones += csgdi_ones(csgdi_load64(src + at));
    return at;
}

static void rice_open(csgdi_index_cursor *c)
{
    const uint64_t lows = (uint64_t)c->k * c->parameter;

    c->ones = (csgdi_ones_cursor){.src = c->src + lows / 64 * 8,
                                  .word = first_word(c->src, lows),
                                  .first = (uint32_t) - (lows % 64)};
}

/* All modulo 2^32, which indices are below. */
static void rice_next(csgdi_index_cursor *c, size_t count, uint32_t *index)
{
    const unsigned b = c->parameter;
    const uint32_t done = (uint32_t)c->done;
    uint32_t low[CSGDI_INDEX_CHUNK] = {0}, sum = c->sum;

    if (b > 0) read_lows(c->src, c->done, count, b, low);
    for (size_t j = 0; j < count; j++)
        low[j] = sum += low[j];
    csgdi_ones_next(&c->ones, count, index);
    for (size_t j = 0; j < count; j++) {
        const uint32_t entry = done + (uint32_t)j;
        index[j] = ((index[j] - entry) << b) + low[j] + entry;
    }
    c->sum = sum;
    c->done += count;
}

const csgdi_index_ops csgdi_index_rice = {
    .name = "rice",
    .bound = rice_bound,
    .size = rice_size,
    .write = rice_write,
    .check = rice_check,
    .length = rice_length,
    .open = rice_open,
    .next = rice_next,
};
