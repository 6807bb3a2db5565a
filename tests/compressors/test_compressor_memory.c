/* SPDX-License-Identifier: BSD-3-Clause */

/* test_compressor_memory.c: all memory is taken at creation, what is said about it is true, and a
 * creation that fails leaves nothing behind. */

#include "compressors/cases.h"
#include "support/budget.h"
#include "support/test.h"

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

static void check_memory(subject *s)
{
    const size_t calls = csgd_budget_calls();

    assert_int_equal(csgd_compressor_memory_bytes(s->c), csgd_budget_live_bytes());
    subject_gradient(s, 0);
    csgd_budget_set(0); /* and none would be given either */
    subject_check(s);
    assert_ok(csgd_compressor_decompress_add(s->c, s->message, s->len, s->y));
    csgd_budget_set(-1);
    assert_int_equal(csgd_budget_calls(), calls);
    assert_int_equal(csgd_compressor_memory_bytes(s->c), csgd_budget_live_bytes());
    csgd_compressor_destroy(&s->c);
    assert_int_equal(csgd_budget_live_blocks(), 0);
    assert_int_equal(csgd_budget_live_bytes(), 0);
}

static void is_what_it_says(void **state)
{
    (void)state;
    cases_walk(check_memory);
    assert_int_equal(csgd_compressor_memory_bytes(NULL), 0);
}

static void check_every_failure(subject *s)
{
    csgd_status st = CSGD_E_NOMEM;
    csgd_compressor *c;
    char spec[128];
    long allowed;

    csgd_compressor_destroy(&s->c);
    snprintf(spec, sizeof spec, "%s type=%s", s->about->spec,
             s->set.type == CSGD_F32 ? "f32" : "f64");
    for (allowed = 0; st != CSGD_OK; allowed++) {
        c = (csgd_compressor *)s; /* anything but NULL */
        csgd_budget_set(allowed);
        st = csgd_compressor_create(spec, s->n, &c);
        csgd_budget_set(-1);
        if (st == CSGD_OK) break;
        assert_int_equal(st, CSGD_E_NOMEM);
        assert_non_null(strstr(csgd_error_detail(), "no memory for"));
        assert_null(c);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
    assert_true(allowed > 0); /* at least the object itself failed once */
    assert_int_equal(csgd_budget_live_blocks(), allowed);
    csgd_compressor_destroy(&c);
    assert_int_equal(csgd_budget_live_blocks(), 0);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    cases_walk(check_every_failure);
}

/* Creation that fails for another reason, after some memory was taken or before. */
static void refused_specs(void **state)
{
    static const char *const specs[] = {"topk k=11",        "sign block=12",      "none k=1",
                                        "topk ratio=2",     "topk k=1 ratio=0.5", "randk k=11",
                                        "threshold",        "qsgd bucket=12",     "int block=12",
                                        "terngrad block=12"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        csgd_compressor *c;
        assert_int_equal(csgd_compressor_create(specs[i], 10, &c), CSGD_E_SPEC);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    }
}

static void destroy_nothing(void **state)
{
    csgd_compressor *c = NULL;

    (void)state;
    csgd_compressor_destroy(NULL);
    csgd_compressor_destroy(&c);
    assert_ok(csgd_compressor_create("topk", 100, &c));
    csgd_compressor_destroy(&c);
    assert_null(c);
    csgd_compressor_destroy(&c);
    assert_int_equal(csgd_budget_live_blocks(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_what_it_says, with_budget, without_budget),
        cmocka_unit_test_setup_teardown(every_allocation_fails_once, with_budget, without_budget),
        cmocka_unit_test_setup_teardown(refused_specs, with_budget, without_budget),
        cmocka_unit_test_setup_teardown(destroy_nothing, with_budget, without_budget),
    };
    return cmocka_run_group_tests_name("compressors/memory", tests, NULL, NULL);
}
