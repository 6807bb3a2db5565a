/* SPDX-License-Identifier: BSD-3-Clause */

/* test_hier.c: the cases of hier_parts.h on teams of virtual ranks, on nodes of every shape. */

#include "base/error.h"
#include "comm/hier_parts.h"
#include "comm/reducer.h"
#include "comm/team.h"
#include "support/test.h"

enum { MOST = 33 };

static csgd_status twin_in_team(const hier_job *job, int place, size_t n, const char *spec,
                                csgd_reducer **r)
{
    return csgd_reducer_create_team(job->object, place, n, spec, r);
}

/* Nodes by number: all on one; one each; 2, or 3, in a row; 1, 2, 3, ... ranks; three, in turn. */
enum { SHAPES = 6 };

static int node_number(int shape, int rank)
{
    int node = 0;

    if (shape == 0) return 0;
    if (shape <= 3) return rank / shape;
    if (shape == 5) return rank % 3;
    for (int end = 1; end <= rank; end += ++node + 1) {
    }
    return node;
}

/* The team is told of the nodes, or where shape is that of a row, the spec says it. */
static void run(int p, int shape, bool by_spec, const hier_case *c, int steps, bool started,
                void (*part)(ranks *all, int rank, void *arg))
{
    int node[MOST], number[MOST];
    hier_job job = {.c = c, .node = node, .steps = steps, .started = started, .twin = twin_in_team};
    csgd_team *twins;

    for (int r = 0; r < p; r++) {
        number[r] = by_spec ? 0 : 100 - node_number(shape, r);
        node[r] = 0;
        while (node_number(shape, node[r]) != node_number(shape, r))
            node[r]++;
        job.n_nodes += node[r] == r;
    }
    if (by_spec) job.in_a_row = shape;
    assert_ok(csgd_team_create(job.n_nodes, &twins));
    job.object = twins;
    ranks_run_on(p, number, part, &job);
    assert_ok(csgd_team_destroy(&twins));
}

static void every_case(void **state)
{
    static const int sizes[] = {3, 5, 8, 1, 2, 4, 6, 7, 9};
    const size_t n_sizes = test_brief() ? 3 : TEST_COUNT(sizes);

    (void)state;
    for (size_t i = 0; i < n_sizes; i++)
        for (int shape = 0; shape < SHAPES; shape++)
            for (size_t c = 0; hier_cases[c].compressor != NULL; c++) {
                if (test_brief() && (c + i + (size_t)shape) % 3 != 0) continue;
                run(sizes[i], shape, false, &hier_cases[c], 4, c % 2 == 1, hier_part);
            }
}

static void of_the_spec(void **state)
{
    (void)state;
    for (int p = 1; p < 8; p++)
        for (int row = 1; row < 4; row++)
            run(p, row, true, &hier_cases[(p + row) % 2], 3, false, hier_part);
}

static void of_many_ranks(void **state)
{
    static const int sizes[] = {17, 16, 33};

    (void)state;
    for (size_t i = 0; i < (test_brief() ? 1 : TEST_COUNT(sizes)); i++)
        for (int shape = test_brief() ? 4 : 0; shape < SHAPES; shape++)
            for (size_t c = 0; hier_cases[c].compressor != NULL; c++)
                if (c < 3 || !test_brief())
                    run(sizes[i], shape, false, &hier_cases[c], 2, false, hier_part);
}

/* Vectors of several chunks, the last of them shorter. */
static void of_long_vectors(void **state)
{
    static const hier_case cases[] = {{"none", "ring", 150001, false},
                                      {"topk ratio=0.01", "allgather", 150001, false}};

    (void)state;
    run(3, 0, false, &cases[0], 2, false, hier_part);
    run(4, 2, false, &cases[1], 2, true, hier_part);
    if (!test_brief()) run(5, 4, false, &cases[1], 2, true, hier_part);
}

/* With adapt=yes leaders say which plan their messages follow. */
static void plan_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;

    (void)arg;
    RANK_CHECK(all, rank,
               all->create(all, rank, 130, "topk algorithm=hier ranks_per_node=2 adapt=yes", &r) ==
                   CSGD_OK);
    if (r == NULL) return;
    RANK_CHECK(all, rank, strstr(csgd_reducer_explain(r), "2 nodes") != NULL);
    RANK_CHECK(all, rank,
               (strstr(csgd_reducer_explain(r), "now compressed (allgather)") != NULL) ==
                   (rank % 2 == 0));
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void plan(void **state)
{
    (void)state;
    ranks_run(4, plan_part, NULL);
}

/* Leaders that cannot even begin say so to their nodes. */
static csgd_status no_max(csgdi_transport *t, uint64_t *word, size_t n, bool blocking,
                          csgdi_request *req)
{
    (void)t;
    (void)word;
    (void)n;
    (void)blocking;
    (void)req;
    return csgdi_fail(CSGD_E_TRANSPORT, "the link is down");
}

static void down_part(ranks *all, int rank, void *arg)
{
    const csgdi_transport_ops *honest = NULL;
    csgdi_transport_ops down;
    csgd_reducer *r = NULL, *core;
    float x[9] = {1}, y[9];

    (void)arg;
    RANK_CHECK(all, rank,
               all->create(all, rank, 9, "sign algorithm=hier ranks_per_node=2 timeout=2", &r) ==
                   CSGD_OK);
    if (r == NULL) return;
    core = csgdi_reducer_core(r);
    if (rank % 2 == 0) {
        honest = core->transport.ops;
        down = *honest;
        down.max = no_max;
        core->transport.ops = &down;
    }
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, 9) == CSGD_E_TRANSPORT);
    RANK_CHECK(all, rank, rank % 2 == 1 || strstr(csgd_error_detail(), "link is down") != NULL);
    RANK_CHECK(all, rank, rank % 2 == 0 || strstr(csgd_error_detail(), "leader") != NULL);
    if (rank % 2 == 0) core->transport.ops = honest;
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void leaders_are_cut_off(void **state)
{
    (void)state;
    ranks_run(4, down_part, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),    cmocka_unit_test(of_the_spec),
        cmocka_unit_test(of_many_ranks), cmocka_unit_test(of_long_vectors),
        cmocka_unit_test(plan),          cmocka_unit_test(leaders_are_cut_off),
    };
    return cmocka_run_group_tests_name("comm/hier", tests, NULL, NULL);
}
