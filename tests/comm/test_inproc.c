/* SPDX-License-Identifier: BSD-3-Clause */
/* test_inproc.c: teams of threads, and what they send each other. */

#include "support/test.h"
#include "comm/scene.h"
#include "support/budget.h"

/* ---- what every transport does ---- */

static void test_parts(void **state)
{
    (void)state;
    scene_play(scene_parts, NULL, 0);
}

static float term(int r, size_t i)
{
    return (r % 2 ? -1.0f : 1.0f) * (0.1f + (float)i * 0.37f) * (float)(1 << r % 13);
}

/* Added in rank order, from rank 0's own, to the last bit; and in place on some ranks only. */
static void rank_order(int rank, void *arg)
{
    enum { N = 37 };
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0};
    float x[N], y[N], *result = rank % 2 ? x : y;

    for (size_t i = 0; i < N; i++)
        x[i] = term(rank, i);
    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    check(s, t.ops->sum(&t, x, result, N, CSGD_F32, true, &req) == CSGD_OK);
    check(s, parts_finish(&t, &req) == CSGD_OK);
    for (size_t i = 0; i < N; i++) {
        float sum = term(0, i);

        for (int r = 1; r < s->n_ranks; r++)
            sum += term(r, i);
        check(s, result[i] == sum);
    }
    t.ops->close(&t, false);
}

static void test_rank_order(void **state)
{
    (void)state;
    scene_play(rank_order, NULL, 0);
}

/* ---- errors ---- */

static void wrong_length(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0};
    char bytes[8] = "abcdefg";

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    for (size_t len = 5; len <= 7; len++) {
        if (rank == 0) {
            check(s, t.ops->send(&t, bytes, len, 1, 0, &req) == CSGD_OK);
            check(s, parts_finish(&t, &req) == CSGD_OK);
        } else {
            check(s, t.ops->receive(&t, bytes, 6, 0, 0, &req) == CSGD_OK);
            check(s, parts_finish(&t, &req) == (len == 6 ? CSGD_OK : CSGD_E_TRANSPORT));
            check(s, len != 7 || strstr(csgd_error_detail(), "sent 7 bytes where 6") != NULL);
            check(s, !req.active);
        }
    }
    if (rank == 0) { /* of a length that only the sender knows, too long */
        check(s, t.ops->send_open(&t, bytes, 8, 1, 0, &req) == CSGD_OK);
        check(s, parts_finish(&t, &req) == CSGD_OK);
    } else {
        check(s, t.ops->receive_open(&t, bytes, 0, 0, 0, &req) == CSGD_OK);
        check(s, parts_finish(&t, &req) == CSGD_E_TRANSPORT && !req.active);
        check(s, strstr(csgd_error_detail(), "sent 8 bytes where at most 0") != NULL);
    }
    t.ops->close(&t, false);
}

static void test_wrong_length(void **state)
{
    (void)state;
    scene_play_on(2, wrong_length, NULL, 0);
}

static void different_collectives(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0};
    float x[4] = {1, 2, 3, 4}, y[4] = {0};
    uint64_t word[4] = {0};

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    if (rank == 2)
        check(s, t.ops->max(&t, word, 4, false, &req) == CSGD_OK);
    else
        check(s, t.ops->sum(&t, x, y, 4, CSGD_F32, false, &req) == CSGD_OK);
    check(s, parts_finish(&t, &req) == CSGD_E_TRANSPORT && !req.active);
    check(s, strstr(csgd_error_detail(), "ranks 0 and 2 entered different") != NULL);

    check(s, t.ops->sum(&t, x, y, rank == 1 ? 3 : 4, CSGD_F32, false, &req) == CSGD_OK);
    check(s, parts_finish(&t, &req) == CSGD_E_TRANSPORT && y[0] == 0);
    check(s, strstr(csgd_error_detail(), "ranks 0 and 1 entered different") != NULL);
    t.ops->close(&t, false);
}

static void test_different_collectives(void **state)
{
    (void)state;
    scene_play_on(3, different_collectives, NULL, 0);
}

/* ---- transports ---- */

/* Two transports in use at once; the end of one changes nothing for the other. */
static void two_channels(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t[2];

    for (int c = 0; c < 2; c++)
        check(s, csgdi_transport_open_team(&t[c], s->team, rank) == CSGD_OK);
    atomic_fetch_add(&s->bad, parts_two(t));
    t[1].ops->close(&t[1], false);
    atomic_fetch_add(&s->bad, parts_collectives(&t[0]));
    t[0].ops->close(&t[0], false);
}

static void test_two_channels(void **state)
{
    (void)state;
    scene_play(two_channels, NULL, 0);
}

static void moved(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport *from = malloc(sizeof *from), *to = malloc(sizeof *to);
    csgdi_transport *old = from;

    check(s, csgdi_transport_open_team(from, s->team, rank) == CSGD_OK);
    atomic_fetch_add(&s->bad, parts_collectives(from));
    *to = *from;
    memset(old, 0xDD, sizeof *old);
    free(old);
    atomic_fetch_add(&s->bad, parts_collectives(to));
    to->ops->close(to, false);
    free(to);
}

static void test_moved(void **state)
{
    (void)state;
    scene_play(moved, NULL, 0);
}

/* Every rank leaves entries of all kinds behind, in memory that is freed at once; a new transport
 * must not meet them. */
static void abandoned(int rank, void *arg)
{
    scene *s = arg;
    const int p = s->n_ranks;
    csgdi_transport t;
    csgdi_request *req = calloc(4, sizeof *req);
    uint64_t *buffer = calloc(4, sizeof *buffer);
    bool done = true;

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    check(s, t.ops->send(&t, buffer, 8, (rank + 1) % p, 1, &req[0]) == CSGD_OK);
    check(s, t.ops->receive(&t, buffer + 1, 8, (rank + 1) % p, 2, &req[1]) == CSGD_OK);
    check(s, t.ops->send(&t, buffer, 8, rank, 3, &req[2]) == CSGD_OK);
    if (rank > 0) check(s, t.ops->max(&t, buffer + 2, 1, false, &req[3]) == CSGD_OK);
    for (int i = 0; i < (rank > 0 ? 4 : 3); i++)
        check(s, t.ops->test(&t, &req[i], &done) == CSGD_OK && !done && req[i].active);
    t.ops->close(&t, true);
    memset(req, 0xDD, 4 * sizeof *req);
    memset(buffer, 0xDD, 4 * sizeof *buffer);
    free(req);
    free(buffer);

    scene_barrier(s, 1);
    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    atomic_fetch_add(&s->bad, parts_collectives(&t));
    t.ops->close(&t, false);
}

static void test_abandoned(void **state)
{
    (void)state;
    scene_play(abandoned, NULL, 0);
}

/* ---- teams ---- */

static void count_call(int rank, void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1 + rank * 1000);
}

static void test_team(void **state)
{
    csgd_team *team = (csgd_team *)state;
    atomic_int calls = 0;
    csgdi_transport t, u;

    assert_fails(csgd_team_create(0, &team), CSGD_E_INVAL, "not 0");
    assert_null(team);
    assert_fails(csgd_team_create(4097, &team), CSGD_E_INVAL, "4096");
    assert_fails(csgd_team_create(2, NULL), CSGD_E_INVAL, "NULL");
    assert_ok(csgd_team_destroy(NULL));
    assert_ok(csgd_team_destroy(&team));

    assert_ok(csgd_team_create(3, &team));
    assert_fails(csgd_team_run(NULL, count_call, &calls), CSGD_E_INVAL, "team");
    assert_fails(csgd_team_run(team, NULL, &calls), CSGD_E_INVAL, "work");
    assert_ok(csgd_team_run(team, count_call, &calls));
    assert_int_equal(calls, 3003);

    assert_fails(csgdi_transport_open_team(&t, NULL, 0), CSGD_E_INVAL, "NULL");
    assert_fails(csgdi_transport_open_team(&t, team, 3), CSGD_E_INVAL, "rank 3");
    assert_fails(csgdi_transport_open_team(&t, team, -1), CSGD_E_INVAL, "rank -1");
    assert_ok(csgdi_transport_open_team(&t, team, 0));
    assert_ok(csgdi_transport_open_team(&u, team, 2));
    assert_fails(csgd_team_destroy(&team), CSGD_E_BUSY, "2 ranks");
    assert_non_null(team);
    t.ops->close(&t, false);
    u.ops->close(&u, false);
    assert_ok(csgd_team_destroy(&team));
    assert_null(team);
}

static void test_no_memory(void **state)
{
    csgd_team *team;
    atomic_int calls = 0;
    csgd_status st;
    long n = 0;

    (void)state;
    csgd_budget_install();
    do {
        csgd_budget_set(n++);
        st = csgd_team_create(5, &team);
        csgd_budget_set(-1);
        if (st == CSGD_OK) break;
        assert_int_equal(st, CSGD_E_NOMEM);
        assert_null(team);
        assert_int_equal(csgd_budget_live_blocks(), 0);
    } while (n < 100);
    assert_ok(st);
    assert_true(n > 1);

    csgd_budget_set(0);
    st = csgd_team_run(team, count_call, &calls);
    csgd_budget_set(-1);
    assert_int_equal(st, CSGD_E_NOMEM);
    assert_int_equal(calls, 0);
    assert_ok(csgd_team_run(team, count_call, &calls));
    assert_int_equal(calls, 10005);
    assert_ok(csgd_team_destroy(&team));
    assert_int_equal(csgd_budget_live_blocks(), 0);
    csgd_budget_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),        cmocka_unit_test(test_rank_order),
        cmocka_unit_test(test_wrong_length), cmocka_unit_test(test_different_collectives),
        cmocka_unit_test(test_two_channels), cmocka_unit_test(test_moved),
        cmocka_unit_test(test_abandoned),    cmocka_unit_test(test_team),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("comm/inproc", tests, NULL, NULL);
}
