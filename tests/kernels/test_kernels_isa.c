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

enum {
    MAX = CSGDI_BLOCK,
    OFFSETS = 16, /* elements of float in a cache line */
    COUNTS = 32,  /* of a histogram */
    AROUND = 64,  /* bytes compared on either side of an output */
    MAX_BYTES = (MAX + OFFSETS) * sizeof(double)
};

/* The arguments of a call.  Outputs hold at least n elements; out begins as a copy of e. */
typedef struct call {
    const csgdi_kernels *k;
    size_t n;
    unsigned variant; /* of the arguments that are no vectors */
    const void *x, *e;
    void *out, *value;
    uint32_t *index;
    uint64_t result; /* what the slot returned, as bits */
} call;

static uint64_t bits_of(double sum)
{
    uint64_t bits;

    if (isnan(sum)) return UINT64_MAX; /* one NaN is as good as another */
    memcpy(&bits, &sum, sizeof bits);
    return bits;
}

static void call_finite(call *c)
{
    c->result = c->k->finite(c->x, c->n);
}

static void call_add(call *c)
{
    c->k->add(c->x, c->n, c->out);
}

static void call_sub(call *c)
{
    c->k->sub(c->x, c->n, c->out);
}

static void call_add_finite(call *c)
{
    /* m is another vector, or e, or g */
    const void *g = c->variant == 2 ? c->out : c->x;
    const void *e = c->variant == 1 ? c->out : c->e;

    c->result = c->k->add_finite(g, e, c->n, c->out);
}

static void call_add_scaled_finite(call *c)
{
    static const double r[] = {0.9, -1.0 / 3, 1e30, 1e-30};
    const void *g = c->variant % 3 == 2 ? c->out : c->x;
    const void *e = c->variant % 3 == 1 ? c->out : c->e;

    c->result = c->k->add_scaled_finite(g, r[c->variant / 3], e, c->n, c->out);
}

static void call_abs_sum(call *c)
{
    c->result = bits_of(c->k->abs_sum(c->x, c->n));
}

static void call_square_sum(call *c)
{
    c->result = bits_of(c->k->square_sum(c->x, c->n));
}

static void call_sign_pack(call *c)
{
    c->k->sign_pack(c->x, c->n, c->out);
}

/* The bytes of x are as good bits as any. */
static void call_sign_apply(call *c)
{
    static const double scale[] = {0.1, -3e38, 0};
    static const csgdi_mode mode[] = {CSGDI_SET, CSGDI_ADD, CSGDI_SUB};
    const size_t bytes = (c->n + 7) / 8;
    const uint8_t *end = (const uint8_t *)c->x + c->n * c->k->size;

    c->k->sign_apply(end - bytes, c->n, scale[c->variant / 3], mode[c->variant % 3], c->out);
}

static uint64_t middle_key(const call *c)
{
    uint32_t low = 0;
    uint64_t bits = 0;

    if (c->n == 0) return 0;
    if (c->k->type == CSGD_F32) {
        memcpy(&low, (const float *)c->x + c->n / 2, sizeof low);
        return low & INT32_MAX;
    }
    memcpy(&bits, (const double *)c->x + c->n / 2, sizeof bits);
    return bits & INT64_MAX;
}

/* The rounds of a radix sort: variants 0 to 3; no bits at all; a prefix that no float has. */
static void call_key_histogram(call *c)
{
    const unsigned top = 8 * (unsigned)c->k->size - 1;
    const unsigned bits = c->variant == 4 ? 0 : 5;
    const unsigned shift = c->variant < 4 ? top - 5 * (c->variant + 1) : 4;
    const uint64_t none = c->variant == 5 ? UINT64_C(1) << 40 : 0;

    c->k->key_histogram(c->x, c->n, shift, bits, middle_key(c) >> (shift + bits) | none, c->out);
}

static void call_key_select(call *c)
{
    const uint64_t largest = c->k->type == CSGD_F32 ? INT32_MAX : INT64_MAX;
    const uint64_t middle = middle_key(c);
    const uint64_t limits[] = {middle, middle + middle / 64, 0, largest, UINT64_MAX};
    const size_t ties_given[] = {0, 1, 5, c->n};
    const size_t rooms[] = {c->n, c->n / 3, 0};
    const unsigned v = c->variant;
    size_t ties = ties_given[v / 5 % 4];

    c->result = c->k->key_select(c->x, c->n, limits[v % 5], &ties, UINT32_C(0xfffffff0),
                                 rooms[v / 20], c->index, c->value);
    c->result = c->result << 32 | ties;
}

static void call_scatter(call *c)
{
    for (size_t j = 0; j < c->n; j++)
        c->index[j] = (uint32_t)(j * 7 % (c->n / 2 + 1));
    c->k->scatter(c->index, c->x, c->n, (csgdi_mode)c->variant, c->out);
}

typedef struct slot {
    const char *name;
    void (*call)(call *c);
    unsigned variants;
    enum { NOTHING, ELEMENTS, BITS, HISTOGRAM } output; /* what is at out */
} slot;

static const slot slots[] = {
    {"finite", call_finite, 1, NOTHING},
    {"add", call_add, 1, ELEMENTS},
    {"sub", call_sub, 1, ELEMENTS},
    {"add_finite", call_add_finite, 3, ELEMENTS},
    {"add_scaled_finite", call_add_scaled_finite, 12, ELEMENTS},
    {"abs_sum", call_abs_sum, 1, NOTHING},
    {"square_sum", call_square_sum, 1, NOTHING},
    {"sign_pack", call_sign_pack, 1, BITS},
    {"sign_apply", call_sign_apply, 9, ELEMENTS},
    {"key_histogram", call_key_histogram, 6, HISTOGRAM},
    {"key_select", call_key_select, 60, NOTHING},
    {"scatter", call_scatter, 3, ELEMENTS},
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
    const size_t sizes[] = {0, n * k->size, (n + 7) / 8, COUNTS * sizeof(uint64_t)};
    const size_t out_bytes = sizes[s->output];
    const size_t out_size = s->output == HISTOGRAM ? sizeof(uint64_t) : k->size;
    call c = {.k = ref, .n = n, .variant = variant};
    uint64_t said = 0;

    c.x = memcpy(place(&room_x, offset, k->size, n * k->size), x, n * k->size);
    c.e = memcpy(place(&room_e, offset, k->size, n * k->size), e, n * k->size);
    c.out = place(&room_out, offset, out_size, out_bytes);
    c.index = place(&room_index, offset, sizeof *c.index, n * sizeof *c.index);
    c.value = place(&room_value, offset, k->size, n * k->size);
    const window windows[] = {
        around(&room_out, c.out, out_bytes),
        around(&room_index, c.index, n * sizeof *c.index),
        around(&room_value, c.value, n * k->size),
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

/* Every length at the end of memory, the short ones with all variants; every alignment of the
 * short ones and of each 37th, which has all residues.  Elsewhere the variant goes around. */
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
        for (size_t n = 0; n <= MAX; n++)
            compare(t->slot, k, f, &x, &e, n, AT_END, (unsigned)(n / 32 % variants));
        for (size_t n = 0; n <= 257; n++)
            for (unsigned v = 0; v < variants; v++)
                compare(t->slot, k, f, &x, &e, n, AT_END, v);
        for (size_t n = 0; n <= MAX; n += n < 257 ? 1 : 37)
            for (size_t offset = 0; offset < OFFSETS; offset++)
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
                fill_put(t->type, x, i, 0);
            }
    }
}

int main(void)
{
    enum { MAX_TESTS = 100 };
    static struct CMUnitTest tests[MAX_TESTS];
    static subject subjects[MAX_TESTS];
    static char names[MAX_TESTS][64];
    guard *const rooms[] = {&room_x, &room_e, &room_out, &room_index, &room_value};
    size_t count = 0;
    int failed;

    for (size_t i = 0; strcmp(csgdi_kernels_isa(i), "ref") != 0; i++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (size_t s = 0; s <= TEST_COUNT(slots); s++, count++) {
                const bool extra = s == TEST_COUNT(slots);
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
