/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_reducer.c: the sparse allreduce over a team, against sums made one by one. */

#include "comm/team.h"
#include "support/budget.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 3000, MAX_K = 400, MOST = 8, GUARD = 7 };

/* How supports lie to each other. */
typedef enum kind { SCATTERED, SAME, DISJOINT, SOME_EMPTY, ALL_EMPTY, CANCEL, FULL, KINDS } kind;

typedef struct job {
    int p;
    const char *spec;
    csgd_type type;
    csgd_team *team;
    csgd_sparse_reducer *s[MOST];
    kind kind;
    /* in */
    uint32_t index[MOST][MAX_K];
    double value[MOST][MAX_K]; /* or as many floats */
    size_t k[MOST], capacity[MOST];
    /* out */
    uint32_t sum_index[MOST][N + 1];
    double sum_value[MOST][N + 1];
    size_t sum_k[MOST];
    csgd_status status[MOST];
    char sentence[MOST][512];
} job;

static void set_value(job *j, void *values, size_t i, double x)
{
    if (j->type == CSGD_F64)
        ((double *)values)[i] = x;
    else
        ((float *)values)[i] = (float)x;
}

static double get_value(const job *j, const void *values, size_t i)
{
    return j->type == CSGD_F64 ? ((const double *)values)[i] : (double)((const float *)values)[i];
}

static unsigned next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static bool has(const job *j, int r, uint32_t i, unsigned *state)
{
    switch (j->kind) {
    case SCATTERED:
        return next(state) % 16 == 0;
    case SAME:
        return i % 11 == 3;
    case DISJOINT:
        return i % 40 == (unsigned)r;
    case SOME_EMPTY:
        return r % 2 == 0 && next(state) % 20 == 0;
    case CANCEL:
        return i % 9 == 0;
    case FULL:
        return i >= N - MAX_K; /* the last one among them */
    default:
        return false;
    }
}

static void fill(job *j)
{
    for (int r = 0; r < j->p; r++) {
        unsigned state = (unsigned)r * 77 + (unsigned)j->kind;
        size_t k = 0;

        for (uint32_t i = 0; i < N && k < MAX_K; i++)
            if (has(j, r, i, &state)) {
                const double x = ((double)next(&state) - 8e6) / 3e3;
                j->index[r][k] = i;
                set_value(j, j->value[r], k++,
                          j->kind == CANCEL ? (r % 2 ? -7 : 7) * (double)i : x);
            }
        j->k[r] = k;
        j->capacity[r] = N;
        memset(j->sum_index[r], 0x5a, sizeof j->sum_index[r]);
        memset(j->sum_value[r], 0x5a, sizeof j->sum_value[r]);
        j->sum_k[r] = GUARD;
    }
}

static void create(int rank, void *arg)
{
    job *j = arg;
    j->status[rank] =
        csgd_sparse_reducer_create_team(j->team, rank, N, MAX_K, j->spec, &j->s[rank]);
}

static void call(int rank, void *arg)
{
    job *j = arg;
    j->status[rank] =
        csgd_sparse_reducer_allreduce(j->s[rank], j->index[rank], j->value[rank], j->k[rank],
                                      j->sum_index[rank], j->sum_value[rank], j->capacity[rank],
                                      &j->sum_k[rank]);
    snprintf(j->sentence[rank], sizeof j->sentence[rank], "%s", csgd_error_detail());
}

static void destroy(int rank, void *arg)
{
    job *j = arg;
    j->status[rank] = csgd_sparse_reducer_destroy(&j->s[rank]);
}

static void together(job *j, void (*work)(int rank, void *arg))
{
    assert_ok(csgd_team_run(j->team, work, j));
}

static void all_well(job *j, void (*work)(int rank, void *arg))
{
    together(j, work);
    for (int r = 0; r < j->p; r++)
        if (j->status[r] != CSGD_OK) fail_msg("rank %d: %s", r, j->sentence[r]);
}

static job *begin(int p, csgd_type type, const char *spec)
{
    job *j = calloc(1, sizeof *j);

    *j = (job){.p = p, .type = type, .spec = spec};
    assert_ok(csgd_team_create(p, &j->team));
    all_well(j, create);
    return j;
}

static void end(job *j)
{
    all_well(j, destroy);
    assert_ok(csgd_team_destroy(&j->team));
    free(j);
}

/* What the sum of a call must be: added in rank order, from 0, in the element type. */
static void check_sum(const job *j)
{
    size_t at[MOST] = {0}, k = 0;

    for (uint32_t i = 0; i < N; i++) {
        double sum = 0;
        bool there = false;

        for (int r = 0; r < j->p; r++)
            if (at[r] < j->k[r] && j->index[r][at[r]] == i) {
                sum += get_value(j, j->value[r], at[r]++);
                if (j->type == CSGD_F32) sum = (double)(float)sum;
                there = true;
            }
        if (!there) continue;
        assert_true(k < j->sum_k[0] && j->sum_index[0][k] == i);
        assert_true(get_value(j, j->sum_value[0], k) == sum);
        k++;
    }
    for (int r = 0; r < j->p; r++) {
        assert_int_equal(j->sum_k[r], k);
        assert_memory_equal(j->sum_index[r], j->sum_index[0], sizeof j->sum_index[r]);
        assert_memory_equal(j->sum_value[r], j->sum_value[0], sizeof j->sum_value[r]);
    }
    assert_int_equal(j->sum_index[0][k], 0x5a5a5a5a); /* and not one more is written */
}

static void sums(void **state)
{
    static const int sizes[] = {1, 2, 3, 8};
    static const char *const specs[] = {NULL, "sparse indices=raw", "sparse type=f64",
                                        "sparse indices=rice", "sparse indices=bitmap type=f64"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        for (size_t c = 0; c < TEST_COUNT(specs); c++) {
            job *j =
                begin(sizes[i], specs[c] != NULL && strstr(specs[c], "f64") ? CSGD_F64 : CSGD_F32,
                      specs[c]);
            for (j->kind = 0; j->kind < KINDS; j->kind++) {
                fill(j);
                all_well(j, call);
                check_sum(j);
            }
            end(j);
        }
}

/* Entries that cancel stay, as zeros: a support is not a matter of values. */
static void zeros_stay(void **state)
{
    job *j = begin(2, CSGD_F32, NULL);

    (void)state;
    j->kind = CANCEL;
    fill(j);
    all_well(j, call);
    assert_int_equal(j->sum_k[0], j->k[0]);
    for (size_t i = 0; i < j->sum_k[0]; i++)
        assert_true(get_value(j, j->sum_value[0], i) == 0);
    end(j);
}

/* ---- what is refused ---- */

/* All failed so, with these words on rank 0; nothing was written; and the next call works. */
static void check_refused(job *j, csgd_status first, csgd_status others, const char *words)
{
    together(j, call);
    for (int r = 0; r < j->p; r++) {
        assert_int_equal(j->status[r], r == 0 ? first : others);
        assert_int_equal(j->sum_k[r], GUARD);
        assert_int_equal(j->sum_index[r][0], 0x5a5a5a5a);
        assert_true(((const unsigned char *)j->sum_value[r])[0] == 0x5a);
    }
    if (strstr(j->sentence[0], words) == NULL) fail_msg("no \"%s\" in %s", words, j->sentence[0]);
    fill(j);
    all_well(j, call);
    check_sum(j);
    fill(j);
}

static void refusals(void **state)
{
    job *j = begin(3, CSGD_F32, NULL);
    size_t needed;

    (void)state;
    fill(j);
    all_well(j, call);
    needed = j->sum_k[0];
    fill(j);
    j->index[0][5] = j->index[0][4];
    check_refused(j, CSGD_E_INVAL, CSGD_E_PEER, "larger than the one before");
    j->index[0][5] = j->index[0][7];
    check_refused(j, CSGD_E_INVAL, CSGD_E_PEER, "larger than the one before");
    j->index[0][j->k[0] - 1] = N;
    check_refused(j, CSGD_E_INVAL, CSGD_E_PEER, "index 3000");
    ((float *)j->value[0])[3] = 1.0f / 0.0f;
    check_refused(j, CSGD_E_NONFINITE, CSGD_E_PEER, "NaN or infinite");
    j->k[0] = MAX_K + 1;
    check_refused(j, CSGD_E_INVAL, CSGD_E_PEER, "max_k=400");
    j->capacity[0] = N - 1;
    check_refused(j, CSGD_E_MISMATCH, CSGD_E_MISMATCH, "capacity");

    /* One entry too little on all ranks; with it, it fits. */
    for (int r = 0; r < 3; r++)
        j->capacity[r] = needed - 1;
    check_refused(j, CSGD_E_SPACE, CSGD_E_SPACE, "room for");
    for (int r = 0; r < 3; r++)
        j->capacity[r] = needed;
    all_well(j, call);
    check_sum(j);
    end(j);
}

/* A flipped bit is found by whoever receives it, and the next call is sound. */
static void corrupt(void **state)
{
    (void)state;
    for (uint64_t bit = 0; bit < 4000; bit += 37) {
        job *j = begin(3, CSGD_F32, NULL);

        fill(j);
        csgdi_team_fault(j->team, (csgdi_fault){.kind = CSGDI_FAULT_CORRUPT,
                                                .rank = 1,
                                                .after = 1, /* not the agreement */
                                                .value = bit});
        together(j, call);
        assert_int_equal(j->status[1], CSGD_OK);
        for (int r = 0; r < 3; r += 2) {
            const bool version = bit / 16 == 2; /* the bits of it */
            assert_int_equal(j->status[r], version ? CSGD_E_VERSION : CSGD_E_CORRUPT);
        }
        assert_non_null(strstr(j->sentence[0], "message of rank 1"));
        assert_int_equal(j->sum_k[0], GUARD);
        fill(j);
        all_well(j, call);
        check_sum(j);
        end(j);
    }
}

static void creation(void **state)
{
    csgd_team *team;
    csgd_sparse_reducer *s = NULL;
    uint32_t index[2] = {0, UINT32_MAX - 1}, out[2];
    float value[2] = {1, 2}, sum[2];
    size_t k = 0;
    csgd_status st = CSGD_E_NOMEM;

    (void)state;
    csgd_budget_install();
    assert_ok(csgd_team_create(1, &team));
    assert_fails(csgd_sparse_reducer_create_team(team, 0, 10, 11, NULL, &s), CSGD_E_INVAL, "max_k");
    assert_fails(csgd_sparse_reducer_create_team(team, 0, 10, 1, "topk k=1", &s), CSGD_E_SPEC, "");
    assert_fails(csgd_sparse_reducer_create_team(team, 0, 10, 1, "sparse indizes=raw", &s),
                 CSGD_E_SPEC, "indices");
    assert_fails(csgd_sparse_reducer_create_team(team, 0, (size_t)1 << 32, 1, NULL, &s),
                 CSGD_E_UNSUPPORTED, "32 bits");
    assert_null(s);
    for (long budget = 0; st != CSGD_OK; budget++) {
        const size_t before = csgd_budget_live_blocks();
        csgd_budget_set(budget);
        st = csgd_sparse_reducer_create_team(team, 0, UINT32_MAX, 2, NULL, &s);
        csgd_budget_set(-1);
        if (st != CSGD_OK) assert_int_equal(csgd_budget_live_blocks(), before);
    }
    csgd_budget_set(0); /* a call takes no memory */
    assert_ok(csgd_sparse_reducer_allreduce(s, index, value, 2, out, sum, 2, &k));
    assert_true(k == 2 && out[0] == 0 && out[1] == UINT32_MAX - 1 && sum[0] == 1 && sum[1] == 2);
    assert_ok(csgd_sparse_reducer_allreduce(s, NULL, NULL, 0, NULL, NULL, 0, &k));
    assert_int_equal(k, 0);
    assert_true(csgd_sparse_reducer_memory_bytes(s) > 0);
    csgd_budget_set(-1);
    assert_ok(csgd_sparse_reducer_destroy(&s));
    assert_ok(csgd_sparse_reducer_destroy(&s));
    assert_ok(csgd_team_destroy(&team));
    assert_int_equal(csgd_budget_live_blocks(), 0);
    csgd_budget_remove();
}

/* A vector of no elements has no entries, and a sum. */
static void nothing_part(ranks *all, int rank, void *arg)
{
    csgd_sparse_reducer *s = NULL;
    size_t k = GUARD;

    (void)arg;
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_create_team(all->team, rank, 0, 0, NULL, &s) == CSGD_OK);
    RANK_CHECK(all, rank,
               csgd_sparse_reducer_allreduce(s, NULL, NULL, 0, NULL, NULL, 0, &k) == CSGD_OK);
    RANK_CHECK(all, rank, k == 0);
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
}

static void nothing(void **state)
{
    (void)state;
    for (int p = 1; p < 5; p++)
        ranks_run(p, nothing_part, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),    cmocka_unit_test(zeros_stay), cmocka_unit_test(refusals),
        cmocka_unit_test(corrupt), cmocka_unit_test(creation),   cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests_name("comm/sparse_reducer", tests, NULL, NULL);
}
