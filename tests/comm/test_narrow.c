/* SPDX-License-Identifier: BSD-3-Clause */

/* test_narrow.c: vectors of 16-bit elements, which are the same calls on the widened vectors, and
 * rounded once where they leave. */

#include "support/test.h"

#include <csgd/feedback.h>
#include <math.h>
#include <stdbool.h>
#include "comm/reducer.h"

enum { N = 1000, P = 3, STEPS = 8 };

static const char *const types[] = {"bf16", "f16"};

/* --- 16-bit floats, one at a time --- */

static double widen(const char *type, uint16_t half)
{
    const bool bf16 = strcmp(type, "bf16") == 0;
    const int bits = bf16 ? 7 : 10, bias = bf16 ? 127 : 15, top = bf16 ? 255 : 31;
    const int exponent = half >> bits & top, mantissa = half & ((1 << bits) - 1);
    const double sign = half >> 15 ? -1 : 1;

    if (exponent == top) return mantissa != 0 ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * ldexp(mantissa, 1 - bias - bits);
    return sign * ldexp(mantissa + (1 << bits), exponent - bias - bits);
}

/* The nearest, of two equally near the one whose last bit is 0; numbers too large are not asked
 * for.  Magnitudes increase with the bits. */
static uint16_t narrow(const char *type, double x)
{
    const uint16_t sign = signbit(x) ? 0x8000 : 0;
    unsigned low = 0;
    double below, above;

    for (unsigned bit = 0x4000; bit > 0; bit /= 2)
        if (widen(type, (uint16_t)(low | bit)) <= fabs(x)) low |= bit;
    below = fabs(x) - widen(type, (uint16_t)low);
    above = widen(type, (uint16_t)(low + 1)) - fabs(x);
    if (above < below || (above == below && low % 2 != 0)) low++;
    return (uint16_t)(sign | low);
}

/* A gradient of such elements, and the same in float. */
static void gradient(const char *type, int rank, int step, uint16_t *half, float *wide)
{
    for (int i = 0; i < N; i++) {
        const int r = (i * 7919 + rank * 104729 + step * 1299709) % 4001 - 2000;
        half[i] = (uint16_t)(strcmp(type, "bf16") == 0 ? 0x3c00 : 0x2c00);
        half[i] = (uint16_t)(half[i] + (unsigned)(abs(r) % 997));
        if (r < 0) half[i] |= 0x8000;
        if (r == 0) half[i] = 0;
        wide[i] = (float)widen(type, half[i]);
    }
}

/* --- compressors and feedback --- */

static void check_compressor(const char *name, const char *type)
{
    uint16_t x[N], y[N], z[N];
    float wide[N], back[N];
    uint8_t message[8192], other[8192];
    char spec[128];
    csgd_compressor *c, *w;
    size_t len, wide_len;

    snprintf(spec, sizeof spec, "%s type=%s", name, type);
    assert_ok(csgd_compressor_create(spec, N, &c));
    assert_ok(csgd_compressor_create(name, N, &w));
    gradient(type, 0, 0, x, wide);
    assert_ok(csgd_compressor_compress(c, x, message, sizeof message, &len));
    assert_ok(csgd_compressor_compress(w, wide, other, sizeof other, &wide_len));
    assert_ok(csgd_compressor_decompress(w, other, wide_len, back));
    assert_ok(csgd_compressor_decompress(c, message, len, y));
    gradient(type, 0, 1, z, wide);
    assert_ok(csgd_compressor_decompress_add(c, message, len, z));
    for (int i = 0; i < N; i += 9) {
        assert_int_equal(y[i], narrow(type, (double)back[i]));
        assert_int_equal(z[i], narrow(type, (double)(wide[i] + back[i])));
    }
    if (strcmp(name, "none") == 0) {
        assert_memory_equal(x, y, sizeof x);
        assert_int_equal(len, 48 + sizeof x);
    }
    assert_fails(csgd_compressor_decompress(w, message, len, back), CSGD_E_CORRUPT, "bytes");
    csgd_compressor_destroy(&c);
    csgd_compressor_destroy(&w);
}

static void compressors(void **state)
{
    (void)state;
    for (size_t t = 0; t < TEST_COUNT(types); t++) {
        check_compressor("none", types[t]);
        check_compressor("topk ratio=0.1", types[t]);
        check_compressor("sign", types[t]);
        check_compressor("randk ratio=0.1", types[t]);
    }
}

/* The residual is float: small gradients that a 16-bit sum would swallow add up in it. */
static void residual_loses_nothing(void **state)
{
    csgd_feedback *f;
    uint16_t g[2] = {0x4000 /* 2 */, 0x3880 /* 2^-14 */};
    uint8_t message[256];
    float e[2];
    size_t len;

    (void)state;
    assert_ok(csgd_feedback_create("topk k=1 type=bf16", 2, &f));
    for (int s = 0; s < 100; s++)
        assert_ok(csgd_feedback_compress(f, g, message, sizeof message, &len));
    assert_ok(csgd_feedback_residual(f, e));
    assert_true(e[0] == 0);
    assert_true(e[1] == 100 * 0x1p-14f); /* in bfloat16 it would have stopped at 2^-6 */
    csgd_feedback_destroy(&f);
}

/* --- reducers --- */

typedef struct job {
    const char *spec, *type;
    size_t window; /* that sums are made in, 0: as it is */
    csgd_team *team;
    uint16_t y[P][STEPS][N];
    float e[P][N], wide_y[P][STEPS][N], wide_e[P][N];
    csgd_status status[P];
} job;

static csgd_status run(job *j, int rank)
{
    uint16_t *half = malloc(N * sizeof *half);
    float *wide = malloc(N * sizeof *wide);
    csgd_reducer *r = NULL, *w = NULL;
    char spec[128];
    csgd_status st;

    snprintf(spec, sizeof spec, "%s type=%s", j->spec, j->type);
    st = csgd_reducer_create_team(j->team, rank, N, spec, &r);
    if (st == CSGD_OK) st = csgd_reducer_create_team(j->team, rank, N, j->spec, &w);
    if (st == CSGD_OK && j->window > 0) {
        if (r->window < j->window) st = CSGD_E_STATE; /* there must be windows */
        r->window = j->window;
    }
    for (int s = 0; s < STEPS && st == CSGD_OK; s++) {
        gradient(j->type, rank, s, half, wide);
        st = csgd_reducer_allreduce(w, wide, j->wide_y[rank][s], N);
        if (st != CSGD_OK) break;
        if (s % 2 == 0) {
            st = csgd_reducer_allreduce(r, half, j->y[rank][s], N);
        } else {
            st = csgd_reducer_allreduce(r, NULL, half, N);
            memcpy(j->y[rank][s], half, N * sizeof *half);
        }
    }
    if (st == CSGD_OK) st = csgd_reducer_residual(r, j->e[rank]);
    if (st == CSGD_OK) st = csgd_reducer_residual(w, j->wide_e[rank]);
    if (csgd_reducer_destroy(&w) != CSGD_OK || csgd_reducer_destroy(&r) != CSGD_OK)
        st = CSGD_E_BUSY;
    free(half);
    free(wide);
    return st;
}

static void part(int rank, void *arg)
{
    job *j = arg;
    j->status[rank] = run(j, rank);
}

/* All ranks hold the same bits, and the residuals of the same call on the widened vectors. */
static job *run_all(const char *spec, const char *type, size_t window)
{
    job *j = calloc(1, sizeof *j);

    *j = (job){.spec = spec, .type = type, .window = window};
    assert_ok(csgd_team_create(P, &j->team));
    assert_ok(csgd_team_run(j->team, part, j));
    for (int r = 0; r < P; r++) {
        assert_int_equal(j->status[r], CSGD_OK);
        assert_memory_equal(j->y[r], j->y[0], sizeof j->y[0]);
        assert_memory_equal(j->e[r], j->wide_e[r], sizeof j->e[0]);
    }
    csgd_team_destroy(&j->team);
    return j;
}

static void check_reducer(const char *spec, const char *type)
{
    job *j = run_all(spec, type, 0);

    for (int s = 0; s < STEPS; s++)
        for (int i = 0; i < N; i += 49)
            assert_int_equal(j->y[0][s][i], narrow(type, (double)j->wide_y[0][s][i]));
    free(j);
}

static void reducers(void **state)
{
    static const char *const specs[] = {
        "none",
        "none algorithm=ring",
        "none algorithm=sra",
        "none algorithm=allgather",
        "topk ratio=0.1",
        "sign algorithm=sra",
        "sign algorithm=allgather",
        "randk ratio=0.1",
        "topk ratio=0.1 dense_steps=2",
        "none algorithm=hier ranks_per_node=2",
        "topk ratio=0.1 algorithm=hier ranks_per_node=2",
    };

    (void)state;
    for (size_t t = 0; t < TEST_COUNT(types); t++)
        for (size_t i = 0; i < TEST_COUNT(specs); i++)
            check_reducer(specs[i], types[t]);
}

/* Windows that divide the vector, that leave one element, that are it, and of one element: the same
 * bits as without. */
static void windows(void **state)
{
    static const char *const specs[] = {"none", "none algorithm=ring"};
    static const size_t sizes[] = {100, N - 1, 333, N, 2 * N, 1};

    (void)state;
    for (size_t t = 0; t < TEST_COUNT(types); t++)
        for (size_t i = 0; i < TEST_COUNT(specs); i++) {
            job *whole = run_all(specs[i], types[t], 0);
            for (size_t w = 0; w < TEST_COUNT(sizes); w++) {
                job *j = run_all(specs[i], types[t], sizes[w]);
                assert_memory_equal(j->y[0], whole->y[0], sizeof j->y[0]);
                free(j);
            }
            free(whole);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressors),
        cmocka_unit_test(residual_loses_nothing),
        cmocka_unit_test(reducers),
        cmocka_unit_test(windows),
    };
    return cmocka_run_group_tests_name("comm/narrow", tests, NULL, NULL);
}
