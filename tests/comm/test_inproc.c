/* SPDX-License-Identifier: BSD-3-Clause */
/* test_inproc.c: teams of threads, what they send each other, and the faults ordered from them.
 *
 * Every rank runs on a thread of its own, where cmocka must not fail: a rank counts what is wrong
 * in `bad`, and the main thread asserts that nothing was.
 */

#include "support/test.h"
#include <limits.h>
#include <stdatomic.h>
#include <time.h>
#include "comm/team.h"
#include "comm/transport_parts.h"
#include "support/budget.h"

static const int sizes[] = {1, 2, 3, 8, PARTS_RANKS};

typedef struct scene {
    csgd_team *team;
    int n_ranks;
    atomic_int bad;
    atomic_int arrived; /* a barrier of the test's own */
} scene;

#define check(s, claim)                         \
    do {                                        \
        int check_bad = 0;                      \
        PARTS_CHECK(&check_bad, rank, claim);   \
        atomic_fetch_add(&(s)->bad, check_bad); \
    } while (0)

static void play_with(int n_ranks, void (*work)(int rank, void *arg), const csgdi_fault *faults,
                      size_t n_faults)
{
    scene s = {.n_ranks = n_ranks};

    assert_ok(csgd_team_create(n_ranks, &s.team));
    for (size_t i = 0; i < n_faults; i++)
        csgdi_team_fault(s.team, faults[i]);
    assert_ok(csgd_team_run(s.team, work, &s));
    assert_int_equal(s.bad, 0);
    assert_ok(csgd_team_destroy(&s.team));
    assert_null(s.team);
}

static void play(void (*work)(int rank, void *arg))
{
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        play_with(sizes[i], work, NULL, 0);
}

/* All ranks wait here for each other, without the transport. */
static void barrier(scene *s, int nth)
{
    const struct timespec nap = {0, 100000};

    atomic_fetch_add(&s->arrived, 1);
    while (atomic_load(&s->arrived) < nth * s->n_ranks)
        nanosleep(&nap, NULL);
}

/* Test often enough to be sure that the request would be complete if it ever were. */
static bool never_completes(csgdi_transport *t, csgdi_request *req)
{
    const struct timespec nap = {0, 1000000};
    bool done = false;

    for (int i = 0; i < 50 && !done; i++) {
        if (t->ops->test(t, req, &done) != CSGD_OK) return false;
        nanosleep(&nap, NULL);
    }
    return !done;
}

/* ---- what every transport does ---- */

static void parts(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    atomic_fetch_add(&s->bad, parts_ring(&t));
    atomic_fetch_add(&s->bad, parts_all_to_all(&t));
    atomic_fetch_add(&s->bad, parts_collectives(&t));
    check(s, t.formula_bytes == 0);
    t.ops->close(&t, false);
}

static void test_parts(void **state)
{
    (void)state;
    play(parts);
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
    play(rank_order);
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
    t.ops->close(&t, false);
}

static void test_wrong_length(void **state)
{
    (void)state;
    play_with(2, wrong_length, NULL, 0);
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
    play_with(3, different_collectives, NULL, 0);
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
    play(two_channels);
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
    play(moved);
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

    barrier(s, 1);
    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    atomic_fetch_add(&s->bad, parts_collectives(&t));
    t.ops->close(&t, false);
}

static void test_abandoned(void **state)
{
    (void)state;
    play(abandoned);
}

/* ---- faults ---- */

static void delayed(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0};
    int tests = 0, most = 0, least = INT_MAX;
    double x = rank, y = 0;

    parts(rank, arg);

    /* It is a delay, and not always the same.  Rank 0 enters last, so waits for itself only. */
    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    for (int i = 0; i < 10; i++) {
        bool done = false;

        if (rank > 0) check(s, t.ops->sum(&t, &x, &y, 1, CSGD_F64, false, &req) == CSGD_OK);
        barrier(s, i + 1);
        if (rank == 0) check(s, t.ops->sum(&t, &x, &y, 1, CSGD_F64, false, &req) == CSGD_OK);
        for (tests = 0; !done; tests++) {
            check(s, t.ops->test(&t, &req, &done) == CSGD_OK);
            t.ops->idle(&t);
        }
        if (tests > most) most = tests;
        if (tests < least) least = tests;
        check(s, y == s->n_ranks * (s->n_ranks - 1) / 2);
    }
    check(s, rank > 0 || (most > 10 && least < most && (s->n_ranks > 1 || most <= 40)));
    t.ops->close(&t, false);
}

static void test_delay(void **state)
{
    static const csgdi_fault faults[] = {
        {.kind = CSGDI_FAULT_DELAY, .rank = 0, .value = 40},
        {.kind = CSGDI_FAULT_DELAY, .rank = 2, .value = 7},
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        play_with(sizes[i], delayed, faults, 2);
}

/* Rank 1 sends a message, which `after` lets through; one that is empty and one to itself, which
 * cannot be corrupted; then bit 21 of what it gives to the first of two gathers is flipped. */
static void corrupted(int rank, void *arg)
{
    scene *s = arg;
    const int p = s->n_ranks;
    csgdi_transport t;
    csgdi_request out[2] = {{.active = false}}, in[2] = {{.active = false}}, own = {0};
    const uint64_t right = 0x1234;
    uint64_t got[2] = {0}, self = 0;
    size_t len[PARTS_RANKS], offset[PARTS_RANKS];
    uint64_t all[PARTS_RANKS];

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    if (rank == 1) {
        check(s, t.ops->send(&t, &right, 8, 0, 0, &out[0]) == CSGD_OK);
        check(s, parts_finish(&t, &out[0]) == CSGD_OK);
        check(s, t.ops->send(&t, &right, 0, 0, 0, &out[1]) == CSGD_OK);
        check(s, t.ops->send(&t, &right, 8, 1, 0, &own) == CSGD_OK);
        check(s, parts_finish(&t, &out[1]) == CSGD_OK);
        check(s, t.ops->receive(&t, &self, 8, 1, 0, &in[0]) == CSGD_OK);
        check(s, parts_finish(&t, &own) == CSGD_OK && parts_finish(&t, &in[0]) == CSGD_OK &&
                     self == right);
    } else if (rank == 0) {
        check(s, t.ops->receive(&t, &got[0], 8, 1, 0, &in[0]) == CSGD_OK);
        check(s, t.ops->receive(&t, &got[1], 0, 1, 0, &in[1]) == CSGD_OK);
        check(s, parts_finish(&t, &in[0]) == CSGD_OK && parts_finish(&t, &in[1]) == CSGD_OK);
        check(s, got[0] == right && got[1] == 0);
    }
    for (int i = 0; i < 2; i++) {
        for (int r = 0; r < p; r++) {
            len[r] = 8;
            offset[r] = 8 * (size_t)r;
        }
        check(s, t.ops->gather(&t, &right, all, len, offset, false, &own) == CSGD_OK);
        check(s, parts_finish(&t, &own) == CSGD_OK);
        for (int r = 0; r < p; r++)
            check(s, all[r] == (i == 0 && r == 1 && rank != 1 ? right ^ 1u << 21 : right));
    }
    t.ops->close(&t, false);
}

static void corrupted_send(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0};
    uint64_t word = 0;

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    for (int i = 0; i < 3; i++) {
        if (rank == 0) check(s, t.ops->send(&t, &word, 8, 1, 0, &req) == CSGD_OK);
        if (rank == 1) check(s, t.ops->receive(&t, &word, 8, 0, 0, &req) == CSGD_OK);
        check(s, parts_finish(&t, &req) == CSGD_OK);
        check(s, word == (rank == 1 && i == 1 ? UINT64_C(1) << 1000 % 64 : 0));
    }
    t.ops->close(&t, false);
}

static void test_corrupt(void **state)
{
    const csgdi_fault in_gather = {CSGDI_FAULT_CORRUPT, 1, 1, 21};
    const csgdi_fault in_send = {CSGDI_FAULT_CORRUPT, 0, 1, 1000};

    (void)state;
    play_with(2, corrupted, &in_gather, 1);
    play_with(3, corrupted, &in_gather, 1);
    play_with(64, corrupted, &in_gather, 1);
    play_with(2, corrupted_send, &in_send, 1);
}

/* The second message of rank 0 is lost, and with it the third, as it has the same tag; one with
 * another tag arrives, and so does a sum. */
static void dropped(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req[4] = {{.active = false}}, sum = {0};
    static const int tag[4] = {0, 0, 0, 1};
    uint64_t word[4] = {1, 2, 3, 4};
    double x = 1, y = 0;

    if (rank == 1) memset(word, 0, sizeof word);
    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    for (int i = 0; i < 3; i++) { /* these are not counted by `after` */
        check(s, t.ops->sum(&t, &x, &y, 1, CSGD_F64, false, &sum) == CSGD_OK);
        check(s, parts_finish(&t, &sum) == CSGD_OK && y == 2);
    }
    for (int i = 0; i < 4; i++) {
        if (rank == 0) check(s, t.ops->send(&t, &word[i], 8, 1, tag[i], &req[i]) == CSGD_OK);
        if (rank == 1) check(s, t.ops->receive(&t, &word[i], 8, 0, tag[i], &req[i]) == CSGD_OK);
    }
    check(s, parts_finish(&t, &req[0]) == CSGD_OK && word[0] == 1);
    check(s, parts_finish(&t, &req[3]) == CSGD_OK && word[3] == 4);
    check(s, never_completes(&t, &req[1]) && never_completes(&t, &req[2]));
    check(s, rank == 0 || (word[1] == 0 && word[2] == 0));
    check(s, t.ops->sum(&t, &x, &y, 1, CSGD_F64, false, &sum) == CSGD_OK);
    check(s, parts_finish(&t, &sum) == CSGD_OK && y == 2);
    t.ops->close(&t, true);
}

static void dropped_gather(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0};
    const size_t len[3] = {8, 8, 8}, offset[3] = {0, 8, 16};
    uint64_t word = 1, all[3];

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    check(s, t.ops->gather(&t, &word, all, len, offset, false, &req) == CSGD_OK);
    check(s, never_completes(&t, &req));
    barrier(s, 1);
    t.ops->close(&t, true);
    parts(rank, arg); /* it happens once */
}

static void test_drop(void **state)
{
    const csgdi_fault second = {CSGDI_FAULT_DROP, 0, 1, 0}, first = {CSGDI_FAULT_DROP, 2, 0, 0};

    (void)state;
    play_with(2, dropped, &second, 1);
    play_with(3, dropped_gather, &first, 1);
}

/* Rank 1 stops after one send; what the others do among themselves goes on; in the end it is
 * mended, and a new transport works. */
static void stopped(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0}, more = {0};
    uint64_t word = (uint64_t)rank;

    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    if (rank == 1) check(s, t.ops->send(&t, &word, 8, 0, 0, &req) == CSGD_OK);
    if (rank == 0) check(s, t.ops->receive(&t, &word, 8, 1, 0, &req) == CSGD_OK);
    check(s, parts_finish(&t, &req) == CSGD_OK && (rank > 0 || word == 1));

    check(s, t.ops->max(&t, &word, 1, false, &req) == CSGD_OK);
    if (rank == 1) check(s, t.ops->receive(&t, &word, 8, 0, 0, &more) == CSGD_OK);
    if (rank == 0) check(s, t.ops->send(&t, &word, 8, 1, 0, &more) == CSGD_OK);
    check(s, never_completes(&t, &req) && (rank == 2 || never_completes(&t, &more)));
    more.active = false;
    if (rank == 2) check(s, t.ops->send(&t, &word, 8, 0, 1, &more) == CSGD_OK);
    if (rank == 0) {
        csgdi_request last = {0};

        check(s, t.ops->receive(&t, &word, 8, 2, 1, &last) == CSGD_OK);
        check(s, parts_finish(&t, &last) == CSGD_OK && word == 2);
    }
    if (rank == 2) check(s, parts_finish(&t, &more) == CSGD_OK);
    barrier(s, 1);
    t.ops->close(&t, true);
    if (rank == 0) csgdi_team_fault(s->team, (csgdi_fault){.kind = CSGDI_FAULT_NONE, .rank = 1});
    barrier(s, 2);
    parts(rank, arg);
}

static void test_stop(void **state)
{
    const csgdi_fault fault = {CSGDI_FAULT_STOP, 1, 1, 0};

    (void)state;
    play_with(3, stopped, &fault, 1);
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
        cmocka_unit_test(test_abandoned),    cmocka_unit_test(test_delay),
        cmocka_unit_test(test_corrupt),      cmocka_unit_test(test_drop),
        cmocka_unit_test(test_stop),         cmocka_unit_test(test_team),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("comm/inproc", tests, NULL, NULL);
}
