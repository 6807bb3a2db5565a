/* SPDX-License-Identifier: BSD-3-Clause */
/* test_transport_mpi.c: the transport over MPI, on any number of ranks from 1.
 *
 *     mpirun -np 3 test_transport_mpi
 *
 * No rank asserts by itself, as the others would wait for it: each counts what is wrong, the
 * counts are reduced at the end of a test, and then all pass or all fail.
 */

#include "support/test.h"
#include <limits.h>
#include "comm/transport_mpi.h"
#include "comm/transport_parts.h"
#include "support/budget.h"

enum { N = 37, MIB = 1 << 20 };

static int rank, n_ranks, bad;

#define check(claim) PARTS_CHECK(&bad, rank, claim)

/* The end of every test. */
static void agree(void)
{
    int good = bad == 0, all = 0;

    bad = 0;
    MPI_Allreduce(&good, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    assert_true(all);
}

static void test_parts(void **state)
{
    csgdi_transport t;
    uint64_t messages;

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    check(t.rank == rank && t.n_ranks == n_ranks && t.memory_bytes > 0);
    bad += parts_ring(&t);
    bad += parts_all_to_all(&t);
    bad += parts_open(&t);
    messages = t.sent_bytes;
    bad += parts_collectives(&t);
    check(t.formula_bytes == t.sent_bytes - messages);
    t.ops->close(&t, false);
    agree();
}

/* ---- messages ---- */

static unsigned char byte_of(size_t i, int from, int k)
{
    return (unsigned char)(i * 7 + i / 251 + (size_t)from * 31 + (size_t)k * 101);
}

/* Long messages, all with one tag, around the places where they are split. */
static void test_split(void **state)
{
    static const size_t lens[] = {3 * MIB + 5, 2 * MIB, MIB, MIB + 1, MIB - 1, 0, 5, 2 * MIB - 1};
    enum { MESSAGES = sizeof lens / sizeof *lens };
    csgdi_request out[MESSAGES], in[MESSAGES];
    unsigned char *sent[MESSAGES], *got[MESSAGES];
    const int to = (rank + 1) % n_ranks, from = (rank + n_ranks - 1) % n_ranks;
    csgdi_transport t;

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    for (size_t limit = 1; limit <= 2 * MIB; limit = limit == 1 ? MIB : limit + MIB) {
        t.limit = limit;
        for (int k = 0; k < MESSAGES; k++) {
            sent[k] = malloc(lens[k] + 1);
            got[k] = calloc(lens[k] + 1, 1);
            for (size_t i = 0; i < lens[k]; i++)
                sent[k][i] = byte_of(i, rank, k);
            check(t.ops->send(&t, sent[k], lens[k], to, 3, &out[k]) == CSGD_OK);
            check(t.ops->receive(&t, got[k], lens[k], from, 3, &in[k]) == CSGD_OK);
        }
        for (int k = MESSAGES - 1; k >= 0; k--) {
            size_t wrong = 0;

            check(parts_finish(&t, &in[k]) == CSGD_OK && in[k].received == lens[k]);
            check(parts_finish(&t, &out[k]) == CSGD_OK);
            for (size_t i = 0; i < lens[k]; i++)
                wrong += got[k][i] != byte_of(i, from, k);
            check(wrong == 0 && got[k][lens[k]] == 0);
        }
        for (int k = 0; k < MESSAGES; k++) {
            free(sent[k]);
            free(got[k]);
        }
    }
    t.ops->close(&t, false);
    agree();
}

/* MPICH asks this handler about a request that has ended in an error. */
static void let_requests_fail(bool may)
{
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, may ? MPI_ERRORS_RETURN : MPI_ERRORS_ARE_FATAL);
}

/* There really are two parts: a receiver that does not know so meets the blocks, then the rest. */
static void test_split_alike(void **state)
{
    csgdi_transport t;
    csgdi_request out = {0}, in = {0};
    unsigned char *sent = calloc(2 * MIB + 5, 1), *got = calloc(2 * MIB + 5, 1);

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    let_requests_fail(true);
    memcpy(sent + 2 * MIB, "rest", 5);
    t.limit = MIB;
    check(t.ops->send(&t, sent, 2 * MIB + 5, rank, 0, &out) == CSGD_OK);
    t.limit = INT_MAX;
    check(t.ops->receive(&t, got, 2 * MIB + 5, rank, 0, &in) == CSGD_OK);
    check(parts_finish(&t, &in) == CSGD_E_TRANSPORT);
    check(strstr(csgd_error_detail(), "sent 2097152 bytes where 2097157") != NULL);
    check(t.ops->receive(&t, got, 5, rank, 0, &in) == CSGD_OK);
    check(parts_finish(&t, &in) == CSGD_OK && memcmp(got, "rest", 5) == 0);
    check(parts_finish(&t, &out) == CSGD_OK);
    let_requests_fail(false);
    t.ops->close(&t, false);
    free(sent);
    free(got);
    agree();
}

static void test_wrong_length(void **state)
{
    csgdi_transport t;
    csgdi_request out = {0}, in = {0};
    char sent[8] = "abcdefg", got[8] = "";
    uint64_t words[5] = {1, 2, 3};

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    let_requests_fail(true);
    for (size_t len = 5; len <= 7; len++) { /* each rank to itself, so that one is enough */
        check(t.ops->send(&t, sent, len, rank, 0, &out) == CSGD_OK);
        check(t.ops->receive(&t, got, 6, rank, 0, &in) == CSGD_OK);
        check(parts_finish(&t, &in) == (len == 6 ? CSGD_OK : CSGD_E_TRANSPORT));
        check(len != 5 || strstr(csgd_error_detail(), "sent 5 bytes where 6") != NULL);
        check(len != 7 || strstr(csgd_error_detail(), "runcate") != NULL);
        check(!in.active && parts_finish(&t, &out) == CSGD_OK);
    }
    check(t.ops->send_open(&t, words, 24, rank, 0, &out) == CSGD_OK); /* of 16 at most */
    check(t.ops->receive_open(&t, words + 3, 16, rank, 0, &in) == CSGD_OK);
    check(parts_finish(&t, &in) == CSGD_E_TRANSPORT &&
          strstr(csgd_error_detail(), "runcate") != NULL);
    check(!in.active && parts_finish(&t, &out) == CSGD_OK);
    check(t.ops->receive_open(&t, words, (size_t)INT_MAX * 8 + 8, rank, 0, &in) ==
          CSGD_E_UNSUPPORTED);
    let_requests_fail(false);
    t.ops->close(&t, false);
    agree();
}

/* ---- collectives ---- */

/* A blocking sum is MPI_Allreduce's, to the last bit. */
static void test_same_sum(void **state)
{
    csgdi_transport t;
    csgdi_request req = {0};
    float x[N], expect[N];
    double d[N], expect_d[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        d[i] = (rank % 2 ? -1 : 1) * (0.1 + i * 0.37) * (rank + 1);
        x[i] = (float)d[i];
    }
    MPI_Allreduce(x, expect, N, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(d, expect_d, N, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    check(t.ops->sum(&t, x, x, N, CSGD_F32, true, &req) == CSGD_OK);
    check(parts_finish(&t, &req) == CSGD_OK);
    check(t.ops->sum(&t, d, d, N, CSGD_F64, true, &req) == CSGD_OK);
    check(parts_finish(&t, &req) == CSGD_OK);
    check(memcmp(x, expect, sizeof x) == 0 && memcmp(d, expect_d, sizeof d) == 0);
    t.ops->close(&t, false);
    agree();
}

/* In place on some ranks and not on others. */
static void test_mixed_in_place(void **state)
{
    csgdi_transport t;
    csgdi_request req = {0};

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    for (int blocking = 0; blocking < 2; blocking++) {
        double x[N], y[N];
        double *result = rank % 2 ? x : y;

        for (size_t i = 0; i < N; i++)
            x[i] = rank + 1;
        check(t.ops->sum(&t, x, result, N, CSGD_F64, blocking, &req) == CSGD_OK);
        check(parts_finish(&t, &req) == CSGD_OK);
        for (size_t i = 0; i < N; i++)
            check(result[i] == n_ranks * (n_ranks + 1) / 2);
        bad += parts_gather(&t, false, rank % 2, blocking);
        bad += parts_gather(&t, true, rank % 2, blocking);
    }
    t.ops->close(&t, false);
    agree();
}

/* All collectives in as many calls as a lowered limit makes of them. */
static void test_divided(void **state)
{
    static const size_t limits[] = {1, 2, 3, 36, 37};
    csgdi_transport t;

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK && t.limit == INT_MAX);
    for (size_t i = 0; i < TEST_COUNT(limits); i++) {
        t.limit = limits[i];
        bad += parts_collectives(&t);
        bad += parts_ring(&t);
    }
    t.ops->close(&t, false);
    agree();
}

/* It really takes so many: a request tells of each call that is done. */
static void test_divided_count(void **state)
{
    csgdi_transport t;
    csgdi_request req = {0};
    uint64_t words[PARTS_RANKS * 4] = {0};
    size_t len[PARTS_RANKS], offset[PARTS_RANKS];
    float x[N] = {0};

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    t.limit = 10;
    check(t.ops->sum(&t, x, x, N, CSGD_F32, false, &req) == CSGD_OK);
    check(parts_finish(&t, &req) == CSGD_OK && req.parts == 4);
    check(t.ops->sum(&t, x, x, 10, CSGD_F32, false, &req) == CSGD_OK);
    check(parts_finish(&t, &req) == CSGD_OK && req.parts == 1);
    t.limit = 3;
    for (int r = 0; r < n_ranks; r++) {
        len[r] = 32;
        offset[r] = 32 * (size_t)r;
    }
    check(t.ops->gather(&t, words + rank * 4, words, len, offset, false, &req) == CSGD_OK);
    check(parts_finish(&t, &req) == CSGD_OK && req.parts == 2 * (size_t)n_ranks);
    t.ops->close(&t, false);
    agree();
}

/* What no number of parts can carry is refused before anything is touched. */
static void test_too_long(void **state)
{
    csgdi_transport t;
    csgdi_request req = {0};
    uint64_t word = 0;

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    check(t.ops->send(&t, &word, ((size_t)INT_MAX + 1) * MIB, 0, 0, &req) == CSGD_E_UNSUPPORTED);
    check(t.sent_bytes == 0);
    bad += parts_collectives(&t);
    t.ops->close(&t, false);
    agree();
}

/* ---- communicators ---- */

/* Two transports in use at once; then one is moved, and the other closed. */
static void test_two_transports(void **state)
{
    csgdi_transport t[3];

    (void)state;
    for (int c = 0; c < 2; c++)
        check(csgdi_transport_open_mpi(&t[c], MPI_COMM_WORLD) == CSGD_OK);
    bad += parts_two(t);
    t[2] = t[0];
    memset(&t[0], 0xDD, sizeof t[0]);
    t[1].ops->close(&t[1], false);
    bad += parts_collectives(&t[2]);
    bad += parts_ring(&t[2]);
    t[2].ops->close(&t[2], false);
    agree();
}

static void test_intercommunicator(void **state)
{
    csgdi_transport t;
    MPI_Comm half, inter;

    (void)state;
    if (n_ranks >= 2) {
        MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
        MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - rank % 2, 0, &inter);
        check(csgdi_transport_open_mpi(&t, inter) == CSGD_E_INVAL && t.ops == NULL);
        check(strstr(csgd_error_detail(), "intercommunicator") != NULL);
        MPI_Comm_free(&inter);
        check(csgdi_transport_open_mpi(&t, half) == CSGD_OK);
        check(t.n_ranks == (n_ranks + 1 - rank % 2) / 2 && t.rank == rank / 2);
        MPI_Comm_free(&half);
        t.ops->close(&t, false);
    }
    agree();
}

/* Two transports see the end of their communicator; nothing of ours stays in one that lives on. */
static void test_user_communicator(void **state)
{
    csgdi_transport t, u;
    MPI_Comm user, copy, seen = MPI_COMM_NULL;
    MPI_Errhandler handler;

    (void)state;
    csgd_budget_install();
    MPI_Comm_dup(MPI_COMM_WORLD, &user);
    for (int round = 0; round < 2; round++) {
        check(csgdi_transport_open_mpi(&t, user) == CSGD_OK);
        check(csgdi_transport_open_mpi(&u, user) == CSGD_OK);
        check(csgdi_transport_mpi_user(&t, &seen) && seen == user);
        t.ops->close(&t, false);
        check(csgdi_transport_mpi_user(&u, &seen) && seen == user);
        u.ops->close(&u, false);
        check(csgd_budget_live_blocks() == 0);
    }
    MPI_Comm_get_errhandler(user, &handler);
    check(handler == MPI_ERRORS_ARE_FATAL);
    MPI_Errhandler_free(&handler);

    check(csgdi_transport_open_mpi(&t, user) == CSGD_OK);
    check(csgdi_transport_open_mpi(&u, user) == CSGD_OK);
    MPI_Comm_dup(user, &copy);
    MPI_Comm_free(&copy); /* a copy's end says nothing */
    check(csgdi_transport_mpi_user(&t, &seen) && csgdi_transport_mpi_user(&u, &seen));
    MPI_Comm_free(&user);
    check(!csgdi_transport_mpi_user(&t, &seen) && !csgdi_transport_mpi_user(&u, &seen));
    bad += parts_collectives(&t);
    t.ops->close(&t, false);
    bad += parts_collectives(&u);
    bad += parts_ring(&u);
    u.ops->close(&u, false);
    check(csgd_budget_live_blocks() == 0);
    csgd_budget_remove();
    agree();
}

/* Each allocation fails on each rank in turn: the transport can tell the others, and close. */
static void test_no_memory(void **state)
{
    (void)state;
    csgd_budget_install();
    for (int unlucky = 0; unlucky < n_ranks; unlucky++)
        for (long budget = 0; budget < 2; budget++) {
            csgdi_transport t;
            csgdi_request req = {0};
            uint64_t failure;
            const size_t len[PARTS_RANKS] = {0}, offset[PARTS_RANKS] = {0};
            MPI_Comm user;
            csgd_status st;

            csgd_budget_set(rank == unlucky ? budget : -1);
            st = csgdi_transport_open_mpi(&t, MPI_COMM_WORLD);
            csgd_budget_set(-1);
            check(st == (rank == unlucky ? CSGD_E_NOMEM : CSGD_OK) && t.ops != NULL);
            failure = (uint64_t)-st;
            check(t.ops->max(&t, &failure, 1, true, &req) == CSGD_OK);
            check(parts_finish(&t, &req) == CSGD_OK && failure == (uint64_t)-CSGD_E_NOMEM);
            check(rank != unlucky || !csgdi_transport_mpi_user(&t, &user));
            check(rank != unlucky || budget > 0 ||
                  t.ops->gather(&t, NULL, NULL, len, offset, true, &req) == CSGD_E_NOMEM);
            t.ops->close(&t, false);
            check(csgd_budget_live_blocks() == 0);
        }
    csgd_budget_remove();
    agree();
}

/* A receive that never completes is left behind; its buffer stays, and the others go on. */
static void test_abandoned(void **state)
{
    static uint64_t buffer;
    static csgdi_request req;
    csgdi_transport t;
    bool done = true;

    (void)state;
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    check(t.ops->keeps_buffers);
    check(t.ops->receive(&t, &buffer, 8, (rank + 1) % n_ranks, 1, &req) == CSGD_OK);
    check(t.ops->test(&t, &req, &done) == CSGD_OK && !done && req.active);
    t.ops->close(&t, true);
    check(csgdi_transport_open_mpi(&t, MPI_COMM_WORLD) == CSGD_OK);
    bad += parts_collectives(&t);
    t.ops->close(&t, false);
    agree();
}

/* Transports that outlive MPI can still be closed, and leave nothing, whether MPI has freed their
 * communicator or never will. */
static int after_the_end(void)
{
    csgdi_transport t[4];
    MPI_Comm user, seen;
    int wrong = 0;

    csgd_budget_install();
    MPI_Comm_dup(MPI_COMM_WORLD, &user);
    for (int i = 0; i < 4; i++)
        wrong += csgdi_transport_open_mpi(&t[i], i < 2 ? MPI_COMM_WORLD : user) != CSGD_OK;
    MPI_Finalize();
    for (int i = 0; i < 4; i++) {
        t[i].ops->close(&t[i], false);
        wrong += csgdi_transport_mpi_user(&t[i], &seen);
    }
    wrong += csgd_budget_live_blocks() != 0;
    csgd_budget_remove();
    if (wrong > 0) fprintf(stderr, "rank %d: %d things wrong after MPI_Finalize\n", rank, wrong);
    return wrong;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_alike),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_same_sum),
        cmocka_unit_test(test_mixed_in_place),
        cmocka_unit_test(test_divided),
        cmocka_unit_test(test_divided_count),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_two_transports),
        cmocka_unit_test(test_intercommunicator),
        cmocka_unit_test(test_user_communicator),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_abandoned),
    };
    int failed;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    failed = cmocka_run_group_tests_name("comm/transport_mpi", tests, NULL, NULL);
    return failed + after_the_end();
}
