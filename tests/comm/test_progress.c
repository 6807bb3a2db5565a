/* SPDX-License-Identifier: BSD-3-Clause */

/* test_progress.c: progress=thread over a team: operations go on while their rank does other things,
 * and end with the bits that a blocking call gives. */

#include <fenv.h>
#include <stdatomic.h>
#include <time.h>
#include "comm/team.h"
#include "oracle/oracle.h"
#include "support/budget.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 500, STEPS = 6, IN_FLIGHT = 4 };

static const char *const specs[] = {
    "none",
    "none algorithm=ring",
    "none type=bf16",
    "topk ratio=0.1",
    "topk ratio=0.1 dense_steps=2",
    "sign algorithm=sra",
    "randk ratio=0.1",
};

static void fill(int rank, int step, float x[N])
{
    double g[N];

    oracle_gradient(rank, (uint64_t)step, CSGD_F32, N, g);
    for (int i = 0; i < N; i++)
        x[i] = (float)g[i];
}

static csgd_status create_with(ranks *all, int rank, const char *spec, const char *more,
                               csgd_reducer **r)
{
    char text[128];

    snprintf(text, sizeof text, "%s %s", spec, more);
    return all->create(all, rank, N, text, r);
}

static void nap(void)
{
    const struct timespec pause = {.tv_nsec = 200000};

    nanosleep(&pause, NULL);
}

/* ---- it moves by itself ---- */

/* Rank 0 does not come back to the library before all others have their result: none could have, if
 * rank 0 had to be asked to go on. */
static atomic_int completed;

static void alone_part(ranks *all, int rank, void *arg)
{
    const char *spec = arg;
    csgd_reducer *r = NULL;
    float x[N], y[N];

    RANK_CHECK(all, rank,
               create_with(all, rank, spec,
                           rank == 0 ? "timeout=60 progress=thread" : "timeout=60 progress=call",
                           &r) == CSGD_OK);
    if (r == NULL) return;
    RANK_CHECK(all, rank, strstr(csgd_reducer_spec(r), "progress") == NULL);
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_start(r, x, y, N) == CSGD_OK);
    if (rank == 0)
        for (int i = 0; i < 100000 && atomic_load(&completed) < all->n_ranks - 1; i++)
            nap();
    RANK_CHECK(all, rank, csgd_reducer_wait(r) == CSGD_OK);
    atomic_fetch_add(&completed, 1);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void goes_on_alone(void **state)
{
    static const char *const some[] = {"none algorithm=ring", "topk ratio=0.1", "sign"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(some); i++) {
        atomic_store(&completed, 0);
        ranks_run(3, alone_part, (void *)(uintptr_t)some[i]);
    }
}

/* ---- the same bits ---- */

static void step_part(ranks *all, int rank, csgd_reducer *threaded, csgd_reducer *plain, int step)
{
    float x[N], y[N] = {0}, z[N] = {0};
    csgd_stats stats;
    csgd_status st = CSGD_MORE;

    fill(rank, step, x);
    RANK_CHECK(all, rank, csgd_reducer_start(threaded, x, y, N) == CSGD_OK);
    /* What is refused in flight, and what may be asked. */
    RANK_CHECK(all, rank, csgd_reducer_allreduce(threaded, x, z, N) == CSGD_E_BUSY);
    RANK_CHECK(all, rank, csgd_reducer_set_step(threaded, 9) == CSGD_E_BUSY);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&threaded) == CSGD_E_BUSY && threaded != NULL);
    RANK_CHECK(all, rank, csgd_reducer_stats(threaded, &stats, sizeof stats) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(plain, x, z, N) == CSGD_OK);
    if (step % 2 == 0)
        st = csgd_reducer_wait(threaded);
    else
        while ((st = csgd_reducer_test(threaded)) == CSGD_MORE)
            nap();
    RANK_CHECK(all, rank, st == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_test(threaded) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
    RANK_CHECK(all, rank, csgd_reducer_stats(threaded, &stats, sizeof stats) == CSGD_OK);
    RANK_CHECK(all, rank, stats.calls == 2 * (uint64_t)step + 1);
    /* A blocking call on it is the caller's own work. */
    RANK_CHECK(all, rank, csgd_reducer_allreduce(threaded, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(plain, x, z, N) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
}

static void same_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *threaded = NULL, *plain = NULL;
    float e[N], f[N];

    fesetround(FE_UPWARD); /* of the program's thread, in which the other one has to add */
    RANK_CHECK(all, rank, create_with(all, rank, arg, "progress=thread", &threaded) == CSGD_OK);
    RANK_CHECK(all, rank, create_with(all, rank, arg, "", &plain) == CSGD_OK);
    for (int s = 0; threaded != NULL && plain != NULL && s < STEPS; s++)
        step_part(all, rank, threaded, plain, s);
    RANK_CHECK(all, rank, csgd_reducer_residual(threaded, e) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_residual(plain, f) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(e, f, sizeof e) == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&threaded) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&plain) == CSGD_OK);
}

static void same_bits(void **state)
{
    static const int sizes[] = {1, 3, 8};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (size_t p = 0; p < TEST_COUNT(sizes); p++)
            ranks_run(sizes[p], same_part, (void *)(uintptr_t)specs[i]);
}

/* ---- creation ---- */

/* Rank 0 makes a second reducer while the first is in flight; the others come to that only when they
 * have its result, so rank 0 has to go on with it from inside of the creation. */
static void create_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL, *second = NULL;
    float x[N], y[N];

    (void)arg;
    RANK_CHECK(all, rank, create_with(all, rank, "none algorithm=ring", "", &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_start(r, x, y, N) == CSGD_OK);
    if (rank > 0) RANK_CHECK(all, rank, csgd_reducer_wait(r) == CSGD_OK);
    RANK_CHECK(all, rank, create_with(all, rank, "none", "", &second) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_wait(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&second) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void creation_goes_on(void **state)
{
    (void)state;
    ranks_run(3, create_part, NULL);
}

/* ---- several in flight ---- */

/* Every other one has a thread; ranks complete them in different orders, and messages are late. */
static void several_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r[IN_FLIGHT] = {NULL};
    float x[IN_FLIGHT][N], y[IN_FLIGHT][N], z[N];

    (void)arg;
    csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_DELAY, .rank = rank, .value = 7});
    for (int i = 0; i < IN_FLIGHT; i++)
        RANK_CHECK(all, rank,
                   create_with(all, rank, specs[i < 2 ? i : i + 1], i % 2 ? "progress=thread" : "",
                               &r[i]) == CSGD_OK);
    for (int s = 0; s < STEPS; s++) {
        for (int i = 0; i < IN_FLIGHT; i++) {
            fill(rank, 10 * s + i, x[i]);
            RANK_CHECK(all, rank, csgd_reducer_start(r[i], x[i], y[i], N) == CSGD_OK);
        }
        for (int i = 0; i < IN_FLIGHT; i++)
            RANK_CHECK(all, rank, csgd_reducer_wait(r[(i + rank) % IN_FLIGHT]) == CSGD_OK);
    }
    for (int i = 0; i < IN_FLIGHT; i++) {
        RANK_CHECK(all, rank, csgd_reducer_clear(r[i]) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_set_step(r[i], 0) == CSGD_OK);
        for (int s = 0; s < STEPS; s++) {
            fill(rank, 10 * s + i, x[i]);
            RANK_CHECK(all, rank, csgd_reducer_allreduce(r[i], x[i], z, N) == CSGD_OK);
        }
        RANK_CHECK(all, rank, memcmp(y[i], z, sizeof z) == 0);
        RANK_CHECK(all, rank, csgd_reducer_destroy(&r[i]) == CSGD_OK);
    }
}

static void several(void **state)
{
    (void)state;
    ranks_run(3, several_part, NULL);
    ranks_run(5, several_part, NULL);
}

/* ---- what goes wrong ---- */

/* A rank that stops is found by the thread, told by wait, and the reducer can be destroyed. */
static void stopped_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    static float x[4][N], y[4][N];

    (void)arg;
    RANK_CHECK(all, rank,
               create_with(all, rank, "topk ratio=0.1", "timeout=0.2 progress=thread", &r) ==
                   CSGD_OK);
    if (rank == 1) csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_STOP, .rank = 1});
    RANK_CHECK(all, rank, csgd_reducer_start(r, x[rank], y[rank], N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_wait(r) == CSGD_E_TIMEOUT);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "timeout=0.2") != NULL);
    RANK_CHECK(all, rank, csgd_reducer_start(r, x[rank], y[rank], N) == CSGD_E_BROKEN);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

/* What ranks disagree about comes from wait, with its sentence, and changes nothing. */
static void mismatch_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    float x[N] = {0}, y[N];

    (void)arg;
    fill(rank, 0, x);
    RANK_CHECK(all, rank,
               create_with(all, rank, "topk ratio=0.1", "progress=thread", &r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_start(r, x, y, rank == 1 ? N - 1 : N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_wait(r) == CSGD_E_MISMATCH);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "count") != NULL);
    RANK_CHECK(all, rank, csgd_reducer_start(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_wait(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void failures(void **state)
{
    (void)state;
    ranks_run(3, stopped_part, NULL);
    ranks_run(3, mismatch_part, NULL);
}

/* Each allocation fails once: nothing is left, no thread either. */
static void no_memory(void **state)
{
    csgd_team *team;
    csgd_reducer *r = NULL;
    csgd_status st = CSGD_E_NOMEM;

    (void)state;
    csgd_budget_install();
    assert_ok(csgd_team_create(1, &team));
    for (long budget = 0; st != CSGD_OK; budget++) {
        const size_t before = csgd_budget_live_blocks();
        csgd_budget_set(budget);
        st = csgd_reducer_create_team(team, 0, 10, "topk k=3 progress=thread", &r);
        csgd_budget_set(-1);
        if (st == CSGD_OK) break;
        assert_int_equal(st, CSGD_E_NOMEM);
        assert_int_equal(csgd_budget_live_blocks(), before);
    }
    assert_ok(csgd_reducer_destroy(&r));
    assert_ok(csgd_team_destroy(&team));
    assert_int_equal(csgd_budget_live_blocks(), 0);
    csgd_budget_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_alone),    cmocka_unit_test(same_bits),
        cmocka_unit_test(creation_goes_on), cmocka_unit_test(several),
        cmocka_unit_test(failures),         cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("comm/progress", tests, NULL, NULL);
}
