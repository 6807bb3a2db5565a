/* SPDX-License-Identifier: BSD-3-Clause */

/* test_outgoing.c: codes that go past the caches are those that do not, with the same hash, wherever
 * a message begins and whichever instruction set writes it; and nothing beside it is touched. */

#include "support/test.h"

#include <math.h>
#include "compressors/compressor.h"
#include "compressors/outgoing.h"
#include "feedback/feedback.h"

enum { N = 20011, AROUND = 64 };

/* Of all shapes of blocks: bytes, nibbles, bits, 16 bits, scales of 2 to 16 bytes, masks; and one whose
 * block has no room on the way. */
static const char *const specs[] = {
    "int",
    "int bits=4",
    "int bits=3 block=104",
    "qsgd",
    "sign",
    "sign block=8",
    "sign mask=yes",
    "bf16",
    "f16",
    "onebit",
    "terngrad",
    "natural block=24",
    "bf16 rounding=nearest",
    "natural block=32768",
};

/* x is no multiple of anything. */
static void fill(csgd_type type, double *x)
{
    for (size_t i = 0; i < N; i++) {
        const double v = sin((double)i * 1.7) * exp(sin((double)i * 0.01) * 5);

        if (type == CSGD_F64)
            x[i] = v;
        else
            ((float *)x)[i] = (float)v;
    }
}

static void check(const char *spec, csgd_type type)
{
    static double x[N], m[N];
    char text[64];
    csgd_compressor *c;
    uint8_t *expected, *memory;
    size_t bound, len, past_len;

    fill(type, x);
    snprintf(text, sizeof text, "%s type=%s", spec, type == CSGD_F64 ? "f64" : "f32");
    assert_ok(csgd_compressor_create(text, N, &c));
    bound = csgd_compressor_bound(c);
    expected = malloc(bound);
    memory = malloc(bound + 4 * AROUND);
    assert_true(expected != NULL && memory != NULL);
    assert_false(csgdi_outgoing_pays(&c->core)); /* it is short */
    assert_true(csgdi_message_write(&c->core, x, expected, &len));
    c->core.stream_bytes = 0;
    assert_true(csgdi_outgoing_pays(&c->core) == (strstr(spec, "32768") == NULL));
    for (size_t isa = 0; csgdi_kernels_isa(isa) != NULL; isa++)
        for (size_t shift = 0; shift < AROUND; shift += 7) {
            const csgdi_kernels *kernels = csgdi_kernels_find(csgdi_kernels_isa(isa), type);
            uint8_t *message = memory + AROUND + shift;

            if (kernels == NULL) continue; /* this machine cannot run it */
            c->core.kernels = kernels;
            memset(memory, 0xa5, bound + 4 * AROUND);
            assert_true(csgdi_message_write(&c->core, x, message, &past_len));
            assert_int_equal(past_len, len);
            assert_memory_equal(message, expected, len);
            for (size_t i = 0; i < AROUND; i++) {
                assert_int_equal(message[(ptrdiff_t)i - AROUND], 0xa5);
                assert_int_equal(message[len + i], 0xa5);
            }
        }
    /* Not finite: refused, wherever it is. */
    memcpy(m, x, sizeof m);
    memset((char *)m + (N - 1) * c->core.kernels->size, 0xff, c->core.kernels->size);
    assert_false(csgdi_message_write(&c->core, m, memory, &past_len));
    csgd_compressor_destroy(&c);
    free(expected);
    free(memory);
}

static void same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        check(specs[i], CSGD_F32);
        check(specs[i], CSGD_F64);
    }
}

/* With feedback what is left is the same too, step after step. */
static void check_feedback(const char *spec, csgd_type type)
{
    static double g[N], left[2][N];
    csgd_feedback *f[2];
    uint8_t *message[2];
    size_t len[2], bound;
    char text[80];

    fill(type, g);
    snprintf(text, sizeof text, "%s feedback=ef type=%s", spec, type == CSGD_F64 ? "f64" : "f32");
    for (int past = 0; past < 2; past++) {
        assert_ok(csgd_feedback_create(text, N, &f[past]));
        bound = csgd_compressor_bound(&f[past]->inner);
        message[past] = malloc(bound);
        assert_non_null(message[past]);
    }
    f[1]->inner.core.stream_bytes = 0;
    for (int step = 0; step < 3; step++) {
        for (int past = 0; past < 2; past++) {
            assert_ok(csgd_feedback_compress(f[past], g, message[past], bound, &len[past]));
            assert_ok(csgd_feedback_residual(f[past], left[past]));
        }
        assert_int_equal(len[0], len[1]);
        assert_memory_equal(message[0], message[1], len[0]);
        assert_memory_equal(left[0], left[1], N * csgd_type_size(type));
    }
    for (int past = 0; past < 2; past++) {
        csgd_feedback_destroy(&f[past]);
        free(message[past]);
    }
}

static void same_with_feedback(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        check_feedback(specs[i], CSGD_F32);
        check_feedback(specs[i], CSGD_F64);
    }
}

/* A hash of pieces is that of the whole, whatever the pieces. */
static void hash_of_pieces(void **state)
{
    enum { BYTES = 20000 };
    static uint8_t bytes[BYTES];

    (void)state;
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t isa = 0; csgdi_kernels_isa(isa) != NULL; isa++) {
        const csgdi_kernels *k = csgdi_kernels_find(csgdi_kernels_isa(isa), CSGD_F32);

        for (size_t piece = 1; k != NULL && piece < BYTES; piece = piece * 3 + 1)
            for (size_t len = 0; len <= BYTES; len = len * 2 + 1) {
                csgdi_hash hash;

                k->hash_begin(&hash);
                for (size_t i = 0; i < len; i += piece)
                    k->hash_more(&hash, bytes + i, len - i < piece ? len - i : piece);
                assert_true(k->hash_end(&hash) == k->hash(bytes, len, 0));
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(same_with_feedback),
        cmocka_unit_test(hash_of_pieces),
    };
    return cmocka_run_group_tests_name("compressors/outgoing", tests, NULL, NULL);
}
