/* SPDX-License-Identifier: BSD-3-Clause */

/* test_fp_mode.c: what ranks compare before they add: how this one rounds, and whether it flushes
 * numbers that are not normal to zero, in the same bits on every processor. */

#include <fenv.h>
#if defined(__x86_64__)
#    include <xmmintrin.h>
#endif
#include "comm/agree.h"
#include "support/test.h"

/* Whether that could be done, which it cannot under valgrind. */
static bool flush(bool on)
{
#if defined(__x86_64__)
    _mm_setcsr(on ? _mm_getcsr() | 0x8040u : _mm_getcsr() & ~0x8040u);
    return !on || (_mm_getcsr() & 0x8040u) == 0x8040u;
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control = on ? control | 1u << 24 : control & ~(UINT64_C(1) << 24);
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
    return true;
#else
    return !on;
#endif
}

static void flushing_shows(void **state)
{
    (void)state;
    assert_true(csgdi_fp_mode() == 0);
    if (!flush(true)) skip();
    const uint64_t mode = csgdi_fp_mode();
    flush(false);
    assert_true(mode == UINT64_C(0x8040) << 32);
    assert_true(csgdi_fp_mode() == 0);
}

static void rounding_shows(void **state)
{
    (void)state;
    assert_int_equal(fesetround(FE_DOWNWARD), 0);
    const uint64_t mode = csgdi_fp_mode();
    fesetround(FE_TONEAREST);
    assert_true(mode == FE_DOWNWARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flushing_shows),
        cmocka_unit_test(rounding_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
