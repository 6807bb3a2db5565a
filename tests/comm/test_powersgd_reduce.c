/* SPDX-License-Identifier: BSD-3-Clause */

/* test_powersgd_reduce.c: powersgd over virtual ranks: the sum is what the slow version makes of the
 * sum of all matrices, nothing is lost, all ranks hold the same bits, and sums that overflow end
 * alike on all of them. */

#include <float.h>
#include <math.h>
#include <xxhash.h>
#include "oracle/oracle_power.h"
#include "support/ranks.h"
#include "support/test.h"

enum { MAX_N = 3000, MAX_TENSORS = 6, STEPS = 12, RANK = 3 };

typedef struct scene {
    const char *keys;
    csgd_type type;
    csgd_tensor tensor[MAX_TENSORS]; /* none: a plain vector of n */
    size_t n_tensors, n;
    bool allgather; /* each rank's own projection, so not that of the sum */
} scene;

#define TENSORS \
    .tensor = {{40, 30}, {40, 1}, {3, 5}, {0, 7}, {50, 25}, {1, 50}}, .n_tensors = 6, .n = 2555

static const scene scenes[] = {
    {.keys = "", .type = CSGD_F32, .n = 1},
    {.keys = "", .type = CSGD_F64, .n = 2},
    {.keys = "", .type = CSGD_F64, .n = 7},
    {.keys = "", .type = CSGD_F32, .n = 1000},
    {.keys = "", .type = CSGD_F64, .n = 1000},
    {.keys = " dense_steps=2", .type = CSGD_F64, .n = 500},
    {.keys = "", .type = CSGD_F32, TENSORS},
    {.keys = "", .type = CSGD_F64, TENSORS},
    {.keys = " dense_below=0", .type = CSGD_F64, TENSORS},
    {.keys = " scope=global", .type = CSGD_F32, TENSORS},
    {.keys = " algorithm=allgather", .type = CSGD_F32, .n = 1000, .allgather = true},
    {.keys = " algorithm=allgather", .type = CSGD_F64, TENSORS, .allgather = true},
};

static csgd_status create(ranks *all, int rank, const scene *s, csgd_reducer **r)
{
    char spec[128];

    snprintf(spec, sizeof spec, "powersgd rank=%d seed=5 type=%s%s", RANK,
             s->type == CSGD_F32 ? "f32" : "f64", s->keys);
    if (s->n_tensors == 0) return all->create(all, rank, s->n, spec, r);
    return csgd_reducer_create_layout_team(all->team, rank, s->tensor, s->n_tensors, spec, r);
}

/* Sum over ranks by an exact reducer, of MAX_N doubles. */
static void sum_up(ranks *all, int rank, csgd_reducer *exact, double *x)
{
    RANK_CHECK(all, rank, csgd_reducer_allreduce(exact, NULL, x, MAX_N) == CSGD_OK);
}

static void check_same_bits(ranks *all, int rank, csgd_reducer *exact, const void *y, size_t bytes)
{
    static const int words = 4;
    const uint64_t h = XXH64(y, bytes, 0);
    double sum[MAX_N] = {0};

    for (int i = 0; i < words; i++) {
        const double word = (double)(h >> (16 * i) & 0xffff);
        sum[2 * i] = word;
        sum[2 * i + 1] = word * word;
    }
    sum_up(all, rank, exact, sum);
    for (int i = 0; i < words; i++)
        RANK_CHECK(all, rank, sum[2 * i + 1] * all->n_ranks == sum[2 * i] * sum[2 * i]);
}

/* --- nothing is lost --- */

static void conserve(ranks *all, int rank, void *arg)
{
    const scene *s = arg;
    const double eps = s->type == CSGD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const size_t size = csgd_type_size(s->type);
    csgd_reducer *r = NULL, *exact = NULL;
    double *wide = calloc(6 * MAX_N, sizeof *wide), *given = wide + MAX_N, *got = given + MAX_N;
    double *left = got + MAX_N, *scale = left + MAX_N, *x = scale + MAX_N;
    void *y = calloc(MAX_N, sizeof(double)), *e = calloc(MAX_N, sizeof(double));

    RANK_CHECK(all, rank, create(all, rank, s, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, MAX_N, "none type=f64", &exact) == CSGD_OK);
    for (uint64_t step = 0; step < STEPS && r != NULL && exact != NULL; step++) {
        for (int other = 0; other < all->n_ranks; other++) {
            oracle_gradient(other, step, s->type, s->n, wide);
            if (other == rank) oracle_store(s->type, wide, s->n, y);
            for (size_t i = 0; i < s->n; i++) {
                given[i] += wide[i];
                scale[i] += fabs(wide[i]);
            }
        }
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, y, s->n) == CSGD_OK);
        check_same_bits(all, rank, exact, y, s->n * size);
        oracle_load(s->type, y, s->n, x);
        RANK_CHECK(all, rank, csgd_reducer_residual(r, e) == CSGD_OK);
        oracle_load(s->type, e, s->n, left);
        sum_up(all, rank, exact, left);
        for (size_t i = 0; i < s->n; i++) {
            got[i] += x[i];
            /* The products that cancel in y are of the size of whole columns: below 8 here. */
            RANK_CHECK(all, rank,
                       fabs(got[i] + left[i] - given[i]) <=
                           32 * eps * (double)(step + 1) * (scale[i] + 8 * all->n_ranks));
            x[i] = 0;
        }
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&exact) == CSGD_OK);
    free(wide);
    free(y);
    free(e);
}

/* --- the slow version --- */

typedef struct slow {
    size_t count, first[MAX_TENSORS];
    power matrix[MAX_TENSORS];
} slow;

/* The matrices of a scene; what travels exactly is none. */
static slow slow_make(const scene *s)
{
    const bool small = strstr(s->keys, "dense_below=0") != NULL;
    slow w = {.count = 0};
    size_t first = 0, q_first = 0;

    if (s->n_tensors == 0) {
        w.matrix[0] = power_make(s->type, 5, s->n, 0, RANK, 0);
        w.count = 1;
    }
    for (size_t i = 0; i < s->n_tensors; i++) {
        const csgd_tensor *t = &s->tensor[i];
        const size_t n = t->rows * t->cols;
        const bool thin = t->rows == 1 || t->cols == 1;
        if (n >= 1024 || (small && n > 0)) {
            power *m = &w.matrix[w.count];
            *m = power_make(s->type, 5, n, thin ? 0 : t->cols, RANK, q_first);
            q_first += m->cols * m->rank;
            w.first[w.count++] = first;
        }
        first += n;
    }
    return w;
}

static void slow_step(slow *w, const scene *s, const double *m, double *y)
{
    memcpy(y, m, s->n * sizeof *y);
    for (size_t i = 0; i < w->count; i++) {
        power_first(&w->matrix[i], m + w->first[i]);
        power_second(&w->matrix[i], m + w->first[i]);
        power_expand(&w->matrix[i], y + w->first[i]);
        power_deliver(&w->matrix[i]);
    }
}

/* On one rank bit for bit.  On several the slow version gets the sum of their m, and in double the
 * rounding of sums, though the iteration may enlarge it, is far below the bound. */
static void follow(ranks *all, int rank, void *arg)
{
    const scene *s = arg;
    csgd_reducer *r = NULL;
    double *m = calloc(5 * MAX_N, sizeof *m), *wide = m + MAX_N, *y = wide + MAX_N;
    double *right = y + MAX_N, *e = right + MAX_N;
    void *x = calloc(MAX_N, sizeof(double));
    slow w = slow_make(s);

    RANK_CHECK(all, rank, create(all, rank, s, &r) == CSGD_OK);
    for (uint64_t step = 0; step < STEPS && r != NULL; step++) {
        double largest = 0;
        for (size_t i = 0; i < s->n; i++)
            m[i] = e[i];
        for (int other = 0; other < all->n_ranks; other++) {
            oracle_gradient(other, step, s->type, s->n, wide);
            if (other == rank) oracle_store(s->type, wide, s->n, x);
            for (size_t i = 0; i < s->n; i++) {
                m[i] = oracle_round(s->type, m[i] + wide[i]);
                largest = fmax(largest, fabs(m[i]));
            }
        }
        if (step % 2 == 0) {
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, x, s->n) == CSGD_OK);
        } else {
            csgd_status st = csgd_reducer_start(r, NULL, x, s->n);
            while (st == CSGD_OK && (st = csgd_reducer_test(r)) == CSGD_MORE)
                st = CSGD_OK;
            RANK_CHECK(all, rank, st == CSGD_OK);
        }
        oracle_load(s->type, x, s->n, y);
        slow_step(&w, s, m, right);
        for (size_t i = 0; i < s->n; i++) {
            e[i] = oracle_round(s->type, m[i] - right[i]);
            RANK_CHECK(all, rank,
                       all->n_ranks == 1 ? y[i] == right[i]
                                         : fabs(y[i] - right[i]) <= 1e-9 * largest);
        }
    }
    for (size_t i = 0; i < w.count; i++)
        power_free(&w.matrix[i]);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    free(m);
    free(x);
}

/* --- what fails --- */

/* Of two reducers one fails now and then, and they stay alike. */
static void fail_between(ranks *all, int rank, void *arg)
{
    enum { N = 900 };
    const scene *s = arg;
    csgd_reducer *r = NULL, *twin = NULL;
    float g[N], y[N], z[N];
    double wide[N];

    RANK_CHECK(all, rank, create(all, rank, s, &r) == CSGD_OK);
    RANK_CHECK(all, rank, create(all, rank, s, &twin) == CSGD_OK);
    for (uint64_t step = 0; step < 6 && r != NULL && twin != NULL; step++) {
        /* The largest numbers: M^T P^ overflows.  What a residual adds to them is lost in rounding. */
        for (int i = 0; i < N; i++)
            y[i] = z[i] = FLT_MAX;
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, y, N) == CSGD_E_NONFINITE);
        RANK_CHECK(all, rank, strstr(csgd_error_detail(), "overflows") != NULL);
        RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
        /* Only on the last rank: all end alike. */
        for (int i = 0; i < N; i++)
            y[i] = rank == all->n_ranks - 1 ? -FLT_MAX : 0;
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, y, N) == CSGD_E_NONFINITE);

        oracle_gradient(rank, step, CSGD_F32, N, wide);
        oracle_store(CSGD_F32, wide, N, g);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, N) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(twin, g, z, N) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
        RANK_CHECK(all, rank, csgd_reducer_residual(r, y) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_residual(twin, z) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
        if (step == 3) { /* NaN travels exactly, and the state waits */
            memset(y, 0, sizeof y);
            y[5] = NAN;
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, y, N) == CSGD_OK && isnan(y[5]));
            RANK_CHECK(all, rank, csgd_reducer_set_step(r, step + 1) == CSGD_OK);
        }
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&twin) == CSGD_OK);
}

/* After clear a reducer is like a new one. */
static void clear(ranks *all, int rank, void *arg)
{
    enum { N = 900 };
    float g[N], first[N], y[N];
    csgd_reducer *r = NULL;
    double wide[N];

    RANK_CHECK(all, rank, create(all, rank, arg, &r) == CSGD_OK);
    oracle_gradient(rank, 0, CSGD_F32, N, wide);
    oracle_store(CSGD_F32, wide, N, g);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, first, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(y, first, sizeof y) != 0);
    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, g, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(y, first, sizeof y) == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static const int counts[] = {1, 2, 3, 8};

static void nothing_is_lost(void **state)
{
    (void)state;
    for (size_t p = 0; p < TEST_COUNT(counts); p++)
        for (size_t i = 0; i < TEST_COUNT(scenes); i++)
            ranks_run(counts[p], conserve, (void *)(uintptr_t)&scenes[i]);
}

static void like_the_slow_version(void **state)
{
    (void)state;
    for (size_t p = 0; p < TEST_COUNT(counts); p++)
        for (size_t i = 0; i < TEST_COUNT(scenes); i++)
            if (!scenes[i].allgather && (counts[p] == 1 || scenes[i].type == CSGD_F64) &&
                strstr(scenes[i].keys, "scope") == NULL && strstr(scenes[i].keys, "steps") == NULL)
                ranks_run(counts[p], follow, (void *)(uintptr_t)&scenes[i]);
}

static void failures_change_nothing(void **state)
{
    static scene s = {.keys = "", .type = CSGD_F32, .n = 900};

    (void)state;
    for (size_t p = 0; p < TEST_COUNT(counts); p++)
        ranks_run(counts[p], fail_between, &s);
}

static void clear_begins_anew(void **state)
{
    static scene s = {.keys = "", .type = CSGD_F32, .n = 900};

    (void)state;
    for (size_t p = 0; p < TEST_COUNT(counts); p++)
        ranks_run(counts[p], clear, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(like_the_slow_version),
        cmocka_unit_test(failures_change_nothing),
        cmocka_unit_test(clear_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
