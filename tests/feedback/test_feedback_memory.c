/* SPDX-License-Identifier: BSD-3-Clause */

/* test_feedback_memory.c: what a feedback holds, that it is taken at creation and given back, and
 * that each allocation may fail. */

#include "support/test.h"

#include <stdbool.h>
#include "oracle/oracle.h"
#include "support/budget.h"

static const struct {
    const char *spec;       /* of the feedback */
    const char *compressor; /* the same without the key feedback */
    size_t n;
    size_t vectors; /* of n elements, beside the compressor */
} settings[] = {
    {"topk ratio=0.01", "topk ratio=0.01", 20000, 2},
    {"topk ratio=0.01 type=f64", "topk ratio=0.01 type=f64", 20000, 2},
    {"topk feedback=none", "topk", 20000, 0},
    {"sign feedback=ef block=64", "sign block=64", 5001, 2},
    {"sign type=f64", "sign type=f64", 1, 2},
    {"sign feedback=none", "sign", 5001, 0},
    {"none", "none", 3000, 0},
    {"none feedback=none type=f64", "none type=f64", 3000, 0},
    {"topk", "topk", 0, 2},
    {"topk ratio=0.01 feedback=ef21", "topk ratio=0.01", 20000, 3},
    {"topk ratio=0.01 feedback=dgc", "topk ratio=0.01", 20000, 4},
    {"blocktopk feedback=dgc type=f64 nesterov=yes", "blocktopk type=f64", 20000, 4},
    {"sign feedback=ef21 momentum=0.1 type=f64", "sign type=f64", 5001, 3},
};

static int with_budget(void **state)
{
    (void)state;
    csgd_budget_install();
    return 0;
}

static int without_budget(void **state)
{
    (void)state;
    csgd_budget_set(-1);
    csgd_budget_remove();
    return 0;
}

/* Two vectors for ef, because the residual is double-buffered, and others for other rules, besides the
 * compressor, a few hundred bytes, and the header of each. */
static void vectors_of_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++) {
        const size_t size = strstr(settings[i].spec, "f64") != NULL ? 8 : 4;
        const size_t vectors = settings[i].vectors * settings[i].n * size;
        csgd_compressor *c;
        csgd_feedback *f;
        size_t alone;

        assert_ok(csgd_compressor_create(settings[i].compressor, settings[i].n, &c));
        alone = csgd_compressor_memory_bytes(c);
        csgd_compressor_destroy(&c);

        assert_ok(csgd_feedback_create(settings[i].spec, settings[i].n, &f));
        assert_int_equal(csgd_feedback_memory_bytes(f), csgd_budget_live_bytes());
        assert_in_range(csgd_feedback_memory_bytes(f), alone + vectors,
                        alone + vectors + 512 + 64 * settings[i].vectors);
        csgd_feedback_destroy(&f);
        assert_null(f);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
}

static void calls_allocate_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++) {
        const csgd_type type = strstr(settings[i].spec, "f64") != NULL ? CSGD_F64 : CSGD_F32;
        const size_t n = settings[i].n;
        double *wide = malloc((n + 1) * sizeof *wide);
        void *g = malloc((n + 1) * sizeof *wide);
        csgd_feedback *f;
        uint8_t *message;
        size_t calls, cap, len;

        assert_ok(csgd_feedback_create(settings[i].spec, n, &f));
        cap = csgd_compressor_bound(csgd_feedback_compressor(f));
        message = malloc(cap);
        calls = csgd_budget_calls();
        csgd_budget_set(0); /* and none would be given either */
        for (uint64_t step = 0; step < 3; step++) {
            oracle_gradient(0, step, type, n, wide);
            oracle_store(type, wide, n, g);
            assert_ok(csgd_feedback_compress(f, g, message, cap, &len));
            assert_ok(csgd_compressor_decompress(csgd_feedback_compressor(f), message, len, g));
            assert_ok(csgd_feedback_residual(f, g));
            if (step == 1) assert_ok(csgd_feedback_clear(f));
        }
        csgd_budget_set(-1);
        assert_int_equal(csgd_budget_calls(), calls);
        csgd_feedback_destroy(&f);
        free(message);
        free(g);
        free(wide);
    }
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++) {
        csgd_feedback *f;
        long allowed = 0;

        for (;; allowed++) {
            csgd_status st;

            f = (csgd_feedback *)(void *)&allowed; /* anything but NULL */
            csgd_budget_set(allowed);
            st = csgd_feedback_create(settings[i].spec, settings[i].n, &f);
            csgd_budget_set(-1);
            if (st == CSGD_OK) break;
            assert_int_equal(st, CSGD_E_NOMEM);
            assert_null(f);
            assert_int_equal(csgd_budget_live_blocks(), 0);
        }
        assert_int_equal(csgd_budget_live_blocks(), allowed); /* each was the first to fail once */
        assert_in_range(allowed, settings[i].vectors > 0 ? 3 : 1, 12);
        csgd_feedback_destroy(&f);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
}

/* Creation that fails for another reason, after the compressor has its memory or before. */
static void refused_specs(void **state)
{
    static const struct {
        const char *spec;
        csgd_status status;
    } bad[] = {{"none feedback=ef", CSGD_E_UNSUPPORTED},
               {"topk k=11 feedback=ef", CSGD_E_SPEC},
               {"topk feedback=of", CSGD_E_SPEC}};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        csgd_feedback *f = (csgd_feedback *)(void *)&i; /* anything but NULL */
        assert_int_equal(csgd_feedback_create(bad[i].spec, 10, &f), bad[i].status);
        assert_null(f);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vectors_of_rules, with_budget, without_budget),
        cmocka_unit_test_setup_teardown(calls_allocate_nothing, with_budget, without_budget),
        cmocka_unit_test_setup_teardown(every_allocation_fails_once, with_budget, without_budget),
        cmocka_unit_test_setup_teardown(refused_specs, with_budget, without_budget),
    };
    return cmocka_run_group_tests_name("feedback/memory", tests, NULL, NULL);
}
