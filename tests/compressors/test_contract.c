/* SPDX-License-Identifier: BSD-3-Clause */

/* test_contract.c: what every compressor promises, for each at several settings: messages decode
 * to what the oracle says, a failed call changes nothing, and instruction sets share bits. */

#include "compressors/blocks.h"
#include "compressors/cases.h"
#include "support/test.h"

#include <math.h>
#include "compressors/compressor.h"
#include "wire/header.h"

/* But those that remember their last message: a case is of one message. */
static void every_compressor_has_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; csgdi_compressor_list(i) != NULL; i++) {
        const compressor_case *about = compressor_cases;
        if (csgdi_compressor_list(i)->family == CSGDI_PROJECT &&
            csgdi_compressor_list(i)->delivered != NULL)
            continue; /* test_powersgd.c */
        while (about->name != NULL && strcmp(about->name, csgdi_compressor_list(i)->name) != 0)
            about++;
        if (about->name == NULL) fail_msg("no case for %s", csgdi_compressor_list(i)->name);
    }
}

/* --- what a message says --- */

static void check_oracle(subject *s)
{
    for (uint64_t step = 0; step < 3; step++) {
        subject_gradient(s, step);
        subject_check(s);
        oracle_store(s->set.type, s->wide, s->n, s->z);
        assert_memory_equal(s->x, s->z, s->bytes); /* not modified */
        assert_true(s->len <= s->cap);
        assert_int_equal(s->len % 8, 0);
        if (!s->c->core.variable) assert_int_equal(s->len, s->cap);
        if (s->n == 0) assert_int_equal(s->len, CSGDI_HEADER_BYTES);
    }
}

static void decodes_to_the_oracle(void **state)
{
    (void)state;
    cases_walk(check_oracle);
}

static void check_add(subject *s)
{
    double *base = malloc((s->n + 1) * sizeof *base);

    subject_gradient(s, 0);
    assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
    oracle_gradient(1, 0, s->set.type, s->n, base);
    oracle_store(s->set.type, base, s->n, s->y);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < s->n; i++)
            base[i] = oracle_round(s->set.type, base[i] + s->expected[i]);
        oracle_store(s->set.type, base, s->n, s->z);
        assert_ok(csgd_compressor_decompress_add(s->c, s->message, s->len, s->y));
        assert_memory_equal(s->y, s->z, s->bytes);
    }
    free(base);
}

static void adds(void **state)
{
    (void)state;
    cases_walk(check_add);
}

/* Vectors that are easy to get wrong: zeros, zeros of either sign, and nothing but ties. */
static void check_special(subject *s)
{
    static const double pairs[][2] = {{0, 0},      {-0.0, -0.0},    {0, -0.0}, {1, -1},
                                      {-3, -3},    {1e-40, -0.0},   {0, 1e30}, {-0.0, 2},
                                      {0.1, -0.1}, {1.5e-45, 1e-45}};

    for (size_t p = 0; p < TEST_COUNT(pairs); p++) {
        for (size_t i = 0; i < s->n; i++)
            s->wide[i] = oracle_round(s->set.type, pairs[p][i % 2]);
        subject_take_wide(s);
        subject_check(s);
    }
}

static void zeros_and_ties(void **state)
{
    (void)state;
    cases_walk(check_special);
}

/* The message of step 0 by one table, which also decodes it to what the oracle says. */
static void write_with(subject *s, const csgdi_kernels *kernels)
{
    s->c->core.kernels = kernels;
    assert_ok(csgd_compressor_set_step(s->c, 0));
    subject_check(s);
}

static void check_isa(subject *s)
{
    uint8_t *message = malloc(s->cap);
    size_t len;

    subject_gradient(s, 7);
    write_with(s, csgdi_kernels_find("ref", s->set.type));
    len = s->len;
    memcpy(message, s->message, len);
    for (size_t i = 0; csgdi_kernels_isa(i) != NULL; i++) {
        const csgdi_kernels *kernels = csgdi_kernels_find(csgdi_kernels_isa(i), s->set.type);

        if (kernels == NULL) continue; /* this machine cannot run it */
        write_with(s, kernels);
        assert_int_equal(s->len, len);
        assert_memory_equal(s->message, message, len);
    }
    free(message);
}

static void same_bytes_on_every_instruction_set(void **state)
{
    (void)state;
    cases_walk(check_isa);
}

/* Elements [first, end) alone: the bytes are those in the message of all, and they decode to the
 * same. */
static void check_range(const subject *s, size_t first, size_t end)
{
    const csgdi_compressor *c = &s->c->core;
    const size_t size = csgd_type_size(s->set.type), bytes = csgdi_blocks_bytes(c, end - first);
    const uint8_t *whole = s->message + CSGDI_HEADER_BYTES;
    uint8_t *codes = malloc(bytes);
    void *y = malloc((end - first) * size);

    assert_true(
        csgdi_blocks_encode(c, (const char *)s->x + first * size, first, end - first, 0, codes));
    assert_memory_equal(codes, whole + csgdi_blocks_bytes(c, first), bytes);
    csgdi_blocks_apply(c, codes, end - first, CSGDI_SET, y);
    assert_memory_equal(y, (const char *)s->y + first * size, (end - first) * size);
    free(y);
    free(codes);
}

static void check_ranges(subject *s)
{
    const csgdi_family family = s->c->core.ops->family;
    const size_t block = s->c->core.block, blocks = (s->n + block - 1) / block;

    if (s->n == 0 || family == CSGDI_SELECT || family == CSGDI_PROJECT) return;
    subject_gradient(s, 0);
    subject_check(s);
    for (size_t parts = 1; parts <= 5; parts++)
        for (size_t p = 0; p < parts; p++) {
            const size_t first = blocks * p / parts * block, end = blocks * (p + 1) / parts * block;
            if (first < end) check_range(s, first, end < s->n ? end : s->n);
        }
}

static void any_range_alone(void **state)
{
    (void)state;
    cases_walk(check_ranges);
}

static uint64_t step_of(const subject *s)
{
    csgdi_header h;

    assert_ok(csgdi_header_read(s->message, s->len, &h));
    return h.step;
}

static void check_step(subject *s)
{
    csgd_compressor *twin = subject_twin(s);
    uint8_t *message = malloc(s->cap);
    size_t len = 0;

    subject_gradient(s, 0);
    for (uint64_t step = 0; step < 3; step++) {
        assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
        assert_int_equal(step_of(s), step);
    }
    /* Another object at that step writes the same bytes, and either reads the other's. */
    assert_ok(csgd_compressor_set_step(twin, 2));
    assert_ok(csgd_compressor_compress(twin, s->x, message, s->cap, &len));
    assert_int_equal(len, s->len);
    assert_memory_equal(message, s->message, len);
    assert_ok(csgd_compressor_decompress(twin, s->message, s->len, s->y));

    assert_ok(csgd_compressor_set_step(s->c, UINT64_MAX));
    assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
    assert_true(step_of(s) == UINT64_MAX);
    free(message);
    csgd_compressor_destroy(&twin);
}

static void steps(void **state)
{
    (void)state;
    cases_walk(check_step);
}

/* --- calls that fail --- */

/* The call fails with dst, *len and the step as they were. */
static void check_refused(subject *s, size_t cap, csgd_status status, const char *words)
{
    csgd_compressor *twin = subject_twin(s);
    uint8_t *dst = malloc(s->cap);
    size_t len = 12345;

    csgd_compressor_set_step(twin, 41);
    memset(dst, 0x5a, s->cap);
    assert_fails(csgd_compressor_compress(twin, s->x, dst, cap, &len), status, words);
    assert_int_equal(len, 12345);
    for (size_t i = 0; i < s->cap && status != CSGD_E_NONFINITE; i++)
        assert_int_equal(dst[i], 0x5a);
    assert_int_equal(twin->core.step, 41);
    free(dst);
    csgd_compressor_destroy(&twin);
}

static void check_short_cap(subject *s)
{
    subject_gradient(s, 0);
    check_refused(s, 0, CSGD_E_SPACE, "there are 0");
    check_refused(s, s->cap / 2, CSGD_E_SPACE, "a message may need");
    check_refused(s, s->cap - 1, CSGD_E_SPACE, "a message may need");
}

static void short_cap(void **state)
{
    (void)state;
    cases_walk(check_short_cap);
}

/* Whether an element has any part in the message of the next step; a random choice has not looked
 * at the others, and finds there what it finds in a vector of ones. */
static bool looks_at(subject *s, size_t place)
{
    if (s->c->core.ops->family != CSGDI_PROJECT) return true;
    for (size_t i = 0; i < s->n; i++)
        s->wide[i] = 1;
    oracle_store(s->set.type, s->wide, s->n, s->z);
    assert_ok(csgd_compressor_set_step(s->c, 41));
    assert_ok(csgd_compressor_compress(s->c, s->z, s->message, s->cap, &s->len));
    assert_ok(csgd_compressor_decompress(s->c, s->message, s->len, s->y));
    assert_ok(csgd_compressor_set_step(s->c, 41));
    oracle_load(s->set.type, s->y, s->n, s->wide);
    return s->wide[place] != 0;
}

static void check_nonfinite(subject *s)
{
    const double bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    const size_t places[] = {0, s->n / 2, s->n - 1};

    if (s->n == 0) return;
    for (size_t b = 0; b < TEST_COUNT(bad); b++)
        for (size_t p = 0; p < TEST_COUNT(places); p++) {
            oracle_gradient(0, 0, s->set.type, s->n, s->wide);
            s->wide[places[p]] = bad[b];
            oracle_store(s->set.type, s->wide, s->n, s->x);
            if (s->c->core.ops->family != CSGDI_EXACT) {
                if (!looks_at(s, places[p]))
                    assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
                else
                    check_refused(s, s->cap, CSGD_E_NONFINITE, s->about->name);
                continue;
            }
            assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
            assert_ok(csgd_compressor_decompress(s->c, s->message, s->len, s->y));
            assert_memory_equal(s->y, s->x, s->bytes);
        }
}

static void nan_and_infinity(void **state)
{
    (void)state;
    cases_walk(check_nonfinite);
}

static void check_null(subject *s)
{
    csgd_compressor *const c = s->c;

    subject_gradient(s, 0);
    assert_ok(csgd_compressor_compress(c, s->x, s->message, s->cap, &s->len));
    assert_fails(csgd_compressor_compress(NULL, s->x, s->message, s->cap, &s->len), CSGD_E_INVAL,
                 "NULL");
    assert_fails(csgd_compressor_compress(c, s->x, NULL, s->cap, &s->len), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_compressor_compress(c, s->x, s->message, s->cap, NULL), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_compressor_decompress(NULL, s->message, s->len, s->y), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_compressor_decompress(c, NULL, s->len, s->y), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_compressor_decompress_add(c, NULL, 0, s->y), CSGD_E_INVAL, "NULL");
    assert_int_equal(c->core.step, 1);
    if (s->n > 0) {
        assert_fails(csgd_compressor_compress(c, NULL, s->message, s->cap, &s->len), CSGD_E_INVAL,
                     "NULL");
        assert_fails(csgd_compressor_decompress(c, s->message, s->len, NULL), CSGD_E_INVAL, "NULL");
        assert_fails(csgd_compressor_decompress_add(c, s->message, s->len, NULL), CSGD_E_INVAL,
                     "NULL");
    } else {
        assert_ok(csgd_compressor_compress(c, NULL, s->message, s->cap, &s->len));
        assert_ok(csgd_compressor_decompress(c, s->message, s->len, NULL));
        assert_ok(csgd_compressor_decompress_add(c, s->message, s->len, NULL));
    }
}

static void null_arguments(void **state)
{
    (void)state;
    cases_walk(check_null);
    assert_int_equal(csgd_compressor_bound(NULL), 0);
    assert_fails(csgd_compressor_set_step(NULL, 1), CSGD_E_INVAL, "NULL");
    assert_fails(csgd_compressor_create("none", 1, NULL), CSGD_E_INVAL, "NULL");
}

static void impossible_lengths(void **state)
{
    csgd_compressor *c = (csgd_compressor *)state; /* anything but NULL */

    assert_fails(csgd_compressor_create("none", SIZE_MAX, &c), CSGD_E_UNSUPPORTED, "elements");
    assert_null(c);
    assert_fails(csgd_compressor_create("sign", SIZE_MAX / 8, &c), CSGD_E_UNSUPPORTED, "elements");
    assert_fails(csgd_compressor_create("topk k=1", (size_t)UINT32_MAX + 1, &c), CSGD_E_UNSUPPORTED,
                 "at most 4294967295");
    assert_ok(csgd_compressor_create("topk k=1", UINT32_MAX, &c)); /* memory goes by k */
    csgd_compressor_destroy(&c);
}

static void other_specs(void **state)
{
    csgd_compressor *c = NULL;

    (void)state;
    assert_fails(csgd_compressor_create("topkk", 9, &c), CSGD_E_SPEC, "did you mean \"topk\"?");
    assert_fails(csgd_compressor_create("what-is-this", 9, &c), CSGD_E_SPEC, "no compressor");
    assert_fails(csgd_compressor_create("", 9, &c), CSGD_E_SPEC, "");
    assert_fails(csgd_compressor_create("none ratio=1", 9, &c), CSGD_E_SPEC, "ratio");
    assert_fails(csgd_compressor_create("none type=f8", 9, &c), CSGD_E_SPEC, "f32");
    assert_fails(csgd_compressor_create("topk feedback=ef", 9, &c), CSGD_E_SPEC, "feedback");
    assert_null(c);

    unsetenv("CSGD_SPEC");
    assert_ok(csgd_compressor_create(NULL, 9, &c));
    assert_ptr_equal(c->core.ops, &csgdi_none);
    csgd_compressor_destroy(&c);
    setenv("CSGD_SPEC", "sign type=f64", 1);
    assert_ok(csgd_compressor_create(NULL, 9, &c));
    assert_ptr_equal(c->core.ops, &csgdi_sign);
    assert_int_equal(c->core.kernels->type, CSGD_F64);
    csgd_compressor_destroy(&c);
    unsetenv("CSGD_SPEC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_compressor_has_a_case),
        cmocka_unit_test(decodes_to_the_oracle),
        cmocka_unit_test(adds),
        cmocka_unit_test(zeros_and_ties),
        cmocka_unit_test(same_bytes_on_every_instruction_set),
        cmocka_unit_test(any_range_alone),
        cmocka_unit_test(steps),
        cmocka_unit_test(short_cap),
        cmocka_unit_test(nan_and_infinity),
        cmocka_unit_test(null_arguments),
        cmocka_unit_test(impossible_lengths),
        cmocka_unit_test(other_specs),
    };
    return cmocka_run_group_tests_name("compressors/contract", tests, NULL, NULL);
}
