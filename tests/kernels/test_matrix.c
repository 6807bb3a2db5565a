/* SPDX-License-Identifier: BSD-3-Clause */

/* test_matrix.c: products with few columns: right within rounding, and the same bits on every
 * instruction set, of every shape, at every alignment, with nothing touched outside. */

#include <float.h>
#include <math.h>
#include "support/test.h"
#include "support/guard.h"
#include "kernels/fills.h"
#include "kernels/matrix.h"

enum { MAX_N = 9000, MAX_THIN = 17000, AT_END = 16, AROUND = 64 };

typedef struct shape {
    size_t n, cols, rank;
} shape;

/* Whole and short last rows, fewer rows than a tile, several blocks of columns, odd ranks. */
static const shape shapes[] = {
    {0, 3, 1},       {1, 1, 1},       {2, 2, 2},       {3, 2, 1},       {5, 5, 3},
    {7, 1, 1},       {12, 3, 3},      {16, 4, 4},      {63, 8, 5},      {64, 16, 4},
    {65, 16, 4},     {100, 33, 2},    {121, 11, 11},   {255, 17, 6},    {300, 17, 4},
    {1000, 31, 7},   {1024, 1024, 1}, {1025, 1024, 2}, {2047, 512, 4},  {2048, 512, 4},
    {3000, 1000, 3}, {4100, 1030, 4}, {4100, 2050, 8}, {9000, 2100, 4}, {9000, 90, 33},
    {8999, 90, 64},  {8000, 4000, 4}, {4099, 64, 4},   {4098, 3, 3},    {6000, 1025, 5},
};

static size_t rows_of(const shape *s)
{
    return (s->n + s->cols - 1) / s->cols;
}

/* One call of a table, of m into p, of m and p into q, or of p and q into y. */
typedef enum product { TIMES, TRANSPOSED, EXPAND_SET, EXPAND_ADD, EXPAND_SUB, N_PRODUCTS } product;

typedef struct operands {
    void *m, *p, *q, *y;
} operands;

static void multiply(const csgdi_matrix_kernels *k, product what, const shape *s, const operands *o)
{
    if (what == TIMES)
        k->times(o->m, s->n, s->cols, o->q, s->rank, o->p);
    else if (what == TRANSPOSED)
        k->times_transposed(o->m, s->n, s->cols, o->p, s->rank, o->q);
    else
        k->expand(o->p, o->q, s->rank, s->n, s->cols, (csgdi_mode)(what - EXPAND_SET), o->y);
}

/* Element i of the output, in double, and the sum of the magnitudes that went into it. */
static double expected(csgd_type type, product what, const shape *s, const operands *o, size_t i,
                       double *magnitude)
{
    const size_t rows = rows_of(s);
    double sum = 0;

    *magnitude = 0;
    if (what == TIMES || what == TRANSPOSED) {
        const bool p = what == TIMES;
        const size_t length = p ? s->cols : rows, at = i % (p ? rows : s->cols);
        const size_t k = i / (p ? rows : s->cols);
        for (size_t j = 0; j < length; j++) {
            const size_t place = p ? at * s->cols + j : j * s->cols + at;
            const double m = place < s->n ? fill_get(type, o->m, place) : 0;
            const double term = m * fill_get(type, p ? o->q : o->p, k * length + j);
            sum += term;
            *magnitude += fabs(term);
        }
        return sum;
    }
    for (size_t k = 0; k < s->rank; k++) {
        const double term = fill_get(type, o->p, k * rows + i / s->cols) *
                            fill_get(type, o->q, k * s->cols + i % s->cols);
        sum += term;
        *magnitude += fabs(term);
    }
    if (what == EXPAND_SET) return sum;
    *magnitude += fabs(fill_get(type, o->y, i));
    return fill_get(type, o->y, i) + (what == EXPAND_ADD ? sum : -sum);
}

static size_t outputs(product what, const shape *s)
{
    if (what == TIMES) return rows_of(s) * s->rank;
    return what == TRANSPOSED ? s->cols * s->rank : s->n;
}

/* Random values near 1, for no product to leave the normal range. */
static void fill_plain(csgd_type type, uint64_t seed, size_t n, void *x)
{
    for (size_t i = 0; i < n; i++)
        fill_put(type, x, i, (double)(fill_random(&seed) >> 11) * 0x1p-53 - 0.5);
}

/* The depth of a sum is at most its length: a relative error of length eps, of which few are met. */
static void check_plain(const csgdi_matrix_kernels *k, const shape *s)
{
    static double m[MAX_N], p[MAX_THIN], q[MAX_THIN], y[MAX_N], out[MAX_THIN];
    const double eps = k->type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const operands in = {m, p, q, y};

    for (product what = TIMES; what < N_PRODUCTS; what++) {
        const size_t count = outputs(what, s), size = csgd_type_size(k->type);
        operands o = in;

        fill_plain(k->type, 1, s->n, m);
        fill_plain(k->type, 2, rows_of(s) * s->rank, p);
        fill_plain(k->type, 3, s->cols * s->rank, q);
        fill_plain(k->type, 4, s->n, y);
        memcpy(out, y, s->n * size);
        if (what == TIMES)
            o.p = out;
        else if (what == TRANSPOSED)
            o.q = out;
        else
            o.y = out;
        multiply(k, what, s, &o);
        for (size_t i = 0; i < count; i++) {
            double magnitude;
            const double right = expected(k->type, what, s, &in, i, &magnitude);
            const double bound = 80 * eps * magnitude;
            if (!(fabs(fill_get(k->type, out, i) - right) <= bound))
                fail_msg("%s, product %d, n %zu, cols %zu, rank %zu: [%zu] is %a, not %a", k->isa,
                         (int)what, s->n, s->cols, s->rank, i, fill_get(k->type, out, i), right);
        }
    }
}

static void right_within_rounding(void **state)
{
    (void)state;
    for (size_t isa = 0; csgdi_kernels_isa(isa) != NULL; isa++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
            const csgdi_kernels *k = csgdi_kernels_find(csgdi_kernels_isa(isa), type);
            for (size_t i = 0; k != NULL && i < TEST_COUNT(shapes); i++) {
                if (test_brief() && (i + isa + type) % 3 != 0) continue;
                const csgdi_matrix_kernels *table = csgdi_matrix_get(k);
                assert_string_equal(table->isa, k->isa);
                assert_int_equal(table->type, type);
                check_plain(table, &shapes[i]);
            }
        }
}

/* --- the same bits --- */

static guard room_m, room_p, room_q, room_y;

static void *place(const guard *g, size_t offset, size_t size, size_t bytes)
{
    return offset == AT_END ? g->last - bytes : g->first + offset * size;
}

static bool same(csgd_type type, const void *a, const void *b, size_t n)
{
    const size_t size = csgd_type_size(type);

    for (size_t i = 0; i < n; i++)
        if (memcmp((const char *)a + i * size, (const char *)b + i * size, size) != 0 &&
            !(isnan(fill_get(type, a, i)) && isnan(fill_get(type, b, i))))
            return false;
    return true;
}

/* Bytes around an output keep what they were. */
static void frame(const guard *g, void *out, size_t bytes, bool check)
{
    unsigned char *const first = out, *const last = first + bytes;

    for (int i = 1; i <= AROUND; i++) {
        unsigned char *const at[] = {first - i >= g->first ? first - i : NULL,
                                     last + i <= g->last ? last + i - 1 : NULL};
        for (int side = 0; side < 2; side++) {
            if (at[side] == NULL) continue;
            if (check) assert_int_equal(*at[side], 0xa5);
            *at[side] = 0xa5;
        }
    }
}

static void check_bits(const csgdi_matrix_kernels *k, const shape *s, fill f, size_t offset)
{
    static double wanted[MAX_THIN];
    const csgdi_matrix_kernels *ref = csgdi_matrix_get(csgdi_kernels_find("ref", k->type));
    const size_t size = csgd_type_size(k->type), m_bytes = s->n * size;
    const size_t p_bytes = rows_of(s) * s->rank * size, q_bytes = s->cols * s->rank * size;
    const operands o = {
        place(&room_m, offset, size, m_bytes),
        place(&room_p, offset, size, p_bytes),
        place(&room_q, offset, size, q_bytes),
        place(&room_y, offset, size, m_bytes),
    };

    for (product what = TIMES; what < N_PRODUCTS; what++) {
        const size_t bytes = outputs(what, s) * size;
        void *const out = what == TIMES ? o.p : what == TRANSPOSED ? o.q : o.y;
        const guard *room = what == TIMES ? &room_p : what == TRANSPOSED ? &room_q : &room_y;

        for (int turn = 0; turn < 2; turn++) {
            fill_vector(f, k->type, 1, s->n, o.m);
            fill_vector(f, k->type, 2, rows_of(s) * s->rank, o.p);
            fill_vector(f, k->type, 3, s->cols * s->rank, o.q);
            fill_vector(f, k->type, 4, s->n, o.y);
            frame(room, out, bytes, false);
            multiply(turn == 0 ? ref : k, what, s, &o);
            frame(room, out, bytes, true);
            if (turn == 0) memcpy(wanted, out, bytes);
        }
        if (!same(k->type, out, wanted, outputs(what, s)))
            fail_msg("%s, product %d, n %zu, cols %zu, rank %zu, offset %zu, %s", k->isa, (int)what,
                     s->n, s->cols, s->rank, offset, fill_name(f));
    }
}

/* add_times() is an addition, and times() of what it gives. */
static void check_fused(const csgdi_matrix_kernels *k, const shape *s, fill f, size_t offset,
                        const csgdi_kernels *past)
{
    static double m[MAX_N], p[MAX_THIN];
    const csgdi_kernels *ref = csgdi_kernels_find("ref", k->type);
    const size_t size = csgd_type_size(k->type), m_bytes = s->n * size;
    const size_t p_count = rows_of(s) * s->rank;
    void *const g = place(&room_y, offset, size, m_bytes),
                *e = place(&room_m, offset, size, m_bytes);
    void *const q = place(&room_q, offset, size, s->cols * s->rank * size);
    void *const out = place(&room_p, offset, size, p_count * size);

    fill_vector(f, k->type, 1, s->n, g);
    fill_vector(f, k->type, 2, s->n, e);
    fill_vector(f, k->type, 3, s->cols * s->rank, q);
    memcpy(m, e, m_bytes);
    ref->add(g, s->n, m);
    csgdi_matrix_get(ref)->times(m, s->n, s->cols, q, s->rank, p);
    frame(&room_p, out, p_count * size, false);
    frame(&room_m, e, m_bytes, false);
    k->add_times(g, e, s->n, s->cols, q, s->rank, past, e, out);
    if (past != NULL) past->stream_end();
    frame(&room_p, out, p_count * size, true);
    frame(&room_m, e, m_bytes, true);
    if (!same(k->type, e, m, s->n) || !same(k->type, out, p, p_count))
        fail_msg("%s, add_times, n %zu, cols %zu, rank %zu, offset %zu, %s", k->isa, s->n, s->cols,
                 s->rank, offset, fill_name(f));
}

static void check_column(const csgdi_matrix_kernels *k, fill f, size_t n, size_t offset)
{
    static double kept[MAX_N];
    const csgdi_matrix_kernels *ref = csgdi_matrix_get(csgdi_kernels_find("ref", k->type));
    void *p = place(&room_p, offset, csgd_type_size(k->type), n * csgd_type_size(k->type));
    double *v = place(&room_y, offset, sizeof *v, n * sizeof *v), dot[2];

    fill_vector(f, k->type, 1, n, p);
    fill_vector(f, CSGD_F64, 2, n, v);
    dot[0] = ref->dot(v, p, n);
    dot[1] = k->dot(v, p, n);
    assert_true(same(CSGD_F64, &dot[0], &dot[1], 1));
    ref->subtract(p, 0.3, n, v);
    memcpy(kept, v, n * sizeof *v);
    fill_vector(f, CSGD_F64, 2, n, v);
    k->subtract(p, 0.3, n, v);
    assert_true(same(CSGD_F64, v, kept, n));
}

static void same_bits(void **state)
{
    (void)state;
    for (size_t isa = 0; csgdi_kernels_isa(isa) != NULL; isa++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
            const csgdi_kernels *kernels = csgdi_kernels_find(csgdi_kernels_isa(isa), type);
            if (kernels == NULL) {
                print_message("%s cannot run on this processor\n", csgdi_kernels_isa(isa));
                continue;
            }
            for (fill f = 0; f < N_FILLS; f++) {
                for (size_t i = 0; i < TEST_COUNT(shapes); i++)
                    for (size_t offset = 0; offset <= AT_END; offset += test_brief() ? 8 : 1)
                        if ((offset == AT_END || (offset + i) % 5 == 0) &&
                            (!test_brief() || (f + i) % 4 == 0)) {
                            check_bits(csgdi_matrix_get(kernels), &shapes[i], f, offset);
                            check_fused(csgdi_matrix_get(kernels), &shapes[i], f, offset, NULL);
                            check_fused(csgdi_matrix_get(kernels), &shapes[i], f, offset, kernels);
                        }
                for (size_t n = 0; n < 100; n++)
                    check_column(csgdi_matrix_get(kernels), f, n, n % 2 == 0 ? AT_END : n % 16);
            }
            for (size_t n = 0; n <= 300; n += test_brief() ? 37 : 1)
                for (size_t cols = 1; cols <= 40; cols += 3) {
                    const shape s = {n, cols, 1 + (n + cols) % 6};
                    check_bits(csgdi_matrix_get(kernels), &s, FILL_FINITE, AT_END);
                    check_fused(csgdi_matrix_get(kernels), &s, FILL_FINITE, AT_END,
                                n % 2 == 0 ? kernels : NULL);
                }
        }
}

/* --- Gram-Schmidt --- */

enum { ROWS = 137, RANK = 9 };

/* Columns: plain, huge, zero, a multiple of the first, tiny, their sum with little else, not finite. */
static void awkward(csgd_type type, void *p)
{
    const double huge = type == CSGD_F32 ? FLT_MAX / 2 : DBL_MAX / 2;
    const double tiny = type == CSGD_F32 ? FLT_MIN : DBL_MIN;

    fill_plain(type, 5, (size_t)ROWS * RANK, p);
    for (size_t i = 0; i < ROWS; i++) {
        const double one = fill_get(type, p, i), own = fill_get(type, p, 6 * ROWS + i);
        fill_put(type, p, 1 * ROWS + i, huge * fill_get(type, p, 1 * ROWS + i));
        fill_put(type, p, 2 * ROWS + i, 0);
        fill_put(type, p, 3 * ROWS + i, -4 * one);
        fill_put(type, p, 4 * ROWS + i, tiny * fill_get(type, p, 4 * ROWS + i));
        fill_put(type, p, 6 * ROWS + i, 3 * one + 1e-4 * own);
    }
    fill_put(type, p, 7 * ROWS + 11, NAN);
    fill_put(type, p, 8 * ROWS + 12, -INFINITY);
}

static double product_of(csgd_type type, const void *p, size_t a, size_t b)
{
    double sum = 0;

    for (size_t i = 0; i < ROWS; i++)
        sum += fill_get(type, p, a * ROWS + i) * fill_get(type, p, b * ROWS + i);
    return sum;
}

static void orthonormal(void **state)
{
    static const bool dependent[RANK] = {false, false, true, true, false, false, false, true, true};
    static double p[ROWS * RANK], before[ROWS * RANK], refs[ROWS * RANK], scratch[ROWS];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const double eps = type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
        const csgdi_kernels *ref = csgdi_kernels_find("ref", type);

        awkward(type, before);
        memcpy(refs, before, sizeof refs);
        csgdi_orthonormalise(csgdi_matrix_get(ref), refs, ROWS, RANK, scratch);
        for (size_t a = 0; a < RANK; a++)
            for (size_t b = 0; b <= a; b++) {
                const double right = a == b && !dependent[a] ? 1 : 0;
                assert_true(fabs(product_of(type, refs, a, b) - right) <= 4 * eps);
                if (dependent[a]) assert_true(product_of(type, refs, a, b) == 0);
            }
        /* The sixth column lies in the span of those up to it. */
        for (size_t i = 0; i < ROWS; i++) {
            double left = fill_get(type, before, 6 * ROWS + i);
            for (size_t k = 0; k <= 6; k++) {
                double along = 0;
                for (size_t j = 0; j < ROWS; j++)
                    along +=
                        fill_get(type, before, 6 * ROWS + j) * fill_get(type, refs, k * ROWS + j);
                left -= along * fill_get(type, refs, k * ROWS + i);
            }
            assert_true(fabs(left) <= 32 * eps);
        }
        for (size_t isa = 0; csgdi_kernels_isa(isa) != NULL; isa++) {
            const csgdi_kernels *k = csgdi_kernels_find(csgdi_kernels_isa(isa), type);
            if (k == NULL) continue;
            memcpy(p, before, sizeof p);
            csgdi_orthonormalise(csgdi_matrix_get(k), p, ROWS, RANK, scratch);
            assert_memory_equal(p, refs, (size_t)ROWS * RANK * csgd_type_size(type));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_within_rounding),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(orthonormal),
    };
    guard *const rooms[] = {&room_m, &room_p, &room_q, &room_y};
    int failed;

    for (size_t r = 0; r < TEST_COUNT(rooms); r++)
        *rooms[r] = guard_open((MAX_THIN + AT_END) * sizeof(double));
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t r = 0; r < TEST_COUNT(rooms); r++)
        guard_close(rooms[r]);
    return failed;
}
