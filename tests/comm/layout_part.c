/* SPDX-License-Identifier: BSD-3-Clause */

/* layout_part.c: two matrices, their biases, a small matrix and an empty one.  The twins are plain
 * reducers, one for each part: topk of each matrix, or of both together, and "none" for the rest. */

#include "comm/layout_part.h"

#include <math.h>
#include "oracle/oracle.h"
#include "support/test.h"

static const csgd_tensor tensors[] = {{40, 30}, {40, 1}, {3, 5}, {0, 7}, {50, 25}, {1, 50}};

enum { N = 1200 + 40 + 15 + 1250 + 50, A = 0, B = 1255, A_COUNT = 1200, B_COUNT = 1250 };

#define HIER " algorithm=hier ranks_per_node=2"

typedef struct parts {
    csgd_reducer *all, *a, *b, *both, *rest;
} parts;

static void gradient(int rank, int step, float *g)
{
    static const uint64_t many = 1000;
    double wide[N];

    oracle_gradient(rank, many + (uint64_t)step, CSGD_F32, N, wide);
    oracle_store(CSGD_F32, wide, N, g);
}

/* The exact tensors, one after the other. */
static void rest_of(const float *from, float *rest)
{
    memcpy(rest, from + A_COUNT, 55 * sizeof *rest);
    memcpy(rest + 55, from + B + B_COUNT, 50 * sizeof *rest);
}

static void check_step(ranks *all, int rank, const parts *p, int step)
{
    float g[N], y[N], e[N], rest[105], both[A_COUNT + B_COUNT], part[N];

    gradient(rank, step, g);
    memcpy(y, g, sizeof y);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(p->all, step % 2 ? NULL : g, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_residual(p->all, e) == CSGD_OK);

    if (p->a != NULL) { /* each matrix by itself */
        RANK_CHECK(all, rank, csgd_reducer_allreduce(p->a, g + A, part, A_COUNT) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(part, y + A, A_COUNT * sizeof *y) == 0);
        RANK_CHECK(all, rank, csgd_reducer_residual(p->a, part) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(part, e + A, A_COUNT * sizeof *y) == 0);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(p->b, g + B, part, B_COUNT) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(part, y + B, B_COUNT * sizeof *y) == 0);
    }
    if (p->both != NULL) { /* or the two as one vector */
        memcpy(both, g + A, A_COUNT * sizeof *g);
        memcpy(both + A_COUNT, g + B, B_COUNT * sizeof *g);
        RANK_CHECK(all, rank,
                   csgd_reducer_allreduce(p->both, NULL, both, A_COUNT + B_COUNT) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(both, y + A, A_COUNT * sizeof *y) == 0);
        RANK_CHECK(all, rank, memcmp(both + A_COUNT, y + B, B_COUNT * sizeof *y) == 0);
    }
    rest_of(g, rest);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(p->rest, NULL, rest, 105) == CSGD_OK);
    rest_of(y, part);
    RANK_CHECK(all, rank, memcmp(rest, part, sizeof rest) == 0);
    rest_of(e, part);
    for (int i = 0; i < 105; i++)
        RANK_CHECK(all, rank, part[i] == 0);
}

static void run(ranks *all, int rank, layout_create create, const char *spec, const char *each,
                const char *together)
{
    parts p = {.all = NULL};

    RANK_CHECK(all, rank, create(all, rank, tensors, TEST_COUNT(tensors), spec, &p.all) == CSGD_OK);
    if (each != NULL) {
        RANK_CHECK(all, rank, all->create(all, rank, A_COUNT, each, &p.a) == CSGD_OK);
        RANK_CHECK(all, rank, all->create(all, rank, B_COUNT, each, &p.b) == CSGD_OK);
    }
    if (together != NULL)
        RANK_CHECK(all, rank,
                   all->create(all, rank, A_COUNT + B_COUNT, together, &p.both) == CSGD_OK);
    RANK_CHECK(all, rank,
               all->create(all, rank, 105,
                           strstr(spec, "hier") != NULL ? "none" HIER " inner=vendor" : "none",
                           &p.rest) == CSGD_OK);
    for (int s = 0; s < 6 && p.all != NULL && p.rest != NULL; s++)
        check_step(all, rank, &p, s);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&p.all) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&p.a) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&p.b) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&p.both) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&p.rest) == CSGD_OK);
}

/* What creation refuses, and NaN in a tensor that travels exactly. */
static void edges(ranks *all, int rank, layout_create create)
{
    const bool last = rank == all->n_ranks - 1;
    const csgd_tensor huge[] = {{SIZE_MAX / 2, 3}}, other[] = {{40, 30}, {30, 40}};
    const csgd_tensor mine[] = {{40, 30}, {last ? 40 : 30, last ? 30 : 40}};
    csgd_reducer *r = NULL;
    float g[N], e[N];

    RANK_CHECK(all, rank, create(all, rank, huge, 1, "topk", &r) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, create(all, rank, NULL, 2, "topk", &r) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, create(all, rank, other, 2, "topk k=9", &r) == CSGD_E_SPEC);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "scope=global") != NULL);
    if (all->n_ranks > 1) {
        RANK_CHECK(all, rank, create(all, rank, mine, 2, "topk", &r) == CSGD_E_MISMATCH);
        RANK_CHECK(all, rank, strstr(csgd_error_detail(), "layout") != NULL);
    }
    RANK_CHECK(all, rank, create(all, rank, NULL, 0, "topk", &r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, NULL, 0) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);

    RANK_CHECK(all, rank, create(all, rank, tensors, TEST_COUNT(tensors), "topk", &r) == CSGD_OK);
    gradient(rank, 0, g);
    if (last) g[A_COUNT + 3] = NAN;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, g, N) == CSGD_OK);
    RANK_CHECK(all, rank, isnan(g[A_COUNT + 3]) && isfinite(g[0]));
    RANK_CHECK(all, rank, csgd_reducer_residual(r, e) == CSGD_OK);
    for (int i = 0; i < N; i++)
        RANK_CHECK(all, rank, e[i] == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

void layout_part(ranks *all, int rank, void *arg)
{
    const layout_create create = *(layout_create *)arg;

    run(all, rank, create, "topk ratio=0.05 dense_below=16", "topk ratio=0.05", NULL);
    run(all, rank, create, "topk ratio=0.05 dense_below=16 scope=global", NULL, "topk ratio=0.05");
    run(all, rank, create, "topk k=60 scope=global dense_below=16", NULL, "topk k=60");
    run(all, rank, create, "sign block=64", NULL, "sign block=64");
    run(all, rank, create, "randk ratio=0.1 seed=5", NULL, "randk ratio=0.1 seed=5");
    run(all, rank, create, "topk ratio=0.05 dense_below=16" HIER, "topk ratio=0.05" HIER, NULL);
    run(all, rank, create, "sign block=64" HIER, NULL, "sign block=64" HIER);
    edges(all, rank, create);
}
