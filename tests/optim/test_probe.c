/* SPDX-License-Identifier: BSD-3-Clause */

/* test_probe.c: constants that are known, verdicts that the mathematics gives, and what is refused. */

#include "support/test.h"

#include <csgd/probe.h>
#include <locale.h>
#include <math.h>
#include "oracle/oracle.h"
#include "support/budget.h"

enum { N = 200, COUNT = 12 };

static float vector[COUNT][N];
static const void *gradient[COUNT];

static int with_gradients(void **state)
{
    double g[N];

    (void)state;
    for (size_t t = 0; t < COUNT; t++) {
        oracle_gradient(0, t, CSGD_F32, N, g);
        for (size_t i = 0; i < N; i++)
            vector[t][i] = (float)g[i];
        gradient[t] = vector[t];
    }
    return 0;
}

static csgd_probe_report probe(const char *spec, double rho)
{
    csgd_probe_report r;

    assert_ok(csgd_probe(spec, N, gradient, COUNT, rho, &r, sizeof r));
    return r;
}

/* What Top-k leaves out can be added up by hand. */
static void errors(void **state)
{
    const csgd_probe_report r = probe("topk k=1", 0);
    double mean = 0, worst = 0;

    (void)state;
    for (size_t t = 0; t < COUNT; t++) {
        double most = 0, sum = 0;

        for (size_t i = 0; i < N; i++) {
            const double square = (double)vector[t][i] * vector[t][i];
            sum += square;
            most = fmax(most, square);
        }
        mean += (1 - most / sum) / COUNT;
        worst = fmax(worst, 1 - most / sum);
    }
    assert_true(fabs(r.error - mean) < 1e-6);
    assert_true(fabs(r.worst_error - worst) < 1e-6);
    assert_true(r.delta == 1 - r.worst_error);
    assert_true(isinf(r.omega)); /* it is biased */
    assert_true(r.bits > 0 && r.bits < 32);
}

static void verdicts(void **state)
{
    csgd_probe_report r;

    (void)state;
    r = probe("none", 0.9);
    assert_int_equal(r.advice, CSGD_ADVICE_TAKE);
    assert_true(r.error == 0);
    assert_string_equal(r.spec, "none");

    r = probe("sign block=200", 0.9);
    assert_int_equal(r.advice, CSGD_ADVICE_TAKE);
    assert_string_equal(r.spec, "sign block=200 feedback=ecx rho=0.9");
    assert_true(r.one_step && r.two_step >= 0.99);

    r = probe("topk ratio=0.1", 0.9); /* two steps explode, two values do not */
    assert_string_equal(r.spec, "topk ratio=0.1 feedback=ecx2 rho=0.9");
    assert_true(r.two_step < 0.9 && r.two_value >= 0.9);

    r = probe("topk ratio=0.1", 0);
    assert_string_equal(r.spec, "topk ratio=0.1 feedback=ef");
    assert_int_equal(r.advice, CSGD_ADVICE_TAKE);

    r = probe("qsgd bits=2 norm=l2 bucket=200", 0.9); /* omega about 14 */
    assert_true(r.omega > 1 && !r.one_step);
    assert_string_equal(r.spec, "qsgd bits=2 norm=l2 bucket=200 feedback=none");
    assert_int_equal(r.advice, CSGD_ADVICE_CARE);
    assert_non_null(strstr(r.reason, "omega"));
}

static void same_again(void **state)
{
    const csgd_probe_report a = probe("qsgd bits=4 bucket=200", 0.9);
    const csgd_probe_report b = probe("qsgd bits=4 bucket=200", 0.9);

    (void)state;
    assert_true(a.error == b.error && a.two_step == b.two_step && a.bits == b.bits);
    assert_string_equal(a.reason, b.reason);
}

/* The spec that it recommends has the rho that was asked for, not one that was rounded. */
static void rho_in_full(void **state)
{
    const csgd_probe_report r = probe("sign block=200", 0.9000012345);

    (void)state;
    assert_string_equal(r.spec, "sign block=200 feedback=ecx rho=0.9000012345");
}

/* Where numbers are written 0,9. */
static void locale_does_not_matter(void **state)
{
    const csgd_probe_report plain = probe("sign block=200", 0.9);
    csgd_probe_report r;

    (void)state;
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL) {
        print_message("skipped: locale_does_not_matter: no locale with a decimal comma here\n");
        skip();
    }
    r = probe("sign block=200", 0.9);
    setlocale(LC_ALL, "C");
    assert_string_equal(r.spec, plain.spec);
    assert_true(r.two_step == plain.two_step);
}

/* As many bytes as both sides know. */
static void smaller_report(void **state)
{
    struct {
        csgd_probe_report r;
        unsigned char after;
    } place;

    (void)state;
    memset(&place, 0x5a, sizeof place);
    assert_ok(csgd_probe("sign", N, gradient, COUNT, 0, &place.r, sizeof(double)));
    assert_true(place.r.bits > 1);
    for (size_t i = sizeof(double); i < sizeof place; i++)
        assert_int_equal(((unsigned char *)&place)[i], 0x5a);
}

static void refused(void **state)
{
    static float bad[N];
    const void *const zero[1] = {bad};
    const void *const null[1] = {NULL};
    csgd_probe_report r;

    (void)state;
    memset(&r, 0x5a, sizeof r);
    assert_int_equal(csgd_probe(NULL, N, gradient, COUNT, 0, &r, sizeof r), CSGD_E_INVAL);
    assert_int_equal(csgd_probe("sign", 0, gradient, COUNT, 0, &r, sizeof r), CSGD_E_INVAL);
    assert_int_equal(csgd_probe("sign", N, gradient, 0, 0, &r, sizeof r), CSGD_E_INVAL);
    assert_int_equal(csgd_probe("sign", N, gradient, COUNT, 1, &r, sizeof r), CSGD_E_INVAL);
    assert_int_equal(csgd_probe("sign", N, gradient, COUNT, NAN, &r, sizeof r), CSGD_E_INVAL);
    assert_int_equal(csgd_probe("sign", N, null, 1, 0, &r, sizeof r), CSGD_E_INVAL);
    assert_int_equal(csgd_probe("sing", N, gradient, COUNT, 0, &r, sizeof r), CSGD_E_SPEC);
    assert_int_equal(csgd_probe("sign feedback=ef", N, gradient, COUNT, 0, &r, sizeof r),
                     CSGD_E_SPEC);
    assert_int_equal(csgd_probe("majority", N, gradient, COUNT, 0, &r, sizeof r),
                     CSGD_E_UNSUPPORTED);
    assert_int_equal(csgd_probe("sign", N, zero, 1, 0, &r, sizeof r), CSGD_E_NONFINITE);
    bad[3] = NAN;
    assert_int_equal(csgd_probe("sign", N, zero, 1, 0, &r, sizeof r), CSGD_E_NONFINITE);
    for (size_t i = 0; i < sizeof r; i++)
        assert_int_equal(((unsigned char *)&r)[i], 0x5a);
}

/* Each allocation fails once: the error comes back and nothing leaks. */
static void no_memory(void **state)
{
    csgd_probe_report r;
    csgd_status st = CSGD_E_NOMEM;
    long allowed = 0;

    (void)state;
    csgd_budget_install();
    for (; st == CSGD_E_NOMEM; allowed++) {
        csgd_budget_set(allowed);
        st = csgd_probe("topk ratio=0.1", N, gradient, 2, 0.5, &r, sizeof r);
        csgd_budget_set(-1);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
    csgd_budget_remove();
    assert_ok(st);
    assert_true(allowed > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(same_again),
        cmocka_unit_test(rho_in_full),
        cmocka_unit_test(locale_does_not_matter),
        cmocka_unit_test(smaller_report),
        cmocka_unit_test(refused),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, with_gradients, NULL);
}
