/* SPDX-License-Identifier: BSD-3-Clause */

/* test_altered.c: one bit of one message is altered, wherever in an exchange of many messages it
 * may be.  Nobody waits, nobody takes a wrong result for a right one, and clear mends the rest. */

#include <math.h>
#include "base/bytes.h"
#include "comm/piece.h"
#include "comm/team.h"
#include "support/ranks.h"
#include "support/test.h"
#include "wire/header.h"

enum { N = 160 };

typedef struct alteration {
    const char *spec;
    uint64_t after, bit;
    int hits, reached; /* ranks that failed, and ranks that ended well, of all runs */
} alteration;

static void fill(int rank, int step, float *x)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)((i * 31 + rank * 7 + step) % 97 - 48) / 4;
}

static void part(ranks *all, int rank, void *arg)
{
    alteration *how = arg;
    csgd_reducer *r = NULL, *twin = NULL;
    float x[N], y[N], z[N], before[N], after[N];
    csgd_status st;

    RANK_CHECK(all, rank, all->create(all, rank, N, how->spec, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, N, how->spec, &twin) == CSGD_OK);
    if (r == NULL || twin == NULL) return;
    fill(rank, 0, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(twin, x, z, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_residual(r, before) == CSGD_OK);
    if (rank == 1)
        csgdi_team_fault(all->team, (csgdi_fault){CSGDI_FAULT_CORRUPT, 1, how->after, how->bit});
    st = csgd_reducer_allreduce(r, x, y, N);
    if (rank == 1) csgdi_team_fault(all->team, (csgdi_fault){.kind = CSGDI_FAULT_NONE, .rank = 1});
    RANK_CHECK(all, rank, st == CSGD_OK || st == CSGD_E_CORRUPT || st == CSGD_E_VERSION);
    if (st == CSGD_OK) {
        RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
    } else {
        RANK_CHECK(all, rank, csgd_reducer_residual(r, after) == CSGD_OK);
        RANK_CHECK(all, rank, memcmp(before, after, sizeof before) == 0);
        RANK_CHECK(all, rank, csgd_error_detail()[0] != 0);
    }
    __atomic_add_fetch(st == CSGD_OK ? &how->reached : &how->hits, 1, __ATOMIC_RELAXED);

    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_clear(twin) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_set_step(r, 9) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_set_step(twin, 9) == CSGD_OK);
    fill(rank, 1, x);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(twin, x, z, N) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, memcmp(y, z, sizeof y) == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&twin) == CSGD_OK);
}

/* Every message that rank 1 sends, `after` them all included, where nothing happens. */
static void sweep(const char *spec)
{
    static const int sizes[] = {2, 3, 6, 8};
    static const uint64_t bits[] = {3, 40, 70, 100, 300, 333, 391, 450, 997, 100003};

    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        for (size_t b = 0; b < (test_brief() ? 2 : TEST_COUNT(bits)); b++) {
            uint64_t after = 0;
            int hits = 1;

            for (; hits > 0; after++) {
                alteration how = {spec, after, bits[b], 0, 0};
                ranks_run(sizes[i], part, &how);
                assert_int_equal(how.hits + how.reached, sizes[i]);
                hits = how.hits;
            }
            assert_true(after > 1); /* something was altered, and seen */
        }
}

static void doubling(void **state)
{
    (void)state;
    sweep("topk ratio=0.1 algorithm=doubling");
    sweep("topk ratio=0.7 algorithm=doubling"); /* sums that are dense */
}

static void split(void **state)
{
    (void)state;
    sweep("topk ratio=0.1 algorithm=split");
}

static void dsar(void **state)
{
    (void)state;
    sweep("topk ratio=0.1 algorithm=dsar");
    sweep("topk ratio=0.1 algorithm=dsar recode=int8");
}

static void qring(void **state)
{
    (void)state;
    sweep("sign block=8 algorithm=qring");
    sweep("int bits=8 block=8 algorithm=qring");
}

static void allgather(void **state)
{
    (void)state;
    sweep("topk ratio=0.1 indices=raw algorithm=allgather"); /* no lengths to alter */
    sweep("topk ratio=0.1 indices=raw algorithm=allgather piece=24");
    sweep("sign block=8 algorithm=allgather piece=40");
}

static void sra(void **state)
{
    (void)state;
    sweep("sign block=8 algorithm=sra");
    sweep("sign block=8 algorithm=sra piece=1"); /* a piece for each block */
    sweep("int bits=8 block=8 algorithm=sra piece=50");
}

/* A sum that overflows is infinite, as any allreduce's, on all ranks. */
static void overflow_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    float x[N] = {0}, y[N];

    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &r) == CSGD_OK);
    if (r == NULL) return;
    x[7] = x[N - 1] = 3e38f;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, isinf(y[7]) && isinf(y[N - 1]) && y[8] == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void overflow(void **state)
{
    static const char *const specs[] = {"topk k=2 algorithm=doubling", "topk k=2 algorithm=split",
                                        "topk k=2 algorithm=dsar",
                                        "topk ratio=1 algorithm=doubling"};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(specs); i++)
        for (int p = 2; p < 6; p++)
            ranks_run(p, overflow_part, (void *)(uintptr_t)specs[i]);
}

/* One that is to be encoded again cannot be: no rank gets it, and all know why. */
static void overflow_recoded_part(ranks *all, int rank, void *arg)
{
    csgd_reducer *r = NULL;
    float x[N] = {0}, y[N];

    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &r) == CSGD_OK);
    if (r == NULL) return;
    x[7] = x[N - 1] = 3e38f;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_NONFINITE);
    RANK_CHECK(all, rank, strstr(csgd_error_detail(), "sum of ") != NULL);
    x[7] = x[N - 1] = 1;
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_BROKEN);
    RANK_CHECK(all, rank, csgd_reducer_clear(r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_OK);
    RANK_CHECK(all, rank, y[7] == (float)all->n_ranks && y[8] == 0);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void overflow_recoded(void **state)
{
    (void)state;
    for (int p = 2; p < 6; p++) {
        ranks_run(p, overflow_recoded_part,
                  (void *)(uintptr_t) "topk k=2 algorithm=dsar recode=bf16");
        ranks_run(p, overflow_recoded_part,
                  (void *)(uintptr_t) "topk k=2 algorithm=dsar recode=bf16 feedback=none");
    }
}

/* Poison whose status is none that a rank can have found: it is an error all the same. */
static const csgdi_transport_ops *honest;
static uint64_t told;

static csgd_status gather_poison(csgdi_transport *t, const void *send, void *recv,
                                 const size_t *len, const size_t *offset, bool blocking,
                                 csgdi_request *req)
{
    uint8_t *piece = (uint8_t *)recv + offset[t->rank]; /* where sra has it too */
    const csgdi_header header = {.compressor = CSGDI_PIECE_POISON,
                                 .type = CSGD_F32,
                                 .n = N / 2,
                                 .payload = len[t->rank] - CSGDI_HEADER_BYTES};

    csgdi_store64(piece + CSGDI_HEADER_BYTES, told);
    csgdi_header_write(&header, piece);
    return honest->gather(t, send, recv, len, offset, blocking, req);
}

static void poison_part(ranks *all, int rank, void *arg)
{
    static csgdi_transport_ops lying;
    csgd_reducer *r = NULL;
    float x[N], y[N];

    RANK_CHECK(all, rank, all->create(all, rank, N, arg, &r) == CSGD_OK);
    if (r == NULL) return;
    fill(rank, 0, x);
    if (rank == 1) {
        honest = r->transport.ops;
        lying = *honest;
        lying.gather = gather_poison;
        r->transport.ops = &lying;
    }
    RANK_CHECK(all, rank, csgd_reducer_allreduce(r, x, y, N) == CSGD_E_CORRUPT);
    if (rank == 1) r->transport.ops = honest;
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
}

static void poison(void **state)
{
    static const uint64_t words[] = {0, (uint64_t)-CSGD_MORE, 1, (uint64_t)1 << 31, UINT64_MAX / 3};

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(words); i++) {
        told = words[i];
        ranks_run(2, poison_part, (void *)(uintptr_t) "sign block=8 algorithm=sra");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubling), cmocka_unit_test(split),    cmocka_unit_test(dsar),
        cmocka_unit_test(qring),    cmocka_unit_test(overflow), cmocka_unit_test(overflow_recoded),
        cmocka_unit_test(poison),   cmocka_unit_test(sra),      cmocka_unit_test(allgather),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
