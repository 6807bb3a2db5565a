/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mask.c: with mask=yes zero is zero, and the rest is as without. */

#include "support/test.h"

#include <math.h>
#include "compressors/through.h"
#include "feedback/feedback.h"
#include "oracle/oracle.h"
#include "wire/header.h"

enum { N = 300 };

static const char *const specs[][2] = {
    {"sign block=64", "sign block=64 mask=yes"},
    {"onebit block=64", "onebit block=64 mask=yes"},
    {"int block=64 rounding=nearest", "int block=64 rounding=nearest mask=yes"},
};

/* Some zeros of both signs, eight in a row, a block of zeros, a block without. */
static void fill(csgd_type type, double *x)
{
    oracle_gradient(0, 1, type, N, x);
    for (size_t i = 0; i < N; i++) {
        if (i % 5 == 1) x[i] = i % 2 ? -0.0 : 0;
        if (i / 8 == 3) x[i] = 0; /* a byte of the mask */
        if (i / 64 == 2) x[i] = 0;
        if (i / 64 == 3 && x[i] == 0) x[i] = 1;
    }
}

static void zero_is_zero(void **state)
{
    double x[N], with[N], without[N];

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
        for (size_t s = 0; s < TEST_COUNT(specs); s++) {
            fill(type, x);
            through_once(specs[s][0], type, x, N, without);
            through_once(specs[s][1], type, x, N, with);
            for (size_t i = 0; i < N; i++)
                if (x[i] == 0)
                    assert_true(with[i] == 0 && !signbit(with[i]));
                else
                    assert_true(with[i] == without[i] && with[i] != 0);
        }
}

/* An element that is always zero gets no residual, and adding leaves it alone. */
static void no_residual(void **state)
{
    (void)state;
    for (size_t s = 0; s < TEST_COUNT(specs); s++)
        for (int masked = 0; masked < 2; masked++) {
            csgd_feedback *f;
            double wide[N];
            float g[N], e[N], y[N], decoded[N];
            uint8_t message[512];
            size_t len, touched = 0;

            assert_ok(csgd_feedback_create(specs[s][masked], N, &f));
            for (uint64_t step = 0; step < 5; step++) {
                oracle_gradient(0, step, CSGD_F32, N, wide);
                for (size_t i = 0; i < N; i++)
                    g[i] = i % 3 == 0 ? 0 : (float)wide[i];
                assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
            }
            for (size_t i = 0; i < N; i++)
                y[i] = 7;
            assert_ok(csgd_compressor_decompress_add(csgd_feedback_compressor(f), message, len, y));
            assert_ok(
                csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, decoded));
            assert_ok(csgd_feedback_residual(f, e));
            for (size_t i = 0; i < N; i++)
                assert_true(y[i] == 7 + decoded[i]);
            for (size_t i = 0; i < N; i += 3)
                touched += e[i] != 0 || y[i] != 7;
            assert_int_equal(touched, masked ? 0 : N / 3);
            csgd_feedback_destroy(&f);
        }
}

/* The mask first, then the codes of the block as they are without. */
static void layout(void **state)
{
    static const double x[10] = {1, 0, -2, -0.0, 3, 0, 0, 5, 0, 4};
    uint8_t with[32], without[32];

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        const size_t head = s == 0 ? 4 : 8; /* scale, or means */
        csgd_compressor *plain =
            through_create(s == 0 ? "sign block=8" : "onebit block=8", CSGD_F32, 10);
        csgd_compressor *masked =
            through_create(s == 0 ? "sign block=8 mask=yes" : "onebit block=8 mask=yes", CSGD_F32,
                           10);
        size_t len;

        through_payload(plain, x, without, sizeof without);
        len = through_payload(masked, x, with, sizeof with);
        assert_int_equal(len, (2 * (head + 2) + 7) / 8 * 8);
        assert_int_equal(with[0], 0x95);
        assert_memory_equal(with + 1, without, head + 1);
        assert_int_equal(with[head + 2], 0x02);
        assert_memory_equal(with + head + 3, without + head + 1, head + 1);
        for (unsigned bit = 2; bit < 8; bit++) {
            const uint8_t byte = (uint8_t)(with[head + 2] | 1u << bit);
            through_refused(masked, with, len, head + 2, &byte, 1,
                            "block 1: the last bits of the mask");
        }
        csgd_compressor_destroy(&plain);
        csgd_compressor_destroy(&masked);
    }
}

static void keys(void **state)
{
    static const char *const bad[][2] = {
        {"sign mask=maybe", "mask"},
        {"sign block=4104 mask=yes", "sign: mask=yes wants blocks of at most 4096 elements"},
        {"topk mask=yes", "mask"},
        {"f16 mask=yes", "mask"},
    };
    csgd_compressor *c;
    csgd_reducer *r;
    csgd_team *team;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_fails(csgd_compressor_create(bad[i][0], 100, &c), CSGD_E_SPEC, bad[i][1]);
    assert_ok(csgd_compressor_create("sign block=4104 mask=no", 100, &c));
    csgd_compressor_destroy(&c);
    assert_ok(csgd_compressor_create("sign mask=yes", 1025, &c));
    assert_int_equal(csgd_compressor_bound(c), CSGDI_HEADER_BYTES + 272); /* 260, 6 */
    csgd_compressor_destroy(&c);

    assert_ok(csgd_team_create(1, &team));
    assert_ok(csgd_reducer_create_team(team, 0, 100, "sign mask=yes", &r));
    assert_non_null(strstr(csgd_reducer_spec(r), "mask=yes"));
    assert_ok(csgd_reducer_destroy(&r));
    assert_ok(csgd_reducer_create_team(team, 0, 100, "onebit", &r));
    assert_non_null(strstr(csgd_reducer_spec(r), "mask=no"));
    assert_ok(csgd_reducer_destroy(&r));
    assert_ok(csgd_team_destroy(&team));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_is_zero),
        cmocka_unit_test(no_residual),
        cmocka_unit_test(layout),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests_name("compressors/mask", tests, NULL, NULL);
}
