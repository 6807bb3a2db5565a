/* SPDX-License-Identifier: BSD-3-Clause */

/* test_kernels.c: the reference kernels against oracles that say the same in another way, and
 * the choice of a table.  Sums are in test_kernel_sums.c; test_kernels_isa.c compares the other
 * tables with ref. */

#include <math.h>
#include "support/test.h"
#include "kernels/fills.h"
#include "kernels/kernels.h"

enum { MAX = 300 };

static const csgdi_kernels *const refs[] = {&csgdi_kernels_ref_f32, &csgdi_kernels_ref_f64};
static const size_t lengths[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 256, MAX};

static union {
    float f32[MAX];
    double f64[MAX];
} x, y, z, rest;

/* Run body for each type, fill and length, with x and y filled. */
#define FOR_EACH_VECTOR(k, f, n)                                         \
    for (size_t at = 0; at < 2 * N_FILLS * TEST_COUNT(lengths); at++)    \
        for (const csgdi_kernels *k = refs[at % 2]; k != NULL; k = NULL) \
            for (size_t f = at / 2 % N_FILLS, n = vectors(k, (fill)f, at); n <= MAX; n = SIZE_MAX)

static size_t vectors(const csgdi_kernels *k, fill f, size_t at)
{
    const size_t n = lengths[at / 2 / N_FILLS];

    fill_vector(f, k->type, 1, n, &x);
    fill_vector(f, k->type, 2, n, &y);
    memcpy(&z, &y, sizeof z);
    return n;
}

/* Round to the element type. */
static double rounded(const csgdi_kernels *k, double value)
{
    return k->type == CSGD_F32 ? (double)(float)value : value;
}

static void assert_same(double a, double b)
{
    if (isnan(b))
        assert_true(isnan(a));
    else
        assert_memory_equal(&a, &b, sizeof a);
}

/* One operation in double and one rounding give what the operation in float gives: double has
 * more than twice its digits. */
static void elements(void **state)
{
    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        bool all = true, sums = true, scaled = true, pairs = true;
        for (size_t i = 0; i < n; i++)
            all = all && isfinite(fill_get(k->type, &x, i));
        assert_int_equal(k->finite(&x, n), all);

        k->add(&x, n, &z);
        for (size_t i = 0; i < n; i++)
            assert_same(fill_get(k->type, &z, i),
                        rounded(k, fill_get(k->type, &x, i) + fill_get(k->type, &y, i)));
        memcpy(&z, &y, sizeof z);
        k->sub(&x, n, &z);
        for (size_t i = 0; i < n; i++)
            assert_same(fill_get(k->type, &z, i),
                        rounded(k, fill_get(k->type, &y, i) - fill_get(k->type, &x, i)));

        const bool sums_said = k->add_finite(&x, &y, n, &z);
        for (size_t i = 0; i < n; i++) {
            const double sum = fill_get(k->type, &x, i) + fill_get(k->type, &y, i);
            assert_same(fill_get(k->type, &z, i), rounded(k, sum));
            sums = sums && isfinite(rounded(k, sum));
        }
        assert_int_equal(sums_said, sums);

        const bool scaled_said = k->add_scaled_finite(&x, -0.3, &y, n, &z);
        for (size_t i = 0; i < n; i++) {
            const double product = rounded(k, -0.3 * fill_get(k->type, &y, i));
            const double sum = fill_get(k->type, &x, i) + product;
            assert_same(fill_get(k->type, &z, i), rounded(k, sum));
            scaled = scaled && isfinite(rounded(k, sum));
        }
        assert_int_equal(scaled_said, scaled);

        memcpy(&z, &x, sizeof z);
        const bool pairs_said = k->add_pair_finite(&z, 1.9, &y, 0.9, &x, n, &z);
        for (size_t i = 0; i < n; i++) {
            const double first = rounded(k, 1.9 * fill_get(k->type, &y, i));
            const double second = rounded(k, 0.9 * fill_get(k->type, &x, i));
            const double sum = fill_get(k->type, &x, i) + rounded(k, first - second);
            assert_same(fill_get(k->type, &z, i), rounded(k, sum));
            pairs = pairs && isfinite(rounded(k, sum));
        }
        assert_int_equal(pairs_said, pairs);

        bool echoes = true;
        memcpy(&z, &x, sizeof z);
        const bool echoes_said = k->add_echo_finite(&z, 0.9, &y, &x, n, &z);
        for (size_t i = 0; i < n; i++) {
            const double newer = fill_get(k->type, &y, i), older = fill_get(k->type, &x, i);
            const double product = rounded(k, rounded(k, 0.9) * rounded(k, newer - older));
            const double sum = older + rounded(k, newer + product);
            assert_same(fill_get(k->type, &z, i), rounded(k, sum));
            echoes = echoes && isfinite(rounded(k, sum));
        }
        assert_int_equal(echoes_said, echoes);
    }
}

static void sign(void **state)
{
    static const csgdi_mode modes[] = {CSGDI_SET, CSGDI_ADD, CSGDI_SUB};
    uint8_t bits[MAX / 8 + 2];

    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        const size_t bytes = (n + 7) / 8;
        static const double value[2] = {-0.3, 0.1};

        memset(bits, 0xa5, sizeof bits);
        k->sign_pack(&x, n, bits);
        for (size_t i = 0; i < 8 * bytes; i++) {
            const bool expected = i < n && fill_get(k->type, &x, i) >= 0;
            assert_int_equal(bits[i / 8] / (1 << i % 8) % 2, expected);
        }
        assert_int_equal(bits[bytes], 0xa5);

        for (size_t m = 0; m < TEST_COUNT(modes); m++) {
            memcpy(&z, &y, sizeof z);
            k->sign_apply(bits, n, value, modes[m], &z);
            for (size_t i = 0; i < n; i++) {
                const double was = modes[m] == CSGDI_SET ? 0 : fill_get(k->type, &y, i);
                const double one = rounded(k, value[fill_get(k->type, &x, i) >= 0]);
                const double by = modes[m] == CSGDI_SUB ? -one : one;
                assert_same(fill_get(k->type, &z, i), rounded(k, was + by));
            }
        }
    }
}

static uint64_t key(const csgdi_kernels *k, const void *v, size_t i)
{
    uint32_t low;
    uint64_t bits;

    if (k->type == CSGD_F32) {
        memcpy(&low, (const float *)v + i, sizeof low);
        return low % (UINT32_C(1) << 31);
    }
    memcpy(&bits, (const double *)v + i, sizeof bits);
    return bits % (UINT64_C(1) << 63);
}

/* Three rounds of a radix sort find the number of elements with each leading pattern. */
static void histogram(void **state)
{
    enum { BITS = 5 };
    uint64_t counts[1 << BITS], expected[1 << BITS];

    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        const unsigned top = k->type == CSGD_F32 ? 31 : 63;
        for (unsigned shift = top - BITS; shift > top - 4 * BITS; shift -= BITS) {
            const uint64_t prefix = n == 0 ? 0 : key(k, &x, n / 2) >> (shift + BITS);
            memset(counts, 0, sizeof counts);
            memset(expected, 0, sizeof expected);
            counts[3] = expected[3] = 7; /* counts are added to */
            for (size_t i = 0; i < n; i++)
                for (uint64_t c = 0; c < 1 << BITS; c++)
                    expected[c] += key(k, &x, i) >> shift == (prefix << BITS | c);
            k->key_histogram(&x, n, shift, BITS, prefix, counts);
            assert_memory_equal(counts, expected, sizeof counts);
        }
    }
}

/* Whether z[j] is x[i], sign and all. */
static void assert_copied(const csgdi_kernels *k, const void *copy, size_t j, size_t i)
{
    assert_memory_equal((const char *)copy + j * k->size, (char *)&x + i * k->size, k->size);
}

/* add_cut makes the sum as the slot of its form does, and cuts as key_cut does. */
static void sum_and_cut(void **state)
{
    static union {
        float f32[MAX];
        double f64[MAX];
    } half, fourth, sum, cut, value, cut_value;
    uint32_t index[MAX + CSGDI_LANES], cut_index[MAX + CSGDI_LANES];
    csgdi_terms t = {.g = &x, .d = &half, .e = &fourth, .a = 0.9, .b = 1.7};

    (void)state;
    for (t.form = CSGDI_FORM_PLAIN; t.form <= CSGDI_FORM_ECHO; t.form++)
        FOR_EACH_VECTOR(k, f, n)
        {
            const uint64_t top = k->type == CSGD_F32 ? 0x7f800000 : UINT64_C(0x7ff0000000000000);
            const uint64_t some = n == 0 ? 0 : key(k, &x, n / 2), limit = some < top ? some : top;

            memset(&half, 0, sizeof half);
            memcpy(&half, &x, n / 2 * k->size); /* what is infinite stays so, and NaN NaN */
            memset(&fourth, 0, sizeof fourth);
            memcpy(&fourth, &x, n / 4 * k->size);
            for (size_t room = 0; room <= n; room += 1 + n / 3) {
                const size_t said = k->add_cut(&t, n, limit, 7, room, index, &value, &sum);
                csgdi_terms_add(k, &t, n, &cut);
                const size_t all = k->key_cut(&cut, n, limit, 7, n, cut_index, &cut_value);
                k->stream_end();
                if (all > room) {
                    assert_true(said > room);
                    continue;
                }
                assert_int_equal(said, all);
                assert_memory_equal(index, cut_index, all * sizeof *index);
                for (size_t j = 0; j < all; j++)
                    assert_same(fill_get(k->type, &value, j), fill_get(k->type, &cut_value, j));
                for (size_t i = 0; i < n; i++)
                    assert_same(fill_get(k->type, &sum, i), fill_get(k->type, &cut, i));
            }
        }
}

/* key_cut takes the same and leaves zeros. */
static void select_and_cut(void **state)
{
    static union {
        float f32[MAX];
        double f64[MAX];
    } cut, cut_value;
    uint32_t index[MAX + CSGDI_LANES], cut_index[MAX + CSGDI_LANES];

    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        const uint64_t limit = n == 0 ? 0 : key(k, &x, n / 2);
        for (size_t room = 0; room <= n; room += 1 + n / 3) {
            size_t taken = 0, i = 0;
            memcpy(&cut, &x, sizeof cut);
            const size_t said = k->key_select(&x, n, limit, 1000, room, index, &z);
            assert_int_equal(k->key_cut(&cut, n, limit, 1000, room, cut_index, &cut_value), said);
            for (; i < n; i++) {
                const bool hit = key(k, &x, i) >= limit;
                if (hit && taken == room) break;
                if (hit) {
                    assert_int_equal(index[taken], 1000 + i);
                    assert_int_equal(cut_index[taken], 1000 + i);
                    assert_copied(k, &z, taken, i);
                    assert_copied(k, &cut_value, taken, i);
                    assert_same(fill_get(k->type, &cut, i), 0);
                    taken++;
                } else
                    assert_copied(k, &cut, i, i);
            }
            for (; i < n; i++)
                assert_copied(k, &cut, i, i);
            assert_int_equal(said, taken);
        }
    }
}

static void under(void **state)
{
    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        const uint64_t limit = n == 0 ? 0 : key(k, &x, n / 2);
        size_t taken = 0;
        const size_t said = k->key_under(&x, n, limit, &z);
        for (size_t i = 0; i < n; i++)
            if (key(k, &x, i) < limit) assert_copied(k, &z, taken++, i);
        assert_int_equal(said, taken);
        assert_int_equal(k->key_under(&x, n, UINT64_MAX, &z), n);
        assert_int_equal(k->key_under(&x, n, 0, &z), 0);
    }
}

/* Both kinds in order, with their indices; in place they are the same. */
static void split(void **state)
{
    static const size_t tie_limits[] = {0, 1, 3, MAX};
    uint32_t index[MAX], in_index[MAX], out_index[MAX];

    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        const uint64_t limit = n == 0 ? 0 : key(k, &x, n / 2);
        for (size_t t = 0; t < TEST_COUNT(tie_limits); t++) {
            size_t ties = tie_limits[t], left = tie_limits[t], in = 0, out = 0;
            for (size_t i = 0; i < n; i++)
                index[i] = (uint32_t)(1000 + 3 * i);
            const size_t said =
                k->key_split(index, &x, n, limit, &ties, in_index, &z, out_index, &y);
            for (size_t i = 0; i < n; i++) {
                const bool tie = key(k, &x, i) == limit;
                if (key(k, &x, i) > limit || (tie && left > 0)) {
                    assert_int_equal(in_index[in], 1000 + 3 * i);
                    assert_copied(k, &z, in++, i);
                    left -= tie;
                } else {
                    assert_int_equal(out_index[out], 1000 + 3 * i);
                    assert_copied(k, &y, out++, i);
                }
            }
            assert_int_equal(said, in);
            assert_int_equal(ties, left);
            ties = tie_limits[t];
            memcpy(&y, &x, sizeof y);
            assert_int_equal(k->key_split(index, &y, n, limit, &ties, index, &y, out_index, &rest),
                             in);
            assert_memory_equal(index, in_index, in * sizeof *index);
            assert_memory_equal(&y, &z, in * k->size);
        }
    }
}

/* Fewer than k keys are above it, and with those at it there are k or more. */
static void kth(void **state)
{
    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        for (size_t due = 1; due <= n; due += 1 + due / 2) {
            size_t ties = 0, above = 0, equal = 0;
            const uint64_t said = k->key_kth(&x, n, due, &ties);
            for (size_t i = 0; i < n; i++) {
                above += key(k, &x, i) > said;
                equal += key(k, &x, i) == said;
            }
            assert_true(above < due && above + equal >= due);
            assert_int_equal(ties, due - above);
        }
    }
}

/* To every alignment, and nothing around it. */
static void stream(void **state)
{
    (void)state;
    FOR_EACH_VECTOR(k, f, n)
    {
        for (size_t first = 0; first + n <= MAX && first < 20; first++) {
            memset(&y, 0xa5, sizeof y);
            memcpy(&z, &y, sizeof z);
            memcpy((char *)&z + first * k->size, &x, n * k->size);
            k->stream(&x, n, (char *)&y + first * k->size);
            assert_memory_equal(&y, &z, sizeof y);
        }
    }
}

/* Two values go to one place: the order of j decides. */
static void scatter(void **state)
{
    const uint32_t index[] = {2, 0, 2};

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        const csgdi_kernels *k = refs[t];
        const double expected[][3] = {{2, 10, 4}, {12, 10, 17}, {8, 10, 3}};
        for (size_t j = 0; j < 3; j++)
            fill_put(k->type, &x, j, (double[]){3, 2, 4}[j]);
        for (int mode = CSGDI_SET; mode <= CSGDI_SUB; mode++) {
            for (size_t j = 0; j < 3; j++)
                fill_put(k->type, &y, j, 10);
            k->scatter(index, &x, 3, (csgdi_mode)mode, &y);
            k->scatter(index, &x, 0, (csgdi_mode)mode, &y);
            for (size_t j = 0; j < 3; j++)
                assert_same(fill_get(k->type, &y, j), expected[mode][j]);
        }
    }
}

/* The choice is made once for each type, by the environment of that moment. */
static void choice(void **state)
{
    const char *name = csgdi_kernels_isa(0);
    size_t count = 0;

    (void)state;
    while (csgdi_kernels_isa(count) != NULL)
        count++;
    assert_string_equal(csgdi_kernels_isa(count - 1), "ref");
    assert_null(csgdi_kernels_find("mmx", CSGD_F32));
    assert_null(csgdi_kernels_find(NULL, CSGD_F32));
    assert_ptr_equal(csgdi_kernels_find("ref", CSGD_F32), refs[0]);
    assert_ptr_equal(csgdi_kernels_find("ref", CSGD_F64), refs[1]);

    setenv("CSGD_ISA", "mmx", 1);
    assert_ptr_equal(csgdi_kernels_get(CSGD_F32), refs[0]);
    setenv("CSGD_ISA", name, 1);
    const csgdi_kernels *named = csgdi_kernels_find(name, CSGD_F64);
    assert_ptr_equal(csgdi_kernels_get(CSGD_F64), named != NULL ? named : refs[1]);
    unsetenv("CSGD_ISA");
    assert_ptr_equal(csgdi_kernels_get(CSGD_F32), refs[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements),       cmocka_unit_test(sign),
        cmocka_unit_test(histogram),      cmocka_unit_test(sum_and_cut),
        cmocka_unit_test(select_and_cut), cmocka_unit_test(under),
        cmocka_unit_test(split),          cmocka_unit_test(kth),
        cmocka_unit_test(stream),         cmocka_unit_test(scatter),
        cmocka_unit_test(choice),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
