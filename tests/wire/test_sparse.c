/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse.c: sparse streams of every format there and back, and their lengths. */

#include "support/test.h"

#include "wire/streams.h"

static const size_t ks[] = {0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1000};

/* Bytes of an index section in full, by its layout. */
static size_t index_bytes(const stream *s)
{
    uint64_t bits, next = 0;

    switch (s->bytes[4]) {
    case CSGDI_INDEX_RAW:
        return 4 * s->k;
    case CSGDI_INDEX_BITMAP:
        return (s->n + 7) / 8;
    default:
        bits = s->k * (s->bytes[7] + 1u);
        for (size_t j = 0; j < s->k; j++) {
            bits += (s->index[j] - next) >> s->bytes[7];
            next = (uint64_t)s->index[j] + 1;
        }
        return (size_t)((bits + 7) / 8);
    }
}

static size_t round8(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* A stream is of its length by formula, is judged good at every address, and decodes to what the
 * writer says it does. */
static void check_stream(const stream *s, size_t shift)
{
    const oracle_format format = {.type = s->type,
                                  .index = (unsigned)s->format.index,
                                  .value = (unsigned)s->format.value,
                                  .channels = s->channels,
                                  .n = s->n,
                                  .max_k = s->k};
    oracle_entries e;

    assert_int_equal(s->len, 8 + round8(index_bytes(s)) +
                                 round8(s->channels * streams_value_bytes(s->format.value, s->k)));
    if (s->format.index != CSGDI_INDEX_AUTO) assert_int_equal(s->bytes[4], s->format.index);
    assert_ok(stream_judge(s, s->bytes, s->len, shift));
    assert_true(oracle_sparse(&format, s->bytes, s->len, &e));
    assert_int_equal(e.k, s->k);
    for (size_t j = 0; j < s->k; j++)
        assert_int_equal(e.index[j], s->index[j]);
    for (size_t j = 0; j < s->channels * s->k; j++)
        if (e.value[j] != s->value[j])
            fail_msg("entry %zu: %a, and the writer said %a", j, e.value[j], s->value[j]);
    oracle_entries_free(&e);
}

/* Every format, type and number of channels, over a support and values. */
static void check_formats(size_t n, size_t k, const uint32_t *index, const double *value,
                          size_t shift)
{
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (unsigned channels = 1; channels <= 2; channels++)
            for (csgdi_index_coder i = CSGDI_INDEX_AUTO; i <= CSGDI_INDEX_BITMAP; i++)
                for (csgdi_value_coder v = type == CSGD_F32 ? CSGDI_VALUE_F32 : CSGDI_VALUE_F64;
                     v <= CSGDI_VALUE_INT4; v++) {
                    const csgdi_sparse_format format = {i, v};
                    stream s = stream_write(type, format, n, k, channels, index, value);
                    const bool exact = csgdi_sparse_exact(csgdi_kernels_get(type), format);

                    check_stream(&s, shift);
                    assert_int_equal(exact, v == CSGDI_VALUE_F64 ||
                                                (v == CSGDI_VALUE_F32 && type == CSGD_F32));
                    if (exact && k > 0) assert_memory_equal(s.value, s.given, 8 * channels * k);
                    stream_free(&s);
                }
}

static void round_trips(void **state)
{
    static const size_t ns[] = {1, 2, 63, 64, 65, 257, 1000, 5003};
    uint32_t index[1000];
    double value[2000];
    uint64_t random = 1;

    (void)state;
    for (size_t a = test_brief() ? 5 : 0; a < TEST_COUNT(ns); a++)
        for (size_t b = 0; b < TEST_COUNT(ks); b++) {
            if (ks[b] > ns[a]) continue;
            streams_support(&random, ns[a], ks[b], index);
            streams_values(&random, 2 * ks[b], value);
            check_formats(ns[a], ks[b], index, value, (a + b) % 8);
        }
}

static void all_elements(void **state)
{
    uint32_t index[513];
    double value[1026];
    uint64_t random = 2;

    (void)state;
    for (uint32_t i = 0; i < 513; i++)
        index[i] = i;
    streams_values(&random, 1026, value);
    for (size_t n = 1; n <= 513; n += n < 70 ? 1 : 37)
        check_formats(n, n, index, value, n % 8);
}

static void no_elements(void **state)
{
    (void)state;
    check_formats(0, 0, NULL, NULL, 0);
    check_formats(0, 0, NULL, NULL, 3);
}

static void at_every_address(void **state)
{
    uint32_t index[300];
    double value[600];
    uint64_t random = 3;

    (void)state;
    streams_support(&random, 5000, 300, index);
    streams_values(&random, 600, value);
    for (size_t shift = 0; shift < 8; shift++)
        check_formats(5000, 300, index, value, shift);
}

/* No stream is longer than the bound of any k that is not smaller: also at the k where the
 * parameter of Rice changes, and where all gaps are at one end. */
static void bounds(void **state)
{
    static const size_t ns[] = {1, 2, 5, 64, 100, 333, 1000};
    uint32_t index[1000];
    double value[1000] = {0};
    uint64_t random = 4;

    (void)state;
    for (size_t a = 0; a < TEST_COUNT(ns); a++)
        for (csgdi_index_coder i = CSGDI_INDEX_AUTO; i <= CSGDI_INDEX_BITMAP; i++) {
            const csgdi_sparse_format format = {i, CSGDI_VALUE_INT4};
            size_t longest = 0;

            for (size_t k = 0; k <= ns[a]; k += test_brief() ? 1 + k / 4 : 1)
                for (int kind = 0; kind < 4; kind++) {
                    stream s;
                    size_t bound;

                    streams_support(&random, ns[a], k, index);
                    for (size_t j = 0; j < k && kind > 0; j++)
                        index[j] = (uint32_t)(kind == 1   ? j
                                              : kind == 2 ? ns[a] - k + j
                                                          : (j + 1) * ns[a] / k - 1);
                    s = stream_write(CSGD_F32, format, ns[a], k, 1, index, value);
                    if (s.len > longest) longest = s.len;
                    bound = csgdi_sparse_bound(csgdi_kernels_get(CSGD_F32), format, ns[a], k, 1);
                    if (longest > bound)
                        fail_msg("n %zu k %zu coder %d: %zu bytes, bound %zu", ns[a], k, (int)i,
                                 longest, bound);
                    stream_free(&s);
                }
        }
}

/* The bound of what has one length is that length. */
static void bounds_by_formula(void **state)
{
    const csgdi_kernels *kernels = csgdi_kernels_get(CSGD_F64);

    (void)state;
    for (csgdi_value_coder v = CSGDI_VALUE_F64; v <= CSGDI_VALUE_INT4; v++)
        for (size_t b = 0; b < TEST_COUNT(ks); b++)
            for (unsigned channels = 1; channels <= 2; channels++) {
                const csgdi_sparse_format raw = {CSGDI_INDEX_RAW, v};
                const csgdi_sparse_format bitmap = {CSGDI_INDEX_BITMAP, v};
                const size_t k = ks[b], values = round8(channels * streams_value_bytes(v, k));

                assert_int_equal(csgdi_sparse_bound(kernels, raw, 1001, k, channels),
                                 8 + round8(4 * k) + values);
                assert_int_equal(csgdi_sparse_bound(kernels, bitmap, 1001, k, channels),
                                 8 + 128 + values);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips), cmocka_unit_test(all_elements),
        cmocka_unit_test(no_elements), cmocka_unit_test(at_every_address),
        cmocka_unit_test(bounds),      cmocka_unit_test(bounds_by_formula),
    };
    return cmocka_run_group_tests_name("wire/sparse", tests, NULL, NULL);
}
