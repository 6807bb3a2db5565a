/* SPDX-License-Identifier: BSD-3-Clause */

/* simd_impl.h: the overriding kernels, a template over instruction set and element type.
 *
 * Included once for each pair.  The loops are here, the vectors they are written in are the
 * includer's, which defines
 *
 *     SIMD_TYPE     the element type            SIMD_VECTOR   a vector of it
 *     SIMD_LANES    elements of a vector        SIMD_KEY_MAX  the largest key
 *     SIMD_ID       its csgd_type               SIMD_ISA      the table's name for itself
 *     S(name)       the name of a slot          REF(name)     that slot of ref
 *     SIMD_TABLE    the name of the table       CODES(name)   the slot of simd_codes.h, or of ref
 *
 * the functions below, V(name) each; bits are in lane order, from the lowest bit:
 *
 *     VECTOR   load(const TYPE *), plus(VECTOR, VECTOR), minus(VECTOR, VECTOR)
 *     VECTOR   times(double r, VECTOR x)   r * x in double, rounded to TYPE
 *     VECTOR   choose(bits, VECTOR one, VECTOR zero)      lane by lane, by its bit
 *     void     store(TYPE *, VECTOR)
 *     uint32_t nonfinite(VECTOR), nonnegative(VECTOR)     bits
 *     KEY      keys(VECTOR), all(uint64_t), shift(KEY, unsigned)    logical, to the right
 *     uint32_t above(KEY, KEY), equal(KEY, KEY)           bits of > and ==; all() may be -1 too
 *     VECTOR   all_of(TYPE)
 *     void     append(VECTOR, bits, uint32_t first, uint32_t *index, TYPE *value)
 *                                          lanes of 1 bits moved together, with first + their number
 *     void     pack(VECTOR, bits, TYPE *), pack_index(const uint32_t *, bits, uint32_t *)
 *                                          the same; all three write a whole vector of lanes
 *     void     stream(TYPE *, VECTOR)      past the caches; aligned to a vector
 *     D        doubles(const TYPE *)       DOUBLES elements as doubles
 *
 * and, the same for both types, in avx_common.h or neon_common.h: D, a vector of DOUBLES doubles
 * with functions d_ on it, and
 *
 *     uint32_t lowest(bits, size_t count)  the lowest `count` of the 1 bits, which are as many or more
 *     void     stream_end(void)            what was streamed comes before what follows
 *
 * Why these give ref's bits.  Element by element: the same operation on the same operands, in any
 * order.  Sums: the sixteen partial sums live in the lanes of 16 / DOUBLES vectors, lane j of the
 * row is the partial sum j, and each gets its terms in order of i.  No multiplication is
 * contracted with an addition (-ffp-contract=off, and no intrinsic that fuses).  Whatever is left
 * at the end and does not fill a step is handed to ref.
 */

/* --- whole vectors --- */

static bool S(finite)(const void *x, size_t n)
{
    const SIMD_TYPE *a = x;
    uint32_t bad = 0;
    size_t i = 0;

    for (; n - i >= SIMD_LANES; i += SIMD_LANES)
        bad |= V(nonfinite)(V(load)(a + i));
    return REF(finite)(a + i, n - i) && bad == 0;
}

static void S(add)(const void *x, size_t n, void *y)
{
    const SIMD_TYPE *a = x;
    SIMD_TYPE *b = y;
    size_t i = 0;

    for (; n - i >= SIMD_LANES; i += SIMD_LANES)
        V(store)(b + i, V(plus)(V(load)(b + i), V(load)(a + i)));
    REF(add)(a + i, n - i, b + i);
}

static void S(sub)(const void *x, size_t n, void *y)
{
    const SIMD_TYPE *a = x;
    SIMD_TYPE *b = y;
    size_t i = 0;

    for (; n - i >= SIMD_LANES; i += SIMD_LANES)
        V(store)(b + i, V(minus)(V(load)(b + i), V(load)(a + i)));
    REF(sub)(a + i, n - i, b + i);
}

/* Four sums, which are stored and added to totals.  NaN and infinity stay in a total once they are
 * there, so finite totals say that all are finite, and others that they must be looked at. */
static inline __attribute__((always_inline)) void S(put4)(SIMD_TYPE *m, const SIMD_VECTOR sum[4],
                                                          SIMD_VECTOR total[4])
{
#pragma GCC unroll 4
    for (unsigned j = 0; j < 4; j++) {
        V(store)(m + j * SIMD_LANES, sum[j]);
        total[j] = V(plus)(total[j], sum[j]);
    }
}

static bool S(finite4)(const SIMD_VECTOR total[4], const SIMD_TYPE *m, size_t n)
{
    const SIMD_VECTOR all = V(plus)(V(plus)(total[0], total[1]), V(plus)(total[2], total[3]));
    return V(nonfinite)(all) == 0 || S(finite)(m, n);
}

static bool S(add_finite)(const void *g, const void *e, size_t n, void *m)
{
    const SIMD_VECTOR zero = V(all_of)(0);
    const SIMD_TYPE *a = g, *b = e;
    SIMD_TYPE *sum = m;
    SIMD_VECTOR s[4], total[4] = {zero, zero, zero, zero};
    size_t i = 0;

    for (; n - i >= 4 * SIMD_LANES; i += 4 * SIMD_LANES) {
#pragma GCC unroll 4
        for (unsigned j = 0; j < 4; j++)
            s[j] = V(plus)(V(load)(a + i + j * SIMD_LANES), V(load)(b + i + j * SIMD_LANES));
        S(put4)(sum + i, s, total);
    }
    return REF(add_finite)(a + i, b + i, n - i, sum + i) && S(finite4)(total, sum, i);
}

static bool S(add_scaled_finite)(const void *g, double r, const void *e, size_t n, void *m)
{
    const SIMD_VECTOR zero = V(all_of)(0);
    const SIMD_TYPE *a = g, *b = e;
    SIMD_TYPE *sum = m;
    SIMD_VECTOR s[4], total[4] = {zero, zero, zero, zero};
    size_t i = 0;

    for (; n - i >= 4 * SIMD_LANES; i += 4 * SIMD_LANES) {
#pragma GCC unroll 4
        for (unsigned j = 0; j < 4; j++)
            s[j] = V(plus)(V(load)(a + i + j * SIMD_LANES),
                           V(times)(r, V(load)(b + i + j * SIMD_LANES)));
        S(put4)(sum + i, s, total);
    }
    return REF(add_scaled_finite)(a + i, r, b + i, n - i, sum + i) && S(finite4)(total, sum, i);
}

static bool S(add_pair_finite)(const void *g, double a, const void *d, double b, const void *e,
                               size_t n, void *m)
{
    const SIMD_TYPE *x = g, *first = d, *second = e;
    SIMD_TYPE *sum = m;
    uint32_t bad = 0;
    size_t i = 0;

    for (; n - i >= SIMD_LANES; i += SIMD_LANES) {
        const SIMD_VECTOR taken = V(times)(b, V(load)(second + i));
        const SIMD_VECTOR pair = V(minus)(V(times)(a, V(load)(first + i)), taken);
        const SIMD_VECTOR s = V(plus)(V(load)(x + i), pair);
        V(store)(sum + i, s);
        bad |= V(nonfinite)(s);
    }
    return REF(add_pair_finite)(x + i, a, first + i, b, second + i, n - i, sum + i) && bad == 0;
}

/* Four operations of the element type, which the compiler makes vectors of by itself. */
static bool S(add_echo_finite)(const void *g, double r, const void *d, const void *e, size_t n,
                               void *m)
{
    const SIMD_TYPE *x = g, *first = d, *second = e, by = (SIMD_TYPE)r;
    SIMD_TYPE *sum = m;
    bool finite = true;

    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < CSGDI_BLOCK / 4 ? n - i : CSGDI_BLOCK / 4;
        for (size_t j = i; j < i + count; j++)
            sum[j] = x[j] + (first[j] + by * (first[j] - second[j]));
        finite = S(finite)(sum + i, count) && finite;
    }
    return finite;
}

/* --- one block --- */

static double S(square_sum)(const void *x, size_t n)
{
    const SIMD_TYPE *a = x;
    D row[CSGDI_LANES / DOUBLES];
    double s[CSGDI_LANES];
    size_t i = 0;

#pragma GCC unroll 4
    for (size_t v = 0; v < CSGDI_LANES / DOUBLES; v++)
        row[v] = d_zero();
    for (; n - i >= CSGDI_LANES; i += CSGDI_LANES)
#pragma GCC unroll 4
        for (size_t v = 0; v < CSGDI_LANES / DOUBLES; v++) {
            const D d = V(doubles)(a + i + v * DOUBLES);
            row[v] = d_plus(row[v], d_times(d, d));
        }
#pragma GCC unroll 4
    for (size_t v = 0; v < CSGDI_LANES / DOUBLES; v++)
        d_store(s + v * DOUBLES, row[v]);
    for (size_t j = 0; i + j < n; j++)
        s[j] += (double)a[i + j] * (double)a[i + j];
    return csgdi_lanes_total(s);
}

/* --- sign ---
 * Steps of 32 elements, so that their bits are four whole bytes: little-endian, as bytes.h demands. */

static void S(sign_pack)(const void *x, size_t n, uint8_t *bits)
{
    const SIMD_TYPE *a = x;
    size_t i = 0;

    for (; n - i >= 32; i += 32) {
        uint32_t word = 0;
#pragma GCC unroll 8
        for (unsigned j = 0; j < 32; j += SIMD_LANES)
            word |= V(nonnegative)(V(load)(a + i + j)) << j;
        memcpy(bits + i / 8, &word, 4);
    }
    REF(sign_pack)(a + i, n - i, bits + i / 8);
}

static void S(sign_apply)(const uint8_t *bits, size_t n, const double value[2], csgdi_mode mode,
                          void *y)
{
    /* y - s and y + -s are the same number. */
    const SIMD_TYPE sign = mode == CSGDI_SUB ? -1 : 1;
    const SIMD_VECTOR one = V(all_of)(sign * (SIMD_TYPE)value[1]);
    const SIMD_VECTOR zero = V(all_of)(sign * (SIMD_TYPE)value[0]);
    SIMD_TYPE *b = y;
    size_t i = 0;

    for (; n - i >= 32; i += 32) {
        uint32_t word;
        memcpy(&word, bits + i / 8, 4);
#pragma GCC unroll 8
        for (unsigned j = 0; j < 32; j += SIMD_LANES) {
            const SIMD_VECTOR term = V(choose)(word >> j, one, zero);
            V(store)(b + i + j, mode == CSGDI_SET ? term : V(plus)(V(load)(b + i + j), term));
        }
    }
    REF(sign_apply)(bits + i / 8, n - i, value, mode, b + i);
}

static void S(sign_leave)(const uint8_t *bits, size_t n, const double value[2], const void *x,
                          const csgdi_leave *left)
{
    const SIMD_VECTOR one = V(all_of)((SIMD_TYPE)value[1]), zero = V(all_of)((SIMD_TYPE)value[0]);
    const SIMD_TYPE *a = x, *next[3] = {left->next[0], left->next[1], left->next[2]};
    const bool past = left->past && (uintptr_t)left->y % sizeof one == 0;
    SIMD_TYPE *b = left->y;
    size_t i = 0;

    for (; n - i >= 32; i += 32) {
        uint32_t word;
        memcpy(&word, bits + i / 8, 4);
#pragma GCC unroll 8
        for (unsigned j = 0; j < 32; j += SIMD_LANES) {
            const SIMD_VECTOR rest = V(minus)(V(load)(a + i + j), V(choose)(word >> j, one, zero));
            if (past)
                V(stream)(b + i + j, rest);
            else
                V(store)(b + i + j, rest);
            if (j * sizeof *a % 64 == 0) {
                if (next[0] != NULL) __builtin_prefetch(next[0] + i + j);
                if (next[1] != NULL) __builtin_prefetch(next[1] + i + j);
                if (next[2] != NULL) __builtin_prefetch(next[2] + i + j);
            }
        }
    }
    const csgdi_leave end = csgdi_leave_at(left, i, sizeof *b);
    REF(sign_leave)(bits + i / 8, n - i, value, a + i, &end);
}

#include "kernels/simd_select.h"

const csgdi_kernels SIMD_TABLE = {
    .isa = SIMD_ISA,
    .type = SIMD_ID,
    .size = sizeof(SIMD_TYPE),
    .finite = S(finite),
    .add = S(add),
    .sub = S(sub),
    .add_finite = S(add_finite),
    .add_scaled_finite = S(add_scaled_finite),
    .add_pair_finite = S(add_pair_finite),
    .add_echo_finite = S(add_echo_finite),
    .square_sum = S(square_sum),
    .abs_sum = CODES(abs_sum),
    .sign_sums = CODES(sign_sums),
    .sign_pack = S(sign_pack),
    .sign_apply = S(sign_apply),
    .sign_encode = CODES(sign_encode),
    .sign_leave = S(sign_leave),
    .key_histogram = S(key_histogram),
    .key_select = S(key_select),
    .key_cut = S(key_cut),
    .add_cut = S(add_cut),
    .key_under = S(key_under),
    .key_split = S(key_split),
    .key_kth = S(key_kth),
    .scatter = REF(scatter), /* an order to keep, and no vector that keeps it */
    .gather = REF(gather),
    .stream = S(stream),
    .stream_end = S(stream_end),
    .hash = f32_hash, /* of no type */
    .hash_begin = hash_begin,
    .hash_more = hash_more,
    .hash_end = hash_end,
    .gap_lows = gap_lows,
    .gap_quotients = gap_quotients,
    .random_tiles = f32_random_tiles,
    .abs_max = CODES(abs_max),
    .min_max = CODES(min_max),
    .add_min_max = CODES(add_min_max),
    .quantize = CODES(quantize),
    .quantize_leave = CODES(quantize_leave),
    .dequantize = CODES(dequantize),
    .to_half = CODES(to_half),
    .to_half_leave = CODES(to_half_leave),
    .from_half = CODES(from_half),
    .to_power = CODES(to_power),
    .from_power = CODES(from_power),
};

#undef SIMD_TYPE
#undef SIMD_VECTOR
#undef SIMD_LANES
#undef SIMD_KEY_MAX
#undef SIMD_ID
#undef SIMD_TABLE
#undef V
#undef S
#undef REF
#undef CODES
