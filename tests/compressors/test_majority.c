/* SPDX-License-Identifier: BSD-3-Clause */

/* test_majority.c: votes as an obvious count says, whatever the order of addition, and what is no
 * vote. */

#include "support/test.h"

#include <math.h>
#include "compressors/through.h"
#include "kernels/kernels.h"
#include "oracle/oracle.h"
#include "wire/header.h"

enum { N = 1000 };

/* A compressor as one of n_ranks has it. */
static void open_one(csgdi_compressor *c, csgd_type type, size_t n, unsigned n_ranks,
                     csgdi_arena *arena)
{
    const csgdi_compressor_ops *ops;
    csgdi_spec spec;

    assert_ok(csgdi_compressor_parse(type == CSGD_F32 ? "majority" : "majority type=f64", NULL, 0,
                                     &spec, &ops));
    assert_ok(csgdi_compressor_init(c, ops, &spec, n, NULL, NULL, 0, n_ranks, arena));
}

static void add(csgd_type type, const void *from, size_t count, void *to)
{
    csgdi_kernels_find("ref", type)->add(from, count, to);
}

/* Sums of all ranks' values in three orders are the same bytes, and mean what a count does. */
static void check_vote(csgd_type type, unsigned n_ranks, size_t lanes)
{
    const size_t size = csgd_type_size(type), step = n_ranks > 100 ? 97 : 1;
    const size_t k = (N + lanes - 1) / lanes;
    csgdi_arena arena = {0};
    csgdi_compressor c;
    double x[N], raw[N], y[N], value[N], up[N] = {0}, down[N] = {0}, tree[2][N] = {{0}};
    unsigned count[N] = {0};

    open_one(&c, type, N, n_ranks, &arena);
    assert_int_equal(c.max_k, k);
    for (unsigned r = 0; r < n_ranks; r++)
        for (int turn = 0; turn < 2; turn++) { /* one order and the other */
            const unsigned rank = turn == 0 ? r : n_ranks - 1 - r;

            oracle_gradient((int)(rank / step), 3, type, N, x);
            oracle_store(type, x, N, raw);
            assert_true(c.ops->project(&c, raw, 0, 0, NULL, value));
            add(type, value, k, turn == 0 ? up : down);
            if (turn == 0) add(type, value, k, tree[rank % 2]);
            for (size_t i = 0; i < N && turn == 0; i++)
                count[i] += x[i] >= 0;
        }
    add(type, tree[1], k, tree[0]);
    assert_memory_equal(up, down, k * size);
    assert_memory_equal(up, tree[0], k * size);
    assert_ok(c.ops->check(&c, (const uint8_t *)up));

    c.ops->apply(&c, (const uint8_t *)up, 0, CSGDI_SET, raw);
    oracle_load(type, raw, N, y);
    for (size_t i = 0; i < N; i++)
        assert_true(y[i] / n_ranks == (2 * count[i] >= n_ranks ? 1 : -1));
    c.ops->apply(&c, (const uint8_t *)up, 0, CSGDI_ADD, raw);
    c.ops->apply(&c, (const uint8_t *)up, 0, CSGDI_ADD, raw);
    c.ops->apply(&c, (const uint8_t *)up, 0, CSGDI_SUB, raw);
    oracle_load(type, raw, N, value);
    for (size_t i = 0; i < N; i++)
        assert_true(value[i] == 2 * y[i]);
    csgdi_arena_free(&arena);
}

static void votes(void **state)
{
    static const struct {
        unsigned n_ranks;
        size_t lanes[2]; /* of a float, of a double */
    } cases[] = {{1, {24, 53}}, {2, {12, 26}}, {3, {12, 26}}, {4, {8, 17}},
                 {8, {6, 13}},  {64, {3, 7}},  {4096, {1, 4}}};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t i = 0; i < TEST_COUNT(cases) - (test_brief() ? 1 : 0); i++)
            check_vote(type, cases[i].n_ranks, cases[i].lanes[type == CSGD_F64]);
}

/* All ranks for and all against fill and empty every counter; a tie is a plus. */
static void unanimous(void **state)
{
    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (unsigned n_ranks = 1; n_ranks <= 70; n_ranks++)
            for (unsigned plus = 0; plus <= n_ranks; plus += plus < n_ranks / 2 ? n_ranks / 2 : 1) {
                csgdi_arena arena = {0};
                csgdi_compressor c;
                double x[60], raw[60], value[60], sum[60] = {0};

                open_one(&c, type, 60, n_ranks, &arena);
                for (unsigned r = 0; r < n_ranks; r++) {
                    for (size_t i = 0; i < 60; i++)
                        x[i] = r < plus ? (i % 2 ? 1e-40 : -0.0) : -1e-40;
                    oracle_store(type, x, 60, raw);
                    assert_true(c.ops->project(&c, raw, 0, 0, NULL, value));
                    add(type, value, c.max_k, sum);
                }
                assert_ok(c.ops->check(&c, (const uint8_t *)sum));
                c.ops->apply(&c, (const uint8_t *)sum, 0, CSGDI_SET, raw);
                oracle_load(type, raw, 60, x);
                for (size_t i = 0; i < 60; i++)
                    assert_true(x[i] == (2 * plus >= n_ranks ? (double)n_ranks : -(double)n_ranks));
                csgdi_arena_free(&arena);
            }
}

/* Twenty-six elements of one rank: 24 bits in the first float, two in the second. */
static void by_hand(void **state)
{
    csgd_compressor *c = through_create("majority", CSGD_F32, 26);
    double x[26], y[26];
    uint8_t payload[16];
    float value[2];

    (void)state;
    for (size_t i = 0; i < 26; i++)
        x[i] = i == 0 ? 3 : i == 23 ? 0 : i == 25 ? -0.0 : -7;
    assert_int_equal(through_payload(c, x, payload, sizeof payload), 8);
    memcpy(value, payload, 8);
    assert_true(value[0] == 8388609.0f && value[1] == 2.0f);
    through(c, x, y);
    for (size_t i = 0; i < 26; i++)
        assert_true(y[i] == (x[i] >= 0 ? 1 : -1));
    csgd_compressor_destroy(&c);
}

/* --- what is no vote --- */

static void bad_values(void **state)
{
    static const double bad[] = {NAN, -NAN, INFINITY, -INFINITY, -1, 0.5, 1e30, -0.25};
    double x[60];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        const size_t size = csgd_type_size(type), lanes = type == CSGD_F32 ? 24 : 53;
        csgd_compressor *c = through_create("majority", type, 60); /* the last value has 12, or 7 */
        const double limit = ldexp(1, (int)lanes), last = ldexp(1, (int)(60 % lanes));
        uint8_t payload[32];
        size_t len, k = c->core.max_k;
        double raw;

        oracle_gradient(0, 0, type, 60, x);
        len = through_payload(c, x, payload, sizeof payload);
        for (size_t i = 0; i < TEST_COUNT(bad); i++)
            for (size_t j = 0; j < k; j++) {
                oracle_store(type, &bad[i], 1, &raw);
                through_refused(c, payload, len, j * size, &raw, size,
                                isfinite(bad[i]) ? "no integer below 2^" : "NaN or infinite");
            }
        oracle_store(type, &limit, 1, &raw);
        through_refused(c, payload, len, 0, &raw, size, "no integer below 2^");
        oracle_store(type, &last, 1, &raw);
        through_refused(c, payload, len, (k - 1) * size, &raw, size, "for no element");
        csgd_compressor_destroy(&c);
    }
}

/* Of two ranks a counter has two bits, but no element has three votes; and sums that are none,
 * which nobody checks, are at least decoded to something. */
static void bad_sums(void **state)
{
    static const float bad[] = {NAN, INFINITY, -1, 0.5F, 1e30F, 1e9F};
    csgdi_arena arena = {0};
    csgdi_compressor c;
    float sum[2] = {0}, y[15];

    (void)state;
    open_one(&c, CSGD_F32, 15, 2, &arena);
    for (int count = 0; count <= 3; count++) {
        sum[1] = (float)(count << 4);
        if (count <= 2)
            assert_ok(c.ops->check(&c, (const uint8_t *)sum));
        else
            assert_fails(c.ops->check(&c, (const uint8_t *)sum), CSGD_E_CORRUPT,
                         "3 votes of 2 ranks");
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        sum[0] = bad[i];
        c.ops->apply(&c, (const uint8_t *)sum, 0, CSGDI_SET, y);
        for (size_t j = 0; j < 15; j++)
            assert_true(fabsf(y[j]) == 2);
    }
    csgdi_arena_free(&arena);
}

/* --- what it goes with --- */

static void refused(void **state)
{
    static const char *const cases[][2] = {
        {"majority feedback=ef", "feedback=ef has no meaning"},
        {"majority algorithm=allgather", "decides by the sum of all; use algorithm=linear"},
        {"majority algorithm=sra", "algorithm=sra splits dense codes"},
        {"majority algorithm=vendor", "algorithm=vendor"},
    };
    csgd_compressor *c;
    csgd_feedback *f;
    csgd_reducer *r;
    csgd_team *team;

    (void)state;
    assert_ok(csgd_team_create(1, &team));
    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_fails(csgd_reducer_create_team(team, 0, 100, cases[i][0], &r), CSGD_E_UNSUPPORTED,
                     cases[i][1]);
    assert_ok(csgd_reducer_create_team(team, 0, 100, "majority", &r));
    assert_non_null(strstr(csgd_reducer_spec(r), "feedback=none"));
    assert_non_null(strstr(csgd_reducer_spec(r), "algorithm=linear"));
    assert_ok(csgd_reducer_destroy(&r));
    assert_ok(csgd_team_destroy(&team));

    assert_fails(csgd_feedback_create("majority feedback=ef", 9, &f), CSGD_E_UNSUPPORTED,
                 "feedback=ef has no meaning");
    assert_ok(csgd_feedback_create("majority feedback=none", 9, &f));
    csgd_feedback_destroy(&f);
    assert_fails(csgd_compressor_create("majority k=3", 9, &c), CSGD_E_SPEC, "k");
}

/* Counters as wide as the integers of the type still fit, wider ones do not. */
static void too_many_ranks(void **state)
{
    static const unsigned n_ranks[] = {(1u << 24) - 1, 1u << 24};

    (void)state;
    for (int i = 0; i < 2; i++) {
        const csgdi_compressor_ops *ops;
        csgdi_arena arena = {0};
        csgdi_compressor c;
        csgdi_spec spec;

        assert_ok(csgdi_compressor_parse("majority", NULL, 0, &spec, &ops));
        if (i == 0)
            assert_ok(csgdi_compressor_init(&c, ops, &spec, 9, NULL, NULL, 0, n_ranks[i], &arena));
        else
            assert_fails(csgdi_compressor_init(&c, ops, &spec, 9, NULL, NULL, 0, n_ranks[i],
                                               &arena),
                         CSGD_E_UNSUPPORTED, "25 bits");
        csgdi_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(votes),          cmocka_unit_test(unanimous), cmocka_unit_test(by_hand),
        cmocka_unit_test(bad_values),     cmocka_unit_test(bad_sums),  cmocka_unit_test(refused),
        cmocka_unit_test(too_many_ranks),
    };
    return cmocka_run_group_tests_name("compressors/majority", tests, NULL, NULL);
}
