/* SPDX-License-Identifier: BSD-3-Clause */

/* test_memory.c: what a reducer holds: all of it from creation, none of it hidden, and no more than
 * promised. */

#include "support/budget.h"
#include "support/test.h"

enum { N = 100000, K = N / 100, RANKS_MAX = 64 };

typedef struct job {
    const char *spec;
    csgd_team *team;
    csgd_reducer *r[RANKS_MAX];
    csgd_status status[RANKS_MAX];
    float *x[RANKS_MAX];
} job;

static void create(int rank, void *arg)
{
    job *j = arg;
    j->status[rank] = csgd_reducer_create_team(j->team, rank, N, j->spec, &j->r[rank]);
}

static void call(int rank, void *arg)
{
    job *j = arg;
    for (int s = 0; s < 50 && j->status[rank] == CSGD_OK; s++) {
        j->x[rank][s * 17 + rank] += (float)s;
        j->status[rank] = csgd_reducer_allreduce(j->r[rank], NULL, j->x[rank], N);
    }
}

static void destroy(int rank, void *arg)
{
    job *j = arg;
    j->status[rank] = csgd_reducer_destroy(&j->r[rank]);
}

static void nothing(int rank, void *arg)
{
    job *j = arg;
    j->status[rank] = CSGD_OK;
}

static void together(job *j, void (*work)(int rank, void *arg), int n_ranks)
{
    assert_ok(csgd_team_run(j->team, work, j));
    for (int r = 0; r < n_ranks; r++)
        assert_int_equal(j->status[r], CSGD_OK);
}

/* What memory_bytes says is what the allocator has given, a call allocates nothing, destruction
 * gives all of it back.  Returns the bytes of rank 0's reducer. */
static size_t measure(const char *spec, int n_ranks)
{
    job j = {.spec = spec};
    size_t before, sum = 0, held;
    size_t calls, threads;

    csgd_budget_install();
    assert_ok(csgd_team_create(n_ranks, &j.team));
    before = csgd_budget_live_bytes();
    together(&j, create, n_ranks);
    for (int r = 0; r < n_ranks; r++) {
        sum += csgd_reducer_memory_bytes(j.r[r]);
        j.x[r] = calloc(N, sizeof(float));
        assert_non_null(j.x[r]);
    }
    held = csgd_reducer_memory_bytes(j.r[0]);
    assert_int_equal(csgd_budget_live_bytes() - before, sum);
    calls = csgd_budget_calls();
    together(&j, nothing, n_ranks);
    threads = csgd_budget_calls() - calls; /* what running a team takes by itself */
    together(&j, call, n_ranks);
    assert_int_equal(csgd_budget_calls(), calls + 2 * threads);
    assert_int_equal(csgd_budget_live_bytes() - before, sum);
    together(&j, destroy, n_ranks);
    assert_int_equal(csgd_budget_live_bytes(), before);
    assert_ok(csgd_team_destroy(&j.team));
    assert_int_equal(csgd_budget_live_blocks(), 0);
    csgd_budget_remove();
    for (int r = 0; r < n_ranks; r++)
        free(j.x[r]);
    return held;
}

/* The part that depends on neither n, k nor P: the reducer itself, a histogram, block headers. */
enum { CONSTANT = 24 * 1024 };

static void topk_with_ef(void **state)
{
    static const int sizes[] = {1, 2, 3, 8};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        const size_t p = (size_t)sizes[i];
        const size_t held = measure("topk ratio=0.01", sizes[i]);
        /* Two vectors, and 2 k P pairs of an index and a value. */
        assert_true(held <= 2 * N * sizeof(float) + 2 * K * p * 8 + CONSTANT);
    }
}

/* In place of k P entries as bytes: doubling holds them four times, twice as entries and twice as
 * bytes; split three times as bytes, with one sum of a range; dsar once, with its own twice more. */
static void sparse_with_ef(void **state)
{
    static const int sizes[] = {1, 4};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        const size_t p = (size_t)sizes[i], entries = K * p * 8, own = K * 8;
        const size_t known = 2 * N * sizeof(float) + 2 * own + CONSTANT + p * 128;
        const size_t window = 16384 * sizeof(float), chunks = 3 * 1024 + 512;

        assert_true(measure("topk ratio=0.01 algorithm=doubling", sizes[i]) <=
                    known + 4 * entries + 2 * chunks);
        assert_true(measure("topk ratio=0.01 algorithm=split", sizes[i]) <=
                    known + own + 3 * entries + p * chunks + window);
        assert_true(measure("topk ratio=0.01 algorithm=dsar", sizes[i]) <= known + own + entries);
        /* The codes of all elements, and the owner's residual, doubled. */
        assert_true(measure("topk ratio=0.01 algorithm=dsar recode=int8", sizes[i]) <=
                    known + own + entries + N + 8 * (N / 1024 + p) + p * 64 +
                        2 * (N / p + 1) * sizeof(float));
    }
}

static void others(void **state)
{
    (void)state;
    assert_true(measure("none", 4) <= CONSTANT);
    assert_true(measure("none algorithm=ring", 4) <= N / 4 * sizeof(float) + CONSTANT);
    /* Codes as encoded and in pieces, and one range. */
    assert_true(measure("sign algorithm=qring", 4) <=
                2 * N * sizeof(float) + N / 4 * sizeof(float) + 2 * (N / 8 + N / 256) + CONSTANT);
    assert_true(measure("none algorithm=rabenseifner", 4) <= N / 2 * sizeof(float) + CONSTANT);
    assert_true(measure("none algorithm=rabenseifner", 3) <= N * sizeof(float) + CONSTANT);
    assert_true(measure("topk k=100 feedback=none", 4) <= 2 * 100 * 4 * 8 + CONSTANT);
    assert_true(measure("sign algorithm=allgather", 4) <=
                2 * N * sizeof(float) + 4 * (N / 8 + N / 256) + CONSTANT);
    /* A short vector and its sum; and room for kmax = n / 8 pairs of each rank, and of its own. */
    assert_true(measure("randk", 4) <= 2 * N * sizeof(float) + 2 * K * sizeof(float) + CONSTANT);
    assert_true(measure("threshold lambda=1", 4) <=
                2 * N * sizeof(float) + 5 * N / 8 * 8 + CONSTANT);
    /* ef21: h and the sum beside the residual. */
    assert_true(measure("topk ratio=0.01 feedback=ef21", 4) <=
                4 * N * sizeof(float) + 2 * K * 4 * 8 + CONSTANT);
    /* dgc: u and v, twice.  ecx2: w and s, twice, and z; two values an entry. */
    assert_true(measure("topk ratio=0.01 feedback=dgc", 4) <=
                4 * N * sizeof(float) + 2 * K * 4 * 8 + CONSTANT);
    assert_true(measure("topk ratio=0.01 feedback=ecx2", 4) <=
                5 * N * sizeof(float) + 2 * K * 4 * 12 + CONSTANT);
    /* A warm-up has room for its first stage: 0.01^(1/3) of n in messages and scratch. */
    assert_true(measure("topk ratio=0.01 feedback=dgc warmup=20 stages=2", 4) <=
                4 * N * sizeof(float) + N * 22 / 100 * 7 * 8 + CONSTANT);
    /* The owner's residual, doubled, and the codes as encoded, as scattered, as gathered. */
    assert_true(measure("sign", 4) <= 2 * N * sizeof(float) + 2 * N / 4 * sizeof(float) +
                                          3 * (N / 8 + N / 256) + CONSTANT);
}

/* Bytes of rank 0's reducer, which makes no call. */
static size_t hold(const char *spec, int n_ranks)
{
    job j = {.spec = spec};
    size_t held;

    assert_ok(csgd_team_create(n_ranks, &j.team));
    together(&j, create, n_ranks);
    held = csgd_reducer_memory_bytes(j.r[0]);
    together(&j, destroy, n_ranks);
    assert_ok(csgd_team_destroy(&j.team));
    return held;
}

/* What drops on the way needs k entries a few times over, not k of each rank, and a little for each. */
static void dropping(void **state)
{
    static const char *const specs[] = {"topk ratio=0.01 algorithm=oktopk",
                                        "topk ratio=0.01 algorithm=spardl"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++) {
        const size_t few = measure(specs[i], 4), many = hold(specs[i], 64);

        assert_true(few <= 2 * N * sizeof(float) + 24 * K * 8 + 4 * 768 + CONSTANT);
        assert_true(many <= 2 * N * sizeof(float) + 24 * K * 8 + 64 * 768 + CONSTANT);
        assert_true(many <= few + 64 * 768);
        if (getenv("CSGD_TEST_SHOW") != NULL)
            printf("%s: beside 2 n floats %.1f k entries of 8 bytes at P = 4, %.1f at P = 64\n",
                   specs[i], (double)(few - 2 * N * sizeof(float)) / (8 * K),
                   (double)(many - 2 * N * sizeof(float)) / (8 * K));
    }
    /* Leftover of log2 P merges, twice. */
    assert_true(measure("topk ratio=0.01 algorithm=gtopk", 4) <=
                2 * N * sizeof(float) + (2 * 3 + 16) * K * 8 + CONSTANT);
    assert_true(hold("topk ratio=0.01 algorithm=gtopk", 64) <=
                2 * N * sizeof(float) + (2 * 7 + 16) * K * 8 + CONSTANT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topk_with_ef),
        cmocka_unit_test(sparse_with_ef),
        cmocka_unit_test(others),
        cmocka_unit_test(dropping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
