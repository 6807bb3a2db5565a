/* SPDX-License-Identifier: BSD-3-Clause */

/* test_drop_errors.c: gtopk, oktopk and spardl where something goes wrong in mid-exchange: nobody waits, and
 * the ranks can go on together. */

#include <math.h>
#include <stdatomic.h>
#include "comm/lists.h"
#include "comm/team.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 200 };

static const char *const specs[] = {"topk ratio=0.1 algorithm=gtopk timeout=20",
                                    "topk ratio=0.1 algorithm=oktopk timeout=20",
                                    "topk ratio=0.1 algorithm=spardl timeout=20"};

static void fill(int rank, int step, float *x)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)((i * 37 + rank * 11 + step * 5) % 101 - 50) / 8;
}

/* All clear what is broken, and go on as if they were new. */
static void mend(ranks *all, int rank, const char *spec, csgd_reducer *r)
{
    csgd_reducer *fresh = NULL;
    float x[N], y[2][N];

    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &fresh) == CSGD_OK);
    for (int s = 0; s < 2; s++) {
        fill(rank, 5 + s, x);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y[0], N) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_reducer_allreduce(fresh, x, y[1], N) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(y[0], y[1], sizeof y[0]) == 0);
    }
    csgd_reducer_destroy(&fresh);
}

typedef struct corruption {
    const char *spec;
    int rank;
    uint64_t after, bit;
    csgd_status outcome[8];
    char sentence[8][256];
} corruption;

static void corrupt_part(ranks *all, int rank, void *arg)
{
    corruption *c = arg;
    csgd_reducer *r = NULL;
    float x[N], y[N];

    RANK_CHECK(all, rank, all->create(all, rank, N, c->spec, &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    if (rank == c->rank)
        csgdi_team_fault(all->team, (csgdi_fault){CSGDI_FAULT_CORRUPT, rank, c->after, c->bit});
    fill(rank, 1, x);
    c->outcome[rank] = csgd_reducer_allreduce(r, x, y, N);
    snprintf(c->sentence[rank], sizeof *c->sentence, "%s", csgd_error_detail());
    if (rank == c->rank) csgdi_team_fault(all->team, (csgdi_fault){.rank = rank});
    mend(all, rank, c->spec, r);
    csgd_reducer_destroy(&r);
}

/* Each message of a rank in turn, until it sends no more. */
static void corrupt(void **state)
{
    static const int sizes[] = {2, 3, 5, 8};
    static const uint64_t bits[] = {3, 37, 200, 333, 390, 450, 700};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (size_t j = 0; j < (test_brief() ? 2 : TEST_COUNT(sizes)); j++)
            for (int rank = 0; rank < 2; rank++)
                for (uint64_t after = 0;; after++) {
                    corruption c = {.spec = specs[i],
                                    .rank = rank,
                                    .after = after,
                                    .bit = bits[(after + (uint64_t)rank) % TEST_COUNT(bits)]};
                    size_t found = 0, told = 0;

                    ranks_run(sizes[j], corrupt_part, &c);
                    for (int r = 0; r < sizes[j]; r++) {
                        const csgd_status st = c.outcome[r];
                        if (st == CSGD_OK) continue;
                        assert_true(st == CSGD_E_CORRUPT || st == CSGD_E_VERSION);
                        found += strstr(c.sentence[r], "found it") == NULL;
                        told += strstr(c.sentence[r], "found it") != NULL;
                    }
                    if (found == 0 && told == 0) {
                        assert_true(after > 0);
                        break;
                    }
                    assert_int_equal(found, 1);
                }
}

/* Sums that overflow: all ranks say so. */
static void overflow_part(ranks *all, int rank, void *arg)
{
    const char *spec = arg;
    csgd_reducer *r = NULL;
    float x[N], y[N];

    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &r) == CSGD_OK);
    if (r == NULL) return;
    for (int i = 0; i < N; i++)
        x[i] = 3e38f;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_NONFINITE);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_BROKEN);
    mend(all, rank, spec, r);
    csgd_reducer_destroy(&r);
}

static void overflow(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (int p = 2; p < 8; p += 2)
            ranks_run(p, overflow_part, (void *)(uintptr_t)specs[i]);
}

/* Without feedback what is dropped is lost, and counted. */
static void lost_part(ranks *all, int rank, void *arg)
{
    const char *algorithm = arg;
    csgd_reducer *r = NULL;
    csgd_stats stats = {0};
    float x[N], y[N], e[N];
    char spec[96];

    snprintf(spec, sizeof spec, "topk ratio=0.1 feedback=none algorithm=%s", algorithm);
    RANK_CHECK(all, rank, all->create(all, rank, N, spec, &r) == CSGD_OK);
    if (r == NULL) return;
    for (int i = 0; i < N; i++) /* another part on each rank */
        x[i] = i % all->n_ranks == rank ? (float)(i + 1) : 0;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_residual(r, e) == CSGD_OK);
    for (int i = 0; i < N; i++)
        RANK_CHECK(all, rank, !(e[i] < 0) && !(e[i] > 0));
    csgd_reducer_stats(r, &stats, sizeof stats);
    RANK_CHECK(all, rank, rank > 0 || stats.dropped_entries > 0);
    csgd_reducer_destroy(&r);
}

static void lost(void **state)
{
    (void)state;
    ranks_run(4, lost_part, (void *)(uintptr_t) "gtopk");
    ranks_run(4, lost_part, (void *)(uintptr_t) "oktopk");
    ranks_run(4, lost_part, (void *)(uintptr_t) "spardl");
}

/* A piece of the allgather that is in order and well formed, but of more entries than its ranks can
 * have: rank 1 sends it to rank 0, which must not send it on. */
enum { MANY = 4096, CROWD = 240 };

static const csgdi_transport_ops *honest;
static csgd_reducer *liar;
static int to_go; /* messages before the piece */

static csgd_status send_lie(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                            csgdi_request *req)
{
    static uint64_t lie[512];
    static uint32_t index[CROWD];
    static float value[CROWD];
    const csgdi_trouble none = {.found = CSGD_OK};
    const csgdi_span span = {.base = MANY / 2, .count = CROWD, .here = MANY / 2};
    csgdi_sparse list = {.n = MANY, .k = CROWD, .channels = 1, .index = index, .value = value};

    if (to_go-- != 0) return honest->send_open(t, src, len, to, tag, req);
    for (uint32_t j = 0; j < CROWD; j++) {
        index[j] = MANY / 2 + j;
        value[j] = 1;
    }
    len = csgdi_list_write(liar, &none, &list, span, (uint8_t *)lie);
    return honest->send_open(t, lie, len, to, tag, req);
}

static void crowd_part(ranks *all, int rank, void *arg)
{
    static csgdi_transport_ops lying;
    csgd_reducer *r = NULL;
    static float x[4][MANY], y[4][MANY];
    csgd_status st;

    RANK_CHECK(all, rank, all->create(all, rank, MANY, arg, &r) == CSGD_OK);
    if (r == NULL) return;
    for (int i = 0; i < MANY; i++)
        x[rank][i] = (float)((i * 37 + rank * 11) % 101 - 50) / 8;
    if (rank == 1) {
        honest = r->transport.ops;
        lying = *honest;
        lying.send_open = send_lie;
        liar = r;
        to_go = 2; /* two rounds of reduce-scatter */
        r->transport.ops = &lying;
    }
    st = csgd_reducer_allreduce(r, x[rank], y[rank], MANY);
    RANK_CHECK(all, rank, st == (rank % 2 == 0 ? CSGD_E_CORRUPT : CSGD_OK));
    if (rank == 1) r->transport.ops = honest;
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void crowd(void **state)
{
    (void)state;
    ranks_run(4, crowd_part, (void *)(uintptr_t) "topk k=256 algorithm=spardl");
}

/* --- sums of counts that are none --- */

enum { LIES = 7, SUMS = 3 };

static _Thread_local int sum_to_spoil, lie; /* of a rank that lies, in its so-many-th sum */
static atomic_int lies_told;

static double lie_of(double count)
{
    static const double lies[LIES] = {1e300, -1e18, 0.5, 1e9, 3, -0.25, INFINITY};

    return lie < LIES - 1 ? count + lies[lie] : (double)NAN;
}

/* In place of the transport's sum: what this rank brings to it is not what it counted. */
static csgd_status sum_lie(csgdi_transport *t, const void *send, void *recv, size_t n,
                           csgd_type type, bool blocking, csgdi_request *req)
{
    if (type == CSGD_F64 && sum_to_spoil-- == 0) {
        for (size_t i = 0; i < n; i++)
            ((double *)recv)[i] = lie_of(((const double *)send)[i]);
        atomic_fetch_add(&lies_told, 1);
    }
    return honest->sum(t, recv, recv, n, type, blocking, req);
}

static void counts_part(ranks *all, int rank, void *arg)
{
    static csgdi_transport_ops spoilt; /* written alike by every rank that lies: there is one */
    const int *c = arg;                /* which sum, and by what */
    csgd_reducer *r = NULL;
    float x[N], y[N];
    csgd_status st;

    RANK_CHECK(all, rank,
               all->create(all, rank, N, "topk ratio=0.1 algorithm=oktopk", &r) == CSGD_OK);
    if (rank == 1) {
        honest = r->transport.ops;
        spoilt = *honest;
        spoilt.sum = sum_lie;
        r->transport.ops = &spoilt;
        sum_to_spoil = c[0];
        lie = c[1];
    }
    fill(rank, 0, x);
    st = csgd_reducer_allreduce(r, x, y, N);
    /* Small lies about where entries are cost no more than balance; all others are found, by all. */
    RANK_CHECK(all, rank,
               st == CSGD_E_TRANSPORT || (st == CSGD_OK && (c[1] == 4 || c[2] == lies_told)));
    RANK_CHECK(all, rank, st != CSGD_OK || isfinite(y[0]));
    if (rank == 1) r->transport.ops = honest;
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void counts_that_lie(void **state)
{
    (void)state;
    for (int sum = 0; sum < 14; sum++)
        for (int which = 0; which < LIES; which++)
            ranks_run(3, counts_part, (int[]){sum, which, atomic_load(&lies_told)});
    assert_true(atomic_load(&lies_told) > 8 * LIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corrupt), cmocka_unit_test(overflow),        cmocka_unit_test(lost),
        cmocka_unit_test(crowd),   cmocka_unit_test(counts_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
