/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_sum.c: sums of sparse vectors against the obvious sum, a vector of zeros to which the
 * parts are added one by one. */

#include "support/test.h"
#include "wire/sparse_sum.h"

enum { PARTS = 9 };

typedef struct sums {
    csgd_type type;
    size_t n;
    const csgdi_kernels *kernels;
    csgdi_arena arena;
    csgdi_sparse_adder adder;
    csgdi_sparse part[PARTS], out;
    uint8_t *stream[PARTS]; /* of each part */
    csgdi_sparse_part *summand;
} sums;

static uint64_t mix(uint64_t seed, uint64_t i)
{
    uint64_t z = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ i * UINT64_C(0xbf58476d1ce4e5b9);

    z = (z ^ z >> 31) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 29;
}

/* Four supports: none, all, some here and there, and all within the last tenth. */
static bool chosen(int support, size_t i, size_t n, uint64_t random)
{
    if (support == 0) return false;
    if (support == 1) return true;
    return support == 2 ? random % 37 == 0 : i >= n - n / 10 && random % 3 == 0;
}

static void fill(sums *s, int p, int support, uint64_t seed)
{
    csgdi_sparse *v = &s->part[p];

    v->k = 0;
    for (size_t i = 0; i < s->n; i++) {
        const uint64_t random = mix(seed, i);
        const double value = (double)(int64_t)(random >> 20 & 0xffffff) - 0x800000;

        if (!chosen(support, i, s->n, random)) continue;
        v->index[v->k] = (uint32_t)i;
        if (s->type == CSGD_F32)
            ((float *)v->value)[v->k++] = (float)(value / 1000);
        else
            ((double *)v->value)[v->k++] = value / 1000;
    }
    csgdi_sparse_write(s->kernels,
                       (csgdi_sparse_format){CSGDI_INDEX_AUTO, s->type == CSGD_F32
                                                                   ? CSGDI_VALUE_F32
                                                                   : CSGDI_VALUE_F64},
                       v, s->stream[p]);
}

static sums *create(csgd_type type, size_t n)
{
    sums *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->type = type;
    s->n = n;
    s->kernels = csgdi_kernels_get(type);
    s->summand = csgdi_arena_alloc(&s->arena, PARTS, sizeof *s->summand);
    assert_ok(csgdi_sparse_adder_create(&s->adder, s->kernels, n, n / 37, &s->arena));
    for (int p = 0; p <= PARTS; p++) {
        csgdi_sparse *v = p < PARTS ? &s->part[p] : &s->out;
        *v = (csgdi_sparse){.n = n, .room = n, .channels = 1};
        v->index = csgdi_arena_alloc(&s->arena, n, sizeof *v->index);
        v->value = csgdi_arena_alloc(&s->arena, n, s->kernels->size);
        if (p < PARTS) s->stream[p] = csgdi_arena_alloc(&s->arena, n * 13 + 64, 1);
    }
    return s;
}

static void destroy(sums *s)
{
    csgdi_arena_free(&s->arena);
    free(s);
}

/* The sum of parts 0 .. count - 1, those with a bit in `streamed` read from their streams. */
static void check_sum(sums *s, size_t count, unsigned streamed)
{
    const size_t n = s->n, size = s->kernels->size;
    char *y = calloc(n + 1, size), *z = calloc(n + 1, size);
    bool *named = calloc(n + 1, sizeof *named);
    size_t k = 0, j = 0;

    for (size_t p = 0; p < count; p++) {
        s->kernels->scatter(s->part[p].index, s->part[p].value, s->part[p].k, CSGDI_ADD, y);
        for (size_t i = 0; i < s->part[p].k; i++)
            named[s->part[p].index[i]] = true;
    }
    for (size_t i = 0; i < n; i++)
        k += named[i];
    for (int again = 0; again < 3; again++) {
        for (size_t p = 0; p < count; p++) {
            const csgdi_sparse *v = &s->part[p];
            if (streamed >> p & 1)
                csgdi_sparse_stream(&s->summand[p], s->kernels, s->stream[p], n);
            else
                csgdi_sparse_entries(&s->summand[p], v->index, v->value, v->k);
        }
        /* The second time there is room for one too few, which must not show in the third. */
        s->out.room = again == 1 && k > 0 ? k - 1 : k;
        assert_int_equal(csgdi_sparse_sum(&s->adder, s->summand, count, &s->out), s->out.room == k);
    }
    assert_int_equal(s->out.k, k);
    for (size_t i = 0; i < n; i++)
        if (named[i]) assert_int_equal(s->out.index[j++], i);
    s->kernels->scatter(s->out.index, s->out.value, s->out.k, CSGDI_SET, z);
    assert_memory_equal(y, z, n * size);
    free(y);
    free(z);
    free(named);
}

static void all_supports(void **state)
{
    static const size_t sizes[] = {1, 5, 64, 4095, 4096, 4097, 20000, 150000};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        for (int f64 = 0; f64 < 2; f64++) {
            sums *s = create(f64 ? CSGD_F64 : CSGD_F32, sizes[i]);
            check_sum(s, 0, 0);
            for (int pair = 0; pair < 16; pair++) { /* two parts of any two kinds */
                fill(s, 0, pair / 4, 1);
                fill(s, 1, pair % 4, 2);
                check_sum(s, 2, (unsigned)pair % 4);
            }
            for (int p = 0; p < PARTS; p++)
                fill(s, p, p % 4, (uint64_t)p);
            check_sum(s, 1, 0);
            check_sum(s, 3, 5);
            check_sum(s, PARTS, 0x0aa);
            check_sum(s, PARTS, 0x1ff);
            destroy(s);
        }
}

/* Three values whose sum depends on the order; and entries that cancel stay entries. */
static void order(void **state)
{
    sums *s = create(CSGD_F32, 5000);
    static const float terms[3] = {1e8f, -1e8f, 1};
    static const uint32_t at = 4999;

    (void)state;
    for (int first = 0; first < 3; first++) {
        float right = 0;
        for (int p = 0; p < 3; p++) {
            right += terms[(first + p) % 3];
            csgdi_sparse_entries(&s->summand[p], &at, &terms[(first + p) % 3], 1);
        }
        assert_true(csgdi_sparse_sum(&s->adder, s->summand, 3, &s->out));
        assert_true(s->out.k == 1 && s->out.index[0] == at && *(float *)s->out.value == right);
    }
    csgdi_sparse_entries(&s->summand[0], &at, &terms[0], 1);
    csgdi_sparse_entries(&s->summand[1], &at, &terms[1], 1);
    assert_true(csgdi_sparse_sum(&s->adder, s->summand, 2, &s->out));
    assert_true(s->out.k == 1 && *(float *)s->out.value == 0);
    destroy(s);
}

/* Far apart, and up to the last index there can be: windows without entries take no time. */
static void far_apart(void **state)
{
    sums *s = create(CSGD_F64, 5000);
    static const uint32_t index[2][3] = {{0, 1u << 31, UINT32_MAX - 1},
                                         {1, 1u << 31, UINT32_MAX - 2}};
    static const double value[3] = {1, 2, 3};

    (void)state;
    s->out.n = UINT32_MAX;
    for (int p = 0; p < 2; p++)
        csgdi_sparse_entries(&s->summand[p], index[p], value, 3);
    csgdi_sparse_entries(&s->summand[2], index[0], value, 0);
    assert_true(csgdi_sparse_sum(&s->adder, s->summand, 3, &s->out));
    assert_int_equal(s->out.k, 5);
    assert_int_equal(s->out.index[2], 1u << 31);
    assert_true(((double *)s->out.value)[2] == 4);
    assert_int_equal(s->out.index[4], UINT32_MAX - 1);
    destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_supports),
        cmocka_unit_test(order),
        cmocka_unit_test(far_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
