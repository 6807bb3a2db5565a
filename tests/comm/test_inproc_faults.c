/* SPDX-License-Identifier: BSD-3-Clause */
/* test_inproc_faults.c: the faults ordered from a team of threads. */

#include "support/test.h"
#include <limits.h>
#include <time.h>
#include "comm/scene.h"

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

static void delayed(int rank, void *arg)
{
    scene *s = arg;
    csgdi_transport t;
    csgdi_request req = {0};
    int tests = 0, most = 0, least = INT_MAX;
    double x = rank, y = 0;

    scene_parts(rank, arg);

    /* It is a delay, and not always the same.  Rank 0 enters last, so waits for itself only. */
    check(s, csgdi_transport_open_team(&t, s->team, rank) == CSGD_OK);
    for (int i = 0; i < 10; i++) {
        bool done = false;

        if (rank > 0) check(s, t.ops->sum(&t, &x, &y, 1, CSGD_F64, false, &req) == CSGD_OK);
        scene_barrier(s, i + 1);
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
    scene_play(delayed, faults, TEST_COUNT(faults));
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
    scene_play_on(2, corrupted, &in_gather, 1);
    scene_play_on(3, corrupted, &in_gather, 1);
    scene_play_on(64, corrupted, &in_gather, 1);
    scene_play_on(2, corrupted_send, &in_send, 1);
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
    scene_barrier(s, 1);
    t.ops->close(&t, true);
    scene_parts(rank, arg); /* it happens once */
}

static void test_drop(void **state)
{
    const csgdi_fault second = {CSGDI_FAULT_DROP, 0, 1, 0}, first = {CSGDI_FAULT_DROP, 2, 0, 0};

    (void)state;
    scene_play_on(2, dropped, &second, 1);
    scene_play_on(3, dropped_gather, &first, 1);
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
    scene_barrier(s, 1);
    t.ops->close(&t, true);
    if (rank == 0) csgdi_team_fault(s->team, (csgdi_fault){.kind = CSGDI_FAULT_NONE, .rank = 1});
    scene_barrier(s, 2);
    scene_parts(rank, arg);
}

static void test_stop(void **state)
{
    const csgdi_fault fault = {CSGDI_FAULT_STOP, 1, 1, 0};

    (void)state;
    scene_play_on(3, stopped, &fault, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_corrupt),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_stop),
    };

    return cmocka_run_group_tests_name("comm/inproc_faults", tests, NULL, NULL);
}
