/* SPDX-License-Identifier: BSD-3-Clause */

/* test_stability.c: which compressors one-step and two-step compensation are refused for, what is said
 * then, and that it is so: the residuals of what is refused grow without end, and those of what is
 * not stay. */

#include "support/test.h"

#include <math.h>
#include "feedback/feedback.h"
#include "oracle/oracle.h"

enum { N = 512, STEPS = 400 };

typedef struct row {
    const char *spec;
    const char *words; /* of the refusal; NULL: taken */
    bool grows;        /* for refused ones: measured below */
} row;

static const row rows[] = {
    /* one step */
    {"qsgd norm=l2 bits=4 feedback=ef", "omega < 1, and that of qsgd is 3.23", true},
    {"qsgd norm=l2 bits=5 feedback=ef", "omega < 1, and that of qsgd is 1.51", false},
    {"qsgd norm=l2 bits=6 feedback=ef", NULL, false}, /* 0.53 */
    {"qsgd norm=l2 bits=4 bucket=32 feedback=ef", NULL, false},
    {"qsgd bits=3 feedback=ef", NULL, false},
    {"natural feedback=ef", NULL, false},
    {"topk ratio=0.01", NULL, false},
    {"randk ratio=0.1", NULL, false},
    {"powersgd", NULL, false},
    {"sign", NULL, false},
    {"terngrad feedback=ef", NULL, false},
    /* two steps */
    {"sign feedback=ecx", NULL, false},
    {"sign feedback=ecx rho=1", NULL, false},
    {"sign block=8 feedback=ecx rho=0.99", NULL, false},
    {"onebit feedback=ecx rho=1", NULL, false},
    {"onebit mask=yes feedback=ecx rho=0.99", NULL, false},
    {"qsgd bits=4 feedback=ecx rho=1", NULL, false},
    {"qsgd bits=8 feedback=ecx rho=0.99", NULL, false},
    {"int bits=4 feedback=ecx rho=1", NULL, false},
    {"int bits=4 rounding=nearest feedback=ecx rho=0.99", NULL, false},
    {"bf16 feedback=ecx rho=1", NULL, false},
    {"f16 rounding=nearest feedback=ecx rho=1", NULL, false},
    {"natural feedback=ecx rho=1", NULL, false},
    {"topk ratio=0.5 feedback=ecx rho=1", NULL, false},
    {"topk ratio=0.01 feedback=ecx rho=0.5", NULL, false},
    {"blocktopk ratio=0.5 block=64 feedback=ecx rho=0.9", NULL, false},
    {"randk ratio=0.7 feedback=ecx rho=0.9", NULL, false},
    {"randk ratio=0.01 feedback=ecx rho=0.5", NULL, false},
    {"qsgd bits=3 feedback=ecx", "7 levels on a side, as of 4 bits, and qsgd has 3", false},
    {"qsgd bits=2 feedback=ecx rho=0.5", "and qsgd has 1:", true},
    {"int bits=2 feedback=ecx", "and int has 1.5:", true},
    {"terngrad feedback=ecx", "and terngrad has 1:", true},
    {"qsgd norm=l2 bits=5 feedback=ecx", "at rho 0.9 needs omega < 0.226, and that of qsgd is 1.51",
     true},
    {"qsgd norm=l2 bits=6 feedback=ecx rho=step", "at rho 1 needs omega < 0.2", false},
    {"qsgd norm=l2 bits=7 feedback=ecx rho=0.9", NULL, false},
    {"topk ratio=0.1 feedback=ecx", "at rho 0.9 needs half of the entries, and topk sends 0.0996",
     true},
    {"topk ratio=0.49 feedback=ecx rho=0.51", "feedback=ecx2", false},
    {"topk ratio=0.4 feedback=ecx rho=step", "at rho 1 needs half", false},
    {"randk ratio=0.3 feedback=ecx", "more than 0.603 of the entries, and randk sends 0.299", true},
    {"randk ratio=0.66 feedback=ecx rho=step", "more than 0.667 of the entries", false},
    {"threshold lambda=0.5 feedback=ecx", "feedback=ecx2, or force=yes", false},
    {"powersgd feedback=ecx", "nothing is known of that of powersgd", false},
};

static void verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char spec[160];
        csgd_feedback *f = NULL;

        if (rows[i].words == NULL) {
            assert_ok(csgd_feedback_create(rows[i].spec, N, &f));
        } else {
            assert_fails(csgd_feedback_create(rows[i].spec, N, &f), CSGD_E_UNSUPPORTED,
                         rows[i].words);
            assert_null(f);
            snprintf(spec, sizeof spec, "%s force=no", rows[i].spec);
            assert_fails(csgd_feedback_create(spec, N, &f), CSGD_E_UNSUPPORTED, "force=yes");
        }
        csgd_feedback_destroy(&f);
        snprintf(spec, sizeof spec, "%s force=yes", rows[i].spec);
        assert_ok(csgd_feedback_create(spec, N, &f));
        csgd_feedback_destroy(&f);
    }
    /* Nothing is refused of nothing. */
    csgd_feedback *f;
    assert_ok(csgd_feedback_create("topk feedback=ecx", 0, &f));
    csgd_feedback_destroy(&f);
}

static void no_use_for_force(void **state)
{
    csgd_feedback *f;

    (void)state;
    assert_fails(csgd_feedback_create("topk feedback=none force=yes", N, &f), CSGD_E_SPEC,
                 "feedback=none has no use for the key \"force\"");
    assert_fails(csgd_feedback_create("topk force=maybe", N, &f), CSGD_E_SPEC, "force=maybe");
}

/* Keep probability at which the second moments stay bounded, by powers of the map itself. */
static bool moments_stay(double rho, double p)
{
    const double q = 1 - p;
    double a = 1, b = 0, c = 1; /* of d1^2, d1 d2, d2^2 */

    for (int i = 0; i < 3000 && a < 1e100; i++) {
        const double sum =
            q * ((1 + rho) * (1 + rho) * a - 2 * rho * (1 + rho) * b + rho * rho * c);
        b = q * ((1 + rho) * a - rho * b);
        c = a;
        a = sum;
    }
    return a < 1;
}

static void bound_of_randk(void **state)
{
    (void)state;
    for (int i = 5; i <= 10; i++)
        for (int k = 2; k < 1000; k += 37) {
            const double rho = i / 10.0, p = k / 1000.0, bound = 1 - 1 / (rho * (1 + 2 * rho));
            char spec[96];
            csgd_feedback *f = NULL;
            csgd_status st;

            if (fabs(p - bound) < 0.01) continue;
            snprintf(spec, sizeof spec, "randk k=%d feedback=ecx rho=%g", k, rho);
            st = csgd_feedback_create(spec, 1000, &f);
            csgd_feedback_destroy(&f);
            assert_int_equal(st == CSGD_OK, moments_stay(rho, p));
        }
}

/* Vectors of a size, about normal. */
static float vectors[STEPS][N];

static void make_vectors(void)
{
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < N; i++) {
            double sum = -0.9;
            for (int j = 0; j < 6; j++)
                sum += oracle_word(7, 0, (uint32_t)j, 0, (uint64_t)t, (uint64_t)i) * 0x1p-31 - 1;
            vectors[t][i] = (float)sum;
        }
}

/* Norm of the residual after some steps, or infinity. */
static double residual_after(const char *spec, int steps)
{
    static float e[N];
    uint8_t *message;
    csgd_feedback *f;
    double sum = 0;
    size_t cap, len;

    assert_ok(csgd_feedback_create(spec, N, &f));
    if (strstr(spec, "rho=step") != NULL) assert_ok(csgd_feedback_set_rho(f, 1));
    cap = csgd_compressor_bound(csgd_feedback_compressor(f));
    message = malloc(cap);
    for (int t = 0; t < steps && isfinite(sum); t++)
        if (csgd_feedback_compress(f, vectors[t], message, cap, &len) != CSGD_OK) sum = INFINITY;
    assert_ok(csgd_feedback_residual(f, e));
    for (int i = 0; i < N; i++)
        sum += (double)e[i] * (double)e[i];
    csgd_feedback_destroy(&f);
    free(message);
    return isfinite(sum) ? sqrt(sum) : INFINITY;
}

static void verdicts_are_so(void **state)
{
    (void)state;
    make_vectors();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const bool refused = rows[i].words != NULL;
        char spec[160];
        double early, late;

        if (refused && !rows[i].grows) continue; /* right at the bound, or only of little use */
        snprintf(spec, sizeof spec, "%s force=yes", rows[i].spec);
        early = residual_after(spec, STEPS / 4);
        late = residual_after(spec, STEPS);
        if (refused ? late < 1e6 : late > 4 * early)
            fail_msg("%s: the residual goes from %g to %g", rows[i].spec, early, late);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(no_use_for_force),
        cmocka_unit_test(bound_of_randk),
        cmocka_unit_test(verdicts_are_so),
    };
    return cmocka_run_group_tests_name("feedback/stability", tests, NULL, NULL);
}
