/* SPDX-License-Identifier: BSD-3-Clause */

/* test_kernel_sums.c: the order of addition, in a block and over blocks, against recursions that
 * define it from the other end, and the sums against long double. */

#include <float.h>
#include <math.h>
#include "support/test.h"
#include "kernels/fills.h"
#include "kernels/kernels.h"

static void assert_same(double a, double b)
{
    if (isnan(b))
        assert_true(isnan(a));
    else
        assert_memory_equal(&a, &b, sizeof a);
}

/* The definition read from its end: the total is T(0, 1), where T(j, d) = T(j, 2d) + T(j + d, 2d)
 * and T(j, 16) is the partial sum j. */
static double tree(const double *term, size_t n, size_t j, size_t d)
{
    double s = 0;

    if (d < CSGDI_LANES) return tree(term, n, j, 2 * d) + tree(term, n, j + d, 2 * d);
    for (size_t i = j; i < n; i += CSGDI_LANES)
        s += term[i];
    return s;
}

/* Any order of n additions errs by at most about n eps times the sum of magnitudes. */
static void assert_close(double sum, const double *term, size_t n)
{
    long double exact = 0;

    for (size_t i = 0; i < n; i++)
        exact += (long double)term[i];
    if (isfinite((double)exact))
        assert_true(fabsl((long double)sum - exact) <= (long double)n * DBL_EPSILON * exact);
}

/* The terms of a sum of magnitudes: sixteen of a group of 64, each of four in the element type. */
static size_t group(const csgdi_kernels *k, double *term, size_t n)
{
    const bool narrow = k->type == CSGD_F32;
    size_t count = 0, i = 0;

    for (; n - i >= 64; i += 64)
        for (size_t j = i; j < i + 16; j++) {
            const double a = term[j] + term[j + 16], b = term[j + 32] + term[j + 48];
            const float sum = (float)a + (float)b;
            term[count++] = narrow ? (double)sum : a + b;
        }
    while (i < n)
        term[count++] = term[i++];
    return count;
}

static void block_sums(void **state)
{
    static const csgdi_kernels *const refs[] = {&csgdi_kernels_ref_f32, &csgdi_kernels_ref_f64};
    static const size_t lengths[] = {0, 1, 2, 15, 16, 17, 31, 63, 64, 65, 100, 4095, CSGDI_BLOCK};
    static double term[CSGDI_BLOCK];
    static union {
        float f32[CSGDI_BLOCK];
        double f64[CSGDI_BLOCK];
    } x;

    (void)state;
    for (size_t at = 0; at < 2 * N_FILLS * TEST_COUNT(lengths); at++) {
        const csgdi_kernels *k = refs[at % 2];
        const size_t n = lengths[at / 2 / N_FILLS];
        fill_vector((fill)(at / 2 % N_FILLS), k->type, 1, n, &x);
        double both[2];
        k->sign_sums(&x, n, both);
        for (int part = -1; part < 2; part++) { /* all, those with plus, the others */
            for (size_t i = 0; i < n; i++) {
                const double v = fill_get(k->type, &x, i);
                term[i] = part < 0 || (v >= 0) == (part == 0) ? fabs(v) : 0;
            }
            const double sum = part < 0 ? k->abs_sum(&x, n) : both[part];
            const size_t count = group(k, term, n);
            assert_same(sum, tree(term, count, 0, 1));
            assert_close(sum, term, count);
        }
        for (size_t i = 0; i < n; i++)
            term[i] = fill_get(k->type, &x, i) * fill_get(k->type, &x, i);
        assert_same(k->square_sum(&x, n), tree(term, n, 0, 1));
        assert_close(k->square_sum(&x, n), term, n);
    }
}

/* Blocks [first, first + count): the left part is the largest power of two below count. */
static double blocks(const float *a, size_t n, size_t first, size_t count)
{
    size_t left = 1;

    if (count == 1) {
        const size_t begin = first * CSGDI_BLOCK;
        const size_t rest = n - begin;
        return csgdi_kernels_ref_f32.abs_sum(a + begin, rest < CSGDI_BLOCK ? rest : CSGDI_BLOCK);
    }
    while (2 * left < count)
        left *= 2;
    return blocks(a, n, first, left) + blocks(a, n, first + left, count - left);
}

static void sum_of_blocks(void **state)
{
    enum { BLOCKS = 70 };
    static float a[BLOCKS * CSGDI_BLOCK];
    const csgdi_kernels *k = &csgdi_kernels_ref_f32;
    static const size_t extra[] = {1, 17, CSGDI_BLOCK - 1, CSGDI_BLOCK};

    (void)state;
    fill_vector(FILL_RANDOM, CSGD_F32, 3, TEST_COUNT(a), a);
    assert_same(csgdi_sum_blocks(k, k->abs_sum, a, 0), 0);
    assert_same(csgdi_sum_blocks(k, k->abs_sum, NULL, 0), 0);
    for (size_t count = 1; count <= BLOCKS; count++)
        for (size_t j = 0; j < TEST_COUNT(extra); j++) {
            const size_t n = (count - 1) * CSGDI_BLOCK + extra[j];
            assert_same(csgdi_sum_blocks(k, k->abs_sum, a, n), blocks(a, n, 0, count));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_sums),
        cmocka_unit_test(sum_of_blocks),
    };
    return cmocka_run_group_tests_name("kernel sums", tests, NULL, NULL);
}
