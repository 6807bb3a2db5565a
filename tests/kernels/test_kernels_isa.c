/* SPDX-License-Identifier: BSD-3-Clause */

/* test_kernels_isa.c: every slot of every instruction set that is built gives ref's bits.
 *
 * One test for each instruction set, type and slot; where the processor cannot run it, it is
 * reported as skipped.  Inputs and outputs lie against pages without access: every length ends
 * at one, and every alignment is tried from the other.  What a slot wrote is compared together
 * with the bytes around it.
 */

#include <math.h>
#include "support/test.h"
#include "support/guard.h"
#include "kernels/fills.h"
#include "kernels/kernels.h"
#include "kernels/slot_calls.h"

enum {
    MAX = CSGDI_BLOCK,
    OFFSETS = 16, /* elements of float in a cache line */
    AROUND = 64,  /* bytes compared on either side of an output */
    MAX_BYTES = (MAX + OFFSETS + CSGDI_LANES) * sizeof(double)
};

/* --- one call, twice --- */

/* A vector in guarded memory: ends at the last byte, or begins some elements after the first. */
static guard room_x, room_e, room_out, room_index, room_value;
enum { AT_END = OFFSETS };

static void *place(const guard *g, size_t offset, size_t size, size_t bytes)
{
    return offset == AT_END ? g->last - bytes : g->first + offset * size;
}

/* The bytes from AROUND before to AROUND after, as far as they are there. */
typedef struct window {
    unsigned char *first;
    size_t bytes;
} window;

static window around(const guard *g, void *p, size_t bytes)
{
    unsigned char *first = p, *last = first + bytes;

    first -= first - g->first < AROUND ? first - g->first : AROUND;
    last += g->last - last < AROUND ? g->last - last : AROUND;
    return (window){first, (size_t)(last - first)};
}

/* In sums of elements any NaN stands for any other: ref's is put in its place. */
static void forgive_nan(const call *c, const window *w, unsigned char *expected)
{
    for (size_t i = 0; i < c->n; i++) {
        unsigned char *ours = (unsigned char *)c->out + i * c->k->size;
        unsigned char *refs = expected + (ours - w->first);
        if (isnan(fill_get(c->k->type, ours, 0)) && isnan(fill_get(c->k->type, refs, 0)))
            memcpy(ours, refs, c->k->size);
    }
}

static void compare(const slot *s, const csgdi_kernels *k, fill f, const void *x, const void *e,
                    size_t n, size_t offset, unsigned variant)
{
    static unsigned char expected[3][MAX_BYTES + 2 * AROUND];
    const csgdi_kernels *ref = csgdi_kernels_find("ref", k->type);
    const size_t sizes[] = {0, n * k->size, (n + 7) / 8, HISTOGRAM_COUNTS * sizeof(uint64_t),
                            n, 2 * n};
    const size_t out_bytes = sizes[s->output];
    const size_t out_size = s->output == HISTOGRAM ? sizeof(uint64_t)
                            : s->output == BYTES   ? 1
                            : s->output == HALVES  ? 1
                                                   : k->size;
    const size_t entries = n + CSGDI_LANES;
    call c = {.k = ref, .n = n, .variant = variant};
    uint64_t said = 0;

    c.x = memcpy(place(&room_x, offset, k->size, n * k->size), x, n * k->size);
    c.e = memcpy(place(&room_e, offset, k->size, n * k->size), e, n * k->size);
    c.out = place(&room_out, offset, out_size, out_bytes);
    c.index = place(&room_index, offset, sizeof *c.index, entries * sizeof *c.index);
    c.value = place(&room_value, offset, k->size, entries * k->size);
    const window windows[] = {
        around(&room_out, c.out, out_bytes),
        around(&room_index, c.index, entries * sizeof *c.index),
        around(&room_value, c.value, entries * k->size),
    };

    for (int turn = 0; turn < 2; turn++) {
        for (size_t w = 0; w < TEST_COUNT(windows); w++)
            memset(windows[w].first, 0xa5, windows[w].bytes);
        if (s->output == ELEMENTS) memcpy(c.out, e, n * k->size);
        s->call(&c);
        if (turn == 0) {
            for (size_t w = 0; w < TEST_COUNT(windows); w++)
                memcpy(expected[w], windows[w].first, windows[w].bytes);
            said = c.result;
            c.k = k;
        }
    }
    if (s->output == ELEMENTS) forgive_nan(&c, &windows[0], expected[0]);
    if (c.result != said)
        fail_msg("n %zu, offset %zu, %s, variant %u: %#llx, ref %#llx", n, offset, fill_name(f),
                 variant, (unsigned long long)c.result, (unsigned long long)said);
    for (size_t w = 0; w < TEST_COUNT(windows); w++)
        if (memcmp(windows[w].first, expected[w], windows[w].bytes) != 0)
            fail_msg("n %zu, offset %zu, %s, variant %u: %s differs", n, offset, fill_name(f),
                     variant, (const char *[]){"out", "index", "value"}[w]);
}

/* --- the tests --- */

typedef struct subject {
    const char *isa;
    csgd_type type;
    const slot *slot;
} subject;

static const csgdi_kernels *table_or_skip(const subject *s)
{
    const csgdi_kernels *k = csgdi_kernels_find(s->isa, s->type);

    if (k == NULL) {
        print_message("%s cannot run on this processor\n", s->isa);
        skip();
    }
    return k;
}

/* From which length to the next at every alignment: all of them for the fill that has everything,
 * but where a sanitizer slows each; else each 113th, which has all residues of 32. */
static size_t stride(fill f)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const bool slow = true;
#else
    const bool slow = false;
#endif
    if (test_brief()) return 1021;
    return f == FILL_SPECIALS && !slow ? 1 : 113;
}

/* All lengths end at the last byte, with the two fills that have everything; the short ones with
 * all variants, or of many each seventh; and all alignments.  Where not all variants are tried, they
 * take turns. */
static void same_bits(void **state)
{
    static union {
        float f32[MAX];
        double f64[MAX];
    } x, e;
    const subject *t = *state;
    const csgdi_kernels *k = table_or_skip(t);
    const unsigned variants = t->slot->variants;

    for (fill f = 0; f < N_FILLS; f++) {
        fill_vector(f, t->type, 1, MAX, &x);
        fill_vector(f, t->type, 2, MAX, &e);
        if (f == FILL_RANDOM || f == FILL_SPECIALS)
            for (size_t n = 0; n <= MAX; n += test_brief() ? 401 : 1)
                compare(t->slot, k, f, &x, &e, n, AT_END, (unsigned)(n / 32 % variants));
        for (size_t n = 0; n <= 257; n += test_brief() ? 19 : 1)
            for (unsigned v = variants < 64 ? 0 : (unsigned)n % 7; v < variants;
                 v += variants < 64 ? 1 : 7)
                compare(t->slot, k, f, &x, &e, n, AT_END, v);
        for (size_t n = 0; n <= MAX; n += n < 257 && !test_brief() ? 1 : stride(f))
            for (size_t offset = 0; offset <= AT_END; offset++)
                compare(t->slot, k, f, &x, &e, n, offset, (unsigned)((17 * n + offset) % variants));
    }
}

/* A single NaN or infinity is seen wherever it is. */
static void one_nonfinite(void **state)
{
    const subject *t = *state;
    const csgdi_kernels *k = table_or_skip(t);
    const double values[] = {INFINITY, -INFINITY, NAN, -NAN};
    double x[100] = {0}, m[100];

    for (size_t n = 0; n <= 100; n++) {
        assert_true(k->finite(x, n));
        for (size_t i = 0; i < n; i++)
            for (size_t v = 0; v < TEST_COUNT(values); v++) {
                memset(m, 0, sizeof m);
                fill_put(t->type, x, i, values[v]);
                assert_false(k->finite(x, n));
                assert_false(k->add_finite(x, m, n, m));
                memset(m, 0, sizeof m);
                assert_false(k->add_scaled_finite(m, 0.5, x, n, m));
                memset(m, 0, sizeof m);
                assert_false(k->add_pair_finite(m, 0.5, x, 0.25, m, n, m));
                fill_put(t->type, x, i, 0);
            }
    }
}

int main(void)
{
    enum { MAX_TESTS = 200 };
    static struct CMUnitTest tests[MAX_TESTS];
    static subject subjects[MAX_TESTS];
    static char names[MAX_TESTS][64];
    guard *const rooms[] = {&room_x, &room_e, &room_out, &room_index, &room_value};
    size_t count = 0;
    int failed;

    for (size_t i = 0; strcmp(csgdi_kernels_isa(i), "ref") != 0; i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (size_t s = 0; s == 0 || slots[s - 1].name != NULL; s++, count++) {
                const bool extra = slots[s].name == NULL;
                assert_true(count < MAX_TESTS);
                subjects[count] = (subject){csgdi_kernels_isa(i), type, extra ? NULL : &slots[s]};
                snprintf(names[count], sizeof names[count], "%s %s %s", csgdi_kernels_isa(i),
                         type == CSGD_F32 ? "f32" : "f64",
                         extra ? "one non-finite" : slots[s].name);
                tests[count] = (struct CMUnitTest){
                    .name = names[count],
                    .test_func = extra ? one_nonfinite : same_bits,
                    .initial_state = &subjects[count],
                };
            }
    for (size_t r = 0; r < TEST_COUNT(rooms); r++)
        *rooms[r] = guard_open(MAX_BYTES);
    failed = _cmocka_run_group_tests("kernels of instruction sets", tests, count, NULL, NULL);
    for (size_t r = 0; r < TEST_COUNT(rooms); r++)
        guard_close(rooms[r]);
    return failed;
}
