/* SPDX-License-Identifier: BSD-3-Clause */

/* streams.c: see streams.h. */

#include "wire/streams.h"

#include <math.h>
#include "oracle/oracle.h"
#include "support/guard.h"
#include "support/test.h"

enum { SMALL_N = 200000, SMALL_BYTES = 1 << 16, AFTER = 0xa5 };

uint64_t streams_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U; /* SplitMix64 */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

void streams_support(uint64_t *state, size_t n, size_t k, uint32_t *index)
{
    size_t taken = 0;

    for (size_t i = 0; i < n && taken < k; i++)
        if (streams_random(state) % (n - i) < k - taken) index[taken++] = (uint32_t)i;
}

void streams_values(uint64_t *state, size_t count, double *value)
{
    for (size_t j = 0; j < count; j++) {
        const uint64_t r = streams_random(state);
        const double size = ldexp((double)(r >> 11), (int)(r % 24) - 70);
        value[j] = r % 11 == 0 ? 0 : (r & 1 << 8) != 0 ? -size : size;
    }
}

size_t streams_value_bytes(csgdi_value_coder coder, size_t k)
{
    const size_t blocks = (k + 255) / 256;

    switch (coder) {
    case CSGDI_VALUE_F64:
        return 8 * k;
    case CSGDI_VALUE_F32:
        return 4 * k;
    case CSGDI_VALUE_BF16:
    case CSGDI_VALUE_F16:
        return 2 * k;
    case CSGDI_VALUE_INT8:
        return 4 * blocks + k;
    case CSGDI_VALUE_INT4:
        return 4 * blocks + (k + 1) / 2;
    }
    return 0;
}

stream stream_write(csgd_type type, csgdi_sparse_format format, size_t n, size_t k,
                    unsigned channels, const uint32_t *index, const double *value)
{
    const csgdi_kernels *kernels = csgdi_kernels_get(type);
    const size_t bound = csgdi_sparse_bound(kernels, format, n, k, channels);
    const size_t count = channels * k;
    stream s = {.type = type, .format = format, .channels = channels, .n = n, .k = k};
    csgdi_sparse sparse = {.n = n, .k = k, .room = k, .channels = channels};
    guard g = guard_open(bound);
    uint8_t *dst = g.last - bound;
    void *narrow = malloc(8 * count + 8);

    s.index = malloc(4 * k + 4);
    s.given = malloc(8 * count + 8);
    s.value = malloc(8 * count + 8);
    for (size_t j = 0; j < k; j++)
        s.index[j] = index[j];
    oracle_store(type, value, count, narrow);
    oracle_load(type, narrow, count, s.given);
    sparse.index = s.index;
    sparse.value = narrow;
    memset(dst, AFTER, bound);
    s.len = csgdi_sparse_write(kernels, format, &sparse, dst);
    assert_int_equal(bound % 8, 0);
    assert_int_equal(s.len % 8, 0);
    assert_true(s.len <= bound);
    for (size_t i = s.len; i < bound; i++)
        if (dst[i] != AFTER) fail_msg("written at %zu, the stream has %zu bytes", i, s.len);
    oracle_load(type, narrow, count, s.value);
    s.bytes = malloc(s.len);
    memcpy(s.bytes, dst, s.len);
    free(narrow);
    guard_close(&g);
    return s;
}

void stream_free(stream *s)
{
    free(s->index);
    free(s->given);
    free(s->value);
    free(s->bytes);
}

/* All ways of reading give the entries. */
static void check_read(const stream *s, const uint8_t *bytes, const oracle_entries *e)
{
    const csgdi_kernels *kernels = csgdi_kernels_get(s->type);
    void *y = malloc(8 * s->n + 8), *expected = malloc(8 * s->n + 8);
    double *wide = malloc(8 * s->n + 8);

    for (unsigned c = 0; c < s->channels; c++)
        for (csgdi_mode mode = CSGDI_SET; mode <= CSGDI_SUB; mode++) {
            for (size_t i = 0; i < s->n; i++)
                wide[i] = (double)(i % 5);
            oracle_store(s->type, wide, s->n, y);
            if (mode == CSGDI_SET) memset(wide, 0, 8 * s->n);
            for (size_t j = 0; j < e->k; j++) {
                const double v = e->value[c * e->k + j], old = wide[e->index[j]];
                wide[e->index[j]] = mode == CSGDI_SET ? v : mode == CSGDI_ADD ? old + v : old - v;
            }
            oracle_store(s->type, wide, s->n, expected);
            csgdi_sparse_apply(kernels, bytes, s->n, c, mode, y);
            if (s->n > 0 && memcmp(y, expected, kernels->size * s->n) != 0)
                assert_memory_equal(y, expected, kernels->size * s->n);
        }
    free(wide);
    free(expected);
    free(y);
}

static void check_reader(const stream *s, const uint8_t *bytes, const oracle_entries *e)
{
    for (unsigned c = 0; c < s->channels; c++)
        for (int with_values = 0; with_values <= 1; with_values++) {
            csgdi_sparse_reader r;
            uint32_t index[CSGDI_SPARSE_CHUNK];
            double value[CSGDI_SPARSE_CHUNK], wide[CSGDI_SPARSE_CHUNK];
            size_t done = 0;

            csgdi_sparse_open(&r, csgdi_kernels_get(s->type), bytes, s->n, c);
            for (size_t count; done < e->k; done += count) {
                count = csgdi_sparse_next(&r, index, with_values ? value : NULL);
                assert_int_equal(count, e->k - done < 256 ? e->k - done : 256);
                if (memcmp(index, e->index + done, 4 * count) != 0)
                    assert_memory_equal(index, e->index + done, 4 * count);
                if (!with_values) continue;
                oracle_load(s->type, value, count, wide);
                for (size_t j = 0; j < count; j++)
                    if (wide[j] != e->value[c * e->k + done + j])
                        fail_msg("entry %zu is %a, not %a", done + j, wide[j],
                                 e->value[c * e->k + done + j]);
            }
            assert_int_equal(csgdi_sparse_next(&r, index, value), 0);
        }
}

csgd_status stream_judge(const stream *s, const uint8_t *bytes, size_t len, size_t shift)
{
    const oracle_format format = {.type = s->type,
                                  .index = (unsigned)s->format.index,
                                  .value = (unsigned)s->format.value,
                                  .channels = s->channels,
                                  .n = s->n,
                                  .max_k = s->k};
    static guard kept; /* for short ones: making pages takes longer than all the rest */
    guard g = {NULL, NULL};
    uint8_t *copy;
    oracle_entries e;
    csgd_status st;

    if (len + shift > SMALL_BYTES)
        g = guard_open(len + shift);
    else if (kept.first == NULL)
        kept = guard_open(SMALL_BYTES);
    copy = (g.last != NULL ? g.last : kept.last) - len - shift;
    if (len > 0) memcpy(copy, bytes, len);
    st = csgdi_sparse_check(csgdi_kernels_get(s->type), s->format, copy, len, s->n, s->k,
                            s->channels);
    if (oracle_sparse(&format, bytes, len, &e)) {
        assert_ok(st);
        if (s->n <= SMALL_N) check_read(s, copy, &e);
        check_reader(s, copy, &e);
        oracle_entries_free(&e);
    } else {
        assert_int_equal(st, CSGD_E_CORRUPT);
        assert_true(strlen(csgd_error_detail()) > 10);
    }
    if (g.first != NULL) guard_close(&g);
    return st;
}
