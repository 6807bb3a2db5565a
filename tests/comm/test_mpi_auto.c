/* SPDX-License-Identifier: BSD-3-Clause */

/* test_mpi_auto.c: over MPI the choice is measured; whatever it is, all ranks have made the same one,
 * and the sum is right. */

#include "support/test.h"

#include <csgd/mpi.h>
#include <stdlib.h>
#include "support/ranks_mpi.h"

enum { N = 70000 };

/* Whether all ranks hold the same text. */
static bool same_text(const char *text)
{
    char first[1024] = "";
    int same;

    snprintf(first, sizeof first, "%s", text);
    MPI_Bcast(first, sizeof first, MPI_CHAR, 0, MPI_COMM_WORLD);
    same = strcmp(first, text) == 0;
    MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    return same != 0;
}

static void choice_part(ranks *all, int rank, void *arg)
{
    static const char *const specs[] = {"none",
                                        "topk ratio=0.01",
                                        "sign plan=compressed",
                                        "threshold lambda=0.5 type=f32",
                                        "randk k=100",
                                        "none algorithm=hier ranks_per_node=2",
                                        "topk ratio=0.01 algorithm=hier ranks_per_node=2"};
    const float whole = (float)(all->n_ranks * (all->n_ranks + 1) / 2);
    float *x = malloc(N * sizeof *x);

    (void)arg;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        csgd_reducer *r = NULL;
        bool right = true;

        RANK_CHECK(all, rank, all->create(all, rank, N, specs[i], &r) == CSGD_OK);
        RANK_CHECK(all, rank, same_text(csgd_reducer_spec(r)));
        RANK_CHECK(all, rank, same_text(csgd_reducer_explain(r)));
        for (size_t j = 0; j < N; j++)
            x[j] = (float)(rank + 1);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, x, N) == CSGD_OK);
        for (size_t j = 0; j < N && strncmp(csgd_reducer_spec(r), "none", 4) == 0; j++)
            right = right && x[j] == whole;
        RANK_CHECK(all, rank, right);
        if (strstr(specs[i], "hier") != NULL) { /* measured between nodes, where there are two */
            const bool measured = strstr(csgd_reducer_explain(r), "predicted") != NULL;
            RANK_CHECK(all, rank, measured == (all->n_ranks > 2));
            RANK_CHECK(all, rank, strstr(csgd_reducer_spec(r), "inner=auto") == NULL);
        }
        RANK_CHECK(all, rank, i != 2 || strncmp(csgd_reducer_spec(r), "sign", 4) == 0);
        csgd_reducer_destroy(&r);
    }
    free(x);
}

/* Times decide on and on, about all ranks alike; also what is started, and started again. */
static void adapting_part(ranks *all, int rank, void *arg)
{
    float *x = malloc(N * sizeof *x);
    csgd_request *q = NULL;
    csgd_reducer *r = NULL;
    csgd_stats s;

    (void)arg;
    RANK_CHECK(all, rank, all->create(all, rank, N, "topk ratio=0.01 adapt=yes", &r) == CSGD_OK);
    for (size_t j = 0; j < N; j++)
        x[j] = (float)(j % (size_t)(rank + 1));
    RANK_CHECK(all, rank,
               csgd_allreduce_init(MPI_IN_PLACE, x, N, MPI_FLOAT, MPI_SUM, r, &q) == MPI_SUCCESS);
    for (int t = 0; t < 40; t++) {
        if (t % 3 == 0) {
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r, NULL, x, N) == CSGD_OK);
        } else {
            RANK_CHECK(all, rank, csgd_start(&q) == MPI_SUCCESS);
            RANK_CHECK(all, rank, csgd_wait(&q) == MPI_SUCCESS);
        }
        RANK_CHECK(all, rank, same_text(csgd_reducer_explain(r)));
        for (size_t j = 0; j < N; j++)
            x[j] = x[j] * 0.125F + (float)((j + (size_t)t) % (size_t)(rank + 1));
    }
    RANK_CHECK(all, rank, csgd_reducer_stats(r, &s, sizeof s) == CSGD_OK);
    RANK_CHECK(all, rank, s.calls == 40 && s.failed_calls == 0);
    RANK_CHECK(all, rank, csgd_request_free(&q) == MPI_SUCCESS);
    csgd_reducer_destroy(&r);
    free(x);
}

static void plans_of_all_ranks(void **state)
{
    (void)state;
    ranks_run_mpi(adapting_part, NULL);
}

static void same_choice(void **state)
{
    (void)state;
    ranks_run_mpi(choice_part, NULL);
}

/* A rank whose spec cannot be read keeps nobody waiting. */
static void failing_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    csgd_status st = all->create(all, rank, N, rank == 0 ? "topk ratoi=1" : "topk", &r);

    (void)arg;
    RANK_CHECK(all, rank, st == (rank == 0 ? CSGD_E_SPEC : CSGD_E_PEER));
    RANK_CHECK(all, rank, r == NULL);
}

static void a_rank_that_fails(void **state)
{
    (void)state;
    ranks_run_mpi(failing_part, NULL);
}

/* Vectors of different length are found before anything is measured, and named as they are. */
static void lengths_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    const csgd_status st = all->create(all, rank, rank == 0 ? N : 345678, "topk", &r);

    (void)arg;
    RANK_CHECK(all, rank, st == (all->n_ranks > 1 ? CSGD_E_MISMATCH : CSGD_OK));
    RANK_CHECK(all, rank, st == CSGD_OK || strstr(csgd_error_detail(), "345678 on rank") != NULL);
    RANK_CHECK(all, rank, st == CSGD_OK || strstr(csgd_error_detail(), "70000 on rank 0") != NULL);
    csgd_reducer_destroy(&r);
}

static void lengths_differ(void **state)
{
    (void)state;
    ranks_run_mpi(lengths_part, NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(same_choice),
    cmocka_unit_test(plans_of_all_ranks),
    cmocka_unit_test(a_rank_that_fails),
    cmocka_unit_test(lengths_differ),
};

RANKS_MPI_MAIN(tests)
