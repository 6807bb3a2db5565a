/* SPDX-License-Identifier: BSD-3-Clause */

/* test_topk_method.c: what the inexact methods of topk promise: never more than k, nothing smaller
 * than what stays but where the first k are taken, and about k of usual vectors. */

#include "support/test.h"

#include <math.h>
#include "compressors/compressor.h"
#include "kernels/fills.h"

enum { N = 200000, SHAPES = 3, DRAWS = 4 };

static float drawn[SHAPES][DRAWS][N], x[N];
static size_t n = N; /* of the vectors */

static double uniform(uint64_t *state)
{
    return ((double)(fill_random(state) >> 12) + 0.5) * 0x1p-52;
}

/* Gauss, Laplace, Student of three degrees. */
static void draw(unsigned shape, uint64_t seed, float *to)
{
    uint64_t state = seed;

    for (size_t i = 0; i < n; i++) {
        const double a = sqrt(-2 * log(uniform(&state))) * cos(6.283185307179586 * uniform(&state));
        const double b = log(uniform(&state));
        const double c = sqrt(-2 * log(uniform(&state))) * cos(6.283185307179586 * uniform(&state));
        to[i] = (float)(shape == 0   ? a
                        : shape == 1 ? copysign(b, a)
                                     : a / sqrt((c * c - 2 * b) / 3));
    }
}

static csgd_compressor *create(const char *method, const char *more)
{
    char spec[128];
    csgd_compressor *c;

    snprintf(spec, sizeof spec, "topk method=%s %s", method, more);
    assert_ok(csgd_compressor_create(spec, n, &c));
    assert_true(c->core.variable);
    return c;
}

static size_t compress(csgd_compressor *c, const float *from, uint8_t **message, size_t *len)
{
    const size_t cap = csgd_compressor_bound(c);

    *message = malloc(cap);
    assert_ok(csgd_compressor_compress(c, from, *message, cap, len));
    assert_true(c->core.stream.k <= c->core.max_k);
    return c->core.stream.k;
}

/* The least magnitude sent, and the largest that is not. */
static void assert_largest(const csgd_compressor *c, const float *from, bool truncated)
{
    const csgdi_sparse *s = &c->core.stream;
    float least = INFINITY, most = 0;
    size_t end = truncated && s->k > 0 ? s->index[s->k - 1] : n;

    for (size_t i = 0, j = 0; i < end; i++)
        if (j < s->k && s->index[j] == i) {
            least = fminf(least, fabsf(from[i]));
            j++;
        } else
            most = fmaxf(most, fabsf(from[i]));
    assert_true(least >= most);
}

static void about_k(void **state)
{
    static const char *const ratios[] = {"ratio=0.1", "ratio=0.01", "ratio=0.001"};

    (void)state;
    for (unsigned i = 0; i < SHAPES * DRAWS; i++)
        draw(i / DRAWS, i % DRAWS, drawn[i / DRAWS][i % DRAWS]);
    for (unsigned method = 0; method < 2; method++)
        for (unsigned shape = 0; shape < SHAPES; shape++)
            for (size_t r = 0; r < TEST_COUNT(ratios); r++) {
                csgd_compressor *c = create(method == 0 ? "sampled" : "sidco", ratios[r]);
                const double k = (double)c->core.max_k;
                double sum = 0;
                for (unsigned step = 0; step < 60; step++) {
                    const float *from = drawn[shape][step % DRAWS];
                    uint8_t *message;
                    size_t len, sent = compress(c, from, &message, &len);
                    free(message);
                    assert_largest(c, from, method == 0 && sent == c->core.max_k);
                    if (method == 0) assert_true((double)sent >= 0.8 * k);
                    if (step >= 50) sum += (double)sent / 10;
                }
                if (sum < 0.8 / 1.3 * k || sum > k)
                    fail_msg("method %u, shape %u, %s: %g of %g", method, shape, ratios[r], sum, k);
                csgd_compressor_destroy(&c);
            }
}

/* The sample is a function of seed, rank and step; another step takes another. */
static void sample_by_step(void **state)
{
    size_t sent[4];
    size_t differ = 0;

    (void)state;
    draw(0, 9, x);
    for (unsigned i = 0; i < 40; i++) {
        for (unsigned j = 0; j < 4; j++) {
            csgd_compressor *c = create("sampled", j == 1 ? "seed=5 ratio=0.05" : "ratio=0.05");
            uint8_t *message;
            size_t len;
            c->core.rank = j == 2;
            assert_ok(csgd_compressor_set_step(c, i));
            compress(c, x, &message, &len);
            sent[j] = c->core.stream.k * 7 + c->core.stream.index[c->core.stream.k - 1];
            free(message);
            csgd_compressor_destroy(&c);
        }
        assert_int_equal(sent[0], sent[3]);
        differ += (size_t)(sent[0] != sent[1]) + (size_t)(sent[0] != sent[2]);
    }
    assert_true(differ > 10);
}

static void odd_vectors(void **state)
{
    static const char *const methods[] = {"sampled", "sidco"};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (fill f = 0; f < FILL_SPECIALS; f++) {
            csgd_compressor *c = create(methods[i], "ratio=0.01");
            for (unsigned step = 0; step < 8; step++) {
                uint8_t *message;
                size_t len;
                fill_vector(f, CSGD_F32, step, n, x);
                compress(c, x, &message, &len);
                free(message);
                x[step * (n / 10 + 11)] = step % 2 ? NAN : INFINITY;
                assert_false(c->core.ops->select(&c->core, x, &c->core.stream));
            }
            csgd_compressor_destroy(&c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(about_k),
        cmocka_unit_test(sample_by_step),
        cmocka_unit_test(odd_vectors),
    };

    if (test_brief()) n = N / 20;
    return cmocka_run_group_tests_name("compressors/topk_method", tests, NULL, NULL);
}
