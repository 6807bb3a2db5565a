/* SPDX-License-Identifier: BSD-3-Clause */

/* error_parts.c: wrong things done by the last rank, or by all. */

#include "comm/error_parts.h"

#include <math.h>
#include "support/test.h"

enum { N = 200 };

static bool says(const char *words)
{
    return strstr(csgd_error_detail(), words) != NULL;
}

static void fill(int rank, int step, float *x)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)((i * 37 + rank * 11 + step * 5) % 101 - 50) / 8;
}

/* Specs and lengths that all ranks pass alike: every rank gets the same sentence of its own. */
static const struct {
    const char *spec;
    size_t n;
    csgd_status status;
    const char *words;
} refused[] = {
    {"topk ratio=0", N, CSGD_E_SPEC, "ratio=0"},
    {"topk ratio=1.5", N, CSGD_E_SPEC, "(0, 1]"},
    {"topk ratio=-1", N, CSGD_E_SPEC, "ratio=-1"},
    {"topk ratio=nan", N, CSGD_E_SPEC, "nan"},
    {"topk k=201", N, CSGD_E_SPEC, "201"},
    {"topk k=0", N, CSGD_E_SPEC, "k=0"},
    {"topk k=1 ratio=0.1", N, CSGD_E_SPEC, "not both"},
    {"topk ratoi=0.1", N, CSGD_E_SPEC, "ratio"},
    {"topkk", N, CSGD_E_SPEC, "topk"},
    {"", N, CSGD_E_SPEC, "empty"},
    {"sign block=12", N, CSGD_E_SPEC, "multiple of 8"},
    {"sign algorithm=ring", N, CSGD_E_UNSUPPORTED, "allgather"},
    {"none feedback=ef", N, CSGD_E_UNSUPPORTED, "nothing to remember"},
    {"majority feedback=ef", N, CSGD_E_UNSUPPORTED, "has no meaning"},
    {"majority algorithm=allgather", N, CSGD_E_UNSUPPORTED, "algorithm=linear"},
    {"majority algorithm=sra", N, CSGD_E_UNSUPPORTED, "dense codes"},
    {"onebit block=12", N, CSGD_E_SPEC, "multiple of 8"},
    {"onebit mask=2", N, CSGD_E_SPEC, "mask"},
    {"none timeout=-1", N, CSGD_E_SPEC, "timeout"},
    {"threshold", N, CSGD_E_SPEC, "lambda"},
    {"qsgd bits=9", N, CSGD_E_SPEC, "bits=9"},
    {"qsgd bucket=12", N, CSGD_E_SPEC, "multiple of 8"},
    {"int block=12", N, CSGD_E_SPEC, "multiple of 8"},
    {"int rounding=up", N, CSGD_E_SPEC, "rounding=up"},
    {"terngrad clip=-1", N, CSGD_E_SPEC, "clip=-1"},
    {"randk k=3 ratio=0.5", N, CSGD_E_SPEC, "not both"},
    {"randk scaled=yes feedback=ef", N, CSGD_E_UNSUPPORTED, "scaled=no"},
    {"topk algorithm=sra", N, CSGD_E_UNSUPPORTED, "allgather"},
    {"randk algorithm=sra", N, CSGD_E_UNSUPPORTED, "allgather"},
    {"topk algorithm=linear", N, CSGD_E_UNSUPPORTED, "allgather"},
    {"sign algorithm=linear", N, CSGD_E_UNSUPPORTED, "allgather"},
    {"sign algorithm=doubling", N, CSGD_E_UNSUPPORTED, "sparse vectors"},
    {"randk algorithm=split", N, CSGD_E_UNSUPPORTED, "sparse vectors"},
    {"none algorithm=dsar", N, CSGD_E_UNSUPPORTED, "sparse vectors"},
    {"topk algorithm=split recode=int8", N, CSGD_E_UNSUPPORTED, "algorithm=dsar"},
    {"topk recode=int8", N, CSGD_E_UNSUPPORTED, "algorithm=dsar"},
    {"topk algorithm=dsar recode=int7", N, CSGD_E_SPEC, "int8"},
    {"topk algorithm=qring", N, CSGD_E_UNSUPPORTED, "dense codes"},
    {"sign feedback=ef21 algorithm=qring", N, CSGD_E_UNSUPPORTED, "algorithm=sra"},
    {"topk algorithm=rabenseifner", N, CSGD_E_UNSUPPORTED, "allgather"},
    {"sign algorithm=gtopk", N, CSGD_E_UNSUPPORTED, "algorithm=sra"},
    {"none algorithm=gtopk", N, CSGD_E_UNSUPPORTED, "algorithm=vendor"},
    {"randk algorithm=spardl", N, CSGD_E_UNSUPPORTED, "algorithm=linear"},
    {"randk support=private algorithm=spardl", N, CSGD_E_UNSUPPORTED, "algorithm=allgather"},
    {"threshold lambda=1 algorithm=ring", N, CSGD_E_UNSUPPORTED, "allgather"},
    {"topk", (size_t)1 << 33, CSGD_E_UNSUPPORTED, "32 bits"},
    {"none", SIZE_MAX / 16, CSGD_E_UNSUPPORTED, "memory"},
};

void error_creation(ranks *all, int rank, void *arg)
{
    const int last = all->n_ranks - 1;
    csgd_reducer *r;

    (void)arg;
    for (size_t i = 0; i < TEST_COUNT(refused); i++) {
        r = (csgd_reducer *)(uintptr_t)1;
        RANK_CHECK(all, rank,
                   all->create(all, rank, refused[i].n, refused[i].spec, &r) == refused[i].status);
        RANK_CHECK(all, rank, says(refused[i].words) && r == NULL);
    }
    if (all->n_ranks == 1) return;

    /* One rank's own mistake: the others hear of it. */
    r = NULL;
    if (rank == last) {
        RANK_CHECK(all, rank, all->create(all, rank, N, "topk ratio=2", &r) == CSGD_E_SPEC);
        RANK_CHECK(all, rank, says("ratio=2"));
    } else {
        RANK_CHECK(all, rank, all->create(all, rank, N, "topk", &r) == CSGD_E_PEER);
        RANK_CHECK(all, rank, says("rank") && says("CSGD_E_SPEC"));
    }
    RANK_CHECK(all, rank, r == NULL);

    /* Ranks that differ: all are told both values, and whose they are. */
    RANK_CHECK(all, rank,
               all->create(all, rank, rank == last ? N + 1 : N, "topk", &r) == CSGD_E_MISMATCH);
    RANK_CHECK(all, rank, says("count") && says("200 on rank 0") && says("201 on rank"));
    RANK_CHECK(all, rank,
               all->create(all, rank, N, rank == last ? "topk k=3" : "topk k=4", &r) ==
                   CSGD_E_MISMATCH);
    RANK_CHECK(all, rank, says("spec") && says("k=3") && says("k=4"));
    RANK_CHECK(all, rank,
               all->create(all, rank, N, rank == last ? "sign" : "none", &r) == CSGD_E_MISMATCH);
    RANK_CHECK(all, rank,
               all->create(all, rank, N, rank == last ? "none seed=9" : "none", &r) ==
                   CSGD_E_MISMATCH);
    RANK_CHECK(all, rank, says("seed: 9 on rank"));
    RANK_CHECK(all, rank,
               all->create(all, rank, N, rank == last ? "none type=f64" : "none", &r) ==
                   CSGD_E_MISMATCH);
    RANK_CHECK(all, rank, says("type"));
    RANK_CHECK(all, rank,
               all->create(all, rank, rank == last ? 0 : N, "none", &r) == CSGD_E_MISMATCH);

    /* Differently written, the same. */
    RANK_CHECK(all, rank,
               all->create(all, rank, N, rank == last ? "topk ratio=1e-2" : "  topk\tratio=0.010",
                           &r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

/* State that a failed call must leave alone, and one good call after it. */
typedef struct witness {
    csgd_reducer *r, *twin; /* twin makes the good calls only */
    float recv[N], before[N], residual[N], twin_recv[N];
} witness;

static void watch(ranks *all, int rank, witness *w)
{
    fill(rank, 99, w->recv);
    memcpy(w->before, w->recv, sizeof w->recv);
    RANK_CHECK(all, rank, csgd_reducer_residual(w->r, w->residual) == CSGD_OK);
}

static void check_untouched(ranks *all, int rank, witness *w, int step)
{
    float now[N], x[N];

    RANK_CHECK(all, rank, memcmp(w->recv, w->before, sizeof w->recv) == 0);
    RANK_CHECK(all, rank, csgd_reducer_residual(w->r, now) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(now, w->residual, sizeof now) == 0);

    fill(rank, step, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(w->r, x, w->recv, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(w->twin, x, w->twin_recv, N) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(w->recv, w->twin_recv, sizeof w->recv) == 0);
}

void error_calls(ranks *all, int rank, void *arg)
{
    const bool last = rank == all->n_ranks - 1, alone = all->n_ranks == 1;
    witness w = {.r = NULL};
    float x[N];
    csgd_status st;

    (void)arg;
    RANK_CHECK(all, rank, all->create(all, rank, N, "topk ratio=0.1", &w.r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, "topk ratio=0.1", &w.twin) == CSGD_OK);
    if (w.r == NULL || w.twin == NULL) return;
    fill(rank, 0, x);

    watch(all, rank, &w); /* another n on one rank */
    st = csgd_reducer_allreduce(w.r, x, w.recv, last ? N - 1 : N);
    RANK_CHECK(all, rank, st == (alone ? CSGD_E_INVAL : CSGD_E_MISMATCH));
    RANK_CHECK(all, rank, alone || (says("199 on rank") && says("200 on rank 0")));
    check_untouched(all, rank, &w, 1);

    watch(all, rank, &w); /* another n on all */
    RANK_CHECK(all, rank, csgd_reducer_allreduce(w.r, x, w.recv, N + 1) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, says("201") && says("200"));
    check_untouched(all, rank, &w, 2);

    watch(all, rank, &w); /* nothing on one rank, then on all */
    st = csgd_reducer_allreduce(w.r, x, w.recv, last ? 0 : N);
    RANK_CHECK(all, rank, st == (alone ? CSGD_OK : CSGD_E_MISMATCH));
    RANK_CHECK(all, rank, csgd_reducer_allreduce(w.r, NULL, NULL, 0) == CSGD_OK);
    check_untouched(all, rank, &w, 3);

    watch(all, rank, &w); /* no receive buffer on one rank */
    st = csgd_reducer_allreduce(w.r, x, last ? NULL : w.recv, N);
    RANK_CHECK(all, rank, st == (last ? CSGD_E_INVAL : CSGD_E_PEER));
    RANK_CHECK(all, rank, last ? says("NULL") : says("rank"));
    check_untouched(all, rank, &w, 4);

    watch(all, rank, &w); /* buffers that overlap on one rank */
    st = csgd_reducer_allreduce(w.r, last ? w.recv + 1 : x, w.recv, N);
    RANK_CHECK(all, rank, st == (last ? CSGD_E_INVAL : CSGD_E_PEER));
    check_untouched(all, rank, &w, 5);

    watch(all, rank, &w); /* another step size on one rank */
    RANK_CHECK(all, rank, csgd_reducer_set_step_size(w.r, last ? 0.5 : 0.25) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_set_step_size(w.twin, 0.25) == CSGD_OK);
    st = csgd_reducer_allreduce(w.r, x, w.recv, N);
    RANK_CHECK(all, rank, alone || (st == CSGD_E_MISMATCH && says("0.25 on rank 0")));
    RANK_CHECK(all, rank, csgd_reducer_set_step_size(w.r, 0.25) == CSGD_OK);
    if (!alone) check_untouched(all, rank, &w, 6);

    RANK_CHECK(all, rank, csgd_reducer_set_step_size(w.r, 0) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_reducer_set_step_size(w.r, (double)NAN) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(NULL, x, w.recv, N) == CSGD_E_INVAL);
    RANK_CHECK(all, rank, csgd_reducer_test(w.r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&w.r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&w.twin) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(NULL) == CSGD_OK);
}

void error_orders(ranks *all, int rank, void *arg)
{
    static const char *const specs[] = {"topk ratio=0.1", "sign block=8"};
    csgd_reducer *r[2] = {NULL, NULL};
    float x[2][N], y[2][N], z[N];

    (void)arg;
    for (int i = 0; i < 2; i++)
        RANK_CHECK(all, rank, all->create(all, rank, N, specs[i], &r[i]) == CSGD_OK);
    if (r[0] == NULL || r[1] == NULL) return;
    for (int i = 0; i < 2; i++) {
        fill(rank, i, x[i]);
        RANK_CHECK(all, rank, csgd_reducer_start(r[i], x[i], y[i], N) == CSGD_OK);
    }
    RANK_CHECK(all, rank, csgd_reducer_wait(r[rank % 2]) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_wait(r[1 - rank % 2]) == CSGD_OK);
    for (int i = 0; i < 2; i++) { /* the same as one by one */
        RANK_CHECK(all, rank, csgd_reducer_clear(r[i]) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r[i], x[i], z, N) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(y[i], z, sizeof z) == 0);
    }

    /* The outcome of one that failed while the other was waited for is kept. */
    if (all->n_ranks > 1) {
        const bool last = rank == all->n_ranks - 1;
        RANK_CHECK(all, rank, csgd_reducer_start(r[0], x[0], last ? NULL : y[0], N) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_start(r[1], x[1], y[1], N) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_wait(r[1]) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_wait(r[0]) == (last ? CSGD_E_INVAL : CSGD_E_PEER));
        RANK_CHECK(all, rank, says(last ? "NULL" : "rank"));
        RANK_CHECK(all, rank, csgd_reducer_test(r[0]) == CSGD_OK);
    }
    for (int i = 0; i < 2; i++)
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r[i]) == CSGD_OK);
}

void error_nonfinite(ranks *all, int rank, void *arg)
{
    static const char *const specs[] = {"majority",
                                        "onebit block=8 mask=yes",
                                        "natural",
                                        "f16 rounding=nearest",
                                        "topk ratio=0.1",
                                        "sign block=8",
                                        "threshold lambda=1",
                                        "randk",
                                        "qsgd feedback=ef",
                                        "powersgd",
                                        "topk algorithm=doubling",
                                        "topk algorithm=split",
                                        "topk algorithm=dsar",
                                        "sign block=8 algorithm=qring",
                                        "none algorithm=rabenseifner",
                                        "none algorithm=ring"};
    const int last = all->n_ranks - 1;

    (void)arg;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        csgd_reducer *r = NULL;
        csgd_stats stats = {0};
        float x[N], y[N], before[N], after[N];
        RANK_CHECK(all, rank, all->create(all, rank, N, specs[i], &r) == CSGD_OK);
        if (r == NULL) return;
        fill(rank, 0, x);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_residual(r, before) == CSGD_OK);

        fill(rank, 1, x);
        if (rank == last) x[7] = NAN;
        if (rank == last) x[9] = INFINITY;
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
        RANK_CHECK(all, rank, isnan(y[7]) && isinf(y[9]));
        for (int j = 0; j < N; j++) { /* the exact sum of g, small multiples of 1/8, elsewhere */
            float sum = 0;
            for (int p = 0; p < all->n_ranks; p++)
                sum += (float)((j * 37 + p * 11 + 5) % 101 - 50) / 8;
            RANK_CHECK(all, rank, j == 7 || j == 9 || y[j] == sum);
        }
        RANK_CHECK(all, rank, csgd_reducer_residual(r, after) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(before, after, sizeof before) == 0);
        csgd_reducer_stats(r, &stats, sizeof stats);
        RANK_CHECK(all, rank,
                   stats.calls == 2 &&
                       stats.nonfinite_calls == (strncmp(specs[i], "none", 4) != 0));
        fill(rank, 2, x);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK && isfinite(y[7]));
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    }
}

void error_steps(ranks *all, int rank, void *arg)
{
    const bool last = rank == all->n_ranks - 1, alone = all->n_ranks == 1;
    witness w = {.r = NULL};
    float x[N];
    csgd_status st;

    (void)arg;
    RANK_CHECK(all, rank, all->create(all, rank, N, "sign", &w.r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, "sign", &w.twin) == CSGD_OK);
    if (w.r == NULL || w.twin == NULL) return;
    fill(rank, 0, x);
    watch(all, rank, &w);
    RANK_CHECK(all, rank, csgd_reducer_set_step(w.r, last ? 8 : 7) == CSGD_OK);
    st = csgd_reducer_allreduce(w.r, x, w.recv, N);
    RANK_CHECK(all, rank, alone || (st == CSGD_E_MISMATCH && says("step: 8 on rank")));
    RANK_CHECK(all, rank, csgd_reducer_set_step(w.r, 7) == CSGD_OK);
    if (!alone) check_untouched(all, rank, &w, 1);

    /* clear brings all to the largest step. */
    RANK_CHECK(all, rank, csgd_reducer_set_step(w.r, last ? 20 : 7) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_clear(w.r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(w.r, x, w.recv, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&w.r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&w.twin) == CSGD_OK);
}
