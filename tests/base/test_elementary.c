/* SPDX-License-Identifier: BSD-3-Clause */

/* test_elementary.c: our logarithm, sine and cosine are libm's to a few units in the last place. */

#include <float.h>
#include <math.h>
#include "base/elementary.h"
#include "support/test.h"

static void logarithm(void **state)
{
    (void)state;
    assert_true(csgdi_log(1) == 0);
    for (int e = -1070; e < 1024; e += 3)
        for (int i = 0; i < 40; i++) {
            const double x = ldexp(1 + i / 40.0 + 1e-9 * i, e), ours = csgdi_log(x);

            assert_true(fabs(ours - log(x)) <= 4 * DBL_EPSILON * fmax(fabs(log(x)), 0.05));
        }
}

static void circle(void **state)
{
    const double pi = 3.14159265358979323846;

    (void)state;
    for (int i = -4000; i <= 4000; i++) {
        const double x = i / 1000.0, r = x - 2 * floor(x / 2); /* libm's pi is not exact far out */

        assert_true(fabs(csgdi_cos_pi(x) - cos(pi * r)) <= 8 * DBL_EPSILON);
        assert_true(fabs(csgdi_sin_pi(x) - sin(pi * r)) <= 8 * DBL_EPSILON);
        assert_true(fabs(csgdi_sin_pi(x) * csgdi_sin_pi(x) + csgdi_cos_pi(x) * csgdi_cos_pi(x) -
                         1) <= 4 * DBL_EPSILON);
    }
    for (int i = -8; i <= 8; i++) { /* quarters are exact */
        static const double cosine[] = {1, 0, -1, 0};

        assert_true(csgdi_cos_pi(i / 2.0) == cosine[i & 3]);
        assert_true(csgdi_sin_pi(i / 2.0) == cosine[(i + 3) & 3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithm),
        cmocka_unit_test(circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
