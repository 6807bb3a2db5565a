/* SPDX-License-Identifier: BSD-3-Clause */

/* test_codes.c: how many bytes codes take, which are judged to be none, and the numbers that say
 * what the levels are. */

#include "support/test.h"

#include <float.h>
#include <math.h>
#include "compressors/codes.h"

static void bytes(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 8; bits++)
        for (size_t count = 0; count < 100; count++)
            assert_int_equal(csgdi_codes_bytes(bits, count), (count * bits + 7) / 8);
}

/* --- judgement --- */

static void put_code(uint8_t *codes, unsigned bits, size_t i, unsigned code)
{
    for (size_t bit = i * bits; bit < (i + 1) * bits; bit++, code >>= 1)
        codes[bit / 8] = (uint8_t)((codes[bit / 8] & ~(1u << bit % 8)) | (code & 1) << bit % 8);
}

/* One code after the other is the first that is no level, between zeros or largest levels.  The
 * memory has exactly their length. */
static void check_levels(unsigned bits, unsigned levels, size_t count)
{
    const size_t length = csgdi_codes_bytes(bits, count);
    uint8_t *codes = calloc(length, 1);
    char words[64];

    snprintf(words, sizeof words, "a code of %u bits is %u, which", bits, levels);
    for (unsigned others = 0; others < levels; others += levels - 1) {
        for (size_t i = 0; i < count; i++)
            put_code(codes, bits, i, others);
        assert_ok(csgdi_codes_check(codes, count, bits, levels));
        for (size_t i = 0; i < count; i++) {
            put_code(codes, bits, i, levels - 1);
            assert_ok(csgdi_codes_check(codes, count, bits, levels));
            if (levels < 1u << bits) {
                put_code(codes, bits, i, levels);
                assert_fails(csgdi_codes_check(codes, count, bits, levels), CSGD_E_CORRUPT, words);
            }
            put_code(codes, bits, i, others);
        }
        for (size_t bit = count * bits; bit < 8 * length; bit++) {
            codes[bit / 8] |= (uint8_t)(1u << bit % 8);
            assert_fails(csgdi_codes_check(codes, count, bits, levels), CSGD_E_CORRUPT,
                         "last bits");
            codes[bit / 8] &= (uint8_t) ~(1u << bit % 8);
        }
        assert_ok(csgdi_codes_check(codes, count, bits, levels));
    }
    free(codes);
}

static void every_code_is_judged(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 8; bits++) {
        const unsigned stride = bits < 7 ? 1 : test_brief() ? 61 : 7;

        for (unsigned levels = 2; levels <= 1u << bits; levels += stride)
            for (size_t count = 0; count < 70; count += count < 20 ? 1 : 9)
                check_levels(bits, levels, count);
        for (size_t count = 0; count < 70; count++) {
            check_levels(bits, 1u << bits, count);
            if (bits > 1) check_levels(bits, (1u << bits) - 1, count);
        }
    }
}

/* --- units --- */

static csgd_compressor *create(csgd_type type)
{
    csgd_compressor *c;

    assert_ok(csgd_compressor_create(type == CSGD_F32 ? "qsgd" : "qsgd type=f64", 8, &c));
    return c;
}

/* s units are not above most, as decoded, and the next number but one would be. */
static void units(void **state)
{
    static const double most[] = {0,     1,        3,        0.1,       1e-3,
                                  1e30,  0x1p-126, 0x1p-149, 1e-40,     FLT_MAX,
                                  1e300, DBL_MAX,  INFINITY, 0x1p-1022, 0x1p-1074};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        csgd_compressor *c = create(type);
        const bool wide = type == CSGD_F64;
        const double top = wide ? DBL_MAX : (double)FLT_MAX;

        for (size_t i = 0; i < TEST_COUNT(most); i++)
            for (unsigned s = 1; s <= 255; s++) {
                const double limit = fmin(most[i], top),
                             unit = csgdi_codes_unit(&c->core, most[i], s);
                const double reached = csgdi_codes_level(&c->core, 0, unit, (int)s);
                const double above =
                    wide ? nextafter(nextafter(unit, INFINITY), INFINITY)
                         : (double)nextafterf(nextafterf((float)unit, INFINITY), INFINITY);
                assert_true(unit >= 0 && (wide || (double)(float)unit == unit));
                assert_true(reached <= limit);
                assert_true(above > limit / s);
            }
        csgd_compressor_destroy(&c);
    }
}

static void scales(void **state)
{
    (void)state;
    assert_true(csgdi_codes_scale(0) == 0);
    assert_true(csgdi_codes_scale(-0.0) == 0);
    assert_true(csgdi_codes_scale(4) == 0.25);
    assert_true(csgdi_codes_scale(0x1p-1074) == DBL_MAX);
    assert_true(csgdi_codes_scale(DBL_MAX) > 0);
}

/* Levels are what the kernels decode. */
static void levels(void **state)
{
    static const double bases[] = {0, -1.25, 0.1, 3e38, -1e-40}, unit[] = {0, 0.1, 3, 1e36, 1e-40};

    (void)state;
    for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++) {
        csgd_compressor *c = create(type);

        for (size_t i = 0; i < 25; i++)
            for (int least = -127; least <= 0; least += 127) {
                csgdi_grid grid = {.base = bases[i / 5],
                                   .unit = unit[i % 5],
                                   .least = least,
                                   .levels = 256,
                                   .bits = 8};
                if (type == CSGD_F32) grid.base = (double)(float)grid.base;
                if (type == CSGD_F32) grid.unit = (double)(float)grid.unit;
                for (unsigned code = 0; code < 256; code++) {
                    const uint8_t byte = (uint8_t)code;
                    const double q =
                        csgdi_codes_level(&c->core, grid.base, grid.unit, (int)code + least);
                    float narrow;
                    double wide;

                    c->core.kernels->dequantize(&byte, 1, &grid, CSGDI_SET,
                                                type == CSGD_F32 ? (void *)&narrow : &wide);
                    assert_true(q == (type == CSGD_F32 ? (double)narrow : wide));
                }
            }
        csgd_compressor_destroy(&c);
    }
}

/* The 2-norm where squares of doubles are 0 or infinite: 3, 4 and 0 make 5 at any scale. */
static void norm_of_any_scale(void **state)
{
    static const double by[] = {0, 1, 1e150, 1e200, 3e307, 1e-150, 1e-200, 1e-300, 0x1p-1060};
    csgd_compressor *c = create(CSGD_F64);

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(by); i++) {
        const double x[3] = {3 * by[i], -4 * by[i], 0};
        const double norm = csgdi_codes_norm(&c->core, x, 3, 4 * by[i]);

        assert_true(by[i] == 0 ? norm == 0 : fabs(norm / by[i] - 5) <= 20 * DBL_EPSILON);
    }
    csgd_compressor_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes),  cmocka_unit_test(every_code_is_judged),
        cmocka_unit_test(units),  cmocka_unit_test(scales),
        cmocka_unit_test(levels), cmocka_unit_test(norm_of_any_scale),
    };
    return cmocka_run_group_tests_name("compressors/codes", tests, NULL, NULL);
}
