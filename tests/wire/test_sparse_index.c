/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_index.c: how short index coders are, which one is taken, and supports at the edges of
 * what they can hold. */

#include "support/test.h"

#include <math.h>
#include "base/bytes.h"
#include "wire/streams.h"

enum { MAX_K = 70000 };

static uint32_t *index_room(void)
{
    uint32_t *index = malloc(4 * MAX_K);

    assert_non_null(index);
    return index;
}

/* A stream with int4 values, the shortest, all zero: written, judged and read. */
static stream write(csgdi_index_coder coder, size_t n, size_t k, const uint32_t *index)
{
    double *value = calloc(k + 1, sizeof *value);
    stream s = stream_write(CSGD_F32, (csgdi_sparse_format){coder, CSGDI_VALUE_INT4}, n, k, 1,
                            index, value);

    free(value);
    assert_ok(stream_judge(&s, s.bytes, s.len, 0));
    return s;
}

/* Bytes of the indices in a stream up to the zeros, for raw and bitmap by formula. */
static size_t exact(const stream *s)
{
    uint64_t bits, least = 0;

    if (s->bytes[4] == CSGDI_INDEX_RAW) return 4 * s->k;
    if (s->bytes[4] == CSGDI_INDEX_BITMAP) return (s->n + 7) / 8;
    bits = s->k * (s->bytes[7] + 1u);
    for (size_t j = 0; j < s->k; j++) {
        bits += (s->index[j] - least) >> s->bytes[7];
        least = (uint64_t)s->index[j] + 1;
    }
    return (size_t)((bits + 7) / 8);
}

/* log2 C(n, k). */
static double entropy(size_t n, size_t k)
{
    return (lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1)) / log(2);
}

/* AUTO takes the shortest, of equals the first, and its stream is the one of that coder. */
static void check_auto(size_t n, size_t k, const uint32_t *index)
{
    stream all[4];
    unsigned best = CSGDI_INDEX_RAW;

    for (unsigned i = CSGDI_INDEX_AUTO; i <= CSGDI_INDEX_BITMAP; i++)
        all[i] = write((csgdi_index_coder)i, n, k, index);
    for (unsigned i = CSGDI_INDEX_RICE; i <= CSGDI_INDEX_BITMAP; i++)
        if (exact(&all[i]) < exact(&all[best])) best = i;
    assert_int_equal(all[0].bytes[4], best);
    assert_true(exact(&all[0]) <= 4 * k && exact(&all[0]) <= (n + 7) / 8);
    assert_int_equal(all[0].len, all[best].len);
    assert_memory_equal(all[0].bytes, all[best].bytes, all[0].len);
    for (unsigned i = 0; i < 4; i++)
        stream_free(&all[i]);
}

/* Within 4 % of what no code can beat on average; or the bitmap is shorter still. */
static void random_supports(void **state)
{
    static const double densities[] = {.0005, .001, .003, .01, .03, .0625, .1, .15,
                                       .2,    .25,  .3,   .35, .4,  .45,   .5};
    uint32_t *index = index_room();
    uint64_t random = 1;

    (void)state;
    for (size_t d = 0; d < TEST_COUNT(densities); d++)
        for (size_t k = 1000; k <= (test_brief() ? 1000 : 9000); k *= 3) {
            const size_t n = (size_t)((double)k / densities[d]);
            stream rice, best;

            streams_support(&random, n, k, index);
            rice = write(CSGDI_INDEX_RICE, n, k, index);
            best = write(CSGDI_INDEX_AUTO, n, k, index);
            assert_int_equal(rice.bytes[4], CSGDI_INDEX_RICE);
            if (8 * (double)exact(&best) > 1.04 * entropy(n, k) + 8)
                fail_msg("density %g, k %zu: %zu bytes in code %d, entropy %.0f", densities[d], k,
                         exact(&best), best.bytes[4], entropy(n, k) / 8);
            if (best.bytes[4] == CSGDI_INDEX_RICE)
                assert_int_equal(best.len, rice.len);
            else
                assert_int_equal(best.bytes[4], CSGDI_INDEX_BITMAP);
            check_auto(n, k, index);
            stream_free(&rice);
            stream_free(&best);
        }
    free(index);
}

/* The parameter is the best of three around the largest b with 2^b k <= n ln 2, of equals the
 * smallest: for random supports and for such as it does not fit. */
static void check_parameter(size_t n, size_t k, const uint32_t *index)
{
    stream s = write(CSGDI_INDEX_RICE, n, k, index);
    const unsigned b = s.bytes[7];
    const size_t bytes = exact(&s);
    unsigned usual = 0;

    while (((uint64_t)2 << usual) * k <= n * 45426 / 65536)
        usual++;
    assert_true(b + 1 >= usual && b <= usual + 1);
    for (unsigned other = usual > 0 ? usual - 1 : 0; other <= usual + 1; other++) {
        s.bytes[7] = (uint8_t)other;
        assert_true(other < b ? exact(&s) > bytes : exact(&s) >= bytes);
    }
    stream_free(&s);
}

static void set_bit(uint8_t *bytes, uint64_t at)
{
    bytes[at / 8] |= (uint8_t)(1u << at % 8);
}

/* The section is what the layout says, bit by bit, whatever mixture of short and long gaps. */
static void check_bits(size_t n, size_t k, const uint32_t *index)
{
    stream s = write(CSGDI_INDEX_RICE, n, k, index);
    const unsigned b = s.bytes[7];
    const size_t bytes = (exact(&s) + 7) / 8 * 8;
    uint8_t *expected = calloc(bytes + 1, 1);
    uint64_t at = 0;

    for (size_t j = 0; j < k; j++) {
        const uint32_t gap = j > 0 ? index[j] - index[j - 1] - 1 : index[0];
        for (unsigned i = 0; i < b; i++, at++)
            if ((gap >> i & 1) != 0) set_bit(expected, at);
    }
    for (size_t j = 0; j < k; j++) {
        at += (j > 0 ? index[j] - index[j - 1] - 1 : index[0]) >> b;
        set_bit(expected, at++);
    }
    assert_memory_equal(s.bytes + 8, expected, bytes);
    free(expected);
    stream_free(&s);
}

static void uneven_gaps(void **state)
{
    uint32_t *index = index_room();
    uint64_t random = 5;

    (void)state;
    for (size_t k = 1; k < 2000; k = k < 124 ? k + 41 : k < 140 ? k + 1 : k + 311)
        for (unsigned width = 0; width < 20; width++)
            for (unsigned rare = 1; rare <= 81; rare *= 9) {
                uint64_t at = 0;
                for (size_t j = 0; j < k; j++) {
                    const uint64_t r = streams_random(&random);
                    at += (r & (((uint64_t)1 << width) - 1)) + (j > 0);
                    if ((r >> 32) % (7 * rare) == 0) at += (r >> 40) % (k * 8) << width % 9;
                    index[j] = (uint32_t)at;
                }
                if (at < UINT32_MAX) check_bits((size_t)at + 1 + k, k, index);
            }
    free(index);
}

static void parameter(void **state)
{
    uint32_t *index = index_room();
    uint64_t random = 2;

    (void)state;
    for (size_t k = 1; k <= 3000; k = 2 * k + 1)
        for (size_t n = k; n < 200000; n = 3 * n + 1) {
            streams_support(&random, n, k, index);
            check_parameter(n, k, index);
            for (uint32_t j = 0; j < k; j++)
                index[j] = j;
            check_parameter(n, k, index);
            for (uint64_t j = 0; j < k; j++)
                index[j] = (uint32_t)((j + 1) * n / k - 1);
            check_parameter(n, k, index);
        }
    free(index);
}

/* Runs of entries at either end, in the middle, and many of them. */
static void clustered(void **state)
{
    uint32_t *index = index_room();

    (void)state;
    for (size_t n = 300; n <= 100000; n *= 10)
        for (size_t k = 1; k <= 300; k = 2 * k + 3) {
            for (uint32_t j = 0; j < k; j++)
                index[j] = j;
            check_auto(n, k, index);
            for (uint32_t j = 0; j < k; j++)
                index[j] = (uint32_t)(n - k) + j;
            check_auto(n, k, index);
            for (uint32_t j = 0; j < k; j++)
                index[j] = (uint32_t)(n - k) / 2 + j;
            check_auto(n, k, index);
            for (uint32_t j = 0; j < k; j++)
                index[j] = j < k / 2 ? j : (uint32_t)(n - k) + j;
            check_auto(n, k, index);
            for (uint32_t j = 0; j < k; j++)
                index[j] = (uint32_t)(j / 8 * (8 * n / (k + 8)) + j % 8);
            check_auto(n, k, index);
        }
    free(index);
}

/* The longest vector there can be, of which nothing is as long but a bitmap. */
static void longest_vector(void **state)
{
    static const size_t ks[] = {1, 2, 3, 255, 256, 257, MAX_K};
    const size_t n = UINT32_MAX;
    uint32_t *index = index_room();

    (void)state;
    for (csgdi_index_coder coder = CSGDI_INDEX_AUTO; coder <= CSGDI_INDEX_RICE; coder++)
        for (size_t i = 0; i < TEST_COUNT(ks); i++)
            for (int kind = 0; kind < 4; kind++) {
                const size_t k = ks[i];
                stream s;

                for (uint64_t j = 0; j < k; j++)
                    index[j] = (uint32_t)(kind == 0   ? j
                                          : kind == 1 ? n - k + j
                                          : kind == 2 ? (j + 1) * n / k - 1
                                                      : (j + 1 < k ? j : n - 1));
                s = write(coder, n, k, index);
                if (coder == CSGDI_INDEX_AUTO) assert_true(exact(&s) <= 4 * k);
                stream_free(&s);
            }
    free(index);
}

/* Random gaps of every magnitude, so that every width of the low parts is written and read. */
static void every_parameter(void **state)
{
    uint32_t *index = index_room();
    uint64_t random = 3, seen = 0;

    (void)state;
    for (unsigned b = 0; b < 31; b++)
        for (size_t k = 1; k <= 1000; k = 2 * k + 1) {
            const size_t n = (size_t)((double)k * ldexp(1.45, (int)b)) + 1;
            stream s;

            if (n < k || n > UINT32_MAX) continue;
            for (size_t j = 0; j < k; j++) {
                const size_t first = j * n / k, end = (j + 1) * n / k;
                index[j] = (uint32_t)(first + streams_random(&random) % (end - first));
            }
            s = write(CSGDI_INDEX_RICE, n, k, index);
            seen |= (uint64_t)1 << s.bytes[7];
            stream_free(&s);
        }
    assert_int_equal(seen & 0x1fffffff, 0x1fffffff); /* 0 .. 28 */
    free(index);
}

static void last_element_is_the_last(void **state)
{
    const size_t n = UINT32_MAX;
    const uint32_t index[] = {UINT32_MAX - 1};

    (void)state;
    for (csgdi_index_coder coder = CSGDI_INDEX_RAW; coder <= CSGDI_INDEX_RICE; coder++) {
        stream s = write(coder, n, 1, index);

        s.n--;
        assert_fails(stream_judge(&s, s.bytes, s.len, 0), CSGD_E_CORRUPT, "index 4294967294");
        stream_free(&s);
    }
}

/* A reader takes any parameter that the length allows.  Made bit by bit from the layout. */
static void any_parameter(void **state)
{
    static const uint32_t gap[] = {5, 0, 130, 1, 77, 0, 0, 1000, 3};
    enum { K = 9 };
    uint32_t index[K], next = 0;

    (void)state;
    for (size_t j = 0; j < K; j++) {
        index[j] = next + gap[j];
        next = index[j] + 1;
    }
    for (unsigned b = 0; b <= 40; b++) {
        stream s = write(CSGDI_INDEX_RAW, 2000, K, index);
        uint8_t bytes[512] = {K, 0, 0, 0, CSGDI_INDEX_RICE, CSGDI_VALUE_INT4, 1, (uint8_t)b};
        uint64_t at = 64;
        oracle_format format = {CSGD_F32, CSGDI_INDEX_RICE, CSGDI_VALUE_INT4, 1, 2000, K};
        oracle_entries e;

        for (size_t j = 0; j < K; j++)
            for (unsigned i = 0; i < b; i++, at++)
                if (i < 32 && (gap[j] >> i & 1) != 0) bytes[at / 8] |= (uint8_t)(1u << at % 8);
        for (size_t j = 0; j < K; j++, at++) {
            at += b < 32 ? gap[j] >> b : 0;
            bytes[at / 8] |= (uint8_t)(1u << at % 8);
        }
        at = (at + 63) / 64 * 64;
        memcpy(bytes + at / 8, s.bytes + s.len - 16, 16); /* the values */
        s.format.index = CSGDI_INDEX_RICE;
        if (b <= 31) {
            assert_ok(stream_judge(&s, bytes, (size_t)at / 8 + 16, b % 8));
            assert_true(oracle_sparse(&format, bytes, (size_t)at / 8 + 16, &e));
            assert_memory_equal(e.index, index, sizeof index);
            oracle_entries_free(&e);
        } else {
            assert_fails(stream_judge(&s, bytes, (size_t)at / 8 + 16, b % 8), CSGD_E_CORRUPT,
                         "above 31");
        }
        stream_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_supports), cmocka_unit_test(uneven_gaps),
        cmocka_unit_test(parameter),       cmocka_unit_test(every_parameter),
        cmocka_unit_test(clustered),       cmocka_unit_test(longest_vector),
        cmocka_unit_test(any_parameter),   cmocka_unit_test(last_element_is_the_last),
    };
    return cmocka_run_group_tests_name("wire/sparse_index", tests, NULL, NULL);
}
